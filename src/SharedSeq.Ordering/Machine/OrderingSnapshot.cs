using System;
using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>The state of an ordering machine at one height. May be read from any thread while the machine goes on.</summary>
public sealed class OrderingSnapshot
{
    private readonly ReadOnlyMemory<byte> _state;
    private readonly DuplicateView _duplicates;

    internal OrderingSnapshot(Height height, ReadOnlyMemory<byte> state, DuplicateView duplicates, IReadOnlyList<LaneTip> batches)
    {
        Height = height;
        Batches = batches;
        _state = state;
        _duplicates = duplicates;
    }

    /// <summary>The last height applied.</summary>
    public Height Height { get; }

    /// <summary>The batches that it names: those of transactions that wait, or that are in a block still open. Each once, in the state's order.</summary>
    public IReadOnlyList<LaneTip> Batches { get; }

    /// <summary>Its bytes in pieces, each valid until the next one is asked for: under load they are tens of megabytes together.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pieces()
    {
        yield return _state;
        foreach (ReadOnlyMemory<byte> piece in _duplicates.Pieces()) yield return piece;
    }

    /// <summary>Its bytes in one array.</summary>
    public byte[] ToArray()
    {
        var writer = new CanonicalWriter(4096);
        foreach (ReadOnlyMemory<byte> piece in Pieces()) writer.Raw(piece.Span);
        return writer.ToArray();
    }
}
