using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Lanes;

public sealed class BatchBodyTests
{
    private static readonly LaneId Lane = new(Epoch.Zero, new ReplicaId(1), 0);

    [Fact]
    public void Each_record_is_found_with_its_id()
    {
        BatchBody body = TestBatches.Body(
            [.. Enumerable.Range(0, 10).Select(i => new TestTransaction((ulong)i, (ulong)i, new byte[i]))]);
        Assert.Equal(10, body.Count);
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(BatchBody.IdOf(new NamespaceId((ulong)i), (ulong)i, new byte[i]), body.IdOf(i));
            Assert.Equal(i, body[i].Payload.Length);
            Assert.Equal((ulong)i, body[i].ValidUntil);
        }
    }

    [Fact]
    public void An_empty_body_is_refused()
    {
        DecodeException e = Assert.Throws<DecodeException>(() => BatchBody.Parse(Array.Empty<byte>(), 0));
        Assert.Equal(DecodeRejection.Malformed, e.Reason);
    }

    [Fact]
    public void A_body_of_the_largest_size_is_read_and_one_byte_more_is_refused()
    {
        const int Payload = 100_000;
        int rest = BatchBody.MaxBytes - (5 * (BatchBody.RecordOverhead + Payload)) - BatchBody.RecordOverhead;
        TestTransaction[] full = [.. Enumerable.Repeat(new TestTransaction(1, 0, new byte[Payload]), 5), new(1, 0, new byte[rest])];
        Assert.Equal(BatchBody.MaxBytes, TestBatches.Body(full).Bytes.Length);
        full[5] = new(1, 0, new byte[rest + 1]);
        DecodeException e = Assert.Throws<DecodeException>(() => TestBatches.Body(full));
        Assert.Equal(DecodeRejection.OverLimit, e.Reason);
    }

    [Fact]
    public void A_payload_larger_than_any_may_be_is_refused()
    {
        Assert.Equal(1, TestBatches.Body(new TestTransaction(1, 0, new byte[BatchBody.MaxPayloadBytes])).Count);
        DecodeException e = Assert.Throws<DecodeException>(
            () => TestBatches.Body(new TestTransaction(1, 0, new byte[BatchBody.MaxPayloadBytes + 1])));
        Assert.Equal(DecodeRejection.OverLimit, e.Reason);
    }

    [Fact]
    public void A_header_with_a_count_or_size_that_the_body_cannot_have_is_refused()
    {
        BatchBody body = TestBatches.Body(new TestTransaction(0, 0, [1, 2, 3]));
        BatchHeader header = TestBatches.HeaderOf(body, Lane, BatchSeq.Zero, Hash32.Zero);
        byte[] good = Batch.Create(header, Height.Zero, default, body).Encode();
        Assert.IsType<Batch>(MessageCodec.Decode(good));
        for (int i = 1; i < good.Length; i++)
        {
            byte[] bad = [.. good];
            bad[i] ^= 1;
            try
            {
                // Lane, sequence, height and signature are other values; whatever describes the body must not be.
                var batch = (Batch)MessageCodec.Decode(bad);
                Assert.Equal(header.TransactionRoot, batch.Header.TransactionRoot);
                Assert.Equal(body.LeafHashes, batch.Body.LeafHashes);
            }
            catch (DecodeException)
            {
                // Refused with its reason.
            }
        }
    }
}
