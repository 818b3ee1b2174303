using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>What ordering does at the end of an epoch: its result hands over to the next committee.</summary>
public sealed class OrderingEpochTests
{
    private static readonly Policy Short = new() { EpochSeconds = 1, BoundaryLead = 4, CheckpointInterval = 2, ReceiptDeadlineHeights = 100 };

    [Fact]
    public void The_result_of_a_boundary_names_the_next_committee_and_is_a_signed_checkpoint()
    {
        var bench = new OrderingBench(GenesisOf(Short));
        for (int epoch = 0; epoch < 3; epoch++)
        {
            // Height 1 of the epoch ends it, height 5 is its last.
            OrderingResult[] results = [.. Enumerable.Range(0, 5).Select(i => bench.Apply((1_100 * ((ulong)epoch + 1)) + (ulong)i))];
            Assert.All(results, result => Assert.Equal(new Epoch((ulong)epoch), result.Result.Epoch));
            Assert.All(results[..4], result => Assert.Equal(Hash32.Zero, result.Result.NextCommitteeHash));
            var next = new CommitteePlan(new Epoch((ulong)epoch + 1), bench.Genesis.Quorum, bench.Genesis.Members);
            Assert.Equal(next.Hash, results[4].Result.NextCommitteeHash);
            Assert.True(results[4].IsSigned && results[4].IsCheckpoint);
            Assert.NotEqual(Hash32.Zero, results[4].Result.StateRoot);
            Assert.Equal(results[4].Height, bench.Machine.Boundary);
        }
    }

    [Fact]
    public void A_machine_restored_at_any_height_of_an_epoch_ends_it_alike()
    {
        var whole = new OrderingBench(GenesisOf(Short));
        var restored = new OrderingBench(GenesisOf(Short));
        for (ulong i = 0; i < 12; i++)
        {
            Hash32 result = whole.Apply(400 * i).Result.Hash;
            restored.SnapshotAndRestore();
            Assert.Equal(result, restored.Apply(400 * i).Result.Hash);
            Assert.Equal(whole.Machine.StateRoot(), restored.Machine.StateRoot());
        }

        Assert.True(whole.Machine.Epoch.Value > 0);
    }

    [Fact]
    public void A_height_of_an_epoch_that_has_not_begun_or_is_over_is_a_broken_invariant()
    {
        foreach (ulong wrong in new ulong[] { 1, 2 })
        {
            var bench = new OrderingBench(GenesisOf(Short));
            // In epoch 0 height 1 may not be of epoch 1; behind the boundary the next height may not be of epoch 2.
            for (ulong i = 0; i < (wrong == 2 ? 5UL : 0UL); i++) bench.Apply(1_000 + i);
            ulong height = bench.Machine.Height.Value + 1;
            var header = new Header(
                new Epoch(wrong), new Slot(height), new Height(height), new Slot(height - 1), default, new TimestampMs(Start + 2_000),
                HeaderFlags.None, Payload.Empty.Commitment, []);
            var block = new CommittedBlock(new Block(header, Payload.Empty), header.Timestamp, null, [], []);
            Assert.Throws<InvariantException>(() => bench.Machine.Apply(block, bench));
        }
    }

    [Fact]
    public void A_plan_becomes_the_committee_when_the_genesis_of_its_epoch_is_known()
    {
        Genesis genesis = GenesisOf(Short);
        Committee committee = new OrderingBench(genesis).Apply(1).FixedCommittee!.Committee(Sha.Of("boundary"u8));
        Assert.Equal((new Epoch(1), Sha.Of("boundary"u8), 4), (committee.Epoch, committee.EpochGenesis, committee.Count));
        Assert.Equal(genesis.Members[2], committee[new ReplicaId(2)]);
    }

    [Theory]
    [InlineData(1, 3, 2, 100, "policy.boundaryLead")]
    [InlineData(1, 4, 2, 1_000, "policy.boundaryLead")]
    [InlineData(4_000_000, 4, 2, 100, "policy.epochSeconds")]
    [InlineData(0, 1, 2, 100, "policy.boundaryLead")]
    public void Epochs_that_can_not_work_are_refused(uint seconds, uint lead, uint checkpoint, uint deadline, string path)
    {
        var policy = new Policy { EpochSeconds = seconds, BoundaryLead = lead, CheckpointInterval = checkpoint, ReceiptDeadlineHeights = deadline };
        GenesisException e = Assert.Throws<GenesisException>(() => GenesisOf(policy));
        Assert.Equal((GenesisRejection.OutOfRange, path), (e.Reason, e.Path));
    }

    [Fact]
    public void Without_epochs_lead_and_checkpoints_are_free() =>
        Assert.Equal(0u, GenesisOf(new Policy { BoundaryLead = 2, CheckpointInterval = 1_000 }).Policy.EpochSeconds);

    private static Genesis GenesisOf(Policy policy)
    {
        Genesis like = new TestCommittee(4, 7, 0, Opaque(5)).Genesis;
        return Genesis.Create(like.Chain, like.Timestamp, like.Quorum, like.Members, policy, like.Namespaces);
    }
}
