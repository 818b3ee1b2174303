using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Epochs;

/// <summary>
/// Two operators of which each serves every other epoch alone: it joins, votes, leaves, and joins again, and observes in between. Sessions are numbered by
/// operator; messages arrive at once and in order.
/// </summary>
internal sealed class TurnsBench
{
    public TurnsBench() => Operators = [new Operator(this, 0), new Operator(this, 1)];

    public Operator[] Operators { get; }

    public long NowMs { get; private set; } = 1_000;

    public CoreTime Now => new(NowMs, TestNetwork.WallStartMs + (ulong)NowMs - 1_000);

    /// <summary>What was sent, oldest first: who sent it, the sender's epoch then, and the message.</summary>
    public List<(int From, Epoch Epoch, PeerMessage Message)> Sent { get; } = [];

    public void Pass(long ms)
    {
        for (long end = NowMs + ms; NowMs < end; NowMs++)
        {
            foreach (Operator one in Operators)
            {
                if (one.Member is { } member && member.NextDeadlineMs <= NowMs) one.Step(new ReplicaInput.Tick());
            }
        }
    }

    public static Committee CommitteeOf(Epoch epoch, Hash32 genesis)
    {
        int on = (int)(epoch.Value % 2);
        var member = new CommitteeMember(FakeSigner.KeyOf(on, true), FakeSigner.KeyOf(on, false));
        return new Committee(epoch, QuorumParameters.ForMembers(1), [member], genesis);
    }

    /// <summary>One operator with a vote log and an archive that lose nothing.</summary>
    internal sealed class Operator(TurnsBench bench, int number) : ICommitteeSource
    {
        private readonly Queue<(ReplicaInput Input, Epoch Seats)> _inputs = new();
        private bool _isStepping;

        public SharedSeq.Consensus.Epochs? Member { get; private set; }

        public List<DurableRecord> Log { get; } = [];

        public List<CommittedBlock> Archive { get; } = [];

        public List<ReplicaEffect> Effects { get; } = [];

        private Epoch Epoch => Member!.Committee.Epoch;

        public EpochSeat Next(Committee ended, BlockId boundary) => SeatIn(CommitteeOf(new Epoch(ended.Epoch.Value + 1), boundary.Hash));

        public void Start()
        {
            _inputs.Clear();
            var history = new EpochHistory(
                SeatIn(CommitteeOf(Epoch.Zero, TestNetwork.GenesisHash)), new TimestampMs(TestNetwork.WallStartMs), EpochBench.Terms, 10, this);
            foreach (CommittedBlock block in Archive) history.Add(block.Block.Header, block.Timestamp, block.Cut, block.View);
            Member = new SharedSeq.Consensus.Epochs(new ReplicaOptions(), history, new RecoveredState([.. Log], history.Delivered, []));
            var effects = new List<ReplicaEffect>();
            Member.Start(bench.Now, effects);
            CarryOut(effects);
        }

        public void Step(ReplicaInput input)
        {
            _inputs.Enqueue((input, Epoch));
            if (_isStepping) return;
            _isStepping = true;
            while (_inputs.TryDequeue(out (ReplicaInput Input, Epoch Seats) next))
            {
                var effects = new List<ReplicaEffect>();
                Member!.Step(next.Input, next.Seats, bench.Now, effects);
                CarryOut(effects);
            }

            _isStepping = false;
        }

        private static bool HasSeat(int who, Epoch epoch) => epoch.Value % 2 == (ulong)who;

        private EpochSeat SeatIn(Committee committee) => new(committee, HasSeat(number, committee.Epoch) ? new ReplicaId(0) : null);

        private void CarryOut(List<ReplicaEffect> effects)
        {
            foreach (ReplicaEffect effect in effects)
            {
                Effects.Add(effect);
                var signer = new StatementSigner(
                    TestNetwork.Domain, Epoch, new ReplicaId(0), new FakeSigner(FakeSigner.KeyOf(number, true)),
                    new FakeSigner(FakeSigner.KeyOf(number, false)));
                switch (effect)
                {
                    case ReplicaEffect.Log e: Log.Add(e.Record); break;
                    case ReplicaEffect.CastVote e:
                        Verified<Vote> vote = signer.Vote(e.Slot, e.Kind, e.Value);
                        Log.Add(new DurableRecord.OwnVote(vote.Value));
                        Step(new ReplicaInput.VoteCast(vote));
                        break;
                    case ReplicaEffect.CastProposal e:
                        Verified<Proposal> proposal = signer.Proposal(e.Block, e.Proofs, e.Justification);
                        Log.Add(new DurableRecord.OwnProposal(proposal.Value));
                        Step(new ReplicaInput.ProposalCast(proposal));
                        break;
                    case ReplicaEffect.Deliver e:
                        Archive.Add(e.Block);
                        Step(new ReplicaInput.BlockArchived(e.Block.Height));
                        break;
                    case ReplicaEffect.Send e: SendTo(HasSeat(0, Epoch) ? 0 : 1, e.Message); break;
                    case ReplicaEffect.Answer e: SendTo((int)e.Peer, e.Message); break;
                    case ReplicaEffect.AnswerBlocks e: SendTo((int)e.Peer, FromArchive(e.Request)); break;
                }
            }
        }

        private BlockResponse FromArchive(BlockRequest request)
        {
            var blocks = new List<Block>();
            for (int at = (int)request.Block.Height.Value; at > 0 && blocks.Count <= request.Ancestors; at--) blocks.Add(Archive[at - 1].Block);
            return new BlockResponse(blocks);
        }

        private void SendTo(int to, PeerMessage message)
        {
            bench.Sent.Add((number, Epoch, message));
            if (to != number && bench.Operators[to].Member is not null) bench.Operators[to].Receive(number, message);
        }

        private void Receive(int from, PeerMessage message)
        {
            Epoch of = SharedSeq.Consensus.Epochs.EpochOf(message)!.Value;
            if (of > Epoch) Step(new ReplicaInput.LaterEpochMessage((ulong)from, message));
            else if (of < Epoch) Step(new ReplicaInput.EndedEpochMessage((ulong)from, of, message));
            else if (!HasSeat(from, Epoch)) Step(new ReplicaInput.ObserverRequest((ulong)from, message));
            else TakeAnswer(message);
        }

        /// <summary>What the one member of the epoch answers to its observer.</summary>
        private void TakeAnswer(PeerMessage message)
        {
            var member = new ReplicaId(0);
            CommitProof? proof = message as CommitProof ?? (message as CertificateResponse)?.CommitProof;
            if (proof is not null)
            {
                var verifier = new MessageVerifier(TestNetwork.Domain, Member!.Committee, new FakeScheme());
                Assert.Equal(VerificationRejection.None, verifier.TryVerify(proof, out Verified<CommitProof> verified));
                Step(new ReplicaInput.CommitProofReceived(member, verified));
            }

            if (message is BlockResponse blocks) Step(new ReplicaInput.BlocksReceived(member, blocks));
        }
    }
}
