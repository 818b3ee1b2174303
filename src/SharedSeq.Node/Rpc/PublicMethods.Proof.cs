using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

public sealed partial class PublicMethods
{
    /// <summary>
    /// sharedseq_getProof(kind, ...): a proof file as hex, checked by anyone with the genesis document alone. Kinds: commit(height), result(height),
    /// namespaceBlock(namespace, number), absence(namespace), transaction(txId), receipt(txId).
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
            "receipt" => new ReceiptProof(ReceiptOf(call.Hash(1, "txId"))),
            _ => throw RpcCall.Bad("kind", "is commit, result, namespaceBlock, absence, transaction or receipt"),
        };
        return new { kind, proof = Hex(ProofFile.For(node.Genesis, proof).ToArray()) };
    }

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
        ResultCertificate certificate = CertificateFor(height);
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

    private TransactionProof TransactionProofOf(Hash32 id)
    {
        TransactionPlace place = node.Ledger.FindTransaction(id)
            ?? throw new RpcException(RpcError.NotFound, "no ordered transaction known by this id");
        StreamBlock block = ReadBlock(place.Namespace, place.Number);
        Hash32[] leaves = [.. block.Transactions.Select(t => t.Id.Value)];
        return TransactionProof.InBlock(
            block.Transactions[place.Place].Id, MerkleTree.FromLeafHashes(leaves).Prove(place.Place),
            NamespaceBlockProofOf(place.Namespace, place.Number));
    }
}
