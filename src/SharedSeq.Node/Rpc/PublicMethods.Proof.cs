using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

public sealed partial class PublicMethods
{
    /// <summary>
    /// sharedseq_getProof(kind, ...): a proof file as hex, checked by anyone with the genesis document alone. Kinds: commit(height), result(height),
    /// namespaceBlock(namespace, number), absence(namespace), transaction(txId), rejection(txId), receipt(txId),
    /// evidence(id).
    /// </summary>
    private object GetProof(RpcCall call)
    {
        string kind = call.Text(0, "kind");
        Proof proof = kind switch
        {
            "commit" => CommitProofOf(new Height(call.Number(1, "height"))),
            "result" => new ResultProof(CertificateFor(new Height(call.Number(1, "height")))),
            "namespaceBlock" => NamespaceBlockProofOf(NamespaceOf(call, 1).Id, call.Number(2, "number")),
            "absence" => AbsenceProofOf(new NamespaceId(call.Number(1, "namespace"))),
            "transaction" => TransactionProofOf(call.Hash(1, "txId")),
            "rejection" => RejectionProofOf(call.Hash(1, "txId")),
            "receipt" => new ReceiptProof(ReceiptOf(call.Hash(1, "txId"))),
            "evidence" => new EvidenceProof(EvidenceOf(call.Hash(1, "id")).Evidence),
            _ => throw RpcCall.Bad("kind", "is commit, result, namespaceBlock, absence, transaction, rejection, receipt or evidence"),
        };
        return new { kind, proof = Hex(ProofFile.For(node.Genesis, proof).ToArray()) };
    }

    /// <summary>Items of evidence in one answer. 100: 100 KB as hex.</summary>
    private const int EvidenceMax = 100;

    /// <summary>sharedseq_getEvidence(id): one offence; sharedseq_getEvidence(null, after): all, so many at a time.</summary>
    private object GetEvidence(RpcCall call)
    {
        if (call.Optional(0) is null) return EvidencePage(call, 1).Select(item => View(item.Evidence, item.Height));
        (Evidence evidence, Height height) = EvidenceOf(call.Hash(0, "id"));
        return View(evidence, height);
    }

    private IReadOnlyList<(Evidence Evidence, Height Height)> EvidencePage(RpcCall call, int index) =>
        node.Ledger.Evidence(call.Optional(index) is null ? null : call.Hash(index, "after"), EvidenceMax)
            ?? throw new RpcException(RpcError.NotFound, "no evidence known by the id to go on after");

    private static object View(Evidence evidence, Height height) => new
    {
        id = evidence.Id.ToString(),
        kind = evidence.EvidenceKind.ToString(),
        epoch = evidence.Epoch.Value,
        offender = evidence.Offender.Value,
        committedAt = height == Height.Zero ? (ulong?)null : height.Value,
        evidence = Encode(evidence.Write),
    };

    private (Evidence Evidence, Height Height) EvidenceOf(Hash32 id) =>
        node.Ledger.GetEvidence(id) ?? throw new RpcException(RpcError.NotFound, "no evidence known by this id");

    private HeaderProof CommitProofOf(Height height)
    {
        var headers = new List<Header>();
        for (Height at = height; headers.Count < HeaderProof.MaxHeaders; at = at.Next())
        {
            CommittedBlock block = node.Logs.ReadBlock(at) ?? throw Missing(at);
            headers.Add(block.Block.Header);
            if (block.Proof is not null) return new HeaderProof(headers, block.Proof);
        }

        throw new RpcException(RpcError.NotFound, $"no commit proof within {HeaderProof.MaxHeaders} heights of {height}");
    }

    /// <summary>The certificate that covers a height, with the heads to prove from.</summary>
    private ResultCertificate CertificateFor(Height height)
    {
        if (height > node.Progress.Ordered) throw Missing(height);
        return node.Ledger.CertificateAtOrAbove(height)
            ?? throw new RpcException(RpcError.NotFound, "not certified yet; certificates follow within about 50 ms of committed time");
    }

    private (NamespaceHeads Heads, ResultCertificate Certificate) CertifiedHeads(Height height)
    {
        // A certificate adopted from a peer may be for a height this node has not written yet.
        ResultCertificate certificate = CertificateFor(Agreed(height));
        RefuseDiverged(certificate.Result.Height);
        NamespaceHeads heads = node.Ledger.GetHeads(certificate.Result.Height)
            ?? throw new RpcException(RpcError.NotFound, "the certified height is not in this node's ledger yet");
        return (heads, certificate);
    }

    private NamespaceBlockProof NamespaceBlockProofOf(NamespaceId ns, ulong number)
    {
        NamespaceBlock block = ReadBlock(ns, number).Block;
        (NamespaceHeads heads, ResultCertificate certificate) = CertifiedHeads(block.LastHeight);
        NamespaceHeadProof head = NamespaceHeadProof.Create(ns, heads, certificate);
        if (head.Head.Number < number) throw new RpcException(RpcError.NotFound, "not certified yet");
        if (head.Head.Number - number > NamespaceBlockProof.MaxAbove)
            throw new RpcException(RpcError.NotFound, "no certificate close enough above this block");
        var above = new List<NamespaceBlock>();
        for (ulong next = number + 1; next <= head.Head.Number; next++) above.Add(ReadBlock(ns, next).Block);
        return new NamespaceBlockProof(block, above, head);
    }

    private NamespaceAbsenceProof AbsenceProofOf(NamespaceId ns)
    {
        if (node.Genesis.Find(ns) is not null) throw RpcCall.Bad("namespace", "is registered: its absence can not be proved");
        ResultCertificate certificate = node.Feeds.Newest ?? throw new RpcException(RpcError.NotFound, "nothing is certified yet");
        (NamespaceHeads heads, certificate) = CertifiedHeads(certificate.Result.Height);
        return NamespaceAbsenceProof.Create(ns, heads, certificate);
    }

    /// <summary>The place in a closed block, or, while the newest certificate has it open, in the committed part of the open one.</summary>
    private TransactionProof TransactionProofOf(Hash32 id)
    {
        TransactionPlace place = node.Ledger.FindTransaction(id)
            ?? throw new RpcException(RpcError.NotFound, "no ordered transaction known by this id");
        (NamespaceHeads heads, ResultCertificate certificate) = CertifiedHeads(place.Height);
        NamespaceHeadProof head = NamespaceHeadProof.Create(place.Namespace, heads, certificate);
        return head.Head.Number < place.Number ? InOpenBlock(place, head) : InClosedBlock(place);
    }

    private TransactionProof InClosedBlock(TransactionPlace place)
    {
        StreamBlock block = ReadBlock(place.Namespace, place.Number);
        Hash32[] leaves = [.. block.Transactions.Select(t => t.Id.Value)];
        return TransactionProof.InBlock(
            block.Transactions[place.Place].Id, MerkleTree.FromLeafHashes(leaves).Prove(place.Place),
            NamespaceBlockProofOf(place.Namespace, place.Number));
    }

    private TransactionProof InOpenBlock(TransactionPlace place, NamespaceHeadProof head)
    {
        Hash32[] leaves = node.Ledger.OpenBlockIds(place.Namespace, place.Number, head.Certificate.Result.Height, (int)head.Head.OpenCount)
            ?? throw new RpcException(RpcError.NotFound, "the open block grew over too many heights to prove from here; ask again when it is closed");
        return TransactionProof.InOpenBlock(new TxId(leaves[place.Place]), MerkleTree.FromLeafHashes(leaves).Prove(place.Place), head);
    }

    /// <summary>That a transaction was left out, and why: by the effects of its height, whose chain reaches the next certificate.</summary>
    private RejectionProof RejectionProofOf(Hash32 id)
    {
        Height height = (node.Ledger.FindRejection(id)
            ?? throw new RpcException(RpcError.NotFound, "no rejected transaction known by this id")).Height;
        ResultCertificate certificate = CertificateFor(Agreed(height));
        RefuseDiverged(certificate.Result.Height);
        if (certificate.Result.Height.Value - height.Value > RejectionProof.MaxLater)
            throw new RpcException(RpcError.NotFound, "no certificate close enough above this height");
        IReadOnlyList<Rejection> rejections = node.Ledger.GetRejections(height) ?? throw Missing(height);
        Hash32[] leaves = [.. rejections.Select(r => r.LeafHash)];
        int index = rejections.Select(r => r.Id.Value).ToList().IndexOf(id);
        Height below = height.Previous();
        Hash32 before = below == Height.Zero ? node.Genesis.Hash : (node.Ledger.GetResult(below) ?? throw Missing(below)).EffectsRoot;
        var later = new List<Hash32>();
        for (Height at = height.Next(); at <= certificate.Result.Height; at = at.Next()) later.Add(EffectsOf(at).Hash);
        return new RejectionProof(
            rejections[index], MerkleTree.FromLeafHashes(leaves).Prove(index), before, EffectsOf(height), later, certificate);
    }

    private HeightEffects EffectsOf(Height height) =>
        node.Ledger.GetEffects(height) ?? throw new RpcException(RpcError.NotFound, $"height {height} is not in this node's ledger yet");
}
