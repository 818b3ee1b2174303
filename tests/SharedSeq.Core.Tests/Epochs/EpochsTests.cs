using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Epochs;

/// <summary>Section 8: the hand-over from one epoch to the next, and what ended ones still owe.</summary>
public sealed class EpochsTests
{
    [Fact]
    public void A_member_goes_from_epoch_to_epoch_and_heights_go_on()
    {
        var bench = new EpochBench();
        bench.Start();
        bench.Pass(5_000);
        Assert.True(bench.Epoch.Value >= 3, $"only epoch {bench.Epoch}");
        Assert.Equal(Enumerable.Range(1, bench.Archive.Count).Select(i => (ulong)i), bench.Archive.Select(block => block.Height.Value));
        foreach ((CommittedBlock one, CommittedBlock next) in bench.Archive.Zip(bench.Archive.Skip(1)))
        {
            Assert.Equal(one.Block.Header.Hash, next.Block.Header.ParentHash);
            bool isFirst = one.Block.Header.Epoch != next.Block.Header.Epoch;
            Assert.Equal(isFirst ? Slot.Zero : one.Block.Header.Slot, next.Block.Header.ParentSlot);
        }
    }

    [Fact]
    public void The_next_epoch_begins_when_the_boundary_is_in_the_archive_and_not_before()
    {
        var bench = new EpochBench();
        bench.Start();
        bench.Pass(900);
        bench.IsArchiveHeld = true;
        bench.Pass(2_000);
        Assert.True(bench.Member.Replica.IsEpochOver);
        Assert.Equal(Epoch.Zero, bench.Epoch);
        Assert.DoesNotContain(bench.Log, record => record is DurableRecord.OwnVote { Vote.Epoch.Value: > 0 });
        bench.ReleaseArchive();
        Assert.Equal(new Epoch(1), bench.Epoch);
    }

    [Fact]
    public void A_restart_at_any_record_of_the_hand_over_goes_on_where_the_logs_end()
    {
        var whole = new EpochBench();
        whole.Start();
        whole.Pass(3_500);
        Assert.True(whole.Epoch.Value >= 2);
        for (int kept = 0; kept <= whole.Log.Count; kept++)
        {
            var bench = new EpochBench { NowMs = whole.NowMs };
            bench.Log.AddRange(whole.Log.Take(kept));
            // The archive has what was archived before the newest record kept: never less than the genesis of the newest epoch voted in.
            ulong newest = bench.Log.OfType<DurableRecord.OwnProposal>().Select(own => own.Proposal.Block.Header.Epoch.Value).DefaultIfEmpty().Max();
            bench.Archive.AddRange(whole.Archive.Where(block => block.Block.Header.Epoch.Value < newest));
            bench.Start();
            Assert.True(bench.Epoch.Value >= newest);
            bench.Pass(3_000);
            Assert.True(bench.Epoch.Value > newest, $"with {kept} records it stays in epoch {bench.Epoch}");
            foreach (IGrouping<(Epoch, Slot), Vote> votes in bench.Log.OfType<DurableRecord.OwnVote>().Select(own => own.Vote)
                .Where(vote => vote.VoteKind == VoteKind.First).GroupBy(vote => (vote.Epoch, vote.Slot)))
                Assert.Single(votes.Select(vote => vote.Value).Distinct());
        }
    }

    [Fact]
    public void A_vote_in_an_epoch_whose_genesis_is_not_in_the_archive_is_a_broken_invariant()
    {
        var whole = new EpochBench();
        whole.Start();
        whole.Pass(3_500);
        var bench = new EpochBench();
        bench.Log.AddRange(whole.Log);
        Assert.Throws<InvariantException>(() => bench.Start());
    }

    [Fact]
    public void Whoever_speaks_in_an_ended_epoch_gets_its_commit_proof_but_not_all_the_time()
    {
        var bench = new EpochBench();
        bench.Start();
        bench.Pass(2_000);
        Assert.Equal(new Epoch(1), bench.Epoch);
        Assert.Equal(1, Asked(bench, 7));
        Assert.Equal(0, Asked(bench, 7));
        Assert.Equal(1, Asked(bench, 8));
        bench.Pass(ConsensusLimits.StaleAnswerMs);
        Assert.Equal(1, Asked(bench, 7));
    }

    [Fact]
    public void A_restart_still_has_the_commit_proofs_of_ended_epochs_and_so_has_a_compacted_log()
    {
        var bench = new EpochBench();
        bench.Start();
        bench.Pass(2_000);
        DurableRecord[] compacted = [.. bench.Member.Snapshot()];
        bench.Start();
        Assert.Equal(1, Asked(bench, 7));
        bench.Log.Clear();
        bench.Log.AddRange(compacted);
        bench.Start();
        Assert.Equal(1, Asked(bench, 7));
    }

    [Fact]
    public void Blocks_of_an_ended_epoch_come_from_the_archive()
    {
        var bench = new EpochBench();
        bench.Start();
        bench.Pass(2_000);
        bench.Effects.Clear();
        var request = new BlockRequest(Epoch.Zero, bench.Archive[0].Block.Id, 3);
        bench.Step(new ReplicaInput.EndedEpochMessage(7, Epoch.Zero, request));
        Assert.Equal(new ReplicaEffect.AnswerBlocks(7, request), Assert.Single(bench.Effects.OfType<ReplicaEffect.AnswerBlocks>()));
    }

    [Fact]
    public void Blocks_of_an_ended_epoch_are_asked_for_within_a_budget()
    {
        var bench = new EpochBench();
        bench.Start();
        bench.Pass(2_000);
        bench.Effects.Clear();
        var request = new BlockRequest(Epoch.Zero, bench.Archive[0].Block.Id, 3);
        for (int i = 0; i < 2 * ConsensusLimits.RequestBurst; i++) bench.Step(new ReplicaInput.EndedEpochMessage(7, Epoch.Zero, request));
        Assert.Equal(ConsensusLimits.RequestBurst, bench.Effects.Count(effect => effect is ReplicaEffect.AnswerBlocks));
        bench.Pass(ConsensusLimits.RequestRefillMs);
        bench.Step(new ReplicaInput.EndedEpochMessage(7, Epoch.Zero, request));
        Assert.Equal(ConsensusLimits.RequestBurst + 1, bench.Effects.Count(effect => effect is ReplicaEffect.AnswerBlocks));
    }

    [Fact]
    public void Whoever_asks_for_a_tail_that_is_not_held_gets_the_commit_proof()
    {
        var bench = new EpochBench();
        bench.Start();
        bench.Pass(2_000);
        bench.Effects.Clear();
        var unknown = new BlockId(new Height(1_000), Sha.Of("a tail nobody here has"u8));
        bench.Step(new ReplicaInput.EndedEpochMessage(7, Epoch.Zero, new BlockRequest(Epoch.Zero, unknown, 0)));
        ReplicaEffect.Answer answer = Assert.Single(bench.Effects.OfType<ReplicaEffect.Answer>());
        Assert.Equal(Epoch.Zero, Assert.IsType<CommitProof>(answer.Message).Epoch);
    }

    [Fact]
    public void An_ended_epoch_read_from_the_log_has_the_proof_logged_last_and_the_other_tails()
    {
        var header = new Header(
            new Epoch(4), new Slot(11), new Height(21), new Slot(10), Sha.Of("the boundary"u8), default, HeaderFlags.Carry | HeaderFlags.Tail,
            Payload.Empty.Commitment, []);
        var tail = new Block(header, Payload.Empty);
        var unknown = new BlockId(new Height(22), Sha.Of("a tail nobody here has"u8));
        var boundary = new BlockId(new Height(20), Sha.Of("the boundary"u8));
        DurableRecord[] records =
        [
            new DurableRecord.BlockHeld(tail), new DurableRecord.FinalHeld(new CommitProof(new Epoch(4), new Slot(12), unknown, CommitPath.Slow, [])),
            new DurableRecord.FinalHeld(new CommitProof(new Epoch(4), new Slot(10), boundary, CommitPath.Slow, [])),
        ];
        EndedEpoch ended = EndedEpoch.From(new Epoch(4), records)!;
        Assert.Equal(boundary, ended.Proof.Block);
        Assert.Equal([tail], ended.Tails);
        Assert.Equal(ended.Tails, EndedEpoch.From(new Epoch(4), [.. ended.Records()])!.Tails);
    }

    [Fact]
    public void What_is_held_for_the_next_epoch_is_bounded_in_bytes_and_is_neither_data_nor_of_later_epochs()
    {
        var bench = new EpochBench();
        bench.Start(members: 4);
        var vote = new Vote(new Epoch(2), new Slot(1), VoteKind.First, BlockId.Skip, new ReplicaId(2), default);
        bench.Step(new ReplicaInput.LaterEpochMessage(3, vote));
        bench.Step(new ReplicaInput.LaterEpochMessage(3, new BatchResponse(new LaneId(new Epoch(1), new ReplicaId(1), 0), [])));
        Assert.Equal(0, bench.Member.HeldCount);

        var held = new HeldMessages();
        var large = new AttestationMessage(new byte[HeldMessages.BytesPerPeer / 3]);
        for (int i = 0; i < 10; i++) held.Add(3, large);
        Assert.Equal(2, held.Count);
        Assert.InRange(held.Bytes, 1, HeldMessages.BytesPerPeer);
        Assert.Equal(8, held.Dropped);
        held.Add(3, new AttestationMessage(new byte[HeldMessages.BytesPerPeer]));
        Assert.Equal(9, held.Dropped);
        Assert.Equal(2, held.Take().Count);
        Assert.Equal(0, held.Bytes);
    }

    [Fact]
    public void All_peers_together_are_held_within_one_bound_and_those_that_say_the_most_lose_their_oldest_first()
    {
        var held = new HeldMessages();
        var vote = new Vote(new Epoch(1), new Slot(1), VoteKind.First, BlockId.Skip, new ReplicaId(2), default);
        for (ulong peer = 0; peer < 100; peer++) held.Add(peer, vote);
        var large = new AttestationMessage(new byte[HeldMessages.BytesPerPeer / 4]);
        for (ulong peer = 100; peer < 150; peer++)
        {
            for (int i = 0; i < 3; i++)
            {
                held.Add(peer, large);
                Assert.InRange(held.Bytes, 1, HeldMessages.BytesMax);
            }
        }

        Assert.InRange(held.Bytes, HeldMessages.BytesMax - HeldMessages.BytesPerPeer, HeldMessages.BytesMax);
        Assert.Equal(250, held.Count + held.Dropped);
        for (ulong peer = 0; peer < HeldMessages.PeersMax; peer++) held.Add(peer, vote);
        long dropped = held.Dropped;
        held.Add(HeldMessages.PeersMax, vote);
        Assert.Equal(dropped + 1, held.Dropped);
        IReadOnlyList<HeldMessage> taken = held.Take();
        Assert.Equal(HeldMessages.PeersMax + 100, taken.Count(item => item.Message is Vote));
        Assert.Equal(0, held.Bytes);
        for (int i = 0; i < 10; i++) held.Add(3, large);
        Assert.Equal(3, held.Count);
    }

    [Fact]
    public void Tails_are_kept_between_the_boundary_and_the_block_that_ended_the_epoch()
    {
        Block[] tails = new Block[3];
        Hash32 parent = Sha.Of("the boundary"u8);
        for (ulong i = 0; i < 3; i++)
        {
            var header = new Header(
                new Epoch(4), new Slot(11 + i), new Height(21 + i), new Slot(10 + i), parent, default, HeaderFlags.Carry | HeaderFlags.Tail,
                Payload.Empty.Commitment, []);
            tails[i] = new Block(header, Payload.Empty);
            parent = header.Hash;
        }

        var proof = new CommitProof(new Epoch(4), new Slot(13), tails[2].Id, CommitPath.Slow, []);
        List<DurableRecord> records = [.. tails.Select(tail => new DurableRecord.BlockHeld(tail)), new DurableRecord.FinalHeld(proof)];
        EndedEpoch ended = EndedEpoch.From(new Epoch(4), records)!;
        Assert.Equal(tails.Reverse(), ended.Tails);
        Assert.Equal([tails[1], tails[0]], ended.TailsFrom(new BlockRequest(new Epoch(4), tails[1].Id, 5)));
        Assert.Equal([tails[2]], ended.TailsFrom(new BlockRequest(new Epoch(4), tails[2].Id, 0)));
        Assert.Equal(ended.Tails, EndedEpoch.From(new Epoch(4), [.. ended.Records()])!.Tails);
        Assert.Null(EndedEpoch.From(new Epoch(5), records));
    }

    [Fact]
    public void Messages_of_the_next_epoch_are_held_within_a_bound_and_its_speaker_is_asked_for_the_end_of_this_one()
    {
        var bench = new EpochBench();
        bench.Start(members: 4);
        bench.Effects.Clear();
        for (ulong slot = 1; slot <= 2 * HeldMessages.PerPeer; slot++)
            bench.Step(new ReplicaInput.LaterEpochMessage(3, new Vote(new Epoch(1), new Slot(slot), VoteKind.First, BlockId.Skip, new ReplicaId(2), default)));
        ReplicaEffect.Answer asked = Assert.Single(bench.Effects.OfType<ReplicaEffect.Answer>());
        Assert.Equal((3ul, Epoch.Zero), (asked.Peer, Assert.IsType<CertificateRequest>(asked.Message).Epoch));
        Assert.Equal(HeldMessages.PerPeer, bench.Member.HeldCount);
        IReadOnlyList<HeldMessage> held = bench.Member.TakeHeld();
        Assert.Equal(new Slot(2 * HeldMessages.PerPeer), Assert.IsType<Vote>(held[^1].Message).Slot);
        Assert.Equal(0, bench.Member.HeldCount);
    }

    [Fact]
    public void Who_always_speaks_first_of_a_later_epoch_does_not_keep_others_from_being_asked()
    {
        var bench = new EpochBench();
        bench.Start(members: 4);
        bench.Effects.Clear();
        var vote = new Vote(new Epoch(7), new Slot(1), VoteKind.First, BlockId.Skip, new ReplicaId(2), default);
        for (int i = 0; i < 10; i++)
        {
            bench.Step(new ReplicaInput.LaterEpochMessage(3, vote));
            bench.Step(new ReplicaInput.LaterEpochMessage(2, vote));
        }

        Assert.Equal([3ul, 2ul], bench.Effects.OfType<ReplicaEffect.Answer>().Select(asked => asked.Peer));
    }

    [Fact]
    public void What_was_verified_for_another_epoch_does_not_reach_the_present_replica()
    {
        // The same votes count when they are of the present epoch.
        var bench = new EpochBench();
        bench.Start(members: 4);
        Assert.False(CountsFinals(bench, new Epoch(1)));
        Assert.True(CountsFinals(bench, Epoch.Zero));
    }

    /// <summary>Whether three members' Final votes of an epoch, verified in it, commit their block.</summary>
    private static bool CountsFinals(EpochBench bench, Epoch epoch)
    {
        var block = new BlockId(new Height(1), Sha.Of("x"u8));
        foreach (int voter in new[] { 1, 2, 3 })
        {
            var signer = new StatementSigner(
                TestNetwork.Domain, epoch, new ReplicaId((ushort)voter), new FakeSigner(FakeSigner.KeyOf(voter, true)),
                new FakeSigner(FakeSigner.KeyOf(voter, false)));
            bench.Step(new ReplicaInput.VoteReceived(new ReplicaId((ushort)voter), signer.Vote(new Slot(1), VoteKind.Final, block)));
        }

        return bench.Member.Replica.Final == block;
    }

    /// <summary>Answers that a vote of epoch 0 gets.</summary>
    private static int Asked(EpochBench bench, ulong peer)
    {
        bench.Effects.Clear();
        var vote = new Vote(Epoch.Zero, new Slot(1), VoteKind.First, BlockId.Skip, new ReplicaId(0), default);
        bench.Step(new ReplicaInput.EndedEpochMessage(peer, Epoch.Zero, vote));
        return bench.Effects.Count(effect => effect is ReplicaEffect.Answer { Message: CommitProof { Epoch.Value: 0 } } answer && answer.Peer == peer);
    }
}
