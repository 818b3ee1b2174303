using System.Reflection;
using System.Runtime.CompilerServices;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Epochs;

/// <summary>Section 8: who has no seat follows by asking, and votes from the epoch on in which it has one.</summary>
public sealed class ObserverTests
{
    [Fact]
    public void Operators_that_take_turns_deliver_one_chain_and_vote_in_their_own_epochs_only()
    {
        var bench = new TurnsBench();
        foreach (TurnsBench.Operator one in bench.Operators) one.Start();
        bench.Pass(7_000);
        AssertOneChain(bench, epochs: 4);
        foreach ((TurnsBench.Operator one, ulong own) in bench.Operators.Zip([0ul, 1ul]))
        {
            Vote[] votes = [.. one.Log.OfType<DurableRecord.OwnVote>().Select(record => record.Vote)];
            Assert.Contains(votes, vote => vote.Epoch.Value >= 2);
            Assert.All(votes, vote => Assert.Equal(own, vote.Epoch.Value % 2));
        }

        // An observer asks, and says nothing else.
        Assert.All(
            bench.Sent.Where(sent => sent.Epoch.Value % 2 != (ulong)sent.From && SharedSeq.Consensus.Epochs.EpochOf(sent.Message) == sent.Epoch),
            sent => Assert.True(sent.Message is CertificateRequest or BlockRequest, $"an observer sent a {sent.Message.Kind}"));
        Assert.DoesNotContain(bench.Operators[1].Effects.TakeWhile(effect => effect is not ReplicaEffect.EpochEntered), IsOfMember);
    }

    [Fact]
    public void A_joiner_that_starts_late_and_with_nothing_comes_to_the_end_of_the_chain()
    {
        var bench = new TurnsBench();
        bench.Operators[0].Start();
        bench.Pass(3_000);
        // Nobody serves epoch 1 before the other one is there.
        Assert.Equal(new Epoch(1), bench.Operators[0].Member!.Committee.Epoch);
        bench.Operators[1].Start();
        bench.Pass(5_000);
        AssertOneChain(bench, epochs: 3);
    }

    [Fact]
    public void An_observer_that_is_started_again_goes_on_from_its_archive()
    {
        var bench = new TurnsBench();
        foreach (TurnsBench.Operator one in bench.Operators) one.Start();
        for (int i = 0; i < 40; i++)
        {
            bench.Pass(150);
            bench.Operators[i % 2].Start();
        }

        AssertOneChain(bench, epochs: 3);
    }

    [Fact]
    public void A_session_without_a_seat_is_answered_within_its_budget()
    {
        var bench = new EpochBench();
        bench.Start();
        bench.Pass(400);
        bench.Effects.Clear();
        var request = new CertificateRequest(Epoch.Zero, new Slot(1), new Slot(1));
        for (int i = 0; i < 2 * ConsensusLimits.RequestBurst; i++) bench.Step(new ReplicaInput.ObserverRequest(9, request));
        Assert.Equal(ConsensusLimits.RequestBurst, bench.Effects.Count(effect => effect is ReplicaEffect.Answer { Peer: 9, Message: CertificateResponse }));
        bench.Step(new ReplicaInput.ObserverRequest(10, new BlockRequest(Epoch.Zero, bench.Archive[0].Block.Id, 3)));
        Assert.Contains(bench.Effects, effect => effect is ReplicaEffect.AnswerBlocks { Peer: 10 });
        // Of another epoch than the present one it is no observer's request any more: somebody looked too early or too late.
        bench.Effects.Clear();
        bench.Step(new ReplicaInput.ObserverRequest(11, new CertificateRequest(new Epoch(1), new Slot(1), new Slot(1))));
        Assert.Empty(bench.Effects);
    }

    [Fact]
    public void An_input_whose_seats_are_of_another_epoch_is_dropped()
    {
        var bench = new EpochBench();
        bench.Start(members: 4);
        var three = new ReplicaId(3);
        bench.Step(new ReplicaInput.PeerDisconnected(three), new Epoch(1));
        Assert.True(bench.Member.Replica.View().Members[3].IsConnected);
        bench.Step(new ReplicaInput.PeerDisconnected(three), Epoch.Zero);
        Assert.False(bench.Member.Replica.View().Members[3].IsConnected);
    }

    [Fact]
    public void Every_input_with_a_seat_is_known_to_name_one()
    {
        int named = 0;
        foreach (Type kind in typeof(ReplicaInput).GetNestedTypes().Where(type => type.IsAssignableTo(typeof(ReplicaInput))))
        {
            bool hasSeat = kind.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Any(property => property.PropertyType == typeof(ReplicaId) || property.PropertyType == typeof(ReplicaId?));
            Assert.True(hasSeat == SharedSeq.Consensus.Epochs.NamesSeat((ReplicaInput)RuntimeHelpers.GetUninitializedObject(kind)), kind.Name);
            if (hasSeat) named++;
        }

        Assert.Equal(18, named);
    }

    [Fact]
    public void The_answer_to_a_cast_of_an_ended_epoch_is_dropped()
    {
        var bench = new EpochBench();
        bench.Start();
        bench.Pass(2_000);
        Assert.Equal(new Epoch(1), bench.Epoch);
        var signer = new StatementSigner(
            TestNetwork.Domain, Epoch.Zero, new ReplicaId(0), new FakeSigner(FakeSigner.KeyOf(0, true)), new FakeSigner(FakeSigner.KeyOf(0, false)));
        bench.Effects.Clear();
        bench.Step(new ReplicaInput.VoteCast(signer.Vote(new Slot(1_000), VoteKind.First, BlockId.Skip)));
        Assert.Empty(bench.Effects);
        Assert.True(bench.Member.CanSnapshot);
    }

    private static bool IsOfMember(ReplicaEffect effect) =>
        effect is ReplicaEffect.CastVote or ReplicaEffect.CastProposal or ReplicaEffect.SendStatus or ReplicaEffect.SignAck;

    private static void AssertOneChain(TurnsBench bench, ulong epochs)
    {
        List<CommittedBlock>[] chains = [bench.Operators[0].Archive, bench.Operators[1].Archive];
        foreach (TurnsBench.Operator one in bench.Operators)
            Assert.True(one.Member!.Committee.Epoch.Value >= epochs, $"an operator is in epoch {one.Member.Committee.Epoch}");
        foreach ((CommittedBlock one, CommittedBlock other) in chains[0].Zip(chains[1])) Assert.Equal(one.Block.Id, other.Block.Id);
        foreach ((CommittedBlock one, CommittedBlock next) in chains[0].Zip(chains[0].Skip(1)))
            Assert.Equal(one.Block.Header.Hash, next.Block.Header.ParentHash);
    }
}
