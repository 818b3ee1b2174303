using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Asks for what leads from one committee to the next, from an epoch's on (consensus.md 8).</summary>
public sealed class HandOverRequest(Epoch from) : PeerMessage
{
    public override MessageKind Kind => MessageKind.HandOverRequest;

    /// <summary>The epoch that hands over first: the newest whose committee the asker knows.</summary>
    public Epoch From { get; } = from;

    public override void Write(CanonicalWriter writer) => writer.U64(From.Value);

    public static HandOverRequest Read(ref CanonicalReader reader) => new(new Epoch(reader.U64()));
}

/// <summary>
/// The answer to a <see cref="HandOverRequest"/>: hand-overs of one epoch after the other, as many as fit and are held, none when the first is not. Opaque to
/// consensus; whoever asked checks each against the committee before it.
/// </summary>
public sealed class HandOverResponse(Epoch from, IReadOnlyList<ReadOnlyMemory<byte>> handOvers) : PeerMessage
{
    /// <summary>Hand-overs in one answer. 256: a week of one-minute epochs is 40 answers.</summary>
    public const int MaxHandOvers = 256;

    /// <summary>Bytes of one: 128 members with a certificate signed by all of them.</summary>
    public const int MaxHandOverBytes = 32 * 1024;

    /// <summary>Bytes of all in one answer. 1 MiB: as much as four pieces of a checkpoint, and more than 40 of the largest committees.</summary>
    public const int MaxBytes = 1024 * 1024;

    public override MessageKind Kind => MessageKind.HandOverResponse;

    /// <summary>The epoch that was asked for.</summary>
    public Epoch From { get; } = from;

    /// <summary>Their encodings.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> HandOvers { get; } = handOvers;

    public override void Write(CanonicalWriter writer)
    {
        writer.U64(From.Value);
        writer.U16((ushort)HandOvers.Count);
        foreach (ReadOnlyMemory<byte> item in HandOvers) writer.Bytes(item.Span);
    }

    public static HandOverResponse Read(ref CanonicalReader reader)
    {
        var from = new Epoch(reader.U64());
        var items = new ReadOnlyMemory<byte>[reader.Count(MaxHandOvers, 4, "hand-overs")];
        int bytes = 0;
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = reader.Bytes(MaxHandOverBytes, "hand-over").ToArray();
            bytes += items[i].Length;
            if (bytes > MaxBytes) DecodeException.Throw(DecodeRejection.OverLimit, "bytes of hand-overs");
        }

        return new HandOverResponse(from, items);
    }
}
