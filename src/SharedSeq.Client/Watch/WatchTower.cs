using System.Globalization;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>
/// Judges a network from outside by what its operators prove: heights and results count when a proof of their epoch's committee shows them, never by an
/// operator's word. Has no clock and asks nobody: sightings and the time go in, alerts come out. Memory is bounded by the number of operators and
/// members. One caller at a time.
/// </summary>
public sealed class WatchTower
{
    /// <summary>Contradictions told. 16: after the first the network is not to be believed; more would only fill the screen.</summary>
    private const int ContradictionsMax = 16;

    /// <summary>Letters of a detail. 400: two hashes and two addresses.</summary>
    private const int DetailLettersMax = 400;

    private const string Network = "network";

    private readonly Genesis _genesis;
    private readonly List<Uri> _operators;
    private readonly WatchOptions _options;
    private readonly List<OperatorState> _states;
    private Committee _committee;
    private MemberState[] _members;
    private readonly SightedHeights _committed = new();
    private readonly SightedHeights _certified = new();
    private readonly Queue<(DateTimeOffset At, Height Certified)> _reached = new();
    private readonly SortedDictionary<(WatchAlertKind Kind, string Subject), WatchAlert> _open = [];
    private readonly List<WatchAlert> _changes = [];
    private DateTimeOffset _now;
    private DateTimeOffset _progressAt;
    private Height _due;
    private TimeSpan _moving;
    private int _contradictions;

    /// <param name="genesis">Whose committee proves and leads.</param>
    /// <param name="operators">Who is looked at from the beginning, by index.</param>
    /// <param name="options">How patient it is.</param>
    /// <param name="start">When the watch begins.</param>
    public WatchTower(Genesis genesis, IReadOnlyList<Uri> operators, WatchOptions options, DateTimeOffset start)
    {
        _genesis = genesis;
        _options = options;
        _now = _progressAt = start;
        _operators = [.. operators];
        _states = [.. operators.Select(_ => new OperatorState { AnsweredAt = start })];
        _committee = genesis.Committee;
        _members = [.. Enumerable.Range(0, _committee.Count).Select(_ => new MemberState())];
    }

    /// <summary>What is wrong now, by kind and subject.</summary>
    public IReadOnlyCollection<WatchAlert> Open => _open.Values;

    /// <summary>The highest height proved to be committed; 0 before the first.</summary>
    public Height Committed => _committed.Newest?.Height ?? Height.Zero;

    /// <summary>The highest height whose result is proved to be certified; 0 before the first.</summary>
    public Height Certified => _certified.Newest?.Height ?? Height.Zero;

    /// <summary>A height that others proved to be committed and this operator should prove, too; null when there is none.</summary>
    public Height? CommittedToCompare(int asked, Height atMost) => _committed.FromOther(asked, atMost);

    /// <summary>A certified height of which this operator should give the same result; null when there is none.</summary>
    public Height? CertifiedToCompare(int asked, Height atMost) => _certified.FromOther(asked, atMost);

    /// <summary>Alerts that started or ended since the last call, in order.</summary>
    public IReadOnlyList<WatchAlert> TakeChanges()
    {
        WatchAlert[] changes = [.. _changes];
        _changes.Clear();
        return changes;
    }

    /// <summary>Looks at one more operator from now on.</summary>
    /// <returns>Its index.</returns>
    public int Watch(Uri address, DateTimeOffset now)
    {
        _operators.Add(address);

        // What is due already it may take its time to show.
        _states.Add(new OperatorState { AnsweredAt = now, DueFrom = now + _options.Patience });
        return _states.Count - 1;
    }

    /// <summary>Looks at an operator no more, because it left: it owes nothing, and what was wrong with it is over.</summary>
    public void Drop(int index, DateTimeOffset now)
    {
        _states[index].IsDropped = true;
        string subject = _operators[index].ToString();
        if (Enumerable.Range(0, _states.Count).Any(other => !_states[other].IsDropped && _operators[other] == _operators[index])) return;
        foreach (WatchAlertKind kind in (WatchAlertKind[])[
            WatchAlertKind.Unreachable, WatchAlertKind.Behind, WatchAlertKind.InvalidProof, WatchAlertKind.ResultsDiffer]) Clear(kind, subject, now);
    }

    /// <summary>Takes in a look at an operator, then judges as <see cref="Tick"/> does.</summary>
    public void Observe(int index, OperatorSighting sighting, DateTimeOffset now)
    {
        OperatorState state = _states[index];
        if (state.IsDropped) return;
        string subject = _operators[index].ToString();
        Height before = Committed;
        if (sighting.Fault is null)
        {
            state.AnsweredAt = now;
            Clear(WatchAlertKind.Unreachable, subject, now);
        }
        else
        {
            state.Fault = sighting.Fault;
        }

        foreach (ProvenHeight proven in sighting.Committed) Compare("header", _committed, proven, index, now);
        foreach (ProvenHeight proven in sighting.Certified)
        {
            Compare("result", _certified, proven, index, now);
            if (proven.Height > state.Certified) state.Certified = proven.Height;
        }

        foreach (SightedSlot slot in sighting.Slots) Led(slot, now);
        if (Committed > before) Progressed(now);
        JudgeProofs(index, sighting, now);
        Tick(now);
    }

    /// <summary>Judges what only time tells.</summary>
    public void Tick(DateTimeOffset now)
    {
        if (!_open.ContainsKey((WatchAlertKind.NoProgress, Network))) _moving += now - _now;
        _now = now;
        JudgeProgress(now);
        JudgeOperators(now);
        JudgeLeaders(now);
    }

    /// <summary>An old block shown again does not say that its leader leads now.</summary>
    private void Led(SightedSlot seen, DateTimeOffset now)
    {
        if (seen.Committee.Epoch > _committee.Epoch) EnterEpoch(seen.Committee, now);
        if (seen.Committee.Epoch != _committee.Epoch) return;
        MemberState leader = _members[_committee.LeaderOf(seen.Slot).Value];
        if (seen.Slot <= leader.LedSlot) return;
        (leader.LedSlot, leader.LedAt) = (seen.Slot, _moving);
    }

    /// <summary>Who stays, by either of its keys, goes on being watched; who joins begins anew; who leaves owes nothing any more.</summary>
    private void EnterEpoch(Committee next, DateTimeOffset now)
    {
        var members = new MemberState[next.Count];
        for (ushort i = 0; i < members.Length; i++)
        {
            CommitteeMember member = next[new ReplicaId(i)];
            int before = Enumerable.Range(0, _committee.Count).FirstOrDefault(seat => IsSame(_committee[new ReplicaId((ushort)seat)], member), -1);
            members[i] = new MemberState { LedAt = before < 0 ? _moving : _members[before].LedAt };
            if (before != i && i < _committee.Count) Clear(WatchAlertKind.LeadsNothing, SubjectOf(i), now);
        }

        for (int gone = members.Length; gone < _committee.Count; gone++) Clear(WatchAlertKind.LeadsNothing, SubjectOf(gone), now);
        (_committee, _members) = (next, members);
    }

    private static bool IsSame(CommitteeMember before, CommitteeMember after) => before.VoteKey == after.VoteKey || before.NodeKey == after.NodeKey;

    private void Progressed(DateTimeOffset now)
    {
        _progressAt = now;
        Clear(WatchAlertKind.NoProgress, Network, now);
    }

    private void Compare(string what, SightedHeights heights, ProvenHeight proven, int index, DateTimeOffset now)
    {
        if (heights.Add(proven, index) is not { } known || _contradictions == ContradictionsMax) return;
        if (Raise(
            WatchAlertKind.Contradiction, string.Create(CultureInfo.InvariantCulture, $"{what} {proven.Height}"), now,
            $"two proofs verify: {known.Proven.Hash} from {_operators[known.Operator]} and {proven.Hash} from {_operators[index]}",
            known.Proven.File, proven.File)) _contradictions++;
    }

    private void JudgeProofs(int index, OperatorSighting sighting, DateTimeOffset now)
    {
        string subject = _operators[index].ToString();
        if (sighting.InvalidProof is { } why) Raise(WatchAlertKind.InvalidProof, subject, now, why);
        else if (sighting.Committed.Count + sighting.Certified.Count > 0) Clear(WatchAlertKind.InvalidProof, subject, now);
        if (sighting.IsDiverged)
        {
            Raise(WatchAlertKind.ResultsDiffer, subject, now, "it says itself that its results are not the certified ones");
        }
        else if (sighting.OwnResult is { } own && _certified.HashAt(own.Height) is { } certified)
        {
            if (own.Hash == certified) Clear(WatchAlertKind.ResultsDiffer, subject, now);
            else Raise(WatchAlertKind.ResultsDiffer, subject, now, $"height {own.Height}: its result is {own.Hash}, certified is {certified}");
        }
    }

    private void JudgeProgress(DateTimeOffset now)
    {
        TimeSpan most = 2 * _options.SlotTimeout;

        // Who answers after the time is over, and still proves nothing higher, shows that it is the network and not the way to it.
        if (now - _progressAt > most && _states.Exists(state => !state.IsDropped && state.AnsweredAt - _progressAt > most))
        {
            Raise(
                WatchAlertKind.NoProgress, Network, _progressAt,
                string.Create(CultureInfo.InvariantCulture, $"no height above {Committed} was proved for {most.TotalMilliseconds} ms"));
        }
    }

    private void JudgeOperators(DateTimeOffset now)
    {
        if (_reached.Count == 0 || Certified > _reached.Last().Certified) _reached.Enqueue((now, Certified));

        // What was reached longer ago than the patience is due; so many entries are enough to tell it to a fraction of a second.
        while (_reached.Count > 1 && (now - _reached.Peek().At > _options.Patience || _reached.Count > 256)) _due = _reached.Dequeue().Certified;
        for (int i = 0; i < _states.Count; i++)
        {
            OperatorState state = _states[i];
            if (state.IsDropped) continue;
            string subject = _operators[i].ToString();
            bool isSilent = now - state.AnsweredAt > _options.Patience;
            if (isSilent) Raise(WatchAlertKind.Unreachable, subject, state.AnsweredAt, state.Fault ?? "no answer");
            if (isSilent || state.Certified >= _due || now < state.DueFrom)
            {
                Clear(WatchAlertKind.Behind, subject, now);
                continue;
            }

            Raise(
                WatchAlertKind.Behind, subject, now,
                $"it proves certified heights up to {state.Certified}; height {_due} was certified {_options.Patience.TotalSeconds} s ago");
        }
    }

    /// <summary>Only time in which the network moves counts: when it stands still, nobody leads anything.</summary>
    private void JudgeLeaders(DateTimeOffset now)
    {
        for (int i = 0; i < _members.Length; i++)
        {
            // An empty seat leads nothing by right.
            if (!_committee.Has(new ReplicaId((ushort)i))) continue;
            string subject = SubjectOf(i);
            TimeSpan since = _moving - _members[i].LedAt;
            if (since <= _options.LeadSpan) Clear(WatchAlertKind.LeadsNothing, subject, now);
            else Raise(WatchAlertKind.LeadsNothing, subject, now - since, $"none of the blocks seen in {_options.LeadSpan.TotalSeconds} s has it as leader");
        }
    }

    /// <summary>A seat; named where the genesis names its operator and it still has it.</summary>
    private string SubjectOf(int seat)
    {
        var id = new ReplicaId((ushort)seat);
        bool isNamed = seat < _genesis.Endpoints.Count && IsSame(_genesis.Members[seat], _committee[id]);
        string name = isNamed ? $" ({_genesis.Endpoints[seat].Name})" : "";
        return string.Create(CultureInfo.InvariantCulture, $"member {seat}{name}");
    }

    private bool Raise(WatchAlertKind kind, string subject, DateTimeOffset start, string detail, params byte[][] proofs)
    {
        if (_open.ContainsKey((kind, subject))) return false;
        var alert = new WatchAlert(kind, subject, start, null, OneLine(detail), proofs);
        _open[(kind, subject)] = alert;
        _changes.Add(alert);
        return true;
    }

    /// <summary>What an operator says goes to a terminal: without control characters, and cut.</summary>
    private static string OneLine(string text)
    {
        char[] line = text.AsSpan(0, int.Min(text.Length, DetailLettersMax)).ToArray();
        for (int i = 0; i < line.Length; i++) line[i] = char.IsControl(line[i]) ? ' ' : line[i];
        return new string(line);
    }

    private void Clear(WatchAlertKind kind, string subject, DateTimeOffset now)
    {
        if (!_open.Remove((kind, subject), out WatchAlert? alert)) return;
        _changes.Add(alert with { End = now, Proofs = [] });
    }

    private sealed class MemberState
    {
        /// <summary>When it last led, in time in which the network moved.</summary>
        public TimeSpan LedAt { get; set; }

        /// <summary>The highest slot of the present epoch that it led.</summary>
        public Slot LedSlot { get; set; }
    }

    private sealed class OperatorState
    {
        public DateTimeOffset AnsweredAt { get; set; }

        /// <summary>From when on it has to show what is due.</summary>
        public DateTimeOffset DueFrom { get; init; }

        public bool IsDropped { get; set; }

        public string? Fault { get; set; }

        public Height Certified { get; set; }
    }
}
