using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Everything one replica knows (consensus.md 3) and the few ways in which rules change it. The rules themselves are in Rules/, one file each;
/// what inputs do to the state before the rules run is in Inputs/.
/// </summary>
internal sealed class ReplicaState
{
    private readonly List<HeldBlock> _unresolved = [];

    public ReplicaState(ReplicaOptions options, Committee committee, ReplicaId? self, DeliveredTip delivered, ProtocolMutations mutations)
    {
        Options = options;
        Committee = committee;
        Self = self;
        Mutations = mutations;
        Others = ReplicaSet.AllBut(committee.Count, self);
        Random = new Prng(options.Seed ^ ((ulong)(self?.Value ?? committee.Count) << 48));
        Slots = new SlotTable(committee.Quorum);
        Peers = new PeerBook(committee.Count, self);
        Evidence = new EvidenceBook(Others);
        Chain = new FinalChain(this, delivered);
        Fetch = new BlockFetch(this);
        Repair = new CertificateRepair(this);
        Forward = new CertificateForward(this);
        Resend = new Resender(this);
        Follow = new Follower(this);
        L1Inputs = new L1InputsFetch(this);
        LastFinal = delivered.Id;
        LastFinalSlot = delivered.Slot;
        Current = delivered.Slot.Next();
        MinHeightMs = options.MinHeightMs;
    }

    public ReplicaOptions Options { get; }

    public Committee Committee { get; }

    public QuorumParameters Quorum => Committee.Quorum;

    /// <summary>The own seat; null for an observer.</summary>
    public ReplicaId? Self { get; }

    /// <summary>No seat in this epoch: it decides nothing and signs nothing, and follows by asking (<see cref="Follower"/>).</summary>
    public bool IsObserver => Self is null;

    public ReplicaSet Others { get; }

    public ProtocolMutations Mutations { get; }

    public Prng Random { get; }

    public SlotTable Slots { get; }

    public PeerBook Peers { get; }

    public EvidenceBook Evidence { get; }

    public FinalChain Chain { get; }

    public BlockFetch Fetch { get; }

    public CertificateRepair Repair { get; }

    public CertificateForward Forward { get; }

    public Resender Resend { get; }

    /// <summary>What is known of the L1 that the network follows; null for none.</summary>
    public L1Book? L1 { get; set; }

    public L1InputsFetch L1Inputs { get; }

    public Follower Follow { get; }

    public LaneBook Lanes { get; set; } = null!;

    /// <summary>The time of the input that is handled.</summary>
    public CoreTime Now { get; set; }

    public long NowMs => Now.MonotonicMs;

    /// <summary>Where the effects of the input that is handled go.</summary>
    public List<ReplicaEffect> Effects { get; set; } = [];

    /// <summary>cur.</summary>
    public Slot Current { get; set; }

    public long EnteredAtMs { get; set; }

    public bool IsLeaderDead { get; set; }

    public BlockId LastFinal { get; set; }

    public Slot LastFinalSlot { get; set; }

    public CommitProof? LastFinalProof { get; set; }

    /// <summary>The newest proof of a lower slot that named a block where the chain below lastFinal was not held; null for none.</summary>
    public CommitProof? FillingProof { get; set; }

    public long LastFinalAtMs { get; set; }

    /// <summary>The notarization of lastFinal if one was held: justifies a proposal on it to a member that has not seen it committed.</summary>
    public Notarization? LastFinalNotarization { get; set; }

    /// <summary>The highest slot with any certificate, 0 for none.</summary>
    public Slot HighestCertified { get; set; }

    /// <summary>b: the highest slot with a block certificate, at least lastFinal.</summary>
    public Slot HighestBlock { get; set; }

    /// <summary>R2 has slots to look at up to (not including) this one.</summary>
    public Slot GapEnd { get; set; }

    public long GapAtMs { get; set; }

    /// <summary>When the newest proposal was seen or made: heights of this leader keep their distance from it.</summary>
    public long ProposalSeenAtMs { get; set; } = long.MinValue / 2;

    public int MinHeightMs { get; set; }

    /// <summary>When R3 wants to be looked at again; long.MaxValue when only an input can help.</summary>
    public long ProposeAtMs { get; set; } = long.MaxValue;

    /// <summary>When R4's clock check can pass at the earliest.</summary>
    public long ClockAtMs { get; set; } = long.MaxValue;

    /// <summary>When R7 wants to be looked at again; long.MaxValue when no Final waits.</summary>
    public long FinalDueAtMs { get; set; } = long.MaxValue;

    /// <summary>When a commit proof was last asked for because of a Status.</summary>
    public long CommitAskedAtMs { get; set; } = long.MinValue / 2;

    /// <summary>Votes and proposals dropped because their slot is far above the current one.</summary>
    public ulong OutOfWindow { get; set; }

    public bool IsStatusOwed { get; set; }

    public bool IsHalted { get; set; }

    /// <summary>Ended epochs whose lanes are not closed at the start of this one, ascending.</summary>
    public IReadOnlyList<ClosedEpoch> Closed { get; init; } = [];

    /// <summary>The boundary block is committed: nothing more is decided in this epoch, only served (consensus.md 8).</summary>
    public bool IsEpochOver { get; set; }

    /// <summary>Votes and proposals decided whose durability is not confirmed yet.</summary>
    public int PendingCasts { get; set; }

    public ulong FastCommits { get; set; }

    public ulong SlowCommits { get; set; }

    /// <summary>Δ as far as it is known: the slot timer holds four of them.</summary>
    public int DeltaMs => int.Max(1, Options.SlotTimeoutMs / 4);

    public int FetchRetryMs => DeltaMs;

    /// <summary>Whether an epoch is this one, or its lanes were open at the start of this one.</summary>
    public bool IsOpen(Epoch epoch)
    {
        if (epoch == Committee.Epoch) return true;
        foreach (ClosedEpoch ended in Closed)
        {
            if (ended.Committee.Epoch == epoch) return true;
        }

        return false;
    }

    /// <summary>Whether a block of this height may carry evidence of an epoch: of this one, or of an ended one while its lanes are open.</summary>
    public bool IsTimely(Epoch evidence, Height height)
    {
        if (evidence == Committee.Epoch) return true;
        foreach (ClosedEpoch ended in Closed)
        {
            if (ended.Committee.Epoch == evidence) return height.Value <= ended.Boundary.Value + (ulong)Options.ReceiptDeadlineHeights;
        }

        return false;
    }

    public bool Is(ProtocolMutations mutation) => (Mutations & mutation) != ProtocolMutations.None;

    public void Trace(string rule, Slot slot, string text)
    {
        if (Options.IsTraced) Effects.Add(new ReplicaEffect.Trace(rule, slot, text));
    }

    public void Send(ReplicaSet to, PeerMessage message, bool afterSync = false)
    {
        ReplicaSet others = Self is { } self ? to.Without(self) : to;
        if (others.Count > 0) Effects.Add(new ReplicaEffect.Send(others, message, afterSync));
    }

    /// <summary>Cast: decided now and remembered as decided; counted and sent when the shell says that it is signed and durable.</summary>
    public void Cast(SlotState slot, VoteKind kind, BlockId value, string rule)
    {
        Invariant.Check(!IsObserver, "an observer casts no vote");
        Invariant.Check(slot.Slot > LastFinalSlot, "no vote is cast in a committed slot");
        switch (kind)
        {
            case VoteKind.First:
                Invariant.Check(slot.OwnFirst is null, "one First per slot");
                slot.OwnFirst = value;
                break;
            case VoteKind.Extra:
                slot.AddOwnExtra(value);
                break;
            default:
                Invariant.Check(slot.OwnFinal is null && !value.IsSkip, "one Final per slot, for a block");
                slot.OwnFinal = value;
                break;
        }

        PendingCasts++;
        Slots.MarkDirty(slot);
        if (Options.IsTraced) Trace(rule, slot.Slot, $"cast {kind}({value})");
        Effects.Add(new ReplicaEffect.CastVote(slot.Slot, kind, value));
    }

    /// <summary>Header durable before a vote for it (5 d).</summary>
    public void LogBlock(HeldBlock block)
    {
        if (block.IsLogged) return;
        block.IsLogged = true;
        Effects.Add(new ReplicaEffect.Log(new DurableRecord.BlockHeld(block.Block)));
    }

    /// <summary>Certificate durable before a Final, or before anything of the slot it lets this replica enter (5 c, e).</summary>
    public void LogCertificate(HeldCertificate certificate)
    {
        if (certificate.IsLogged) return;
        certificate.IsLogged = true;
        Effects.Add(new ReplicaEffect.Log(new DurableRecord.CertificateHeld(certificate.Certificate)));
    }

    /// <summary>Takes a certificate, formed here or received.</summary>
    public HeldCertificate? AddCertificate(Notarization certificate)
    {
        Slot at = certificate.Slot;
        bool isSkip = certificate.Value.IsSkip;
        if (at <= LastFinalSlot)
        {
            if (at == LastFinalSlot && certificate.Value == LastFinal) LastFinalNotarization ??= certificate;
            return null;
        }

        SlotState slot = Slots.GetOrAdd(at);
        if (slot.FindCertificate(certificate.Value) is not null) return null;
        VoteEvidence.Compare(this, certificate);
        if (slot.Certificates.Count == 0)
        {
            ReplicaId leader = Committee.LeaderOf(at);
            Peers.SlotEnded(leader, at, isSkip);
            if (isSkip && leader == Self) IsStatusOwed = true;
        }

        HeldCertificate held = slot.AddCertificate(certificate);
        if (at > HighestCertified) HighestCertified = at;
        if (!isSkip && at > HighestBlock) HighestBlock = at;
        Slots.MarkDirty(slot);
        return held;
    }

    /// <summary>A block held by id: above the last commit in its slot, below in the final chain.</summary>
    public HeldBlock? FindBlock(Slot slot, BlockId id) =>
        slot > LastFinalSlot ? Slots.Find(slot)?.FindBlock(id) : Chain.Find(id);

    /// <summary>Timestamp, cut, epoch and L1 view that a child of this block builds on.</summary>
    /// <param name="slot">The block's slot.</param>
    /// <param name="id">The block.</param>
    /// <param name="missingSlot">Slot of the first ancestor that is not held.</param>
    /// <param name="missing">Its id.</param>
    /// <returns>
    /// Null when the block is missing or, behind carry blocks and behind a block that may have set the boundary, an ancestor.
    /// </returns>
    public ResolvedBlock? Resolve(Slot slot, BlockId id, out Slot missingSlot, out BlockId missing)
    {
        (missingSlot, missing) = (slot, id);
        _unresolved.Clear();
        ResolvedBlock? resolved = null;
        while (resolved is null)
        {
            if (missing == Chain.Ordered)
            {
                resolved = Chain.Tip;
                break;
            }

            if (FindBlock(missingSlot, missing) is not { } held) return null;
            resolved = held.Resolved;
            if (resolved is not null) break;
            Header header = held.Block.Header;
            if (!header.IsCarry && header.Timestamp < Chain.Tip.Epoch.EndsAt)
            {
                // Time does not go back: before the epoch's end no ancestor set the boundary either.
                resolved = held.Resolved = new ResolvedBlock(
                    header.Timestamp, header.Tips, Chain.Tip.Epoch with { Boundary = null }, held.Block.Payload.L1View);
                break;
            }

            _unresolved.Add(held);
            (missingSlot, missing) = (header.ParentSlot, header.ParentId);
        }

        for (int i = _unresolved.Count - 1; i >= 0; i--)
        {
            HeldBlock held = _unresolved[i];
            resolved = held.Resolved = resolved.Of(held.Block);
        }

        return resolved;
    }

    /// <summary>Whether a child of this block, which would have this height, is a tail.</summary>
    public bool IsTail(ResolvedBlock parent, Height height) => parent.Epoch.IsTail(height) && !Is(ProtocolMutations.NoTails);

    /// <summary>
    /// Whether a block of this height, on a chain that can still be committed, lies behind the boundary; null while the headers that tell are missing.
    /// </summary>
    public bool? IsTail(Height height)
    {
        (EpochSpan epoch, Height at) = (Chain.Tip.Epoch, Chain.Ordered.Height);
        if (epoch.IsEndless) return false;
        if (Resolve(LastFinalSlot, LastFinal, out _, out _) is { } final) (epoch, at) = (final.Epoch, LastFinal.Height);
        if (epoch.Boundary is not null) return epoch.IsTail(height);
        // The next height is the first that can set the boundary.
        return height.Value <= at.Value + 1 + epoch.BoundaryLead ? false : null;
    }

    /// <summary>Whether a parent may be built on: its certificate is held, or it is the last commit.</summary>
    public bool IsParentCertified(Slot slot, BlockId parent)
    {
        if (slot <= LastFinalSlot) return slot == LastFinalSlot && parent == LastFinal;
        return Slots.Find(slot)?.FindCertificate(parent) is not null;
    }

    /// <summary>T(k) = min(Tmax, Tbase * 1.5^min(k, 10)) with k slots since the last commit (consensus.md 6).</summary>
    public int SlotTimeoutMs()
    {
        ulong k = ulong.Min(10, Current.Value - LastFinalSlot.Value - 1);
        long timeout = Options.SlotTimeoutMs;
        for (; k > 0; k--) timeout += timeout / 2;
        return (int)long.Min(Options.SlotTimeoutMaxMs, timeout);
    }

    public void Alarm(AlarmKind kind, string message) => Effects.Add(new ReplicaEffect.Alarm(kind, message));

    /// <summary>Safety is broken: nothing is decided any more.</summary>
    public void Halt(string message)
    {
        if (IsHalted) return;
        IsHalted = true;
        Alarm(AlarmKind.AgreementBroken, message);
    }
}
