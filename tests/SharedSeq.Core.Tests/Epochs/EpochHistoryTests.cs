using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Epochs;

/// <summary>Where delivered headers lead to (consensus.md 8): the same whenever they are gone through.</summary>
public sealed class EpochHistoryTests
{
    private const ulong Start = 1_000_000;

    [Fact]
    public void An_epoch_begins_with_the_boundary_of_the_one_before()
    {
        EpochHistory history = NewHistory();
        Add(history, 1, Start + 1_999);
        Assert.Null(history.Delivered.Epoch.Boundary);
        Add(history, 2, Start + 2_000);
        Add(history, 3, Start + 2_001);
        Assert.Equal(new Height(5), history.Delivered.Epoch.Boundary);
        Add(history, 4, Start + 2_002);
        Assert.Equal(Epoch.Zero, history.Seat.Committee.Epoch);
        Add(history, 5, Start + 2_003);
        Assert.Equal(new Epoch(1), history.Seat.Committee.Epoch);
        Assert.Equal(Slot.Zero, history.Delivered.Slot);
        Assert.Equal(history.Delivered.Id.Hash, history.Seat.Committee.EpochGenesis);
        Assert.Equal(new TimestampMs(Start + 2_003 + 2_000), history.Delivered.Epoch.EndsAt);
        Assert.Null(history.Delivered.Epoch.Boundary);
    }

    [Fact]
    public void The_lanes_of_an_ended_epoch_close_D_heights_after_its_boundary()
    {
        EpochHistory history = NewHistory();
        for (ulong height = 1; height <= 4; height++) Add(history, height, Start + 2_000);
        Assert.Equal(new Height(4), Assert.Single(history.Closed).Boundary);
        for (ulong height = 5; height <= 13; height++)
        {
            Add(history, height, Start + 2_100);
            Assert.Single(history.Closed);
        }

        Add(history, 14, Start + 2_100);
        Assert.Empty(history.Closed);
    }

    [Fact]
    public void Heights_of_another_epoch_than_their_predecessors_lead_to_are_a_broken_invariant() =>
        Assert.Throws<InvariantException>(() => NewHistory().Add(Header(1, Start, new Epoch(1)), new TimestampMs(Start), [], L1View.None));

    private static EpochHistory NewHistory()
    {
        var source = new SameCommittee();
        return new EpochHistory(source.First(4), new TimestampMs(Start), new EpochTerms(2, 3), 10, source);
    }

    private static void Add(EpochHistory history, ulong height, ulong timestamp) =>
        history.Add(Header(height, timestamp, history.Seat.Committee.Epoch), new TimestampMs(timestamp), [], L1View.None);

    private static Header Header(ulong height, ulong timestamp, Epoch epoch) => new(
        epoch, new Slot(height), new Height(height), new Slot(height - 1), default, new TimestampMs(timestamp), HeaderFlags.None,
        Payload.Empty.Commitment, []);
}

/// <summary>The same members in the same seats in every epoch.</summary>
internal sealed class SameCommittee : ICommitteeSource
{
    public EpochSeat First(int members) => SeatIn(Epoch.Zero, members, TestNetwork.GenesisHash);

    public EpochSeat Next(Committee ended, BlockId boundary) => SeatIn(new Epoch(ended.Epoch.Value + 1), ended.Count, boundary.Hash);

    public static Committee CommitteeOf(Epoch epoch, int members, Hash32 genesis)
    {
        var keys = new CommitteeMember[members];
        for (int i = 0; i < members; i++) keys[i] = new CommitteeMember(FakeSigner.KeyOf(i, true), FakeSigner.KeyOf(i, false));
        return new Committee(epoch, QuorumParameters.ForMembers(members), keys, genesis);
    }

    private static EpochSeat SeatIn(Epoch epoch, int members, Hash32 genesis) => new(CommitteeOf(epoch, members, genesis), new ReplicaId(0));
}
