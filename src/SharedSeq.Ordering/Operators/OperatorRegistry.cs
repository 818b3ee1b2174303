using System;
using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>A checkpoint that a candidate may name to show that it is in step.</summary>
public readonly record struct OperatorCheckpoint(Height Height, Hash32 EffectsRoot);

/// <summary>Who had the seats of an epoch that ended, as long as evidence of it may be committed.</summary>
internal sealed record EndedSeats(Epoch Epoch, Height Boundary, IReadOnlyList<OperatorId?> Operators);

/// <summary>
/// Operators and candidates, the present committee and the next one: the part of ordering's state that operator statements and committed evidence change
/// (docs/protocol/ordering.md). A value: what changes it makes another one, so it may be kept and read from any thread.
/// </summary>
public sealed partial class OperatorRegistry
{
    /// <summary>Candidates at once. Each was approved by q members; 64 are more than join in a year.</summary>
    public const int CandidatesMax = 64;

    /// <summary>Keys remembered for good, as none may serve twice: two for each join and each rotation.</summary>
    public const int KeysMax = 4_096;

    /// <summary>Rotations of one operator: weekly for a year and more. One that wants more joins anew; none can use up the keys of all.</summary>
    public const int RotationsMax = 64;

    /// <summary>Newest checkpoints that show a candidate to be in step: seconds of them under load.</summary>
    public const int CheckpointsMax = 8;

    private readonly Genesis _genesis;
    private readonly CommitteeMutations _mutations;

    // Ascending x coordinates. A key and its mirror image, which one secret makes, count as one.
    private Hash32[] _keys;
    private EndedSeats[] _ended = [];
    private OperatorCheckpoint[] _checkpoints = [];
    private Operator[] _operators;
    private uint _nextId;

    /// <summary>The first committee.</summary>
    public OperatorRegistry(Genesis genesis)
        : this(genesis, CommitteeMutations.None)
    {
    }

    internal OperatorRegistry(Genesis genesis, CommitteeMutations mutations)
    {
        _genesis = genesis;
        _mutations = mutations;
        _operators = new Operator[genesis.Members.Count];
        _nextId = (uint)_operators.Length;
        var seats = new OperatorId?[_operators.Length];
        var keys = new List<Hash32>();
        for (int i = 0; i < _operators.Length; i++)
        {
            var id = new OperatorId((uint)i);
            seats[i] = id;
            _operators[i] = new Operator(id, OperatorState.Member, genesis.Members[i], Endpoints: null, NewKeys: null, Rotations: 0);
            keys.Add(genesis.Members[i].VoteKey.X);
            keys.Add(genesis.Members[i].NodeKey.X);
        }

        keys.Sort();
        _keys = [.. keys];
        Present = new CommitteeSeats(new CommitteePlan(Epoch.Zero, genesis.Quorum, genesis.Members), seats);
    }

    private OperatorRegistry(OperatorRegistry before)
    {
        _genesis = before._genesis;
        _mutations = before._mutations;
        _keys = before._keys;
        _ended = before._ended;
        _checkpoints = before._checkpoints;
        _operators = before._operators;
        _nextId = before._nextId;
        Present = before.Present;
        Next = before.Next;
    }

    /// <summary>All of them, ascending by number.</summary>
    public IReadOnlyList<Operator> Operators => _operators;

    /// <summary>The committee of the present epoch.</summary>
    public CommitteeSeats Present { get; private set; }

    /// <summary>The committee of the next epoch; null until the present one's first height is applied.</summary>
    public CommitteeSeats? Next { get; private set; }

    /// <summary>Who has which seat in the present or the next epoch; null for another one.</summary>
    public CommitteeSeats? SeatsOf(Epoch epoch) => Present.Plan.Epoch == epoch ? Present : Next?.Plan.Epoch == epoch ? Next : null;

    /// <summary>The newest checkpoints, ascending.</summary>
    public IReadOnlyList<OperatorCheckpoint> Checkpoints => _checkpoints;

    /// <summary>Keys that have served or serve.</summary>
    public int KeyCount => _keys.Length;

    /// <summary>The operator with this vote key; null when nobody has it.</summary>
    public Operator? Find(PublicKey64 voteKey)
    {
        foreach (Operator item in _operators)
        {
            if (item.Keys.VoteKey == voteKey) return item;
        }

        return null;
    }

    /// <summary>The operator with this number; null when it is gone or never was.</summary>
    public Operator? Find(OperatorId id)
    {
        int place = Array.FindIndex(_operators, item => item.Id == id);
        return place < 0 ? null : _operators[place];
    }

    /// <summary>Whether the key, or its mirror image, has served or serves.</summary>
    public bool IsUsed(PublicKey64 key) => Array.BinarySearch(_keys, key.X) >= 0;

    /// <summary>Why the statement would be left out now; null when it would take effect. Signatures are looked at last.</summary>
    /// <param name="statement">The statement.</param>
    /// <param name="now">Committed time.</param>
    /// <param name="scheme">Checks signatures.</param>
    public RejectionReason? Check(OperatorStatement statement, TimestampMs now, ISignatureScheme scheme)
    {
        if (now.Value > statement.ValidUntil * 1_000) return RejectionReason.Expired;
        var signatures = new StatementSignatures(_genesis.Domain, statement, scheme, _mutations.HasFlag(CommitteeMutations.StatementsUnsigned));
        return statement switch
        {
            OperatorStatement.Join join => CheckJoin(join, signatures),
            OperatorStatement.Ready ready => CheckReady(ready, signatures),
            OperatorStatement.Exit exit => CheckExit(exit, signatures),
            OperatorStatement.Rotate rotate => CheckRotate(rotate, signatures),
            _ => RejectionReason.BadStatement,
        };
    }

    /// <summary>The registry after a statement that <see cref="Check"/> let pass.</summary>
    internal OperatorRegistry With(OperatorStatement statement)
    {
        switch (statement)
        {
            case OperatorStatement.Join join:
                OperatorRegistry joined = WithKeys(join.Keys.VoteKey, join.Keys.NodeKey);
                joined._operators =
                    [.. _operators, new Operator(new OperatorId(_nextId), OperatorState.Candidate, join.Keys, join.Endpoints, NewKeys: null, Rotations: 0)];
                joined._nextId++;
                return joined;
            case OperatorStatement.Ready ready:
                return Replace(Known(ready.VoteKey) with { State = OperatorState.Ready });
            case OperatorStatement.Exit exit:
                Operator leaver = Known(exit.VoteKey);
                return leaver.IsSeated ? Replace(leaver with { State = OperatorState.Leaving, NewKeys = null }) : Remove(leaver);
            case OperatorStatement.Rotate rotate:
                Operator member = Known(rotate.VoteKey);
                OperatorRegistry rotated = WithKeys(rotate.NewKeys.VoteKey, rotate.NewKeys.NodeKey);
                return rotated.Replace(member with { NewKeys = rotate.NewKeys, Rotations = (ushort)(member.Rotations + 1) });
            default:
                Invariant.Throw("a statement of no known kind");
                return this;
        }
    }

    /// <summary>
    /// The registry after committed evidence: the offender keeps no seat. It is out of the next committee at once, if that one can stand another empty
    /// seat, otherwise as soon as one can.
    /// </summary>
    internal OperatorRegistry WithOffender(Epoch epoch, ReplicaId seat)
    {
        if (_mutations.HasFlag(CommitteeMutations.OffendersKept)) return this;
        if (OperatorOf(epoch, seat) is not { } id || Find(id) is not { IsSeated: true } offender || offender.State == OperatorState.Offender) return this;
        OperatorRegistry after = Replace(offender with { State = OperatorState.Offender, NewKeys = null });
        if (Next?.SeatOf(id) is { } nextSeat && Next.EmptyCount < Next.Plan.Quorum.F) after.Next = Next.Without(nextSeat);
        return after;
    }

    /// <summary>The registry once the next committee is fixed: at the end of the present epoch's first height.</summary>
    internal OperatorRegistry WithNextFixed()
    {
        (CommitteeSeats next, IReadOnlyList<Operator> operators) = CommitteeSelection.Select(_genesis, Present, _operators, _mutations);
        var kept = new List<Operator>();
        foreach (Operator item in operators)
        {
            // Whoever had a seat and has none any more is gone; its keys stay used.
            if (item.IsSeated && Present.SeatOf(item.Id) is null && next.SeatOf(item.Id) is null) continue;

            // Who was in step an epoch ago may have stopped since: whoever found no room says it again, or two that stopped could be seated one by one.
            bool isUnseated = item.State == OperatorState.Ready && !_mutations.HasFlag(CommitteeMutations.ReadyKept);
            kept.Add(isUnseated ? item with { State = OperatorState.Candidate } : item);
        }

        return new OperatorRegistry(this) { Next = next, _operators = [.. kept] };
    }

    /// <summary>The registry when the present epoch has ended and the next one begins.</summary>
    internal OperatorRegistry WithEpochEnded(Height boundary)
    {
        Invariant.Check(Next is not null, "the next committee is fixed long before it serves");
        return new OperatorRegistry(this)
        {
            Present = Next,
            Next = null,
            _ended = [.. _ended, new EndedSeats(Present.Plan.Epoch, boundary, Present.Operators)],
        };
    }

    /// <summary>The registry at a height: epochs whose evidence can not be committed any more are forgotten.</summary>
    internal OperatorRegistry At(Height height)
    {
        if (_ended.Length == 0 || height.Value <= _ended[0].Boundary.Value + _genesis.Policy.ReceiptDeadlineHeights) return this;
        return new OperatorRegistry(this) { _ended = _ended[1..] };
    }

    /// <summary>The registry after a checkpoint.</summary>
    internal OperatorRegistry WithCheckpoint(Height height, Hash32 effectsRoot)
    {
        OperatorCheckpoint[] kept = _checkpoints.Length < CheckpointsMax ? _checkpoints : _checkpoints[1..];
        return new OperatorRegistry(this) { _checkpoints = [.. kept, new OperatorCheckpoint(height, effectsRoot)] };
    }

    private RejectionReason? CheckJoin(OperatorStatement.Join join, StatementSignatures signatures)
    {
        if (IsUsed(join.Keys.VoteKey) || IsUsed(join.Keys.NodeKey)) return RejectionReason.KeyUsed;
        int candidates = Array.FindAll(_operators, item => !item.IsSeated).Length;
        if (candidates >= CandidatesMax || _keys.Length + 2 > KeysMax) return RejectionReason.RegistryFull;
        var approvals = new List<OperatorApproval>();
        foreach (OperatorApproval approval in join.Approvals)
        {
            if (IsPresentMember(approval.NodeKey)) approvals.Add(approval);
        }

        bool isApproved = approvals.Count >= Present.Plan.Quorum.Quorum || _mutations.HasFlag(CommitteeMutations.ApprovalsNotCounted);
        if (!isApproved) return RejectionReason.TooFewApprovals;
        if (!signatures.Verify(StatementRole.VoteKey, join.Keys.VoteKey, join.VoteKeySignature)) return RejectionReason.BadStatementSignature;
        if (!signatures.Verify(StatementRole.NodeKey, join.Keys.NodeKey, join.NodeKeySignature)) return RejectionReason.BadStatementSignature;
        foreach (OperatorApproval approval in approvals)
        {
            if (!signatures.Verify(StatementRole.Approval, approval.NodeKey, approval.Signature)) return RejectionReason.BadStatementSignature;
        }

        return null;
    }

    private RejectionReason? CheckReady(OperatorStatement.Ready ready, StatementSignatures signatures)
    {
        if (Find(ready.VoteKey) is not { } candidate) return RejectionReason.UnknownOperator;
        if (candidate.State != OperatorState.Candidate) return RejectionReason.OutOfTurn;
        var named = new OperatorCheckpoint(ready.Checkpoint, ready.EffectsRoot);
        bool isRecent = Array.IndexOf(_checkpoints, named) >= 0 || _mutations.HasFlag(CommitteeMutations.CheckpointsNotCompared);
        if (!isRecent) return RejectionReason.UnknownCheckpoint;
        return signatures.Verify(StatementRole.Operator, ready.VoteKey, ready.Signature) ? null : RejectionReason.BadStatementSignature;
    }

    private RejectionReason? CheckExit(OperatorStatement.Exit exit, StatementSignatures signatures)
    {
        if (Find(exit.VoteKey) is not { } leaver) return RejectionReason.UnknownOperator;
        if (leaver.State is OperatorState.Leaving or OperatorState.Offender) return RejectionReason.OutOfTurn;
        return signatures.Verify(StatementRole.Operator, exit.VoteKey, exit.Signature) ? null : RejectionReason.BadStatementSignature;
    }

    private RejectionReason? CheckRotate(OperatorStatement.Rotate rotate, StatementSignatures signatures)
    {
        if (Find(rotate.VoteKey) is not { } member) return RejectionReason.UnknownOperator;
        if (member.State != OperatorState.Member || member.NewKeys is not null || rotate.NewKeys == member.Keys) return RejectionReason.OutOfTurn;
        bool isVoteKeyNew = rotate.NewKeys.VoteKey != member.Keys.VoteKey;
        bool isNodeKeyNew = rotate.NewKeys.NodeKey != member.Keys.NodeKey;
        if ((isVoteKeyNew && IsUsed(rotate.NewKeys.VoteKey)) || (isNodeKeyNew && IsUsed(rotate.NewKeys.NodeKey))) return RejectionReason.KeyUsed;
        if (member.Rotations >= RotationsMax || _keys.Length + 2 > KeysMax) return RejectionReason.RegistryFull;
        bool isSigned = signatures.Verify(StatementRole.Operator, rotate.VoteKey, rotate.Signature)
            && signatures.Verify(StatementRole.VoteKey, rotate.NewKeys.VoteKey, rotate.VoteKeySignature)
            && signatures.Verify(StatementRole.NodeKey, rotate.NewKeys.NodeKey, rotate.NodeKeySignature);
        return isSigned ? null : RejectionReason.BadStatementSignature;
    }

    private bool IsPresentMember(PublicKey64 nodeKey)
    {
        foreach (CommitteeMember member in Present.Plan.Members)
        {
            if (member.NodeKey == nodeKey && !member.IsEmpty) return true;
        }

        return false;
    }

    private OperatorId? OperatorOf(Epoch epoch, ReplicaId seat)
    {
        IReadOnlyList<OperatorId?>? operators = epoch == Present.Plan.Epoch ? Present.Operators : null;
        foreach (EndedSeats ended in _ended)
        {
            if (ended.Epoch == epoch) operators = ended.Operators;
        }

        return operators is not null && seat.Value < operators.Count ? operators[seat.Value] : null;
    }

    private Operator Known(PublicKey64 voteKey)
    {
        Operator? known = Find(voteKey);
        Invariant.Check(known is not null, "a statement that was checked names an operator");
        return known;
    }

    private OperatorRegistry Replace(Operator item)
    {
        Operator[] operators = [.. _operators];
        operators[Array.FindIndex(operators, known => known.Id == item.Id)] = item;
        return new OperatorRegistry(this) { _operators = operators };
    }

    private OperatorRegistry Remove(Operator item) =>
        new(this) { _operators = Array.FindAll(_operators, known => known.Id != item.Id) };

    private OperatorRegistry WithKeys(PublicKey64 vote, PublicKey64 node)
    {
        var keys = new List<Hash32>(_keys);
        foreach (Hash32 key in new[] { vote.X, node.X })
        {
            int place = keys.BinarySearch(key);
            if (place < 0) keys.Insert(~place, key);
        }

        return new OperatorRegistry(this) { _keys = [.. keys] };
    }
}

/// <summary>Checks the signatures of one statement; what is signed is written once.</summary>
internal readonly struct StatementSignatures(SigningDomain domain, OperatorStatement statement, ISignatureScheme scheme, bool areBelieved)
{
    private readonly CanonicalWriter _text = new(1_024);

    public bool Verify(StatementRole role, PublicKey64 key, Signature64 signature)
    {
        if (areBelieved) return true;
        _text.Reset();
        statement.WriteSignedText(_text, domain, role);
        return scheme.Verify(key, _text.Written, signature);
    }
}
