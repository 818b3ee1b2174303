using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>A view that a leader may propose, with the q reports that it carries.</summary>
internal sealed record ReportedView(L1View View, ReportSignature[] Reports);

/// <summary>
/// What one replica knows of L1 and does about it: V1 Report, V2 Advance, V4 Drift and V5 Freeze of consensus.md 11; V3, the voter's part, is
/// <see cref="V3JudgeView"/>, and V6, the inputs of a height, <see cref="L1InputsFetch"/>.
/// </summary>
internal sealed class L1Book
{
    /// <summary>Blocks that a member reports at once, the newest: half of what is kept of it.</summary>
    public const int ReportsAtOnce = ReportBook.PerMember / 2;

    /// <summary>Inputs kept because they are logged. 64: as many slots are re-sent; older ones were voted for in slots that are long over.</summary>
    public const int LoggedMax = 64;

    private readonly ReplicaState _state;
    private readonly L1Terms _terms;
    private readonly L1Window _window;
    private readonly ReportBook _reports;
    private readonly long[] _connectedAtMs;

    // Inputs in the vote log of heights that may not be delivered yet, oldest first.
    private readonly List<L1Inputs> _logged = [];
    private ulong _reported;
    private long _resendAtMs;
    private Slot _divergedIn;

    /// <param name="state">The replica's.</param>
    /// <param name="terms">The network's.</param>
    /// <param name="delivered">The view of the last height delivered.</param>
    /// <param name="before">The book of the epoch before; null at a start.</param>
    public L1Book(ReplicaState state, L1Terms terms, L1View delivered, L1Book? before)
    {
        _state = state;
        _terms = terms;
        _window = before?._window ?? new L1Window(delivered);
        Status = before?.Status ?? L1Status.Following;
        _reports = new ReportBook(state.Committee.Count);
        _connectedAtMs = new long[state.Committee.Count];
    }

    public L1Status Status { get; set; }

    public L1Window Window => _window;

    public L1Terms Terms => _terms;

    /// <summary>Reports kept: for checks that they are bounded.</summary>
    public int ReportCount
    {
        get
        {
            int count = 0;
            foreach (ReportTally tally in _reports.Tallies) count += tally.Count;
            return count;
        }
    }

    /// <summary>The view after the last height that is committed with all below it known here.</summary>
    private L1View Adopted => _state.Chain.Tip.View;

    public void Start(long nowMs)
    {
        for (int i = 0; i < _connectedAtMs.Length; i++) _connectedAtMs[i] = nowMs;
        _resendAtMs = nowMs + _state.Options.ResendMs;
    }

    /// <summary>The shell's quorum of providers agreed on further blocks, and it verified them.</summary>
    public void OnVerified(IReadOnlyList<L1Block> blocks)
    {
        foreach (L1Block block in blocks)
        {
            L1BlockVerdict verdict = _window.Add(block, _state.NowMs);
            if (verdict == L1BlockVerdict.Added) continue;
            if (verdict == L1BlockVerdict.Conflict)
            {
                L1View known = _window.Find(block.View.Number) ?? _window.Newest;
                _state.Trace("V5", _state.Current, $"own {block.View} contradicts {known}");
                _state.Effects.Add(new ReplicaEffect.L1Diverged(known, block.View));
            }

            if (verdict != L1BlockVerdict.Known) return;
        }
    }

    /// <summary>V1: own statements about the newest blocks that the network can adopt next. None while degraded or halted (V5).</summary>
    public void Report()
    {
        if (Status != L1Status.Following || _state.IsObserver || _state.IsEpochOver) return;
        ulong below = ulong.Max(Adopted.Number, _window.Base.Number);
        ulong last = ulong.Min(_window.Newest.Number, Adopted.Number + (ulong)_terms.MaxAdvance);
        while (last > below && RipeAtMs(last) > _state.NowMs) last--;
        ulong first = ulong.Max(_reported, below) + 1;
        if (last >= ReportsAtOnce) first = ulong.Max(first, last - ReportsAtOnce + 1);
        for (ulong number = first; number <= last; number++)
        {
            _reported = number;
            _state.Effects.Add(new ReplicaEffect.SignViewReport(_window.Find(number)!));
        }
    }

    /// <summary>An own report is signed.</summary>
    public void OnSigned(ViewReport report)
    {
        if (report.Epoch != _state.Committee.Epoch || !_reports.Add(report)) return;
        _state.Trace("V1", _state.Current, $"report L1 {report.Number}:{report.Hash.Prefix:x16}");
        _state.Send(_state.Others, report);
    }

    public void OnReport(ViewReport report)
    {
        ulong adopted = Adopted.Number;
        if (report.Number <= adopted || report.Number - adopted > L1Window.MaxBlocks || report.Reporter == _state.Self) return;
        _reports.Add(report);
    }

    /// <summary>Heights were ordered or delivered.</summary>
    public void OnAdvanced()
    {
        L1View delivered = _state.Lanes.DeliveredView;
        L1View known = _window.Newest;
        if (!_window.MoveTo(delivered)) _state.Effects.Add(new ReplicaEffect.L1Diverged(delivered, known));
        _reports.DropThrough(Adopted.Number);
        _logged.RemoveAll(inputs => inputs.Blocks[^1].Number <= delivered.Number);
    }

    /// <summary>V6: the inputs of a block that advances the view are durable before its First vote, so that they outlast L1 and every window.</summary>
    public void Log(L1View before, L1View after)
    {
        if (before == after || Logged(before, after) is not null || _window.Between(before, after) is not { } inputs) return;
        Keep(inputs);
        _state.Effects.Add(new ReplicaEffect.Log(new DurableRecord.L1InputsHeld(_state.Committee.Epoch, inputs)));
    }

    /// <summary>Inputs that are in the vote log.</summary>
    public void Keep(L1Inputs inputs)
    {
        if (_logged.Count == LoggedMax) _logged.RemoveAt(0);
        _logged.Add(inputs);
    }

    /// <summary>Inputs in the vote log that are not known to be delivered.</summary>
    public IReadOnlyList<L1Inputs> LoggedInputs => _logged;

    /// <summary>The inputs between two views, from the window or the vote log; null when neither has them.</summary>
    public L1Inputs? Find(L1View before, L1View after) => _window.Between(before, after) ?? Logged(before, after);

    /// <summary>V2: the newest block above the parent's view with q reports that the own quorum has seen for longer than the cooldown.</summary>
    public ReportedView? Choose(L1View parent)
    {
        if (Status != L1Status.Following || !IsOwn(parent)) return null;
        for (int i = _reports.Tallies.Count - 1; i >= 0; i--)
        {
            ReportTally tally = _reports.Tallies[i];
            if (!IsReported(tally) || !CanFollow(parent, tally.Number)) continue;
            if (RipeAtMs(tally.Number) > _state.NowMs) continue;
            if (_window.BytesBetween(parent.Number, tally.Number) > L1Inputs.MaxBytes) continue;
            return new ReportedView(_window.Find(tally.Number)!, tally.Signatures(ReportQuorum));
        }

        return null;
    }

    /// <summary>
    /// V4, the leader's part: past the drift limit, and q members report a newer block, which this leader can not propose. It proposes no batches then: voters
    /// that sent it those reports would refuse them.
    /// </summary>
    public bool IsHeldBack(L1View parent, TimestampMs timestamp)
    {
        if (Status != L1Status.Following || !IsPastDrift(parent, timestamp)) return false;
        foreach (ReportTally tally in _reports.Tallies)
        {
            if (tally.Count >= ReportQuorum && tally.Number > parent.Number && tally.Number - parent.Number <= (ulong)_terms.MaxAdvance) return true;
        }

        return false;
    }

    /// <summary>
    /// V4, the voter's part: past the drift limit, and this voter has q reports for a newer block that it verified itself, and sent them to the leader at least
    /// <c>freshness</c> before it entered the slot.
    /// </summary>
    public bool IsOwed(L1View parent, TimestampMs timestamp, ReplicaId leader)
    {
        if (Status != L1Status.Following || leader == _state.Self || !IsPastDrift(parent, timestamp) || !IsOwn(parent)) return false;
        foreach (ReportTally tally in _reports.Tallies)
        {
            if (!IsReported(tally) || !CanFollow(parent, tally.Number) || tally.SentAtMs < 0) continue;
            long sentAtMs = long.Max(tally.SentAtMs, _connectedAtMs[leader.Value]);
            if (_state.EnteredAtMs - sentAtMs >= _state.Options.FreshnessMs) return true;
        }

        return false;
    }

    /// <summary>A voter's own blocks contradict what a leader cites: both are shown to operators, once per slot.</summary>
    public void OnDiverged(Slot slot, L1View cited, L1View own)
    {
        if (_divergedIn == slot) return;
        _divergedIn = slot;
        _state.Effects.Add(new ReplicaEffect.L1Diverged(cited, own));
    }

    /// <summary>Whether the own quorum shows a view that a block cites.</summary>
    public bool IsOwn(L1View view) => _window.Find(view.Number) == view;

    /// <summary>Re-sending: own reports every R; q reports that no leader takes up also, since that is what holds leaders to it (V4).</summary>
    public void Tick()
    {
        if (_state.IsObserver) return;
        foreach (ReportTally tally in _reports.Tallies)
        {
            if (DueAtMs(tally) > _state.NowMs) continue;
            if (tally.SentAtMs < 0) tally.SentAtMs = _state.NowMs;
            tally.ResendAtMs = _state.NowMs + _state.Options.ResendMs;
            SendAll(tally, _state.Others);
        }

        if (_state.NowMs < _resendAtMs) return;
        _resendAtMs = _state.NowMs + _state.Options.ResendMs;
        SendOwn(_state.Others);
    }

    public long NextDeadlineMs()
    {
        if (_state.IsObserver) return long.MaxValue;
        long next = _reports.Tallies.Count == 0 ? long.MaxValue : _resendAtMs;
        ulong unreported = ulong.Max(_reported, Adopted.Number) + 1;
        bool isReporting = Status == L1Status.Following && unreported <= Adopted.Number + (ulong)_terms.MaxAdvance;
        if (isReporting && unreported <= _window.Newest.Number) next = long.Min(next, RipeAtMs(unreported));
        foreach (ReportTally tally in _reports.Tallies) next = long.Min(next, DueAtMs(tally));
        return next;
    }

    public void OnConnected(ReplicaId peer)
    {
        _connectedAtMs[peer.Value] = _state.NowMs;
        if (_state.IsObserver) return;
        ReplicaSet to = ReplicaSet.Of(peer);
        SendOwn(to);
        foreach (ReportTally tally in _reports.Tallies)
        {
            if (tally.SentAtMs >= 0) SendAll(tally, to);
        }
    }

    private int ReportQuorum => _state.Quorum.Quorum + (_state.Is(ProtocolMutations.FewerReports) ? -1 : 0);

    /// <summary>q members report it, and so would this one.</summary>
    private bool IsReported(ReportTally tally) =>
        tally.Count >= ReportQuorum && _window.Find(tally.Number) is { } own && tally.Number > _window.Base.Number && tally.Is(own);

    private bool CanFollow(L1View parent, ulong number) => number > parent.Number && number - parent.Number <= (ulong)_terms.MaxAdvance;

    private bool IsPastDrift(L1View parent, TimestampMs timestamp) => timestamp.Value / 1_000 > parent.Timestamp + (ulong)_terms.DriftSeconds;

    /// <summary>When a block has been seen for longer than the cooldown.</summary>
    private long RipeAtMs(ulong number) => _state.Is(ProtocolMutations.NoCooldown) ? 0 : _window.SeenAtMs(number) + _terms.CooldownMs;

    /// <summary>When the q reports of a block go to all: first when a leader should have taken it up, then every R.</summary>
    private long DueAtMs(ReportTally tally)
    {
        if (!IsReported(tally)) return long.MaxValue;
        return long.Max(tally.ResendAtMs, RipeAtMs(tally.Number) + (_state.Options.FreshnessMs / 2));
    }

    private L1Inputs? Logged(L1View before, L1View after) => _logged.Find(inputs => inputs.Leads(before, after));

    private void SendAll(ReportTally tally, ReplicaSet to)
    {
        for (int i = 0; i < ReportQuorum && i < tally.Reports.Count; i++) _state.Send(to, tally.Reports[i]);
    }

    /// <summary>The newest two of the own reports: others may have one block of them only.</summary>
    private void SendOwn(ReplicaSet to)
    {
        int sent = 0;
        for (int i = _reports.Tallies.Count - 1; i >= 0 && sent < 2; i--)
        {
            foreach (ViewReport report in _reports.Tallies[i].Reports)
            {
                if (report.Reporter != _state.Self) continue;
                _state.Send(to, report);
                sent++;
            }
        }
    }
}
