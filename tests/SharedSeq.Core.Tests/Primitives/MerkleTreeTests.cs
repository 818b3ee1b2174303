using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Primitives;

public sealed class MerkleTreeTests
{
    // The leaves and roots every Certificate Transparency implementation is tested with.
    private static readonly string[] KnownLeaves =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    private static readonly string[] KnownRoots =
    [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    [Fact]
    public void Roots_equal_the_known_answers_of_certificate_transparency()
    {
        ReadOnlyMemory<byte>[] leaves =
            [.. KnownLeaves.Select(text => (ReadOnlyMemory<byte>)Convert.FromHexString(text))];
        for (int count = 0; count <= leaves.Length; count++)
        {
            Hash32 expected = Hash32.Parse(KnownRoots[count]);
            Assert.Equal(expected, MerkleTree.RootOfRawLeaves(leaves.Take(count)));
            Assert.Equal(expected, MerkleTree.FromRawLeaves(leaves[..count]).Root);
        }
    }

    [Fact]
    public void All_ways_to_a_root_agree_with_the_definition_for_every_count()
    {
        for (int count = 0; count <= 130; count++)
        {
            Hash32[] leaves = Leaves(count);
            Hash32 expected = Definition(leaves);
            MerkleFrontier frontier = new();
            frontier.Append(leaves.AsSpan(0, count / 2));
            foreach (Hash32 leaf in leaves.AsSpan(count / 2)) frontier.Append(leaf);
            Assert.Equal(expected, MerkleTree.RootOfLeafHashes(leaves));
            Assert.Equal(expected, MerkleTree.FromLeafHashes(leaves).Root);
            Assert.Equal(expected, frontier.Root());
            Assert.Equal((ulong)count, frontier.Count);
        }
    }

    [Fact]
    public void A_frontier_gives_the_root_of_every_prefix_and_a_clone_goes_its_own_way()
    {
        Hash32[] leaves = Leaves(70);
        MerkleFrontier frontier = new();
        for (int count = 0; count < leaves.Length; count++)
        {
            Assert.Equal(Definition(leaves.AsSpan(0, count)), frontier.Root());
            MerkleFrontier fork = frontier.Clone();
            fork.Append(Hash32.Zero);
            frontier.Append(leaves[count]);
            Hash32[] forked = [.. leaves.AsSpan(0, count), Hash32.Zero];
            Assert.Equal(Definition(forked), fork.Root());
        }
        frontier.Reset();
        Assert.Equal(MerkleTree.EmptyRoot, frontier.Root());
    }

    [Fact]
    public void A_frontier_survives_its_encoding()
    {
        for (int count = 0; count < 40; count++)
        {
            MerkleFrontier frontier = new();
            frontier.Append(Leaves(count));
            CanonicalWriter writer = new();
            frontier.Write(writer);
            CanonicalReader reader = new(writer.Written);
            MerkleFrontier again = MerkleFrontier.Read(ref reader);
            reader.End("frontier");
            frontier.Append(Hash32.Zero);
            again.Append(Hash32.Zero);
            Assert.Equal(frontier.Root(), again.Root());
        }
    }

    [Fact]
    public void Appending_to_a_frontier_allocates_nothing()
    {
        Hash32[] leaves = Leaves(1000);
        MerkleFrontier frontier = new();
        frontier.Append(leaves);
        frontier.Root();
        long before = GC.GetAllocatedBytesForCurrentThread();
        frontier.Append(leaves);
        frontier.Root();
        MerkleTree.RootOfLeafHashes(leaves);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Every_leaf_of_every_count_proves_itself_at_its_place_only()
    {
        for (int count = 1; count <= 40; count++)
        {
            Hash32[] leaves = Leaves(count);
            MerkleTree tree = MerkleTree.FromLeafHashes(leaves);
            for (int index = 0; index < count; index++)
            {
                MerkleProof proof = tree.Prove(index);
                Assert.True(proof.Verify(tree.Root, leaves[index]));
                Assert.False(proof.Verify(tree.Root, leaves[(index + 1) % count]) && count > 1);
                Assert.False(proof.Verify(Hash32.Zero, leaves[index]));
                Assert.Equal(proof, Decode(Encode(proof)));
            }
        }
    }

    [Fact]
    public void A_path_of_another_index_or_count_is_refused()
    {
        Hash32[] leaves = Leaves(13);
        MerkleTree tree = MerkleTree.FromLeafHashes(leaves);
        for (int index = 0; index < leaves.Length; index++)
        {
            MerkleProof honest = tree.Prove(index);
            for (ulong claimed = 0; claimed < 32; claimed++)
            {
                bool fits = MerkleProof.TryCreate(claimed, 13, honest.Path, out MerkleProof? proof);
                if (fits && claimed != (ulong)index) Assert.False(proof!.Verify(tree.Root, leaves[index]));
                Assert.False(claimed >= 13 && fits);
            }
        }
    }

    [Fact]
    public void An_inner_node_does_not_pass_for_a_leaf_of_raw_bytes()
    {
        Hash32[] leaves = Leaves(2);
        byte[] nodeBytes = [.. leaves[0].ToArray(), .. leaves[1].ToArray()];
        Assert.NotEqual(MerkleTree.RootOfLeafHashes(leaves), MerkleTree.LeafHash(nodeBytes));
    }

    [Fact]
    public void Large_leaves_are_hashed_like_small_ones()
    {
        foreach (int length in new[] { 0, 1, 511, 512, 513, 100_000 })
        {
            byte[] data = Enumerable.Range(0, length).Select(i => (byte)i).ToArray();
            Assert.Equal(Sha.Of([0, .. data]), MerkleTree.LeafHash(data));
        }
    }

    [Fact]
    public void Proofs_with_a_path_that_does_not_fit_are_refused_by_the_decoder()
    {
        MerkleProof proof = MerkleTree.FromLeafHashes(Leaves(5)).Prove(1);
        byte[] good = Encode(proof);
        AssertRefused(DecodeRejection.Truncated, good[..^1]);
        AssertRefused(DecodeRejection.Malformed, Changed(good, 16, 2));
        AssertRefused(DecodeRejection.Malformed, Changed(good, 16, 4));
        AssertRefused(DecodeRejection.OverLimit, Changed(good, 16, 65));
        AssertRefused(DecodeRejection.Malformed, Changed(good, 7, 5));
        AssertRefused(DecodeRejection.Malformed, Changed(good, 15, 0));
        AssertRefused(DecodeRejection.TrailingBytes, [.. good, 0]);
    }

    [Fact]
    public void A_path_in_the_largest_possible_tree_has_64_nodes()
    {
        Hash32[] path = new Hash32[MerkleProof.MaxDepth];
        Assert.True(MerkleProof.TryCreate(0, ulong.MaxValue, path, out MerkleProof? proof));
        Assert.Equal(proof, Decode(Encode(proof)));
        Assert.False(MerkleProof.TryCreate(0, ulong.MaxValue, path.AsSpan(1), out _));
    }

    internal static Hash32[] Leaves(int count) =>
        [.. Enumerable.Range(0, count).Select(i => MerkleTree.LeafHash(BitConverter.GetBytes(i)))];

    /// <summary>RFC 6962 section 2.1, word for word.</summary>
    internal static Hash32 Definition(ReadOnlySpan<Hash32> leaves)
    {
        if (leaves.Length == 0) return Sha.Of([]);
        if (leaves.Length == 1) return leaves[0];
        int split = 1;
        while (split * 2 < leaves.Length) split *= 2;
        return Sha.Of([1, .. Definition(leaves[..split]).ToArray(), .. Definition(leaves[split..]).ToArray()]);
    }

    internal static byte[] Changed(byte[] bytes, int at, byte value)
    {
        byte[] copy = [.. bytes];
        copy[at] = value;
        return copy;
    }

    private static byte[] Encode(MerkleProof proof)
    {
        CanonicalWriter writer = new();
        proof.Write(writer);
        return writer.ToArray();
    }

    private static MerkleProof Decode(byte[] bytes)
    {
        CanonicalReader reader = new(bytes);
        MerkleProof proof = MerkleProof.Read(ref reader);
        reader.End("proof");
        return proof;
    }

    private static void AssertRefused(DecodeRejection reason, byte[] bytes) =>
        Assert.Equal(reason, Assert.Throws<DecodeException>(() => Decode(bytes)).Reason);
}
