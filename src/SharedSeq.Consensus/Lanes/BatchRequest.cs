using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Asks for the chain of batches of one lane that ends in <see cref="Tip"/> and reaches down to <see cref="First"/>: one prefix request instead of
/// one by one (consensus.md 7). The tip's digest is known to the asker from a committed cut or a PoA, so that every answer can be checked at once.
/// </summary>
public sealed class BatchRequest(BatchSeq first, LaneTip tip) : PeerMessage
{
    /// <summary>Batches one request may name; the answer is further bounded by bytes.</summary>
    public const int MaxBatches = 256;

    public override MessageKind Kind => MessageKind.BatchRequest;

    public LaneId Lane => Tip.Lane;

    public BatchSeq First { get; } = first;

    public BatchSeq Last => Tip.Seq;

    /// <summary>The last batch asked for, by digest: where an author equivocated, a place alone would not say which one is meant.</summary>
    public LaneTip Tip { get; } = tip;

    public override void Write(CanonicalWriter writer)
    {
        writer.U64(First.Value);
        Tip.Write(writer);
    }

    public static BatchRequest Read(ref CanonicalReader reader)
    {
        var request = new BatchRequest(new BatchSeq(reader.U64()), LaneTip.Read(ref reader));
        if (request.Last < request.First || request.Last.Value - request.First.Value >= MaxBatches)
            DecodeException.Throw(DecodeRejection.OverLimit, "batches of a request");
        return request;
    }
}

/// <summary>
/// The answer to a <see cref="BatchRequest"/>: the chain that ends in the tip asked for, in ascending order, as many batches as fit counted from
/// the tip downwards; empty when the tip is not held. Verified by the digest chain down from the known tip; signatures of the author are not
/// needed and not checked.
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
            if (i > 0 && !header.Follows(batches[i - 1].Header))
                DecodeException.Throw(DecodeRejection.NotCanonical, "batches of a response are a chain");
        }

        reader.End("batch response");
        return new BatchResponse(lane, batches);
    }
}
