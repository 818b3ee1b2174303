using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Lanes;

public sealed class BatchBuilderTests
{
    private static readonly LaneId Lane = new(Epoch.Zero, new ReplicaId(1), 0);

    [Fact]
    public void A_built_batch_is_what_a_receiver_parses()
    {
        var builder = new BatchBuilder();
        builder.Start(new byte[1_000]);
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(BatchAddRejection.None, builder.TryAdd(new NamespaceId((ulong)i), (ulong)i, new byte[i], out int index));
            Assert.Equal(i, index);
            Assert.Equal(BatchBody.IdOf(new NamespaceId((ulong)i), (ulong)i, new byte[i]), builder.IdOf(i));
        }

        BuiltBatch built = builder.Seal(Lane, BatchSeq.Zero, Hash32.Zero);
        BatchBody parsed = BatchBody.Parse(built.Body.Bytes, built.Header.TransactionCount);
        Assert.Equal(parsed.LeafHashes, built.Body.LeafHashes);
        Batch batch = Batch.Create(built.Header, Height.Zero, default, parsed);
        Assert.Equal(built.Header.Digest, batch.Header.Digest);
        Assert.Equal(9, batch.Body[9].Payload.Length);
    }

    [Fact]
    public void A_batch_is_full_by_bytes_to_the_last_one()
    {
        var builder = new BatchBuilder();
        builder.Start(new byte[2 * (BatchBody.RecordOverhead + 5)]);
        Assert.Equal(BatchAddRejection.None, builder.TryAdd(default, 0, new byte[5], out _));
        Assert.Equal(BatchAddRejection.BatchFull, builder.TryAdd(default, 0, new byte[6], out int index));
        Assert.Equal(-1, index);
        Assert.Equal(BatchAddRejection.None, builder.TryAdd(default, 0, new byte[5], out _));
        Assert.Equal(BatchAddRejection.BatchFull, builder.TryAdd(default, 0, [], out _));
        Assert.Equal(2, builder.Count);
    }

    [Fact]
    public void A_batch_is_full_by_transactions()
    {
        var builder = new BatchBuilder(3);
        builder.Start(new byte[1_000]);
        for (int i = 0; i < 3; i++) Assert.Equal(BatchAddRejection.None, builder.TryAdd(default, 0, [], out _));
        Assert.Equal(BatchAddRejection.BatchFull, builder.TryAdd(default, 0, [], out _));
    }

    [Fact]
    public void A_payload_that_fits_no_batch_is_refused_as_such()
    {
        var builder = new BatchBuilder();
        builder.Start(new byte[BatchBody.MaxBytes]);
        Assert.Equal(BatchAddRejection.PayloadTooLarge, builder.TryAdd(default, 0, new byte[BatchBody.MaxPayloadBytes + 1], out _));
        Assert.Equal(BatchAddRejection.None, builder.TryAdd(default, 0, new byte[BatchBody.MaxPayloadBytes], out _));
    }

    [Fact]
    public void No_more_of_a_larger_buffer_is_used_than_a_batch_may_have()
    {
        var builder = new BatchBuilder();
        builder.Start(new byte[2 * BatchBody.MaxBytes]);
        while (builder.TryAdd(default, 0, new byte[100_000], out _) == BatchAddRejection.None)
        {
        }

        Assert.InRange(builder.Bytes, 1, BatchBody.MaxBytes);
        Assert.Equal(builder.Bytes, BatchBody.Parse(builder.Seal(Lane, BatchSeq.Zero, Hash32.Zero).Body.Bytes, 5).Bytes.Length);
    }

    [Fact]
    public void Adding_makes_no_objects()
    {
        var builder = new BatchBuilder();
        byte[] buffer = new byte[BatchBody.MaxBytes];
        byte[] payload = new byte[150];
        builder.Start(buffer);
        builder.TryAdd(default, 0, payload, out _);
        builder.Start(buffer);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++) builder.TryAdd(new NamespaceId(1), 0, payload, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(1_000, builder.Count);
    }

    [Fact]
    public void An_empty_batch_is_not_sealed()
    {
        var builder = new BatchBuilder();
        builder.Start(new byte[100]);
        Assert.Throws<InvariantException>(() => builder.Seal(Lane, BatchSeq.Zero, Hash32.Zero));
    }

    [Fact]
    public void A_header_with_a_count_or_size_that_the_body_cannot_have_is_refused()
    {
        var builder = new BatchBuilder();
        builder.Start(new byte[100]);
        builder.TryAdd(default, 0, [1, 2, 3], out _);
        BuiltBatch built = builder.Seal(Lane, BatchSeq.Zero, Hash32.Zero);
        byte[] good = Batch.Create(built.Header, Height.Zero, default, built.Body).Encode();
        Assert.IsType<Batch>(MessageCodec.Decode(good));
        for (int i = 1; i < good.Length; i++)
        {
            byte[] bad = [.. good];
            bad[i] ^= 1;
            try
            {
                // Lane, sequence, height and signature are other values; whatever describes the body must not be.
                var batch = (Batch)MessageCodec.Decode(bad);
                Assert.Equal(built.Header.TransactionRoot, batch.Header.TransactionRoot);
                Assert.Equal(built.Body.LeafHashes, batch.Body.LeafHashes);
            }
            catch (DecodeException)
            {
                // Refused with its reason.
            }
        }
    }
}
