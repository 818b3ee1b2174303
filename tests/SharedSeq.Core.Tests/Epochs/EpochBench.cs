using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Epochs;

/// <summary>
/// A committee of one that goes through its epochs by itself: it has every quorum. Disks are a vote log and an archive; a crash keeps as much of each as
/// the test says.
/// </summary>
internal sealed class EpochBench
{
    public static readonly EpochTerms Terms = new(1, 2);

    private readonly Queue<Action> _answers = new();
    private int _life;

    public List<DurableRecord> Log { get; } = [];

    public List<CommittedBlock> Archive { get; } = [];

    public List<ReplicaEffect> Effects { get; } = [];

    public long NowMs { get; set; } = 1_000;

    /// <summary>Delivered heights wait for the archive instead of being in it at once.</summary>
    public bool IsArchiveHeld { get; set; }

    public SharedSeq.Consensus.Epochs Member { get; private set; } = null!;

    public Epoch Epoch => Member.Committee.Epoch;

    /// <summary>The first life begins at the genesis time.</summary>
    public CoreTime Now => new(NowMs, TestNetwork.WallStartMs + (ulong)NowMs - 1_000);

    public void Start(int members = 1)
    {
        _life++;
        _answers.Clear();
        var source = new SameCommittee();
        var history = new EpochHistory(source.First(members), new TimestampMs(TestNetwork.WallStartMs), Terms, 10, source);
        foreach (CommittedBlock block in Archive) history.Add(block.Block.Header, block.Timestamp, block.Cut, block.View);
        Member = new SharedSeq.Consensus.Epochs(new ReplicaOptions(), history, new RecoveredState([.. Log], history.Delivered, []));
        var effects = new List<ReplicaEffect>();
        Member.Start(Now, effects);
        CarryOut(effects);
    }

    /// <summary>Lets time pass; the member ticks at its deadlines.</summary>
    public void Pass(long ms)
    {
        long end = NowMs + ms;
        while (Member.NextDeadlineMs <= end)
        {
            NowMs = long.Max(NowMs + 1, Member.NextDeadlineMs);
            Step(new ReplicaInput.Tick());
        }

        NowMs = end;
    }

    public void Step(ReplicaInput input, Epoch? seats = null)
    {
        var effects = new List<ReplicaEffect>();
        Member.Step(input, seats ?? Epoch, Now, effects);
        CarryOut(effects);
    }

    /// <summary>What was delivered while the archive was held is in it now.</summary>
    public void ReleaseArchive()
    {
        IsArchiveHeld = false;
        Step(new ReplicaInput.BlockArchived(Archive[^1].Height));
    }

    private void CarryOut(List<ReplicaEffect> effects)
    {
        foreach (ReplicaEffect effect in effects)
        {
            Effects.Add(effect);
            var signer = new StatementSigner(
                TestNetwork.Domain, Epoch, new ReplicaId(0), new FakeSigner(FakeSigner.KeyOf(0, true)), new FakeSigner(FakeSigner.KeyOf(0, false)));
            switch (effect)
            {
                case ReplicaEffect.Log e: Log.Add(e.Record); break;
                case ReplicaEffect.CastVote e:
                    Verified<Vote> vote = signer.Vote(e.Slot, e.Kind, e.Value);
                    Log.Add(new DurableRecord.OwnVote(vote.Value));
                    Later(new ReplicaInput.VoteCast(vote));
                    break;
                case ReplicaEffect.CastProposal e:
                    Verified<Proposal> proposal = signer.Proposal(e.Block, e.Proofs, e.Justification);
                    Log.Add(new DurableRecord.OwnProposal(proposal.Value));
                    Later(new ReplicaInput.ProposalCast(proposal));
                    break;
                case ReplicaEffect.Deliver e:
                    Archive.Add(e.Block);
                    if (!IsArchiveHeld) Later(new ReplicaInput.BlockArchived(e.Block.Height));
                    break;
            }
        }

        while (_answers.TryDequeue(out Action? answer)) answer();
    }

    private void Later(ReplicaInput input)
    {
        int life = _life;
        _answers.Enqueue(() =>
        {
            if (life == _life) Step(input);
        });
    }
}
