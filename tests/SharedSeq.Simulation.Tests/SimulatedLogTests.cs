using SharedSeq.Primitives;
using SharedSeq.Simulator;

namespace SharedSeq.Simulation.Tests;

/// <summary>The simulated disk tears logs the way a power cut does, and never more.</summary>
public sealed class SimulatedLogTests
{
    private static readonly SyncLatency Steady = new(100, 100, 0, 0);

    [Fact]
    public void What_was_synced_survives_a_crash_and_what_is_left_is_a_prefix()
    {
        for (ulong seed = 0; seed < 50; seed++)
        {
            var schedule = new SimulatedSchedule();
            var log = new SimulatedLog<int>(schedule, new Prng(seed), () => Steady);
            for (int i = 0; i < 3; i++) log.Append(i);
            while (schedule.RunNext(1_000))
            {
            }

            for (int i = 3; i < 8; i++) log.Append(i);
            log.Crash();
            Assert.InRange(log.Records.Count, 3, 8);
            Assert.Equal(Enumerable.Range(0, log.Records.Count), log.Records);
        }
    }

    [Fact]
    public void An_action_waits_for_the_sync_of_everything_before_it()
    {
        var schedule = new SimulatedSchedule();
        var log = new SimulatedLog<int>(schedule, new Prng(1), () => Steady);
        var done = new List<string>();
        log.WhenDurable(() => done.Add("nothing to wait for"));
        log.Append(1);
        log.WhenDurable(() => done.Add("one"));
        Assert.Equal(["nothing to wait for"], done);
        while (schedule.RunNext(1_000))
        {
        }

        Assert.Equal(["nothing to wait for", "one"], done);
    }

    [Fact]
    public void A_crash_forgets_who_waited()
    {
        var schedule = new SimulatedSchedule();
        var log = new SimulatedLog<int>(schedule, new Prng(1), () => Steady);
        log.Append(1);
        log.WhenDurable(() => Assert.Fail("a crashed process was told of a sync"));
        log.Crash();
        log.Append(2);
        while (schedule.RunNext(10_000))
        {
        }

        Assert.Equal(log.Records.Count, log.SyncedCount);
    }
}
