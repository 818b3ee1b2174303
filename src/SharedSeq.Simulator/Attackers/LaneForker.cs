using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// Signs two different batches for one place of its lane, shows each to some members, collects acks for both, and publishes whatever proof it gets.
/// </summary>
public sealed class LaneForker : Attacker
{
    private readonly Dictionary<Hash32, SortedDictionary<ReplicaId, AckSignature>> _acks = [];
    private readonly Dictionary<Hash32, Batch> _forks = [];

    public override bool OnSend(NodeId to, PeerMessage? message)
    {
        if (message is not Batch batch || !IsMine(batch.Header.Lane)) return false;
        Batch fork = ForkOf(batch);
        if (((ulong)to.Value + batch.Header.Seq.Value) % 3 == 0) return false;
        SendTo(to, fork);
        return true;
    }

    public override void OnReceived(NodeId from, PeerMessage message)
    {
        if (message is BatchRequest request && IsMine(request.Lane)) Serve(from, request);
        if (message is not Ack ack || !IsMine(ack.Tip.Lane) || !_acks.TryGetValue(ack.Tip.Digest, out SortedDictionary<ReplicaId, AckSignature>? acks))
            return;
        acks[ack.Acker] = new AckSignature(ack.Acker, ack.Height, ack.Signature);
        if (acks.Count == Run.Committees.Of(ack.Tip.Lane.Epoch).Quorum.Quorum) SendToAll(new ProofOfAvailability(ack.Tip, [.. acks.Values]));
    }

    private void Serve(NodeId from, BatchRequest request)
    {
        if (_forks.TryGetValue(request.Tip.Digest, out Batch? fork)) SendTo(from, new BatchResponse(request.Lane, [fork]));
    }

    /// <summary>The same place and predecessor with one transaction more; in a full batch the last one is another.</summary>
    private Batch ForkOf(Batch batch)
    {
        foreach (Batch known in _forks.Values)
        {
            if (known.Header.Lane != batch.Header.Lane) continue;
            if (known.Header.Seq == batch.Header.Seq && known.Header.PreviousDigest == batch.Header.PreviousDigest) return known;
        }

        byte[] payload = BitConverter.GetBytes(Random.NextU64());
        int room = BatchBody.RecordOverhead + payload.Length;
        bool isFull = batch.Body.Bytes.Length + room > BatchBody.MaxBytes;
        byte[] bytes = new byte[batch.Body.Bytes.Length + (isFull ? 0 : room)];
        batch.Body.Bytes.CopyTo(bytes);
        if (isFull) bytes[^1] ^= 1;
        else BatchBody.WriteRecord(bytes.AsSpan(batch.Body.Bytes.Length), new NamespaceId(1), 0, payload);
        BatchBody body = BatchBody.Parse(bytes, batch.Body.Count + (isFull ? 0 : 1));
        BatchHeader header = batch.Header;
        var changed = new BatchHeader(
            header.Lane, header.Seq, header.PreviousDigest, header.Flags, body.Count, body.Bytes.Length,
            MerkleTree.RootOfLeafHashes(body.LeafHashes));
        Batch fork = Node.SignerOf(header.Lane.Epoch).Batch(changed, batch.AuthorHeight, body).Value;
        _forks[fork.Header.Digest] = fork;
        Ack own = fork.AuthorAck;
        _acks[fork.Header.Digest] = new SortedDictionary<ReplicaId, AckSignature> { [own.Acker] = new(own.Acker, own.Height, own.Signature) };
        return fork;
    }
}
