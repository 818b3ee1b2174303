using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>The reports of one reading of one L1 block.</summary>
internal sealed class ReportTally(ulong number, Hash32 hash, Hash32 inputsDigest)
{
    private readonly List<ViewReport> _reports = [];

    public ulong Number { get; } = number;

    /// <summary>Ascending by reporter.</summary>
    public IReadOnlyList<ViewReport> Reports => _reports;

    public ReplicaSet Reporters { get; private set; }

    public int Count => _reports.Count;

    /// <summary>When a quorum's reports were first sent to all members; -1 for not yet. Monotonic milliseconds.</summary>
    public long SentAtMs { get; set; } = -1;

    /// <summary>When they are to be sent again.</summary>
    public long ResendAtMs { get; set; } = long.MinValue;

    public bool Is(L1View view) => view.Number == Number && view.Hash == hash && view.InputsDigest == inputsDigest;

    public bool IsOf(ViewReport report) => report.Number == Number && report.Hash == hash && report.InputsDigest == inputsDigest;

    public bool Add(ViewReport report)
    {
        if (Reporters.Has(report.Reporter)) return false;
        Reporters = Reporters.With(report.Reporter);
        int at = _reports.Count;
        while (at > 0 && _reports[at - 1].Reporter > report.Reporter) at--;
        _reports.Insert(at, report);
        return true;
    }

    public void Remove(ReplicaId reporter)
    {
        Reporters = Reporters.Without(reporter);
        _reports.RemoveAll(report => report.Reporter == reporter);
    }

    /// <summary>The first q signatures.</summary>
    public ReportSignature[] Signatures(int quorum)
    {
        var signatures = new ReportSignature[quorum];
        for (int i = 0; i < quorum; i++) signatures[i] = new ReportSignature(_reports[i].Reporter, _reports[i].Signature);
        return signatures;
    }
}

/// <summary>
/// View reports of all members above the adopted view, counted. Of each member the newest are kept, so that one that floods pushes out its own.
/// </summary>
internal sealed class ReportBook(int members)
{
    /// <summary>
    /// Reports kept per member. 16: members follow L1 a few blocks apart, and must have some block in common; twice what a member reports at once.
    /// </summary>
    public const int PerMember = 16;

    private readonly List<ReportTally> _tallies = [];
    private readonly int[] _kept = new int[members];

    /// <summary>Ascending by number.</summary>
    public IReadOnlyList<ReportTally> Tallies => _tallies;

    /// <returns>Whether it was news.</returns>
    public bool Add(ViewReport report)
    {
        int at = _tallies.Count;
        while (at > 0 && _tallies[at - 1].Number >= report.Number && !_tallies[at - 1].IsOf(report)) at--;
        bool isKnown = at > 0 && _tallies[at - 1].IsOf(report);
        if (isKnown && _tallies[at - 1].Reporters.Has(report.Reporter)) return false;
        if (_kept[report.Reporter.Value] == PerMember && !MakeRoom(report, ref at)) return false;
        if (!isKnown) _tallies.Insert(at++, new ReportTally(report.Number, report.Hash, report.InputsDigest));
        _tallies[at - 1].Add(report);
        _kept[report.Reporter.Value]++;
        return true;
    }

    public ReportTally? Find(L1View view)
    {
        foreach (ReportTally tally in _tallies)
        {
            if (tally.Is(view)) return tally;
        }

        return null;
    }

    /// <summary>Reports up to this number are of no use any more.</summary>
    public void DropThrough(ulong number)
    {
        int count = 0;
        for (; count < _tallies.Count && _tallies[count].Number <= number; count++)
        {
            foreach (ViewReport report in _tallies[count].Reports) _kept[report.Reporter.Value]--;
        }

        _tallies.RemoveRange(0, count);
    }

    /// <summary>The member's lowest report goes, unless the new one is lower.</summary>
    private bool MakeRoom(ViewReport report, ref int at)
    {
        for (int i = 0; i < _tallies.Count; i++)
        {
            if (!_tallies[i].Reporters.Has(report.Reporter)) continue;
            if (_tallies[i].Number >= report.Number) return false;
            _tallies[i].Remove(report.Reporter);
            _kept[report.Reporter.Value]--;
            if (_tallies[i].Count > 0) return true;
            _tallies.RemoveAt(i);
            if (i < at) at--;
            return true;
        }

        return false;
    }
}
