using System.Collections.Concurrent;

namespace SharedSeq.Simulator;

/// <summary>What a campaign came to: the runs in the order of their seeds, whatever the order in which processors finished them.</summary>
public sealed class CampaignResult
{
    private readonly long[] _runsReaching = new long[CoverageGoal.All.Count];

    public Coverage Coverage { get; } = new();

    public List<RunResult> Failures { get; } = [];

    public long Runs { get; private set; }

    /// <summary>In how many runs each of <see cref="CoverageGoal.All"/> was reached, in that order.</summary>
    public IReadOnlyList<long> RunsReaching => _runsReaching;

    /// <summary>What no run reached.</summary>
    public IEnumerable<CoverageGoal> GoalsMissed => CoverageGoal.All.Where(goal => goal.Of(Coverage) == 0);

    internal void Add(RunResult result)
    {
        Runs++;
        Coverage.Add(result.Coverage);
        if (result.Violation is not null) Failures.Add(result);
        for (int i = 0; i < _runsReaching.Length; i++)
        {
            if (CoverageGoal.All[i].Of(result.Coverage) > 0) _runsReaching[i]++;
        }
    }
}

/// <summary>Runs many seeds, one thread per run, as many at a time as there are processors.</summary>
public static class Campaign
{
    /// <param name="firstSeed">The first seed.</param>
    /// <param name="seeds">How many, upwards from it.</param>
    /// <param name="members">Size of the committee.</param>
    /// <param name="parallel">Runs at a time.</param>
    /// <param name="onResult">Called once per run in the order of the seeds, on one thread at a time.</param>
    /// <param name="mutant">The protocol with a rule broken; null for the protocol as it is.</param>
    /// <param name="failuresKept">Failing runs after which no new ones are started.</param>
    public static CampaignResult Run(
        ulong firstSeed, int seeds, int members, int parallel, Action<RunResult>? onResult = null, Mutant? mutant = null,
        int failuresKept = int.MaxValue)
    {
        var total = new CampaignResult();
        var finished = new ConcurrentDictionary<int, RunResult>();
        Lock gate = new();
        int next = -1;
        int reported = 0;
        bool isStopped = false;

        void Work()
        {
            while (!Volatile.Read(ref isStopped))
            {
                int index = Interlocked.Increment(ref next);
                if (index >= seeds) return;
                finished[index] = RunOne(firstSeed + (ulong)index, members, mutant);
                lock (gate) Report();
            }
        }

        void Report()
        {
            while (finished.TryRemove(reported, out RunResult? result))
            {
                reported++;
                if (Volatile.Read(ref isStopped)) continue;
                total.Add(result);
                onResult?.Invoke(result);
                if (total.Failures.Count >= failuresKept) Volatile.Write(ref isStopped, true);
            }
        }

        if (parallel == 1)
        {
            Work();
            return total;
        }

        var threads = new Thread[parallel];
        for (int i = 0; i < parallel; i++)
        {
            threads[i] = new Thread(Work) { IsBackground = true };
            threads[i].Start();
        }

        foreach (Thread thread in threads) thread.Join();
        return total;
    }

    public static RunResult RunOne(ulong seed, int members, Mutant? mutant = null, TextWriter? trace = null) =>
        RunOne(Swarm.Draw(seed, members), mutant ?? Mutant.None, trace);

    /// <summary>Runs settings that were drawn and then made smaller.</summary>
    public static RunResult RunOne(RunSettings settings, Mutant mutant, TextWriter? trace = null)
    {
        using var run = new SimulatedRun(settings, mutant, trace);
        return run.Execute();
    }
}
