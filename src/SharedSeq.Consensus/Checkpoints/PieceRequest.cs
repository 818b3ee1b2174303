using System;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Asks for one piece of a checkpoint that was offered.</summary>
public sealed class PieceRequest(Hash32 root, int index) : PeerMessage
{
    public override MessageKind Kind => MessageKind.PieceRequest;

    /// <summary>Names the checkpoint: <see cref="PieceList.Root"/>.</summary>
    public Hash32 Root { get; } = root;

    /// <summary>Which piece, from 0 on.</summary>
    public int Index { get; } = index;

    public override void Write(CanonicalWriter writer)
    {
        writer.Hash(Root);
        writer.U32((uint)Index);
    }

    public static PieceRequest Read(ref CanonicalReader reader) => new(reader.Hash(), ReadIndex(ref reader));

    internal static int ReadIndex(ref CanonicalReader reader)
    {
        uint index = reader.U32();
        if (index >= PieceList.MaxPieces) DecodeException.Throw(DecodeRejection.OverLimit, "index of a piece");
        return (int)index;
    }
}

/// <summary>The answer to a <see cref="PieceRequest"/>; empty when the checkpoint is not held any more, or the asker asks too often.</summary>
public sealed class PieceResponse(Hash32 root, int index, ReadOnlyMemory<byte> bytes) : PeerMessage
{
    public override MessageKind Kind => MessageKind.PieceResponse;

    public Hash32 Root { get; } = root;

    public int Index { get; } = index;

    public ReadOnlyMemory<byte> Bytes { get; } = bytes;

    public override void Write(CanonicalWriter writer)
    {
        writer.Hash(Root);
        writer.U32((uint)Index);
        writer.Bytes(Bytes.Span);
    }

    public static PieceResponse Read(ref CanonicalReader reader) =>
        new(reader.Hash(), PieceRequest.ReadIndex(ref reader), reader.Bytes(PieceList.PieceBytes, "piece").ToArray());
}
