using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

/// <summary>Persistence and recovery (consensus.md 5): what is decided stays decided, whatever was lost with the process.</summary>
public class RecoveryTests
{
    [Fact]
    public void A_First_vote_is_never_cast_again_for_another_value()
    {
        var bench = new RuleBench();
        bench.Propose(bench.Block(1, 1));
        Restart(bench);
        bench.Propose(bench.Block(1, 2));
        bench.Wait(400);
        Assert.DoesNotContain(bench.Decisions(), d => d.Slot == 1 && d.Kind == VoteKind.First);
    }

    [Fact]
    public void The_mutant_without_memory_votes_twice()
    {
        var bench = new RuleBench();
        bench.Propose(bench.Block(1, 1));
        bench.Node.Mutations = ProtocolMutations.ForgottenFirst;
        Restart(bench);
        Block second = bench.Block(1, 2);
        bench.Propose(second);
        Assert.Contains(new Decision(1, VoteKind.First, second.Id), bench.Decisions());
    }

    [Fact]
    public void Nothing_follows_a_Final_after_a_restart()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.Send(bench.Others[0], bench.Certificate(1, block.Id));
        Restart(bench);
        bench.First(1, BlockId.Skip, bench.Others);
        Assert.DoesNotContain(bench.Decisions(), d => d.Slot == 1);
    }

    [Fact]
    public void The_slot_entered_is_entered_again()
    {
        var bench = new RuleBench(7);
        bench.Skip(4);
        Restart(bench);
        Assert.Equal(5ul, bench.Current);
    }

    [Fact]
    public void The_mutant_without_durable_entry_falls_back()
    {
        var bench = new RuleBench(7);
        bench.Node.Mutations = ProtocolMutations.VolatileEntry | ProtocolMutations.NoGapFilling;
        Restart(bench);
        bench.Skip(4);
        Assert.Empty(bench.Decisions());
        Restart(bench);
        Assert.Equal(1ul, bench.Current);
    }

    [Fact]
    public void Own_votes_certificates_and_the_commit_proof_are_sent_again_on_restart()
    {
        var bench = new RuleBench();
        Block first = bench.Block(1);
        bench.Propose(first);
        bench.First(1, first.Id, bench.Others);
        Block second = bench.Block(2, 1, first.Id);
        bench.Propose(second);
        bench.First(2, second.Id, bench.Others[0], bench.Others[1]);
        bench.Sent<PeerMessage>();
        bench.Node.Crash();
        bench.Node.Restart();
        List<PeerMessage> sent = [.. bench.Sent<PeerMessage>().Where(item => item.To == bench.Others[0]).Select(item => item.Message)];
        Assert.Single(sent.OfType<CommitProof>());
        Assert.Contains(sent.OfType<Notarization>(), item => item.Value == second.Id);
        Assert.Equal([VoteKind.First, VoteKind.Final], sent.OfType<Vote>().Where(vote => vote.Slot.Value == 2).Select(vote => vote.VoteKind));
        Assert.Single(sent.OfType<Status>());
    }

    [Fact]
    public void A_block_voted_for_can_be_served_after_a_restart()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        Restart(bench);
        bench.Sent<PeerMessage>();
        bench.Send(bench.Others[0], new BlockRequest(Epoch.Zero, block.Id, 0));
        Assert.Equal(block.Id, Assert.Single(bench.Sent<BlockResponse>()).Message.Blocks[0].Id);
    }

    [Fact]
    public void Delivery_continues_above_what_was_archived()
    {
        var bench = new RuleBench();
        Block first = bench.Block(1);
        bench.Propose(first);
        bench.First(1, first.Id, bench.Others);
        Block second = bench.Block(2, 1, first.Id);
        bench.Propose(second);
        bench.First(2, second.Id, bench.Others);
        // The archive lost its newest height with the crash; the vote log still has proof and header.
        bench.Node.Delivered.RemoveAt(1);
        Restart(bench);
        Assert.Equal([first.Id, second.Id], bench.Node.Delivered.Select(block => block.Block.Id));
    }

    [Fact]
    public void A_snapshot_recovers_to_the_same_state_as_the_whole_log()
    {
        var bench = new RuleBench(7);
        Block first = bench.Block(1);
        bench.Propose(first);
        bench.First(1, first.Id, bench.Others);
        Block second = bench.Block(2, 1, first.Id);
        bench.Propose(second);
        bench.First(2, second.Id, bench.Others[..4]);
        bench.Skip(5);
        Assert.True(bench.Replica.CanSnapshot);
        List<DurableRecord> snapshot = [.. bench.Replica.Snapshot()];
        Assert.True(snapshot.Count < bench.Node.Log.Count, "a snapshot is shorter than the log");
        Restart(bench);
        List<string> full = [.. bench.Replica.Snapshot().Select(Describe)];
        ulong current = bench.Current;
        bench.Node.Log.Clear();
        bench.Node.Log.AddRange(snapshot);
        Restart(bench);
        Assert.Equal(full, bench.Replica.Snapshot().Select(Describe));
        Assert.Equal(current, bench.Current);
        Assert.Equal(first.Id, bench.Replica.Final);
    }

    [Fact]
    public void Every_record_survives_its_encoding()
    {
        var bench = new RuleBench();
        Block block = bench.Block(1);
        bench.Propose(block);
        bench.First(1, block.Id, bench.Others);
        Assert.Equal(4, bench.Node.Log.Select(record => record.Kind).Distinct().Count());
        foreach (DurableRecord record in bench.Node.Log)
        {
            var writer = new CanonicalWriter();
            record.Write(writer);
            var reader = new CanonicalReader(writer.Written);
            DurableRecord copy = DurableRecord.Read(record.Kind, ref reader);
            reader.End("record");
            Assert.Equal(Describe(record), Describe(copy));
        }
    }

    private static void Restart(RuleBench bench)
    {
        bench.Node.Crash();
        bench.Decisions();
        bench.Node.Restart();
        bench.Node.Effects.RemoveAll(effect => effect is ReplicaEffect.Trace);
    }

    private static string Describe(DurableRecord record)
    {
        var writer = new CanonicalWriter();
        record.Write(writer);
        return $"{record.Kind} {Convert.ToHexStringLower(writer.Written)}";
    }
}
