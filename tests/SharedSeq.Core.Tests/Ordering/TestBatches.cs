using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>A transaction as a test writes it.</summary>
internal sealed class TestTransaction(ulong ns, ulong validUntil, byte[] payload)
{
    private TxId? _id;

    public ulong Namespace { get; } = ns;

    public ulong ValidUntil { get; } = validUntil;

    public byte[] Payload { get; } = payload;

    public TxId Id => _id ??= BatchBody.IdOf(new NamespaceId(Namespace), ValidUntil, Payload);

    public int RecordBytes => BatchBody.RecordOverhead + Payload.Length;
}

/// <summary>Batches as an author seals them.</summary>
internal static class TestBatches
{
    public static BatchBody Body(params ReadOnlySpan<TestTransaction> transactions)
    {
        int size = 0;
        foreach (TestTransaction t in transactions) size += t.RecordBytes;
        byte[] bytes = new byte[size];
        int at = 0;
        foreach (TestTransaction t in transactions)
            at += BatchBody.WriteRecord(bytes.AsSpan(at), new NamespaceId(t.Namespace), t.ValidUntil, t.Payload);
        return BatchBody.Parse(bytes, transactions.Length);
    }

    public static BatchHeader HeaderOf(BatchBody body, LaneId lane, BatchSeq seq, Hash32 previous) =>
        new(lane, seq, previous, BatchFlags.None, body.Count, body.Bytes.Length, MerkleTree.RootOfLeafHashes(body.LeafHashes));
}
