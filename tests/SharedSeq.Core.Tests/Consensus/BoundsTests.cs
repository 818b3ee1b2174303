using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

/// <summary>Nothing a member sends grows state beyond its bounds.</summary>
public class BoundsTests
{
    [Fact]
    public void Votes_for_slots_beyond_the_window_are_dropped_and_counted()
    {
        var bench = new RuleBench();
        bench.First(65, BlockId.Skip, bench.Others[0]);
        bench.First(66, BlockId.Skip, bench.Others[0]);
        bench.First(ulong.MaxValue, BlockId.Skip, bench.Others[0]);
        ReplicaView view = bench.Replica.View();
        Assert.Equal((1, 2ul), (view.SlotsHeld, view.OutOfWindow));
    }

    [Fact]
    public void A_pool_keeps_two_Firsts_a_few_Extras_and_two_Finals_of_a_member()
    {
        QuorumParameters quorum = QuorumParameters.ForMembers(4);
        var pool = new VotePool(quorum);
        var bench = new RuleBench();
        BlockId Id(ulong salt) => bench.Block(1, salt).Id;
        Assert.Equal(2, Enumerable.Range(1, 9).Count(i => pool.Add(bench.Signed(0, VoteKind.First, 1, Id((ulong)i))).IsNew));
        Assert.Equal(2, Enumerable.Range(1, 9).Count(i => pool.Add(bench.Signed(0, VoteKind.Extra, 1, Id((ulong)i))).IsNew));
        Assert.Equal(1, Enumerable.Range(1, 9).Count(_ => pool.Add(bench.Signed(0, VoteKind.Extra, 1, BlockId.Skip)).IsNew));
        Assert.Equal(2, Enumerable.Range(1, 9).Count(i => pool.Add(bench.Signed(0, VoteKind.Final, 1, Id((ulong)i))).IsNew));
        Assert.Equal(1, pool.FirstCount);
    }

    [Fact]
    public void A_certificate_takes_exactly_a_quorum_of_signatures_sorted_by_voter()
    {
        var bench = new RuleBench(7);
        bench.First(1, BlockId.Skip, 6, 2, 4, 0, 5, 1);
        Notarization certificate = bench.Sent<Notarization>()[0].Message;
        Assert.Equal(5, certificate.Signatures.Length);
        Assert.Equal(VerificationRejection.None, bench.Network.Verifier.TryVerify(certificate, out _));
    }

    [Fact]
    public void Only_two_proposals_of_a_slot_are_held()
    {
        var bench = new RuleBench();
        for (ulong salt = 1; salt <= 20; salt++) bench.Propose(bench.Block(1, salt));
        int held = 0;
        for (ulong salt = 1; salt <= 20; salt++)
        {
            bench.Sent<PeerMessage>();
            bench.Send(bench.Others[0], new BlockRequest(Epoch.Zero, bench.Block(1, salt).Id, 0));
            held += bench.Sent<BlockResponse>().Count;
        }

        Assert.Equal(2, held);
    }

    [Fact]
    public void A_jumping_wall_clock_raises_an_alarm()
    {
        var bench = new RuleBench();
        var effects = new List<ReplicaEffect>();
        CoreTime now = bench.Network.Now;
        bench.Replica.Step(new ReplicaInput.Tick(), now with { WallMs = now.WallMs + 400 }, effects);
        Assert.DoesNotContain(effects, effect => effect is ReplicaEffect.Alarm);
        bench.Replica.Step(new ReplicaInput.Tick(), now with { WallMs = now.WallMs - 60_000 }, effects);
        Assert.Equal(AlarmKind.ClockJumped, Assert.Single(effects.OfType<ReplicaEffect.Alarm>()).Kind);
    }

    [Fact]
    public void The_pace_asked_for_keeps_own_heights_apart()
    {
        var bench = new RuleBench(1, options => options with { HeartbeatMs = 1 });
        bench.Node.Step(new ReplicaInput.PaceChanged(50));
        bench.Wait(500);
        Assert.InRange(bench.Node.Delivered.Count, 9, 12);
    }
}
