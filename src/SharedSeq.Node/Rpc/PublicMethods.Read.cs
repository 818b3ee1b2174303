using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

public sealed partial class PublicMethods
{
    /// <summary>sharedseq_getTransaction(id or keccak hash, {proof}): where it is on the status ladder, with the proof when that is asked for.</summary>
    private object GetTransaction(RpcCall call)
    {
        Hash32 id = call.Hash(0, "txId");
        bool isProved = Flag(call, 1, "proof");
        if (node.Ledger.FindTransaction(id) is { } place) return OrderedStatus(place, isProved ? ProofIfCertified(() => TransactionProofOf(id)) : null);
        if (node.Ledger.FindRejection(id) is { } rejection)
        {
            return new
            {
                txId = rejection.TransactionId.ToString(),
                status = "rejected",
                reason = ((RejectionReason)rejection.Reason).ToString(),
                @namespace = rejection.Namespace.Value,
                height = Agreed(rejection.Height).Value,
                proof = isProved ? ProofIfCertified(() => RejectionProofOf(rejection.TransactionId)) : null,
            };
        }

        // What was ordered since is not known here.
        RefuseDiverged();

        // A wallet's transaction that this gateway took is known by its keccak hash before it is ordered.
        if (node.Batches.Locate(node.Rollups?.IdOfPending(id) ?? id) is { } pending)
        {
            // PoAs are kept for own batches: of another's this operator knows no more than that it is there.
            string status = CoverOf(pending.Batch.Tip) is null ? "received" : "accepted";
            return new { txId = pending.Batch.Body.IdOf(pending.Index).ToString(), status, lane = pending.Batch.Header.Lane.ToString() };
        }

        throw new RpcException(RpcError.NotFound, "no transaction known by this id");
    }

    /// <summary>A proof file as hex; null while the certificate it needs is not here.</summary>
    private string? ProofIfCertified(Func<Proof> prove)
    {
        try
        {
            return Hex(ProofFile.For(node.Genesis, prove()).ToArray());
        }
        catch (RpcException e) when (e.Error == RpcError.NotFound)
        {
            return null;
        }
    }

    private object OrderedStatus(TransactionPlace place, string? proof)
    {
        // What the own client alone says is not the network's word.
        LedgerExecution? execution = node.Ledger.GetExecution(place.Namespace, place.Number) is { IsCertified: true } certified ? certified : null;
        string? skipped = execution is null ? null : ExecutionRecords.SkipReasonOf(execution, place.Place);
        string status = skipped is not null ? "skipped" : execution is not null ? "executed" : "committed";
        return new
        {
            txId = node.Batches.Find(place.Batch)!.Body.IdOf(place.Index).ToString(),
            status,
            reason = skipped,
            @namespace = place.Namespace.Value,
            height = Agreed(place.Height).Value,
            number = place.Number,
            place = place.Place,
            lane = new { author = place.Batch.Lane.Author.Value, seq = place.Batch.Seq.Value, index = place.Index },
            proof,
        };
    }

    /// <summary>sharedseq_getReceipt(txId): of transactions that this operator took, as long as it keeps their batches.</summary>
    private object GetReceipt(RpcCall call) => new { receipt = Hex(ReceiptOf(call.Hash(0, "txId")).Encode()) };

    private Receipt ReceiptOf(Hash32 id)
    {
        static RpcException None(string reason, string why) =>
            new(RpcError.NotFound, $"no receipt: {why}", new { name = RpcError.NotFound.Name, reason });

        (Batch Batch, int Index)? found = node.Batches.Locate(id);
        if (found is null && node.Ledger.FindTransaction(id) is { } place && node.Batches.Find(place.Batch) is { } ordered) found = (ordered, place.Index);
        if (found is not { } taken) throw None("Unknown", "no transaction known by this id, or its batch is not kept here any more");
        LaneTip tip = taken.Batch.Tip;
        if (CoverOf(tip) is not { } proof)
        {
            throw node.Epochs.IsOwn(tip.Lane)
                ? None("NotAccepted", "its batch is not known to be stored by a quorum")
                : None("OfAnother", $"the operator at seat {tip.Lane.Author} of epoch {tip.Lane.Epoch} took it, and keeps its receipt");
        }

        ulong above = proof.Tip.Seq.Value - tip.Seq.Value;
        if (above > Receipt.MaxLater) throw None("ProofTooFar", $"the nearest PoA of its lane is {above} batches above, a receipt spans {Receipt.MaxLater}");
        IReadOnlyList<BatchHeader> later =
            HeadersBetween(tip, proof.Tip) ?? throw None("Pruned", "batches between it and the PoA of its lane are not kept here any more");
        MerkleTree tree = MerkleTree.FromLeafHashes(taken.Batch.Body.LeafHashes);
        return new Receipt(taken.Batch.Body.IdOf(taken.Index), tree.Prove(taken.Index), taken.Batch.Header, later, proof);
    }

    /// <summary>The nearest PoA that covers an own batch: its own, or where Acks of it were lost that of a later one.</summary>
    private ProofOfAvailability? CoverOf(LaneTip tip)
    {
        ProofOfAvailability? recent = node.Proofs.FindCover(tip);
        if (recent?.Tip == tip) return recent;
        ProofOfAvailability? kept = node.Ledger.FindCover(tip);
        return recent is null || kept?.Tip.Seq < recent.Tip.Seq ? kept ?? recent : recent;
    }

    /// <summary>Headers of a lane above one batch up to another, ascending; null when one is not kept, or they lead to another batch.</summary>
    private BatchHeader[]? HeadersBetween(LaneTip from, LaneTip to)
    {
        var headers = new BatchHeader[to.Seq.Value - from.Seq.Value];
        LaneTip at = to;
        for (int i = headers.Length - 1; i >= 0; i--)
        {
            if (node.Batches.FindHeader(at) is not { } header) return null;
            headers[i] = header;
            at = new LaneTip(at.Lane, new BatchSeq(at.Seq.Value - 1), header.PreviousDigest);
        }

        return at == from ? headers : null;
    }

    /// <summary>sharedseq_relayReceipt(receipt): the promise binds the network once any operator besides the author has the receipt.</summary>
    private object RelayReceipt(RpcCall call)
    {
        Receipt receipt;
        try
        {
            receipt = Receipt.Decode(call.Bytes(0, "receipt"));
        }
        catch (DecodeException e)
        {
            throw new RpcException(RpcError.BadProof, e.Message, new { reason = e.Reason.ToString() });
        }

        // Of an epoch that this operator does not know: it is behind, or the receipt's lanes closed long ago.
        MessageVerifier? verifier = node.Epochs.Of(receipt.Proof.Tip.Lane.Epoch)?.Verifier;
        Verified<ProofOfAvailability> proof = default;
        VerificationRejection reason = verifier?.TryVerify(receipt.Proof, null, out proof) ?? VerificationRejection.WrongEpoch;
        if (reason != VerificationRejection.None)
            throw new RpcException(RpcError.BadProof, $"the receipt's PoA does not verify: {reason}", new { reason = reason.ToString() });
        if (!node.TellReplica(new ReplicaInput.ReceiptRelayed(proof))) throw new RpcException(RpcError.NotReady, "the node is busy");
        return new { relayed = true, deadline = receipt.Deadline(node.Genesis.Policy.ReceiptDeadlineHeights).Value };
    }

    /// <summary>sharedseq_getBlock(height): the committed block with its proof.</summary>
    private object GetBlock(RpcCall call)
    {
        var height = new Height(call.Number(0, "height"));
        CommittedBlock block = node.Logs.ReadBlock(height) ?? throw Missing(height);
        return new
        {
            height = height.Value,
            hash = block.Block.Header.Hash.ToString(),
            slot = block.Block.Header.Slot.Value,
            timestamp = block.Timestamp.Value,
            epoch = block.Block.Header.Epoch.Value,
            leader = node.Epochs.Of(block.Block.Header.Epoch)?.Committee.LeaderOf(block.Block.Header.Slot).Value,
            header = Encode(block.Block.Header.Write),
            batches = block.Batches.Select(tip => new { author = tip.Lane.Author.Value, seq = tip.Seq.Value, digest = tip.Digest.ToString() }),
        };
    }

    private object GetNamespaceBlock(RpcCall call)
    {
        NamespacePolicy ns = NamespaceOf(call, 0);
        StreamBlock block = ReadBlock(ns.Id, call.Number(1, "number"));
        return Flag(call, 2, "ids")
            ? new { hash = block.Hash.ToString(), lastHeight = block.Block.LastHeight.Value, ids = block.Transactions.Select(t => t.Id.ToString()) }
            : StreamJson.Of(block);
    }

    /// <summary>sharedseq_getHead(namespace): number and hash of its newest closed block.</summary>
    private object GetHead(RpcCall call)
    {
        NamespacePolicy ns = NamespaceOf(call, 0);
        RefuseDiverged();
        ulong head = node.Feeds.Of(ns.Id).Head;
        // The newest block may have closed before the checkpoint that this node began with.
        if (node.Feeds.StartOf(ns.Id) is { } start && start.Number == head && head > 0) return new { number = head, hash = start.Hash.ToString() };
        return new { number = head, hash = head == 0 ? null : ReadBlock(ns.Id, head).Hash.ToString() };
    }

    /// <summary>sharedseq_getResult(height): what q operators certify, and the certificate that covers it.</summary>
    private object GetResult(RpcCall call)
    {
        var height = new Height(call.Number(0, "height"));
        RefuseDiverged(height);
        BlockResult result = node.Ledger.GetResult(height) ?? throw Missing(height);

        // Which certificate a node keeps differs between operators: only who asks for it gets it.
        ResultCertificate? certificate = Flag(call, 1, "certificate") ? node.Ledger.CertificateAtOrAbove(height) : null;
        return new
        {
            height = height.Value,
            hash = result.Hash.ToString(),
            result = Encode(result.Write),
            certifiedAt = certificate?.Result.Height.Value,
        };
    }

    private StreamBlock ReadBlock(NamespaceId ns, ulong number)
    {
        if (number == 0) throw new RpcException(RpcError.NotFound, "blocks are numbered from 1");
        NamespaceFeed feed = node.Feeds.Of(ns);
        FeedRejection rejection = feed.TryRead(number, out StreamBlock? block);
        if (rejection == FeedRejection.Diverged) RefuseDiverged();
        return rejection switch
        {
            FeedRejection.BeyondHead => throw new RpcException(RpcError.BeyondHead, $"block {number} is not closed yet", new { head = feed.Head }),
            FeedRejection.Pruned => throw new RpcException(RpcError.Pruned, $"block {number} is not kept here any more"),
            _ => block!,
        };
    }

    /// <summary>The height, if this node's results are to be believed there.</summary>
    private Height Agreed(Height height)
    {
        RefuseDiverged(height);
        return height;
    }

    private RpcException Missing(Height height)
    {
        Height head = node.Progress.Ordered;
        if (height > head) return new RpcException(RpcError.BeyondHead, $"height {height} is not ordered yet", new { head = head.Value });
        return height < node.Logs.FirstBlock
            ? new RpcException(RpcError.Pruned, $"height {height} is not kept here any more", new { oldest = node.Logs.FirstBlock.Value })
            : new RpcException(RpcError.NotFound, $"height {height} is not here yet");
    }
}
