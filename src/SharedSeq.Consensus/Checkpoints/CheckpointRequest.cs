using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Asks which checkpoints above a height a member can serve (consensus.md 8).</summary>
public sealed class CheckpointRequest(Height above) : PeerMessage
{
    public override MessageKind Kind => MessageKind.CheckpointRequest;

    /// <summary>The newest height that the asker has.</summary>
    public Height Above { get; } = above;

    public override void Write(CanonicalWriter writer) => writer.U64(Above.Value);

    public static CheckpointRequest Read(ref CanonicalReader reader) => new(new Height(reader.U64()));
}

/// <summary>
/// The answer to a <see cref="CheckpointRequest"/>, and to a <see cref="BlockRequest"/> for what is not kept any more: the oldest height kept, and the
/// checkpoints to start from instead; none when there is none above the asker.
/// </summary>
public sealed class CheckpointOffers(Height oldest, IReadOnlyList<CheckpointOffer> offers) : PeerMessage
{
    /// <summary>Offers in one answer: as many as a member keeps.</summary>
    public const int MaxOffers = 2;

    public override MessageKind Kind => MessageKind.CheckpointOffers;

    /// <summary>The lowest height whose block is kept; 0 for none yet.</summary>
    public Height Oldest { get; } = oldest;

    /// <summary>Ascending by height.</summary>
    public IReadOnlyList<CheckpointOffer> Offers { get; } = offers;

    public override void Write(CanonicalWriter writer)
    {
        writer.U64(Oldest.Value);
        writer.U16((ushort)Offers.Count);
        foreach (CheckpointOffer offer in Offers) offer.Write(writer);
    }

    public static CheckpointOffers Read(ref CanonicalReader reader)
    {
        var oldest = new Height(reader.U64());
        var offers = new CheckpointOffer[reader.Count(MaxOffers, 300, "checkpoints")];
        for (int i = 0; i < offers.Length; i++)
        {
            offers[i] = CheckpointOffer.Read(ref reader);
            if (i > 0 && offers[i].Height <= offers[i - 1].Height) DecodeException.Throw(DecodeRejection.NotCanonical, "offered checkpoints ascend");
        }

        return new CheckpointOffers(oldest, offers);
    }
}
