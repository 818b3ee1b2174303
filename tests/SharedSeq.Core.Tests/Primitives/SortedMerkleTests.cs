using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Primitives;

public sealed class SortedMerkleTests
{
    private static ReadOnlySpan<byte> Tag => "SharedSeq.test"u8;

    [Fact]
    public void The_commitment_covers_tag_count_and_root()
    {
        SortedMerkleTree tree = Tree(1, 2, 3);
        Hash32 root = MerkleTree.RootOfLeafHashes([Leaf(1), Leaf(2), Leaf(3)]);
        byte[] text = [.. Tag, 0, 0, 0, 0, 0, 0, 0, 3, .. root.ToArray()];
        Assert.Equal(root, tree.Root());
        Assert.Equal(Sha.Of(text), tree.Commitment(Tag));
        Assert.NotEqual(tree.Commitment(Tag), tree.Commitment("SharedSeq.other"u8));
        Assert.Throws<InvariantException>(() => tree.Commitment([]));
        Assert.Throws<InvariantException>(() => tree.Commitment([0]));
    }

    [Fact]
    public void Every_key_of_every_size_is_proved_present_and_every_gap_absent()
    {
        for (int count = 0; count <= 20; count++)
        {
            ulong[] keys = [.. Enumerable.Range(1, count).Select(i => (ulong)i * 10)];
            SortedMerkleTree tree = Tree(keys);
            Hash32 commitment = tree.Commitment(Tag);
            foreach (ulong key in keys)
            {
                SortedMerkleProof proof = Reencoded(tree.Prove(key));
                Assert.Equal(ProofRejection.None, proof.CheckPresent(Tag, commitment, key, Value(key)));
                Assert.Equal(ProofRejection.WrongKind, proof.CheckAbsent(Tag, commitment, key));
                Assert.Equal(
                    ProofRejection.CommitmentMismatch, proof.CheckPresent(Tag, commitment, key, Value(key + 1)));
                Assert.Equal(
                    ProofRejection.CommitmentMismatch, proof.CheckPresent(Tag, commitment, key + 1, Value(key)));
                Assert.Equal(
                    ProofRejection.CommitmentMismatch, proof.CheckPresent("other"u8, commitment, key, Value(key)));
            }
            for (ulong key = 5; key <= (ulong)count * 10 + 5; key += 10)
            {
                SortedMerkleProof proof = Reencoded(tree.Prove(key));
                Assert.Equal(ProofRejection.None, proof.CheckAbsent(Tag, commitment, key));
                Assert.Equal(ProofRejection.WrongKind, proof.CheckPresent(Tag, commitment, key, Value(key)));
                Assert.Equal(ProofRejection.CommitmentMismatch, proof.CheckAbsent(Tag, Hash32.Zero, key));
            }
        }
    }

    [Fact]
    public void Absence_reaches_to_both_ends_of_the_key_space()
    {
        SortedMerkleTree tree = Tree(1, ulong.MaxValue - 1);
        Hash32 commitment = tree.Commitment(Tag);
        Assert.Equal(ProofRejection.None, tree.Prove(0).CheckAbsent(Tag, commitment, 0));
        Assert.Equal(ProofRejection.None, tree.Prove(ulong.MaxValue).CheckAbsent(Tag, commitment, ulong.MaxValue));
        SortedMerkleTree full = Tree(0, ulong.MaxValue);
        Assert.Equal(ProofRejection.None, full.Prove(0).CheckPresent(Tag, full.Commitment(Tag), 0, Value(0)));
    }

    [Fact]
    public void A_prover_that_shifts_the_neighbours_is_refused()
    {
        SortedMerkleTree tree = Tree(10, 20, 30, 40, 50);
        Hash32 commitment = tree.Commitment(Tag);
        SortedMerkleProof between20And30 = tree.Prove(25);
        Assert.Equal(ProofRejection.KeyOutOfPlace, between20And30.CheckAbsent(Tag, commitment, 30));
        Assert.Equal(ProofRejection.KeyOutOfPlace, between20And30.CheckAbsent(Tag, commitment, 20));
        Assert.Equal(ProofRejection.KeyOutOfPlace, between20And30.CheckAbsent(Tag, commitment, 35));
        Assert.Equal(ProofRejection.KeyOutOfPlace, tree.Prove(5).CheckAbsent(Tag, commitment, 10));
        Assert.Equal(ProofRejection.KeyOutOfPlace, tree.Prove(55).CheckAbsent(Tag, commitment, 50));
    }

    [Fact]
    public void A_prover_that_leaves_out_a_key_between_its_neighbours_is_refused()
    {
        SortedMerkleTree tree = Tree(10, 20, 30, 40, 50);
        Hash32 commitment = tree.Commitment(Tag);
        SortedMerkleNeighbour left = Neighbour(tree, 10);
        SortedMerkleNeighbour right = Neighbour(tree, 30);

        // Honest indices are not adjacent: such a proof can not even be written down.
        Assert.Throws<InvariantException>(() => SortedMerkleProof.Absent(left, right));
        Assert.Equal(DecodeRejection.Malformed, RefusedReason(5, left, right));

        // A lie about either index makes its path lead elsewhere.
        SortedMerkleNeighbour movedRight = right with { Path = WithIndex(right.Path, 1) };
        SortedMerkleNeighbour movedLeft = left with { Path = WithIndex(left.Path, 1) };
        AssertDisagree(SortedMerkleProof.Absent(left, movedRight), commitment, 20);
        AssertDisagree(SortedMerkleProof.Absent(movedLeft, right), commitment, 20);
    }

    [Fact]
    public void A_prover_that_calls_an_inner_key_the_first_or_last_is_refused()
    {
        SortedMerkleTree tree = Tree(10, 20, 30, 40, 50);
        Hash32 commitment = tree.Commitment(Tag);
        SortedMerkleNeighbour inner = Neighbour(tree, 30);
        Assert.Equal(DecodeRejection.Malformed, RefusedReason(3, inner));
        Assert.Equal(DecodeRejection.Malformed, RefusedReason(4, inner));
        SortedMerkleNeighbour asFirst = inner with { Path = WithIndex(inner.Path, 0) };
        SortedMerkleProof first = SortedMerkleProof.Absent(null, asFirst);
        Assert.Equal(ProofRejection.CommitmentMismatch, first.CheckAbsent(Tag, commitment, 20));

        // As the last of three keys: the path is cut to what that count asks for.
        Assert.True(MerkleProof.TryCreate(2, 3, inner.Path.Path[1..2], out MerkleProof? shorter));
        SortedMerkleProof asLast = SortedMerkleProof.Absent(inner with { Path = shorter }, null);
        Assert.Equal(ProofRejection.CommitmentMismatch, asLast.CheckAbsent(Tag, commitment, 40));
    }

    [Fact]
    public void A_prover_that_claims_an_empty_map_is_refused()
    {
        Hash32 commitment = Tree(10).Commitment(Tag);
        SortedMerkleProof proof = SortedMerkleProof.Absent(null, null);
        Assert.Equal(ProofRejection.CommitmentMismatch, proof.CheckAbsent(Tag, commitment, 5));
    }

    [Fact]
    public void A_prover_with_a_wrong_count_is_refused()
    {
        SortedMerkleTree tree = Tree(10, 20, 30, 40, 50);
        Hash32 commitment = tree.Commitment(Tag);
        MerkleProof honest = Neighbour(tree, 10).Path;
        foreach (ulong count in new ulong[] { 6, 7, 8 })
        {
            Assert.True(MerkleProof.TryCreate(0, count, honest.Path, out MerkleProof? path));
            Assert.Equal(path.RootFrom(Leaf(10)), honest.RootFrom(Leaf(10)));
            ProofRejection verdict = SortedMerkleProof.Present(path).CheckPresent(Tag, commitment, 10, Value(10));
            Assert.Equal(ProofRejection.CommitmentMismatch, verdict);
        }
        SortedMerkleNeighbour left = Neighbour(tree, 10);
        Assert.True(MerkleProof.TryCreate(1, 6, Neighbour(tree, 20).Path.Path, out MerkleProof? otherCount));
        Assert.Equal(
            DecodeRejection.Malformed, RefusedReason(5, left, new SortedMerkleNeighbour(20, Value(20), otherCount)));
    }

    [Fact]
    public void A_prover_that_duplicates_a_leaf_is_refused()
    {
        SortedMerkleTree tree = Tree(10, 20, 30);
        Hash32 commitment = tree.Commitment(Tag);

        // The last leaf has no sibling; Merkle trees that hash it with itself would accept it at place 3 as well.
        Hash32[] doubled = [Leaf(10), Leaf(20), Leaf(30), Leaf(30)];
        Assert.NotEqual(tree.Root(), MerkleTree.RootOfLeafHashes(doubled));
        MerkleTree forged = MerkleTree.FromLeafHashes(doubled);
        SortedMerkleProof proof = SortedMerkleProof.Present(forged.Prove(3));
        Assert.Equal(ProofRejection.CommitmentMismatch, proof.CheckPresent(Tag, commitment, 30, Value(30)));
        SortedMerkleNeighbour third = new(30, Value(30), forged.Prove(2));
        SortedMerkleNeighbour fourth = new(30, Value(30), forged.Prove(3));
        Assert.Equal(DecodeRejection.Malformed, RefusedReason(5, third, fourth));
    }

    [Fact]
    public void A_prover_with_the_path_of_another_index_is_refused()
    {
        SortedMerkleTree tree = Tree(10, 20, 30, 40, 50);
        Hash32 commitment = tree.Commitment(Tag);
        ProofRejection verdict = tree.Prove(20).CheckPresent(Tag, commitment, 10, Value(10));
        Assert.Equal(ProofRejection.CommitmentMismatch, verdict);
        SortedMerkleProof swapped = SortedMerkleProof.Absent(
            Neighbour(tree, 20) with { Path = WithIndex(Neighbour(tree, 10).Path, 1) }, Neighbour(tree, 30));
        Assert.Equal(ProofRejection.NeighboursDisagree, swapped.CheckAbsent(Tag, commitment, 25));
    }

    [Fact]
    public void Neighbours_out_of_order_and_unknown_shapes_are_refused_by_the_decoder()
    {
        SortedMerkleTree tree = Tree(10, 20, 30);
        SortedMerkleNeighbour left = Neighbour(tree, 10);
        SortedMerkleNeighbour right = Neighbour(tree, 20);
        Assert.Equal(DecodeRejection.Malformed, RefusedReason(5, left with { Key = 20 }, right));
        Assert.Equal(DecodeRejection.Malformed, RefusedReason(5, left with { Key = 21 }, right));
        Assert.Equal(DecodeRejection.UnknownValue, RefusedReason(0));
        Assert.Equal(DecodeRejection.UnknownValue, RefusedReason(6));
        Assert.Equal(DecodeRejection.Truncated, RefusedReason(5, left));
        Assert.Equal(DecodeRejection.TrailingBytes, RefusedReason(2, left));
    }

    [Fact]
    public void A_tree_changed_in_any_order_equals_one_built_at_once()
    {
        Prng prng = new(7);
        for (int run = 0; run < 30; run++)
        {
            SortedMerkleTree tree = new(1 + prng.Below(4));
            SortedDictionary<ulong, Hash32> model = [];
            for (int step = 0; step < 300; step++)
            {
                ulong key = (ulong)prng.Below(120);
                model[key] = Value(prng.NextU64());
                tree.Set(key, model[key]);
                if (!prng.Chance(150)) continue;
                Hash32[] leaves = [.. model.Select(entry => SortedMerkle.LeafHash(entry.Key, entry.Value))];
                Assert.Equal(MerkleTreeTests.Definition(leaves), tree.Root());
                ulong asked = (ulong)prng.Below(120);
                AssertProves(tree, asked, model);
            }
            Assert.Equal([.. model.Keys], tree.Keys.ToArray());
        }
    }

    [Fact]
    public void A_clone_and_its_origin_change_apart()
    {
        SortedMerkleTree tree = Tree(10, 20, 30);
        Hash32 before = tree.Commitment(Tag);
        SortedMerkleTree clone = tree.Clone();
        clone.Set(25, Value(1));
        clone.Set(10, Value(2));
        Assert.Equal(before, tree.Commitment(Tag));
        Assert.Equal(4, clone.Count);
        Assert.Equal(ProofRejection.None, clone.Prove(25).CheckPresent(Tag, clone.Commitment(Tag), 25, Value(1)));
        Assert.Equal(new SortedMerkleTree().Root(), new SortedMerkleTree().Clone().Root());
    }

    [Fact]
    public void Values_can_be_read_back()
    {
        SortedMerkleTree tree = Tree(10, 30);
        Assert.True(tree.TryGet(30, out Hash32 value));
        Assert.Equal(Value(30), value);
        Assert.False(tree.TryGet(20, out _));
    }

    private static void AssertDisagree(SortedMerkleProof proof, Hash32 commitment, ulong key) =>
        Assert.Equal(ProofRejection.NeighboursDisagree, proof.CheckAbsent(Tag, commitment, key));

    private static void AssertProves(SortedMerkleTree tree, ulong key, SortedDictionary<ulong, Hash32> model)
    {
        SortedMerkleProof proof = Reencoded(tree.Prove(key));
        Hash32 commitment = tree.Commitment(Tag);
        ProofRejection verdict = model.TryGetValue(key, out Hash32 value)
            ? proof.CheckPresent(Tag, commitment, key, value)
            : proof.CheckAbsent(Tag, commitment, key);
        Assert.Equal(ProofRejection.None, verdict);
    }

    internal static SortedMerkleTree Tree(params ulong[] keys)
    {
        SortedMerkleTree tree = new();
        foreach (ulong key in keys) tree.Set(key, Value(key));
        return tree;
    }

    private static Hash32 Value(ulong seed) => Sha.Of(BitConverter.GetBytes(seed));

    private static Hash32 Leaf(ulong key) => SortedMerkle.LeafHash(key, Value(key));

    private static SortedMerkleNeighbour Neighbour(SortedMerkleTree tree, ulong key)
    {
        Hash32[] leaves = [.. tree.Keys.ToArray().Select(Leaf)];
        return new(key, Value(key), MerkleTree.FromLeafHashes(leaves).Prove(tree.Keys.IndexOf(key)));
    }

    private static MerkleProof WithIndex(MerkleProof proof, ulong index)
    {
        Assert.True(MerkleProof.TryCreate(index, proof.Count, proof.Path, out MerkleProof? moved));
        return moved;
    }

    private static SortedMerkleProof Reencoded(SortedMerkleProof proof)
    {
        CanonicalWriter writer = new();
        proof.Write(writer);
        CanonicalReader reader = new(writer.Written);
        SortedMerkleProof again = SortedMerkleProof.Read(ref reader);
        reader.End("proof");
        return again;
    }

    private static DecodeRejection RefusedReason(byte shape, params SortedMerkleNeighbour[] neighbours)
    {
        CanonicalWriter writer = new();
        writer.Byte(shape);
        foreach (SortedMerkleNeighbour neighbour in neighbours)
        {
            writer.U64(neighbour.Key);
            writer.Hash(neighbour.Value);
            neighbour.Path.Write(writer);
        }
        return Assert.Throws<DecodeException>(() =>
        {
            CanonicalReader reader = new(writer.Written);
            SortedMerkleProof.Read(ref reader);
            reader.End("proof");
        }).Reason;
    }
}
