using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>What is in memory, what is read back from the log, and that memory is given up by whom it belongs to and not under a reader.</summary>
public sealed class BatchStoreTests
{
    private const int BatchBytes = 100_000;
    private readonly Dictionary<Hash32, Batch> _log = [];
    private readonly BatchStore _store;
    private int _reads;

    public BatchStoreTests() => _store = new BatchStore(
        tip =>
        {
            _reads++;
            return _log.GetValueOrDefault(tip.Digest);
        },
        bytesMax: 5 * BatchBytes);

    [Fact]
    public void A_batch_that_falls_out_gives_its_memory_back_once_its_last_reader_is_done()
    {
        Batch first = Make(0);
        _store.Add(first);
        BodyLease reader = _store.Borrow(first.Tip);
        byte[] payload = reader.Body[0].Payload.ToArray();
        for (byte i = 1; i < 20; i++) _store.Add(Make(i));

        Assert.Null(_store.FindRecent(first.Tip));
        Assert.True(_store.Bytes <= 5 * BatchBytes);
        Assert.Equal(payload, reader.Body[0].Payload.ToArray());
        reader.Dispose();
        Assert.False(first.Body.TryHold());
        Assert.Throws<InvariantException>(() => first.Body.Bytes.Span.Length);
        Assert.Equal(BatchBytes, first.Header.BodyBytes);
        Assert.Equal(1, first.Body.LeafHashes.Length);
    }

    [Fact]
    public void A_height_that_is_ordered_late_reads_each_of_its_batches_once()
    {
        Batch first = Make(0);
        _store.Add(first);
        for (byte i = 1; i < 20; i++) _store.Add(Make(i));
        for (int i = 0; i < 10; i++)
        {
            using BodyLease lease = _store.Borrow(first.Tip);
            Assert.Equal(first.Header.BodyBytes, lease.Body.Bytes.Length);
        }

        Assert.Equal(1, _reads);
    }

    [Fact]
    public void A_header_is_there_for_longer_than_its_body_and_a_batch_that_is_nowhere_is_null()
    {
        Batch first = Make(0);
        _store.Add(first);
        for (byte i = 1; i < 20; i++) _store.Add(Make(i));
        Assert.Same(first.Header, _store.FindHeader(first.Tip));
        Assert.Equal(0, _reads);
        LaneTip unknown = first.Tip with { Digest = Sha.Of([1]) };
        Assert.Null(_store.FindHeader(unknown));
        Assert.Null(_store.Hold(unknown));
        Assert.Null(_store.TryBorrow(unknown));
        Assert.Throws<InvariantException>(() => _store.Borrow(unknown));
    }

    /// <summary>A batch in pooled memory, as it comes from a peer; the log has it in memory of its own.</summary>
    private Batch Make(byte mark)
    {
        SharedBuffer buffer = BufferPool.Instance.Rent(BatchBytes);
        byte[] payload = new byte[BatchBytes - BatchBody.RecordOverhead];
        payload.AsSpan().Fill(mark);
        BatchBody.WriteRecord(buffer.GetSpan(), new NamespaceId(5), 1, payload);
        byte[] copy = buffer.GetSpan().ToArray();
        BatchBody body = BatchBody.Parse(buffer.Memory, 1);
        buffer.Release();
        var header = new BatchHeader(
            new LaneId(Epoch.Zero, new ReplicaId(0), 0), new BatchSeq(mark), default, BatchFlags.None, 1, BatchBytes, body.LeafHashes[0]);
        _log[header.Digest] = Batch.Create(header, Height.Zero, default, BatchBody.Parse(copy, 1));
        return Batch.Create(header, Height.Zero, default, body);
    }
}
