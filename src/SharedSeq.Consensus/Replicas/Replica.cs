using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// One consensus participant of one epoch without any IO: inputs in, effects out. After each input the rules R1 to R10 are evaluated to a fixpoint in
/// the order of the specification (docs/protocol/consensus.md). Without a seat it is an observer: it follows by asking, delivers, answers, and acks
/// lanes of ended epochs in which it had a seat; it never proposes or votes. The shell's duties are those of <see cref="ReplicaEffect"/>.
/// Single-threaded.
/// </summary>
public sealed class Replica
{
    private readonly ReplicaState _state;
    private readonly WallClockWatch _clock = new();
    private bool _isStarted;

    /// <param name="options">Settings.</param>
    /// <param name="committee">The epoch's committee.</param>
    /// <param name="self">This replica's seat; null for an observer.</param>
    /// <param name="recovered">What its logs hold; empty at a first start.</param>
    public Replica(ReplicaOptions options, Committee committee, ReplicaId? self, RecoveredState recovered)
        : this(options, committee, self, recovered, ProtocolMutations.None)
    {
    }

    internal Replica(
        ReplicaOptions options, Committee committee, ReplicaId? self, RecoveredState recovered, ProtocolMutations mutations, Replica? before = null)
    {
        _state = new ReplicaState(options, committee, self, recovered.Delivered, mutations) { Closed = recovered.Closed };
        if (before is not null)
        {
            _state.Evidence.TakeOver(before._state.Evidence, _state.IsOpen);
            _state.MinHeightMs = before._state.MinHeightMs;
        }

        bool isDropping = _state.Is(ProtocolMutations.LanesDropped);
        _state.Lanes = new LaneBook(
            options, committee, self, isDropping ? recovered with { Closed = [] } : recovered, _state.Evidence, isDropping ? null : before?.Lanes);
        if (options.L1 is { } terms) _state.L1 = new L1Book(_state, terms, _state.Lanes.DeliveredView, before?._state.L1);
        Recovery.Load(_state, recovered.VoteLog);
        _state.Evidence.Recover(recovered.Evidence);
    }

    public Slot CurrentSlot => _state.Current;

    public Slot FinalSlot => _state.LastFinalSlot;

    public BlockId Final => _state.LastFinal;

    /// <summary>The epoch's boundary block is committed; nothing more is decided in this epoch.</summary>
    public bool IsEpochOver => _state.IsEpochOver;

    /// <summary>The committee of its epoch.</summary>
    public Committee Committee => _state.Committee;

    /// <summary>The epoch's boundary block once it is committed, delivered with all below and archived: what the next epoch starts from.</summary>
    public DeliveredTip? Boundary => _state.IsEpochOver && _state.Chain.Tip.Epoch.Boundary == _state.Chain.Archived
        ? new DeliveredTip(_state.Chain.Ordered, _state.Chain.OrderedSlot, _state.Chain.Tip.Timestamp, _state.Chain.Tip.Cut)
        {
            Epoch = _state.Chain.Tip.Epoch,
            View = _state.Chain.Tip.View,
        }
        : null;

    /// <summary>Whether a commit proof of a slot below <see cref="FinalSlot"/> may be of use: the shell hands such proofs on, verified.</summary>
    public bool WantsLowerProofs => _state.Chain.HasHole;

    /// <summary>The L1 block that the shell should tell of next; 0 where the network follows no L1.</summary>
    public ulong NextL1Number => _state.L1?.Window.NextNumber ?? 0;

    /// <summary>The L1 view after the last height that is committed with all below it known here.</summary>
    public L1View AdoptedView => _state.Chain.Tip.View;

    /// <summary>The L1 view after a block that may be built on; null while it is not known.</summary>
    internal L1View? ViewAfter(Slot slot, BlockId id) => _state.Resolve(slot, id, out _, out _)?.View;

    /// <summary>
    /// Whether V4 forbids a First vote just cast for a block of the present slot: batches without an advance that is owed. Not where the block is notarized
    /// already (R6).
    /// </summary>
    internal bool IsOverdue(Slot slot, BlockId id)
    {
        if (slot != _state.Current || _state.Slots.Find(slot) is not { } held || held.FindCertificate(id) is not null) return false;
        if (held.FindBlock(id)?.Block is not { Header.IsCarry: false } block) return false;
        return _state.Resolve(block.Header.ParentSlot, block.Header.ParentId, out _, out _) is { } parent
            && !V3JudgeView.IsEmpty(block.Header, parent.Cut) && V3JudgeView.IsOwed(_state, block, parent);
    }

    /// <summary>Whether a block of an open slot advances the L1 view.</summary>
    internal bool IsAdvance(Slot slot, BlockId id) => _state.Slots.Find(slot)?.FindBlock(id)?.Block.Payload.Reports.Count > 0;

    /// <summary>What is known of L1: for checks that it is bounded.</summary>
    internal L1Book? L1 => _state.L1;

    /// <summary>Agreement was found broken; nothing is decided any more.</summary>
    public bool IsHalted => _state.IsHalted;

    /// <summary>Whether every vote and proposal decided is confirmed durable: only then does <see cref="Snapshot"/> alone say everything.</summary>
    public bool CanSnapshot => _state.PendingCasts == 0;

    /// <summary>When Step wants a Tick at the latest, on the monotonic clock; long.MaxValue when it waits for inputs only.</summary>
    public long NextDeadlineMs { get; private set; } = long.MaxValue;

    /// <summary>Takes up the protocol where the durable state ends: timer, R2, re-sending. Once, before the first Step.</summary>
    public void Start(CoreTime now, List<ReplicaEffect> effects)
    {
        Invariant.Check(!_isStarted, "a replica starts once");
        _isStarted = true;
        Begin(now, effects);
        _state.Peers.Start(now.MonotonicMs);
        _state.LastFinalAtMs = now.MonotonicMs;
        _state.Resend.Start();
        _state.Follow.Start();
        _state.L1?.Start(now.MonotonicMs);
        R1Enter.EnterSlot(_state, _state.Current);
        _state.Trace("R1", _state.Current, "start");
        _state.GapEnd = _state.Current;
        _state.GapAtMs = now.MonotonicMs;
        _state.Lanes.Start(now.MonotonicMs, effects);
        R10Finalize.TellLanes(_state);
        _state.Chain.Advance();
        FollowL1();
        _state.Resend.To(_state.Others);
        _state.IsStatusOwed = true;
        RunRules();
        End();
    }

    /// <summary>Handles one input. Effects are appended in the order in which the shell must carry them out.</summary>
    public void Step(ReplicaInput input, CoreTime now, List<ReplicaEffect> effects)
    {
        Invariant.Check(_isStarted, "a replica is started before its first step");
        if (_state.IsHalted) return;
        Begin(now, effects);
        Handle(input);
        if (!_state.IsHalted)
        {
            _state.Lanes.Tick(now.MonotonicMs, effects);
            _state.Chain.Advance();
            FollowL1();
            if (!_state.IsEpochOver)
            {
                _state.Resend.Tick();
                _state.Follow.Tick();
            }

            RunRules();
        }

        End();
    }

    /// <summary>What members that have not seen this epoch end need to see it; null when its proof is not held.</summary>
    internal EndedEpoch? Ending()
    {
        if (_state.LastFinalProof is not { } last) return null;
        var tails = new List<Block>();
        CommitProof proof = last;
        if (!WalkDown(last, tails) && _state.FillingProof is { } filling && WalkDown(filling, tails)) proof = filling;
        // Others may have committed a tail that this member has, as a voter, and did not see committed.
        for (int i = 0; i < _state.Slots.Count; i++)
        {
            foreach (HeldBlock held in _state.Slots[i].Blocks)
            {
                if (held.IsLogged && held.Block.Header.IsTail) tails.Add(held.Block);
            }
        }

        return EndedEpoch.Of(proof, tails);
    }

    /// <summary>Adds the tails between the block of a proof and the boundary, which is delivered, as far as they are held.</summary>
    /// <returns>Whether all are held.</returns>
    private bool WalkDown(CommitProof proof, List<Block> tails)
    {
        (Slot slot, BlockId id) = (proof.Slot, proof.Block);
        while (id != _state.Chain.Ordered)
        {
            if (_state.FindBlock(slot, id) is not { } held) return false;
            tails.Add(held.Block);
            (slot, id) = (held.Block.Header.ParentSlot, held.Block.Header.ParentId);
        }

        return true;
    }

    /// <summary>The data lanes: what the shell's batch builder asks.</summary>
    public LaneBook Lanes => _state.Lanes;

    /// <summary>The records that still matter, in an order in which a restart may read them. A vote log may be compacted to these, followed by the
    /// votes and proposals whose VoteCast or ProposalCast is still to come.</summary>
    public IEnumerable<DurableRecord> Snapshot() => Recovery.Snapshot(_state);

    /// <summary>Where the replica is, for status and metrics.</summary>
    public ReplicaView View() => ReplicaView.Of(_state);

    private void Begin(CoreTime now, List<ReplicaEffect> effects)
    {
        _state.Now = now;
        _state.Effects = effects;
        _state.Repair.Begin();
        if (_clock.HasJumped(now, _state.Options.ClockDriftMs, out long byMs))
            _state.Alarm(AlarmKind.ClockJumped, $"the wall clock moved by {byMs} ms against the monotonic clock");
    }

    private void End()
    {
        if (!_state.IsHalted)
        {
            _state.Chain.Flush();
            _state.L1Inputs.Flush();
            if (!_state.IsEpochOver)
            {
                _state.Repair.Flush();
                _state.Fetch.Flush();
                _state.Forward.Flush();
            }

            if (_state.IsStatusOwed) _state.Resend.SendStatus(_state.Others);
            _state.IsStatusOwed = false;
        }

        NextDeadlineMs = Deadline();
    }

    private void Handle(ReplicaInput input)
    {
        if (_state.IsEpochOver) AnswerLate(input);
        switch (input)
        {
            case ReplicaInput.Tick: break;
            case ReplicaInput.VoteReceived i:
                Heard(i.From);
                VoteInput.Handle(_state, i.From, i.Vote.Value);
                break;
            case ReplicaInput.VoteCast i: CastInput.Handle(_state, i.Vote.Value); break;
            case ReplicaInput.ProposalCast i: CastInput.Handle(_state, i.Proposal.Value); break;
            case ReplicaInput.ProposalReceived i:
                Heard(i.From);
                ProposalInput.Handle(_state, i);
                break;
            case ReplicaInput.NotarizationReceived i:
                Heard(i.From);
                CertificateInput.Handle(_state, i);
                break;
            case ReplicaInput.CommitProofReceived i: CertificateInput.Handle(_state, i); break;
            case ReplicaInput.StaleReceived i:
                Heard(i.From);
                StaleInput.Handle(_state, i.From);
                break;
            case ReplicaInput.StatusReceived i:
                Heard(i.From);
                StatusInput.Handle(_state, i);
                break;
            case ReplicaInput.CertificateRequestReceived i:
                Heard(i.From);
                RequestInput.Handle(_state, i);
                break;
            case ReplicaInput.BlockRequestReceived i:
                Heard(i.From);
                RequestInput.Handle(_state, i);
                break;
            case ReplicaInput.BlocksReceived i:
                if (i.From is { } sender) Heard(sender);
                BlocksInput.Handle(_state, i);
                break;
            case ReplicaInput.EvidenceReceived i:
                if (i.From is { } witness) Heard(witness);
                if (_state.IsTimely(i.Evidence.Value.Epoch, _state.LastFinal.Height.Next())) _state.Evidence.Add(i.Evidence, _state.Effects);
                break;
            case ReplicaInput.L1Verified or ReplicaInput.L1StatusChanged or ReplicaInput.ViewReportReceived or ReplicaInput.ViewReportSigned
                or ReplicaInput.L1InputsReceived or ReplicaInput.L1InputsRequested:
                if (input is ReplicaInput.ViewReportReceived { From: { } reporter }) Heard(reporter);
                L1Input.Handle(_state, input);
                break;
            case ReplicaInput.ObserverRequest i: RequestInput.Handle(_state, i); break;
            case ReplicaInput.PeerHeard i: Heard(i.Peer); break;
            case ReplicaInput.PeerConnected i: OnConnected(i.Peer); break;
            case ReplicaInput.PeerDisconnected i:
                _state.Peers[i.Peer].IsConnected = false;
                _state.Lanes.OnPeerDisconnected(i.Peer);
                break;
            case ReplicaInput.BlockArchived i:
                _state.Chain.OnArchived(i.Height);
                break;
            case ReplicaInput.PaceChanged i: _state.MinHeightMs = i.MinHeightMs; break;
            default: LaneInputs.Handle(_state, input); break;
        }
    }

    /// <summary>Who still votes in an epoch that is over has not seen it end (R11).</summary>
    private void AnswerLate(ReplicaInput input)
    {
        ReplicaId? from = input switch
        {
            ReplicaInput.VoteReceived i => i.From,
            ReplicaInput.ProposalReceived i => i.From,
            ReplicaInput.NotarizationReceived i => i.From,
            ReplicaInput.StatusReceived i when i.Status.Value.FinalSlot < _state.LastFinalSlot => i.From,
            _ => null,
        };
        if (from is { } late) StaleInput.Handle(_state, late);
    }

    private void Heard(ReplicaId peer) => _state.Peers.Heard(peer, _state.NowMs);

    private void OnConnected(ReplicaId peer)
    {
        if (peer == _state.Self) return;
        Heard(peer);
        _state.Peers[peer].IsConnected = true;
        _state.Resend.SendStatus(ReplicaSet.Of(peer));
        _state.Resend.To(ReplicaSet.Of(peer));
        _state.Evidence.Resend(ReplicaSet.Of(peer), _state.Effects);
        _state.Lanes.OnPeerConnected(peer, _state.NowMs, _state.Effects);
        _state.L1?.OnConnected(peer);
    }

    /// <summary>What heights and the shell brought about L1: inputs for those that wait, own reports.</summary>
    private void FollowL1()
    {
        if (_state.L1 is not { } l1) return;
        _state.L1Inputs.Find();
        l1.OnAdvanced();
        l1.Report();
        if (!_state.IsEpochOver) l1.Tick();
    }

    /// <summary>R1 to R10 in order until none applies. R6 to R10 look only at slots to which something happened.</summary>
    private void RunRules()
    {
        if (EpochEnd.Apply(_state)) return;
        if (_state.IsObserver)
        {
            FollowRules();
            return;
        }

        R7Final.Wake(_state);
        bool again = true;
        for (int rounds = 0; again && !_state.IsHalted; rounds++)
        {
            Invariant.Check(rounds < 10_000, "the rules reach a fixpoint");
            again = false;
            SlotTable slots = _state.Slots;
            for (int i = 0; i < slots.Dirty.Count; i++) again |= FormCertificates.Apply(_state, slots.Dirty[i]);
            again |= R1Enter.Apply(_state);
            again |= R2FillGaps.Apply(_state);
            again |= R3Propose.Apply(_state);
            again |= R4FirstVote.Apply(_state);
            again |= R5Timeout.Apply(_state);
            for (int i = 0; i < slots.Dirty.Count; i++)
            {
                SlotState slot = slots.Dirty[i];
                again |= R6LateFirst.Apply(_state, slot);
                again |= R7Final.Apply(_state, slot);
                again |= R8ExtraSkip.Apply(_state, slot);
                again |= R9ExtraBlock.Apply(_state, slot);
            }

            for (int i = 0; i < slots.Dirty.Count; i++)
            {
                if (!R10Finalize.Apply(_state, slots.Dirty[i])) continue;
                again = true;
                break;
            }

            if (EpochEnd.Apply(_state)) return;
            if (!again) slots.ClearDirty();
        }
    }

    /// <summary>What an observer was told: certificates let it enter slots, votes and proofs commit. It decides nothing.</summary>
    private void FollowRules()
    {
        SlotTable slots = _state.Slots;
        for (bool again = true; again && !_state.IsHalted;)
        {
            again = false;
            for (int i = 0; i < slots.Dirty.Count; i++) again |= FormCertificates.Apply(_state, slots.Dirty[i]);
            again |= R1Enter.Apply(_state);
            for (int i = 0; i < slots.Dirty.Count && !again; i++) again |= R10Finalize.Apply(_state, slots.Dirty[i]);
            if (EpochEnd.Apply(_state)) return;
        }

        slots.ClearDirty();
    }

    private long Deadline()
    {
        if (_state.IsHalted) return long.MaxValue;
        long next = long.Min(_state.Lanes.NextDeadlineMs(), _state.Chain.NextDeadlineMs);
        next = long.Min(next, _state.L1Inputs.NextDeadlineMs);
        if (_state.IsEpochOver) return next;
        if (_state.L1 is { } l1) next = long.Min(next, l1.NextDeadlineMs());
        next = long.Min(next, _state.Resend.NextMs);
        if (_state.IsObserver) return long.Min(next, _state.Follow.NextMs);
        next = long.Min(next, _state.Forward.DueAtMs);
        next = long.Min(next, long.Min(_state.ProposeAtMs, _state.ClockAtMs));
        next = long.Min(next, _state.FinalDueAtMs);
        next = long.Min(next, _state.Fetch.NextDeadlineMs);
        next = long.Min(next, _state.Repair.NextDeadlineMs);
        if (_state.GapEnd != Slot.Zero) next = long.Min(next, _state.GapAtMs);
        if (_state.Slots.Find(_state.Current) is not { HasOwnVote: true }) next = long.Min(next, R5Timeout.DueAtMs(_state));
        return next;
    }
}
