using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Asks for the batches First..Last of one lane, as one prefix request instead of one by one (consensus.md 7).</summary>
public sealed class BatchRequest(LaneId lane, BatchSeq first, BatchSeq last) : PeerMessage
{
    /// <summary>Batches one request may name; the answer is further bounded by bytes.</summary>
    public const int MaxBatches = 256;

    public override MessageKind Kind => MessageKind.BatchRequest;

    public LaneId Lane { get; } = lane;

    public BatchSeq First { get; } = first;

    public BatchSeq Last { get; } = last;

    public override void Write(CanonicalWriter writer)
    {
        writer.Lane(Lane);
        writer.U64(First.Value);
        writer.U64(Last.Value);
    }

    public static BatchRequest Read(ref CanonicalReader reader)
    {
        var request = new BatchRequest(reader.Lane(), new BatchSeq(reader.U64()), new BatchSeq(reader.U64()));
        if (request.Last < request.First || request.Last.Value - request.First.Value >= MaxBatches)
            DecodeException.Throw(DecodeRejection.OverLimit, "batches of a request");
        return request;
    }
}

/// <summary>
/// Batches of one lane in ascending order, as many of those asked for as fit. Verified by the digest chain down from a certified tip; signatures of
/// the author are not needed.
/// </summary>
public sealed class BatchResponse(LaneId lane, IReadOnlyList<Batch> batches) : PeerMessage
{
    /// <summary>Body bytes in one response: four full batches.</summary>
    public const int MaxBytes = 4 * BatchBody.MaxBytes;

    public override MessageKind Kind => MessageKind.BatchResponse;

    public LaneId Lane { get; } = lane;

    public IReadOnlyList<Batch> Batches { get; } = batches;

    public override void Write(CanonicalWriter writer)
    {
        writer.Lane(Lane);
        writer.U16((ushort)Batches.Count);
        foreach (Batch batch in Batches) batch.Write(writer);
    }

    public static BatchResponse Read(ReadOnlyMemory<byte> frame)
    {
        var reader = new CanonicalReader(frame.Span);
        LaneId lane = reader.Lane();
        var batches = new Batch[reader.Count(BatchRequest.MaxBatches, BatchHeader.Size, "batches")];
        for (int i = 0; i < batches.Length; i++)
        {
            batches[i] = Batch.ReadPart(frame, ref reader);
            BatchHeader header = batches[i].Header;
            if (header.Lane != lane) DecodeException.Throw(DecodeRejection.Malformed, "batch of another lane");
            if (i > 0 && (header.PreviousDigest != batches[i - 1].Header.Digest || header.Seq != batches[i - 1].Header.Seq.Next()))
                DecodeException.Throw(DecodeRejection.NotCanonical, "batches of a response are a chain");
        }

        reader.End("batch response");
        return new BatchResponse(lane, batches);
    }
}
