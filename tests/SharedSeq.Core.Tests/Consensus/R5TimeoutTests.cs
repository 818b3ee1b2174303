using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

public class R5TimeoutTests
{
    [Fact]
    public void The_timer_runs_out_after_Tbase_in_the_first_slot_after_a_commit()
    {
        var bench = new RuleBench();
        bench.Wait(299);
        Assert.Empty(bench.Decisions());
        bench.Wait(1);
        Assert.Equal([new Decision(1, VoteKind.First, BlockId.Skip)], bench.Decisions());
    }

    [Theory]
    [InlineData(1, 300)]
    [InlineData(2, 450)]
    [InlineData(3, 675)]
    [InlineData(4, 1_012)]
    [InlineData(11, 10_000)]
    [InlineData(30, 10_000)]
    public void Each_slot_without_a_commit_makes_the_timer_half_as_long_again_up_to_Tmax(ulong slot, int timeoutMs)
    {
        // Seven members, so that the slots looked at have leaders that are not counted out.
        var bench = new RuleBench(7, options => options with { SlotTimeoutMaxMs = 10_000, HeartbeatMs = 100_000 });
        if (slot > 1) bench.Send(bench.Others[0], bench.Certificate(slot - 1, bench.Block(slot - 1).Id));
        bench.Decisions();
        KeepAlive(bench, timeoutMs - 1);
        Assert.DoesNotContain(bench.Decisions(), d => d.Slot == slot);
        KeepAlive(bench, 1);
        Assert.Contains(new Decision(slot, VoteKind.First, BlockId.Skip), bench.Decisions());
    }

    [Fact]
    public void A_commit_shortens_the_running_timer()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.Send(bench.Others[0], bench.Certificate(1, block.Id));
        bench.Decisions();
        bench.Wait(200);
        bench.Send(bench.Others[0], bench.Proof(1, block.Id));
        bench.Wait(99);
        Assert.Empty(bench.Decisions());
        bench.Wait(1);
        Assert.Equal([new Decision(2, VoteKind.First, BlockId.Skip)], bench.Decisions());
    }

    [Fact]
    public void A_leader_silent_for_Tbase_is_skipped_on_entering_its_slot()
    {
        var bench = new RuleBench();
        for (int i = 0; i < 3; i++)
        {
            bench.Wait(100);
            foreach (int member in bench.Others)
            {
                if (member != bench.Network.LeaderOf(2)) bench.Node.Step(new ReplicaInput.PeerHeard(new ReplicaId((ushort)member)));
            }
        }

        bench.Decisions();
        bench.Skip(1);
        Assert.Equal([new Decision(2, VoteKind.First, BlockId.Skip)], bench.Decisions());
        bench.Skip(2);
        Assert.Empty(bench.Decisions());
    }

    [Fact]
    public void A_ping_of_the_leader_is_enough_to_wait_for_it()
    {
        var bench = new RuleBench();
        bench.Wait(299);
        bench.Node.Step(new ReplicaInput.PeerHeard(new ReplicaId((ushort)bench.Network.LeaderOf(2))));
        bench.Wait(1);
        bench.Decisions();
        bench.Skip(1);
        Assert.Empty(bench.Decisions());
    }

    [Fact]
    public void A_leader_whose_last_two_slots_were_skipped_is_skipped_at_once_until_its_Status_comes()
    {
        var bench = new RuleBench();
        int leader = bench.Network.LeaderOf(1);
        SkipThrough(bench, 8);
        bench.Decisions();
        bench.Skip(8);
        Assert.Equal([new Decision(9, VoteKind.First, BlockId.Skip)], bench.Decisions());
        // The Status counts from the leader's next slot on.
        SendStatus(bench, leader, current: 10);
        SkipThrough(bench, 12);
        bench.Decisions();
        bench.Skip(12);
        Assert.Equal(13ul, bench.Current);
        Assert.Empty(bench.Decisions());
    }

    [Fact]
    public void A_Status_from_before_the_last_skipped_slot_says_nothing()
    {
        var bench = new RuleBench();
        int leader = bench.Network.LeaderOf(1);
        SkipThrough(bench, 8);
        SendStatus(bench, leader, current: 4);
        bench.Decisions();
        bench.Skip(8);
        Assert.Equal([new Decision(9, VoteKind.First, BlockId.Skip)], bench.Decisions());
    }

    [Fact]
    public void One_skipped_slot_alone_does_not_count_a_leader_out()
    {
        var bench = new RuleBench();
        SkipThrough(bench, 4);
        bench.Decisions();
        bench.Skip(4);
        Assert.Equal(5ul, bench.Current);
        Assert.Empty(bench.Decisions());
    }

    [Fact]
    public void A_proposal_that_is_there_already_is_voted_for_even_if_the_leader_seems_dead()
    {
        var bench = new RuleBench();
        Block block = bench.Block(2);
        bench.Propose(block);
        bench.Wait(300);
        bench.Decisions();
        bench.Skip(1);
        Assert.Equal([new Decision(2, VoteKind.First, block.Id)], bench.Decisions());
    }

    [Fact]
    public void A_replica_never_counts_itself_out()
    {
        var bench = new RuleBench();
        bench.Wait(5_000);
        SkipThrough(bench, 3);
        bench.Decisions();
        bench.Skip(3);
        Assert.Equal(4ul, bench.Current);
        Assert.Empty(bench.Decisions());
    }

    [Fact]
    public void A_member_whose_slot_was_skipped_sends_its_Status()
    {
        var bench = new RuleBench();
        SkipThrough(bench, 4);
        bench.Sent<Status>();
        bench.Skip(4);
        Assert.Equal(bench.Others.Length, bench.Sent<Status>().Count(item => item.Message.Current.Value == 5));
    }

    private static void SkipThrough(RuleBench bench, ulong untilInSlot)
    {
        while (bench.Current < untilInSlot) bench.Skip(bench.Current);
    }

    private static void SendStatus(RuleBench bench, int member, ulong current) =>
        bench.Send(member, bench.Network[member].Signer.Status(Slot.Zero, bench.Genesis, new Slot(current)));

    private static void KeepAlive(RuleBench bench, long ms)
    {
        for (long done = 0; done < ms; done += 100)
        {
            foreach (int member in bench.Others) bench.Node.Step(new ReplicaInput.PeerHeard(new ReplicaId((ushort)member)));
            bench.Wait(long.Min(100, ms - done));
        }
    }
}
