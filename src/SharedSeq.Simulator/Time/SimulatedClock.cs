using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>The two clocks of one node: both drift, the wall clock is also off and jumps.</summary>
public sealed class SimulatedClock
{
    /// <summary>Wall time at the start of every run: milliseconds since the Unix epoch.</summary>
    public const long StartWallMs = 1_750_000_000_000;

    private const long Million = 1_000_000;

    private readonly SimulatedSchedule _schedule;
    private readonly long _monotonicBaseMs;
    private readonly long _rate;
    private long _wallOffsetMs;

    /// <param name="schedule">Simulated time.</param>
    /// <param name="driftPpm">How much faster than simulated time both clocks run, parts per million; negative is slower.</param>
    /// <param name="wallOffsetMs">How far ahead the wall clock starts.</param>
    /// <param name="random">Chooses where the monotonic clock starts.</param>
    public SimulatedClock(SimulatedSchedule schedule, int driftPpm, long wallOffsetMs, Prng random)
    {
        _schedule = schedule;
        _rate = Million + driftPpm;
        _wallOffsetMs = wallOffsetMs;
        _monotonicBaseMs = random.Between(0, 1_000_000);
    }

    public CoreTime Now => new(_monotonicBaseMs + ElapsedMs, (ulong)(StartWallMs + ElapsedMs + _wallOffsetMs));

    private long ElapsedMs => _schedule.NowUs * _rate / (1_000 * Million);

    /// <summary>The first simulated microsecond at which the monotonic clock shows this time.</summary>
    public long ToScheduleUs(long monotonicMs)
    {
        long elapsedMs = long.Max(0, monotonicMs - _monotonicBaseMs);
        return ((elapsedMs * 1_000 * Million) + _rate - 1) / _rate;
    }

    /// <summary>The wall clock is set forwards or backwards.</summary>
    public void Jump(long offsetMs) => _wallOffsetMs += offsetMs;

    /// <summary>Time synchronisation works: the wall clock is within this of simulated time from now on.</summary>
    public void Synchronise(long offsetMs) => _wallOffsetMs = offsetMs + (_schedule.NowUs / 1_000) - ElapsedMs;
}
