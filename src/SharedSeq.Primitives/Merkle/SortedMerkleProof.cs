namespace SharedSeq.Primitives;

/// <summary>Why a proof that could be read does not prove what was asked.</summary>
public enum ProofRejection
{
    None = 0,

    /// <summary>The proof is of the other kind: presence where absence was asked, or the other way round.</summary>
    WrongKind = 1,

    /// <summary>The key is not strictly between the neighbours shown.</summary>
    KeyOutOfPlace = 2,

    /// <summary>The two neighbours' paths lead to different roots.</summary>
    NeighboursDisagree = 3,

    /// <summary>
    /// Tag, count and root do not hash to the commitment: another tree, another value or a lie on the way.
    /// </summary>
    CommitmentMismatch = 4,
}

/// <summary>An entry next to the place where an absent key would be.</summary>
public sealed record SortedMerkleNeighbour(ulong Key, Hash32 Value, MerkleProof Path);

/// <summary>
/// A proof about one key of a <see cref="SortedMerkle"/> commitment: that it has a value (the path of its leaf), or
/// that it is absent (the neighbours left and right of its place; one of them at either end; none when there are no
/// keys at all). An object of this type is consistent in itself: adjacent indices, equal counts, ascending keys.
/// </summary>
public sealed class SortedMerkleProof
{
    private enum Shape : byte
    {
        Present = 1,
        AbsentFromEmpty = 2,
        AbsentBeforeFirst = 3,
        AbsentAfterLast = 4,
        AbsentBetween = 5,
    }

    private readonly Shape _shape;
    private readonly MerkleProof? _path;
    private readonly SortedMerkleNeighbour? _left;
    private readonly SortedMerkleNeighbour? _right;

    private SortedMerkleProof(Shape shape, MerkleProof? path, SortedMerkleNeighbour? left, SortedMerkleNeighbour? right)
    {
        _shape = shape;
        _path = path;
        _left = left;
        _right = right;
    }

    /// <summary>Whether the proof claims that the key has a value.</summary>
    public bool IsPresence => _shape == Shape.Present;

    /// <summary>A proof that a key has a value, from its leaf's path.</summary>
    public static SortedMerkleProof Present(MerkleProof path) => new(Shape.Present, path, null, null);

    /// <summary>
    /// A proof that a key is absent. The neighbours must fit together, else it is a bug of the prover.
    /// </summary>
    public static SortedMerkleProof Absent(SortedMerkleNeighbour? left, SortedMerkleNeighbour? right)
    {
        string? fault = Fault(left, right);
        Invariant.Check(fault is null, fault ?? "");
        Shape shape = (left, right) switch
        {
            (null, null) => Shape.AbsentFromEmpty,
            (null, _) => Shape.AbsentBeforeFirst,
            (_, null) => Shape.AbsentAfterLast,
            _ => Shape.AbsentBetween,
        };
        return new SortedMerkleProof(shape, null, left, right);
    }

    /// <summary>Checks that the key has this value under the commitment.</summary>
    public ProofRejection CheckPresent(ReadOnlySpan<byte> tag, in Hash32 commitment, ulong key, in Hash32 value)
    {
        if (_path is null) return ProofRejection.WrongKind;
        Hash32 root = _path.RootFrom(SortedMerkle.LeafHash(key, value));
        return CheckCommitment(tag, commitment, _path.Count, root);
    }

    /// <summary>Checks that the key has no value under the commitment.</summary>
    public ProofRejection CheckAbsent(ReadOnlySpan<byte> tag, in Hash32 commitment, ulong key)
    {
        if (_shape == Shape.Present) return ProofRejection.WrongKind;
        if (_left is not null && _left.Key >= key) return ProofRejection.KeyOutOfPlace;
        if (_right is not null && _right.Key <= key) return ProofRejection.KeyOutOfPlace;
        Hash32? leftRoot = RootOf(_left);
        Hash32? rightRoot = RootOf(_right);
        if (leftRoot is not null && rightRoot is not null && leftRoot != rightRoot)
            return ProofRejection.NeighboursDisagree;
        ulong count = (_left ?? _right)?.Path.Count ?? 0;
        return CheckCommitment(tag, commitment, count, leftRoot ?? rightRoot ?? MerkleTree.EmptyRoot);
    }

    /// <summary>Shape u8, then the path, or the neighbours from left to right, each key u64, value, path.</summary>
    public void Write(CanonicalWriter writer)
    {
        writer.Byte((byte)_shape);
        _path?.Write(writer);
        WriteNeighbour(writer, _left);
        WriteNeighbour(writer, _right);
    }

    public static SortedMerkleProof Read(ref CanonicalReader reader)
    {
        Shape shape = (Shape)reader.Byte();
        if (shape is < Shape.Present or > Shape.AbsentBetween)
            DecodeException.Throw(DecodeRejection.UnknownValue, "shape of a sorted Merkle proof");
        if (shape == Shape.Present) return Present(MerkleProof.Read(ref reader));
        SortedMerkleNeighbour? left =
            shape is Shape.AbsentAfterLast or Shape.AbsentBetween ? ReadNeighbour(ref reader) : null;
        SortedMerkleNeighbour? right =
            shape is Shape.AbsentBeforeFirst or Shape.AbsentBetween ? ReadNeighbour(ref reader) : null;
        if (Fault(left, right) is { } fault) DecodeException.Throw(DecodeRejection.Malformed, fault);
        return new SortedMerkleProof(shape, null, left, right);
    }

    private static string? Fault(SortedMerkleNeighbour? left, SortedMerkleNeighbour? right)
    {
        if (left is not null && right is not null)
        {
            if (left.Path.Count != right.Path.Count) return "neighbours differ in the number of keys";
            if (left.Path.Index + 1 != right.Path.Index) return "neighbours are not adjacent";
            return left.Key < right.Key ? null : "neighbours are not in ascending order";
        }
        if (right is not null && right.Path.Index != 0) return "the only right neighbour is not the first key";
        if (left is not null && left.Path.Index != left.Path.Count - 1)
            return "the only left neighbour is not the last key";
        return null;
    }

    private static Hash32? RootOf(SortedMerkleNeighbour? neighbour) =>
        neighbour?.Path.RootFrom(SortedMerkle.LeafHash(neighbour.Key, neighbour.Value));

    private static ProofRejection CheckCommitment(
        ReadOnlySpan<byte> tag, in Hash32 commitment, ulong count, in Hash32 root) =>
        SortedMerkle.Commit(tag, count, root) == commitment ? ProofRejection.None : ProofRejection.CommitmentMismatch;

    private static void WriteNeighbour(CanonicalWriter writer, SortedMerkleNeighbour? neighbour)
    {
        if (neighbour is null) return;
        writer.U64(neighbour.Key);
        writer.Hash(neighbour.Value);
        neighbour.Path.Write(writer);
    }

    private static SortedMerkleNeighbour ReadNeighbour(ref CanonicalReader reader) =>
        new(reader.U64(), reader.Hash(), MerkleProof.Read(ref reader));
}
