using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Vectors;

/// <summary>The formats of Primitives, byte by byte.</summary>
public sealed class PrimitiveVectorTests
{
    private const string Password = "correct horse battery staple";

    private static readonly Hash32 Counting = new([.. Enumerable.Range(0, 32).Select(i => (byte)i)]);
    private static readonly Hash32 CountingOn = new([.. Enumerable.Range(32, 32).Select(i => (byte)i)]);

    [Fact]
    public void The_codecs_primitives_are_encoded_as_pinned()
    {
        VectorFile pins = new("codec");
        pins.Pin("byte 0xab", writer => writer.Byte(0xab));
        pins.Pin("false", writer => writer.Bool(false));
        pins.Pin("true", writer => writer.Bool(true));
        pins.Pin("u16 0x0102", writer => writer.U16(0x0102));
        pins.Pin("u16 largest", writer => writer.U16(ushort.MaxValue));
        pins.Pin("u32 0x01020304", writer => writer.U32(0x01020304));
        pins.Pin("u64 0x0102030405060708", writer => writer.U64(0x0102030405060708));
        pins.Pin("u64 largest", writer => writer.U64(ulong.MaxValue));
        pins.Pin("hash", writer => writer.Hash(Counting));
        pins.Pin("signature", writer => writer.Signature(new Signature64(Counting, CountingOn)));
        pins.Pin("public key", writer => writer.PublicKey(new PublicKey64(Counting, CountingOn)));
        pins.Pin("raw 3 bytes", writer => writer.Raw([1, 2, 3]));
        pins.Pin("bytes, none", writer => writer.Bytes([]));
        pins.Pin("bytes, 3", writer => writer.Bytes([1, 2, 3]));
        LaneId lane = new(new Epoch(1), new ReplicaId(2), 3);
        pins.Pin("lane, epoch 1, author 2, worker 3", writer => writer.Lane(lane));
        pins.Check();
    }

    [Fact]
    public void Merkle_proofs_and_frontiers_are_encoded_as_pinned()
    {
        VectorFile pins = new("merkle");
        for (int count = 0; count <= 9; count++)
        {
            Hash32[] leaves = Leaves(count);
            MerkleTree tree = MerkleTree.FromLeafHashes(leaves);
            pins.Pin($"{count} leaves, root", tree.Root);
            MerkleFrontier frontier = new();
            frontier.Append(leaves);
            pins.Pin($"{count} leaves, frontier", frontier.Write);
            for (int index = 0; index < count; index++)
                pins.Pin($"{count} leaves, proof of {index}", tree.Prove(index).Write);
        }
        pins.Check();
    }

    [Fact]
    public void Sorted_commitments_and_their_proofs_are_encoded_as_pinned()
    {
        VectorFile pins = new("sorted-merkle");
        ulong[][] keySets = [[], [7], [7, 1000], [1, 7, 1000, 31337, ulong.MaxValue]];
        ulong[] asked = [0, 1, 7, 8, 1001, ulong.MaxValue];
        foreach (ulong[] keys in keySets)
        {
            SortedMerkleTree tree = new();
            foreach (ulong key in keys) tree.Set(key, MerkleTree.LeafHash(BitConverter.GetBytes(key)));
            string name = $"keys [{string.Join(' ', keys)}]";
            pins.Pin($"{name}, commitment", tree.Commitment("SharedSeq.vectors"u8));
            foreach (ulong key in asked)
            {
                SortedMerkleProof proof = tree.Prove(key);
                pins.Pin($"{name}, {(proof.IsPresence ? "presence" : "absence")} of {key}", proof.Write);
            }
        }
        pins.Check();
    }

    [Theory]
    [InlineData("keyfile-v1-password.json", true)]
    [InlineData("keyfile-v1-unprotected.json", false)]
    public void Key_files_written_by_version_1_open(string file, bool isProtected)
    {
        string path = Path.Combine(VectorFile.RepositoryRoot, "tests", "SharedSeq.Core.Tests", "Vectors", file);
        using P256PrivateKey key = P256PrivateKey.Import(Counting.ToArray());
        if (VectorFile.IsRewriting)
        {
            File.Delete(path);
            KeyFileRejection written = isProtected
                ? KeyFile.Save(path, key, KeyKind.Vote, Password)
                : KeyFile.SaveUnprotected(path, key, KeyKind.Vote);
            Assert.Equal(KeyFileRejection.None, written);
        }
        KeyFileOpening opening = KeyFile.Open(path, KeyKind.Vote, Password, allowUnprotected: true);
        Assert.Equal(KeyFileRejection.None, opening.Rejection);
        Assert.Equal(key.PublicKey, opening.Key!.PublicKey);
        Assert.Equal(isProtected, KeyFile.Inspect(path).IsProtected);
    }

    [Fact]
    public void Persisted_numbers_of_enumerations_stay()
    {
        Assert.Equal(1, (int)KeyKind.Vote);
        Assert.Equal(2, (int)KeyKind.Node);
        Assert.Equal(
            [1, 2, 3, 4, 5, 6], Enum.GetValues<DecodeRejection>().Select(reason => (int)reason));
    }

    private static Hash32[] Leaves(int count) =>
        [.. Enumerable.Range(0, count).Select(i => MerkleTree.LeafHash([(byte)i]))];
}
