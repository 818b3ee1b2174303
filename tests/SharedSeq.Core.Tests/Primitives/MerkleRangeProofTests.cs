using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Primitives;

public sealed class MerkleRangeProofTests
{
    [Fact]
    public void Every_range_of_every_small_tree_is_proved_and_read_back()
    {
        for (int count = 1; count <= 17; count++)
        {
            Hash32[] leaves = Leaves(count);
            Hash32 root = MerkleTree.RootOfLeafHashes(leaves);
            for (int first = 0; first < count; first++)
            {
                for (int length = 1; first + length <= count; length++)
                {
                    MerkleRangeProof proof = RoundTrip(MerkleTree.FromLeafHashes(leaves).ProveRange(first, length));
                    Assert.True(proof.Verify(root, leaves.AsSpan(first, length)), $"{first}+{length} of {count}");
                }
            }
        }
    }

    [Fact]
    public void Other_leaves_another_place_and_another_root_are_refused()
    {
        Hash32[] leaves = Leaves(13);
        Hash32 root = MerkleTree.RootOfLeafHashes(leaves);
        MerkleRangeProof proof = MerkleTree.FromLeafHashes(leaves).ProveRange(3, 4);
        Assert.False(proof.Verify(root, leaves.AsSpan(4, 4)));
        Assert.False(proof.Verify(root, leaves.AsSpan(3, 3)));
        Assert.False(proof.Verify(leaves[0], leaves.AsSpan(3, 4)));
        (leaves[3], leaves[4]) = (leaves[4], leaves[3]);
        Assert.False(proof.Verify(root, leaves.AsSpan(3, 4)));
    }

    [Fact]
    public void A_flipped_byte_anywhere_is_refused_or_does_not_verify()
    {
        Hash32[] leaves = Leaves(21);
        Hash32 root = MerkleTree.RootOfLeafHashes(leaves);
        var writer = new CanonicalWriter();
        MerkleTree.FromLeafHashes(leaves).ProveRange(5, 6).Write(writer);
        byte[] bytes = writer.ToArray();
        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] flipped = [.. bytes];
            flipped[i] ^= 1;
            Assert.False(Accepts(flipped, root, leaves.AsSpan(5, 6)), $"byte {i}");
        }
    }

    private static bool Accepts(byte[] bytes, Hash32 root, ReadOnlySpan<Hash32> leaves)
    {
        try
        {
            var reader = new CanonicalReader(bytes);
            MerkleRangeProof proof = MerkleRangeProof.Read(ref reader);
            reader.End("proof");

            // The count is proved only where the root's owner commits to it, as a batch header does.
            return proof.Count == 21 && proof.First == 5 && proof.Verify(root, leaves);
        }
        catch (DecodeException)
        {
            return false;
        }
    }

    private static MerkleRangeProof RoundTrip(MerkleRangeProof proof)
    {
        var writer = new CanonicalWriter();
        proof.Write(writer);
        var reader = new CanonicalReader(writer.Written);
        MerkleRangeProof read = MerkleRangeProof.Read(ref reader);
        reader.End("proof");
        return read;
    }

    private static Hash32[] Leaves(int count) => [.. Enumerable.Range(0, count).Select(i => Sha.Of([(byte)i]))];
}
