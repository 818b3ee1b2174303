using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// What may change from one committee to the next (docs/protocol/ordering.md 11), found again from the statements that took effect and from committed evidence,
/// without the registry: statements are signed and approved (<see cref="StatementRules"/>), whoever comes said in time that it is in step, whoever goes asked
/// for it or is an offender, at most f change, four stay, and what has room does not wait.
/// </summary>
/// <param name="genesis">The first committee, D and the largest committee.</param>
/// <param name="scheme">Checks signatures.</param>
/// <param name="coverage">Told what was met.</param>
/// <param name="violate">Told what breaks a rule.</param>
public sealed class CommitteeRules(Genesis genesis, ISignatureScheme scheme, Coverage coverage, Action<string> violate)
{
    private const int LeastMembers = 4;

    private readonly StatementRules _statements = new(genesis, scheme, violate);
    private readonly List<Known> _known = [.. genesis.Members.Select(member => new Known { Keys = member })];
    private readonly SortedDictionary<Epoch, (Known?[] Seats, Height? Boundary)> _seats = [];
    private CommitteePlan _present = new(Epoch.Zero, genesis.Quorum, genesis.Members);
    private CommitteePlan? _next;
    private Height _first;

    private sealed class Known
    {
        public required CommitteeMember Keys { get; set; }

        public CommitteeMember? NewKeys { get; set; }

        public bool IsReady { get; set; }

        public bool IsLeaving { get; set; }

        public bool IsOffender { get; set; }

        /// <summary>It joined before the present epoch's committee after next was fixed, and was not ready then.</summary>
        public bool HasMissed { get; set; }
    }

    /// <summary>The committee after the present one.</summary>
    public CommitteePlan Next => _next ?? throw new InvariantException("the first height of an epoch fixes the next committee");

    public void OnHeight(ExecutedHeight executed)
    {
        OrderingResult result = executed.Result;
        bool isFirst = _next is null || result.Result.Epoch > _present.Epoch;
        if (isFirst) Begin(result.Height);
        foreach (Rejection rejection in result.Rejections) coverage.SystemRecordsRefused += rejection.Namespace == NamespaceId.System ? 1 : 0;
        foreach (AcceptedStatement accepted in result.Statements) Take(accepted.Statement, isFirst);
        foreach (Evidence item in executed.Evidence) Charge(item, result.Height);
        if (isFirst && result.FixedCommittee is null) violate($"height {result.Height} begins an epoch and fixes no committee");
        else if (isFirst) CheckFixed(result.FixedCommittee!);
        else if (result.FixedCommittee is { } emptied) CheckEmptied(emptied);
        CheckOffenders();
        _statements.OnResult(result.Result);
        if (result.Result.NextCommitteeHash != Hash32.Zero) _seats[_present.Epoch] = (_seats[_present.Epoch].Seats, result.Height);
    }

    private void Begin(Height height)
    {
        if (_next is not null) _present = _next;
        _first = height;
        _seats[_present.Epoch] = ([.. _present.Members.Select(Find)], null);
    }

    private Known? Find(CommitteeMember member) => member.IsEmpty ? null : _known.Find(known => known.Keys == member);

    private Known? Find(PublicKey64 voteKey) => _known.Find(known => known.Keys.VoteKey == voteKey);

    private bool IsSeated(Known known) => IsIn(_present, known.Keys) || (_next is not null && IsIn(_next, known.Keys)) || IsInPresent(known);

    private bool IsInPresent(Known known) => _seats[_present.Epoch].Seats.Contains(known);

    private static bool IsIn(CommitteePlan plan, CommitteeMember member) => plan.Members.Contains(member);

    private void Take(OperatorStatement statement, bool isFirst)
    {
        coverage.StatementsOrdered++;
        if (isFirst) coverage.StatementsAtFreeze++;
        _statements.Check(statement, _present, statement is OperatorStatement.Rotate of ? Find(of.VoteKey)?.Keys : null);
        switch (statement)
        {
            case OperatorStatement.Join join:
                _known.Add(new Known { Keys = join.Keys });
                break;
            case OperatorStatement.Ready ready when Find(ready.VoteKey) is { } candidate:
                candidate.IsReady = true;
                if (candidate.HasMissed) coverage.ReadyTooLate++;
                candidate.HasMissed = false;
                break;
            case OperatorStatement.Exit exit when Find(exit.VoteKey) is { } leaver:
                if (!IsSeated(leaver)) _known.Remove(leaver);
                (leaver.IsLeaving, leaver.NewKeys) = (true, null);
                break;
            case OperatorStatement.Rotate rotate when Find(rotate.VoteKey) is { } member:
                member.NewKeys = rotate.NewKeys;
                break;
            default:
                violate($"a {statement.Kind} of an operator that nobody knows takes effect");
                break;
        }
    }

    /// <summary>Evidence of an ended epoch counts as long as its lanes are open.</summary>
    private void Charge(Evidence evidence, Height height)
    {
        if (!_seats.TryGetValue(evidence.Epoch, out (Known?[] Seats, Height? Boundary) of)) return;
        if (of.Boundary is { } boundary && height.Value > boundary.Value + genesis.Policy.ReceiptDeadlineHeights) return;
        if (of.Seats[evidence.Offender.Value] is not { } offender || !IsSeated(offender)) return;
        (offender.IsOffender, offender.NewKeys) = (true, null);
    }

    private void CheckFixed(CommitteePlan plan)
    {
        int before = _present.Members.Count;
        int came = 0;
        int rotated = 0;
        var seated = new List<Known>();
        foreach (CommitteeMember member in plan.Members)
        {
            if (member.IsEmpty) continue;
            if (_known.Find(known => known.Keys == member || known.NewKeys == member) is not { } known)
            {
                violate($"nobody asked for a seat with the vote key {member.VoteKey} in epoch {plan.Epoch}");
                return;
            }

            seated.Add(known);
            if (!IsInPresent(known))
            {
                came++;
                if (!known.IsReady)
                    violate($"the operator with vote key {member.VoteKey} is seated in epoch {plan.Epoch} and did not say in time that it is in step");
            }
            else if (known.Keys != member)
            {
                rotated++;
                (known.Keys, known.NewKeys) = (member, null);
            }
        }

        Known[] gone = [.. _seats[_present.Epoch].Seats.OfType<Known>().Where(known => !seated.Contains(known))];
        foreach (Known known in gone)
        {
            if (!known.IsLeaving && !known.IsOffender)
                violate($"the operator with vote key {known.Keys.VoteKey} loses its seat in epoch {plan.Epoch}, which nobody asked for");
        }

        int empty = plan.Members.Count(member => member.IsEmpty);
        int left = gone.Count(known => !known.IsOffender);
        int faults = _present.Quorum.F;
        int changes = came + rotated + left + DroppedOf(gone.Length - left, came, empty) + empty;
        if (changes > faults)
            violate($"{changes} seats are taken, left, dropped, have new keys or stay empty in epoch {plan.Epoch}, {came} of them taken: at most {faults}");
        if (plan.Members.Count < LeastMembers && before >= LeastMembers) violate($"epoch {plan.Epoch} has {plan.Members.Count} members");
        if (empty > plan.Quorum.F || plan.Quorum != QuorumOf(plan.Members.Count)) violate($"epoch {plan.Epoch} has other thresholds than its size asks for");
        CheckWaiting(plan, seated, came, empty, hasRoom: changes < faults);
        Settle(plan);
    }

    /// <summary>Seats that were empty, or whose offender went now, that nobody took and that are gone. Who comes takes an empty one first.</summary>
    private int DroppedOf(int emptied, int came, int empty) => int.Max(0, _present.Members.Count(member => member.IsEmpty) + emptied - came - empty);

    /// <summary>What has room does not wait.</summary>
    private void CheckWaiting(CommitteePlan plan, List<Known> seated, int came, int empty, bool hasRoom)
    {
        int size = plan.Members.Count;
        foreach (Known known in _known)
        {
            bool isSeated = seated.Contains(known);
            bool isRotationWaiting = isSeated && known.NewKeys is not null;
            bool isLeaveWaiting = isSeated && known.IsLeaving && !known.IsOffender;
            bool isJoinWaiting = !isSeated && known is { IsReady: true, IsLeaving: false, IsOffender: false } && !IsInPresent(known);
            bool canLeave = size - came > LeastMembers && QuorumOf(size - 1).F >= empty;
            bool canJoin = size < genesis.Policy.MembersMax && QuorumOf(size + 1).F >= empty;
            if (isLeaveWaiting && size - empty <= LeastMembers) coverage.RefusedBelowFour++;
            else if (!hasRoom && (isRotationWaiting || isLeaveWaiting || isJoinWaiting)) coverage.RefusedAboveFaults++;
            if (hasRoom && (isRotationWaiting || (isLeaveWaiting && canLeave) || (isJoinWaiting && canJoin)))
                violate($"what the operator with vote key {known.Keys.VoteKey} asked for waits in epoch {plan.Epoch}, which has room for it");
        }
    }

    private QuorumParameters QuorumOf(int members) => members == genesis.Quorum.N ? genesis.Quorum : QuorumParameters.ForMembers(members);

    private void Settle(CommitteePlan plan)
    {
        _next = plan;
        _known.RemoveAll(known => !IsIn(plan, known.Keys) && !IsInPresent(known) && (known.IsOffender || known.IsLeaving));
        foreach (Known known in _known)
        {
            bool isCandidate = !IsSeated(known);
            known.HasMissed = isCandidate && !known.IsReady;
            known.IsReady = false;
        }
    }

    /// <summary>Within the epoch evidence empties seats, and nothing else changes.</summary>
    private void CheckEmptied(CommitteePlan plan)
    {
        bool isSameSize = plan.Members.Count == Next.Members.Count && plan.Quorum == Next.Quorum;
        for (int i = 0; isSameSize && i < plan.Members.Count; i++)
        {
            CommitteeMember was = Next.Members[i];
            if (plan.Members[i] != was && !(plan.Members[i].IsEmpty && Find(was) is { IsOffender: true }))
                violate($"seat {i} of epoch {plan.Epoch} changes after it was fixed at height {_first}");
        }

        if (!isSameSize) violate($"epoch {plan.Epoch} gets another size after it was fixed at height {_first}");
        _next = plan;
    }

    /// <summary>Who is shown to have contradicted itself has no seat any more, if the committee stands another empty one.</summary>
    private void CheckOffenders()
    {
        if (Next.Members.Count(member => member.IsEmpty) >= Next.Quorum.F) return;
        foreach (CommitteeMember member in Next.Members)
        {
            if (Find(member) is { IsOffender: true }) violate($"the offender with vote key {member.VoteKey} has a seat in epoch {Next.Epoch}");
        }
    }
}
