using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// The bytes of a checkpoint as pieces of one size, named by their hashes: whoever has the list can check each piece when it comes, whoever sent it.
/// </summary>
public sealed class PieceList
{
    /// <summary>Bytes of a piece, the last one may be shorter. 256 KiB: half of a full batch, so that none waits behind one for long.</summary>
    public const int PieceBytes = 256 * 1024;

    /// <summary>Pieces of one checkpoint. 4,096, which are 1 GiB: ten times the largest table of remembered ids, and a list of 128 KiB.</summary>
    public const int MaxPieces = 4_096;

    private readonly Hash32[] _hashes;

    /// <param name="size">Bytes of all pieces, at least 1.</param>
    /// <param name="hashes">SHA-256 of each piece.</param>
    public PieceList(long size, IReadOnlyList<Hash32> hashes)
    {
        Invariant.Check(size > 0 && hashes.Count == CountOf(size) && hashes.Count <= MaxPieces, "a list of pieces has one hash for each");
        Size = size;
        _hashes = [.. hashes];
        var writer = new CanonicalWriter(64 + (_hashes.Length * Hash32.Size));
        writer.Raw("SharedSeq.pieces"u8);
        Write(writer);
        Root = Sha.Of(writer.Written);
    }

    /// <summary>Bytes of all pieces.</summary>
    public long Size { get; }

    public int Count => _hashes.Length;

    /// <summary>SHA-256("SharedSeq.pieces" || encoding): names these bytes.</summary>
    public Hash32 Root { get; }

    /// <summary>Bytes of one piece.</summary>
    public int BytesOf(int index) => (int)long.Min(PieceBytes, Size - OffsetOf(index));

    /// <summary>Where a piece begins.</summary>
    public static long OffsetOf(int index) => (long)index * PieceBytes;

    /// <summary>Whether these are the bytes of a piece.</summary>
    public bool Holds(int index, ReadOnlySpan<byte> bytes) => bytes.Length == BytesOf(index) && Sha.Of(bytes) == _hashes[index];

    public void Write(CanonicalWriter writer)
    {
        writer.U64((ulong)Size);
        foreach (Hash32 hash in _hashes) writer.Hash(hash);
    }

    public static PieceList Read(ref CanonicalReader reader)
    {
        ulong size = reader.U64();
        if (size is 0 or > (ulong)MaxPieces * PieceBytes) DecodeException.Throw(DecodeRejection.OverLimit, "bytes of a checkpoint");
        int count = CountOf((long)size);
        if (count > reader.Remaining / Hash32.Size) DecodeException.Throw(DecodeRejection.Truncated, "pieces of a checkpoint");
        var hashes = new Hash32[count];
        for (int i = 0; i < count; i++) hashes[i] = reader.Hash();
        return new PieceList((long)size, hashes);
    }

    private static int CountOf(long size) => (int)((size + PieceBytes - 1) / PieceBytes);
}

/// <summary>Makes a <see cref="PieceList"/> of bytes that come one after the other.</summary>
public sealed class PieceHasher
{
    private readonly List<Hash32> _hashes = [];
    private readonly byte[] _piece = new byte[PieceList.PieceBytes];
    private int _filled;
    private long _size;

    /// <summary>Whether what was added is more than a list of pieces may name.</summary>
    public bool IsTooLarge => _size > (long)PieceList.MaxPieces * PieceList.PieceBytes;

    public void Add(ReadOnlySpan<byte> bytes)
    {
        _size += bytes.Length;
        while (bytes.Length > 0)
        {
            int taken = int.Min(bytes.Length, _piece.Length - _filled);
            bytes[..taken].CopyTo(_piece.AsSpan(_filled));
            _filled += taken;
            bytes = bytes[taken..];
            if (_filled == _piece.Length) EndPiece();
        }
    }

    /// <summary>The list of all that was added, which is at least one byte and not too large.</summary>
    public PieceList Finish()
    {
        if (_filled > 0) EndPiece();
        return new PieceList(_size, _hashes);
    }

    private void EndPiece()
    {
        _hashes.Add(Sha.Of(_piece.AsSpan(0, _filled)));
        _filled = 0;
    }
}
