using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

public sealed class OrderingMachineTests
{
    private static readonly ulong Soon = StartSecond + 30;

    [Fact]
    public void Transactions_of_a_height_become_one_block_of_their_namespace_in_batch_order()
    {
        var bench = new OrderingBench(null, Opaque(5), Opaque(9));
        TestTransaction a = Tx(5, Soon, 1), b = Tx(9, Soon, 2), c = Tx(5, Soon, 3), d = Tx(5, Soon, 4);

        OrderingResult result = bench.ApplyBatches(10, [a, b, c], [d]);

        Assert.Equal(2, result.Closed.Count);
        NamespaceBlock five = result.Closed[0].Block;
        Assert.Equal(new NamespaceId(5), five.Namespace);
        Assert.Equal(1UL, five.Number);
        Assert.Equal(3U, five.Count);
        Assert.Equal(Start + 10, five.Timestamp.Value);
        Assert.Equal((ulong)(a.RecordBytes + c.RecordBytes + d.RecordBytes), five.Bytes);
        Assert.Equal([a.Id, c.Id, d.Id], bench.Ids(result.Closed[0].Content));
        Assert.Equal(MerkleTree.RootOfLeafHashes([a.Id.Value, c.Id.Value, d.Id.Value]), five.TxRoot);
        Assert.Equal([b.Id], bench.Ids(result.Closed[1].Content));
        Assert.Empty(result.Rejections);
    }

    [Fact]
    public void A_namespace_without_a_block_time_has_no_block_for_a_height_without_its_transactions()
    {
        var bench = new OrderingBench(null, Opaque(5), Opaque(9));
        Assert.Single(bench.Apply(1, Tx(5, Soon, 1)).Closed);
        Assert.Empty(bench.Apply(2).Closed);
        NamespaceBlock block = bench.Apply(3, Tx(5, Soon, 2)).Closed[0].Block;
        Assert.Equal(2UL, block.Number);
        Assert.Equal((2UL, 3UL), (block.FirstHeight.Value, block.LastHeight.Value));
    }

    [Fact]
    public void Blocks_chain_by_parent_hash_from_the_genesis_of_the_namespace()
    {
        var bench = new OrderingBench(null, Opaque(5));
        ClosedBlock first = bench.Apply(1, Tx(5, Soon, 1)).Closed[0];
        ClosedBlock second = bench.Apply(2, Tx(5, Soon, 2)).Closed[0];
        Assert.Equal(NamespaceBlock.GenesisHash(bench.Genesis.Hash, new NamespaceId(5)), first.Block.ParentHash);
        Assert.Equal(first.Block.Hash, second.Block.ParentHash);
        Assert.Equal(first.Hash, first.Block.Hash);
    }

    [Fact]
    public void Heights_are_applied_in_order_and_time_does_not_go_back()
    {
        var bench = new OrderingBench(null, Opaque(5));
        CommittedBlock first = bench.Height(Start + 10);
        CommittedBlock second = bench.Height(Start + 5);
        Assert.Throws<InvariantException>(() => bench.Machine.Apply(second, bench));
        bench.Machine.Apply(first, bench);
        Assert.Throws<InvariantException>(() => bench.Machine.Apply(first, bench));
        Assert.Throws<InvariantException>(() => bench.Machine.Apply(second, bench));
    }

    [Fact]
    public void Effects_chain_and_name_what_the_height_did()
    {
        var bench = new OrderingBench(null, Opaque(5));
        Hash32 before = bench.Machine.EffectsRoot;
        OrderingResult result = bench.Apply(1, Tx(5, Soon, 1), Tx(5, Soon, 1), Tx(6, Soon, 1));
        Assert.Equal(before, bench.Genesis.Hash);
        Assert.Equal(HeightEffects.Chain(before, result.Effects.Hash), result.Result.EffectsRoot);
        Assert.Equal(1U, result.Effects.Duplicates);
        Assert.Equal(1U, result.Effects.Rejections);
        Assert.Equal(result.Rejections[0].LeafHash, result.Effects.RejectionsRoot);
        Assert.Equal(result.Result.NamespacesRoot, result.Effects.NamespacesRoot);
    }

    [Theory]
    [InlineData(49, false)]
    [InlineData(50, true)]
    [InlineData(51, true)]
    [InlineData(149, true)]
    public void A_result_is_signed_at_the_first_height_past_a_multiple_of_the_interval(ulong second, bool isSigned)
    {
        var bench = new OrderingBench(null, Opaque(5));
        Assert.False(bench.Apply(1).IsSigned);
        OrderingResult result = bench.Apply(second);
        Assert.Equal(isSigned, result.IsSigned);
        Assert.Equal(isSigned, result.Heads is not null);
        Assert.False(bench.Apply(second).IsSigned);
    }

    [Fact]
    public void Checkpoints_are_signed_and_carry_the_state_root()
    {
        var bench = new OrderingBench(new Policy { CheckpointInterval = 2 }, Opaque(5));
        OrderingResult first = bench.Apply(1, Tx(5, Soon, 1));
        Assert.False(first.IsCheckpoint);
        Assert.True(first.Result.StateRoot.IsZero);
        OrderingResult second = bench.Apply(2, Tx(5, Soon, 2));
        Assert.True(second.IsCheckpoint && second.IsSigned);
        Assert.Equal(bench.Machine.StateRoot(), second.Result.StateRoot);
        bench.SnapshotAndRestore();
        Assert.Equal(second.Result.StateRoot, bench.Machine.StateRoot());
    }

    [Fact]
    public void Heads_commit_to_every_registered_namespace_and_prove_presence_and_absence()
    {
        var bench = new OrderingBench(null, Opaque(5), Opaque(9, 1000));
        OrderingResult result = bench.Apply(60, Tx(5, Soon, 1), Tx(9, Soon, 2));
        NamespaceHeads heads = result.Heads!;
        Assert.Equal(result.Result.NamespacesRoot, heads.Root);
        Assert.True(heads.TryGet(new NamespaceId(5), out NamespaceHead five));
        Assert.Equal((1UL, result.Closed[0].Hash, 0U), (five.Number, five.Hash, five.OpenCount));
        Assert.True(heads.TryGet(new NamespaceId(9), out NamespaceHead nine));
        Assert.Equal((0UL, 1U), (nine.Number, nine.OpenCount));
        Assert.Equal(
            ProofRejection.None, heads.Prove(nine.Namespace).CheckPresent(NamespaceHeads.Tag, result.Result.NamespacesRoot, 9, nine.Value));
        Assert.Equal(
            ProofRejection.None, heads.Prove(new NamespaceId(6)).CheckAbsent(NamespaceHeads.Tag, result.Result.NamespacesRoot, 6));
    }
}
