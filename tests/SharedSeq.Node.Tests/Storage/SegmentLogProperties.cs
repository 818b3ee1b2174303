using SharedSeq.Primitives;
using SharedSeq.Storage;
using static SharedSeq.Node.Tests.Storage.SegmentLogFixture;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>Random lives of a log against a model that knows what was appended and what was reported durable.</summary>
public sealed class SegmentLogProperties
{
    [Fact]
    public void After_any_crash_the_log_holds_all_that_was_durable_and_nothing_that_was_not_appended()
    {
        for (ulong seed = 1; seed <= 150; seed++) Live(seed);
    }

    private static void Live(ulong seed)
    {
        Prng prng = new(seed);
        SimulatedFileLayer files = new();
        List<byte[]> model = [];
        long nextNumber = 1;
        for (int life = 0; life < 12; life++)
        {
            string where = $"seed {seed}, life {life}";
            DurableWatch watch = new();
            SegmentLog log = Open(Options(files), watch);
            List<LogRecord> replayed = [.. log.Replay(1)];
            // Closing records take positions too: what is compared is the sequence of bodies.
            Assert.True(replayed.Count <= model.Count, $"{where}: more records than were appended");
            long first = replayed.Count == 0 ? 0 : model.Count - replayed.Count;
            for (int i = 0; i < replayed.Count; i++)
            {
                bool isEqual = model[(int)first + i].AsSpan().SequenceEqual(replayed[i].Body.Span);
                Assert.True(isEqual, $"{where}: record {i} differs");
            }
            int appended = prng.Below(60);
            List<long> positions = [];
            for (int i = 0; i < appended; i++)
            {
                byte[] body = Body(nextNumber, 8 + prng.Below(prng.Chance(100) ? 6000 : 300));
                AppendResult result = log.Append((byte)(1 + prng.Below(200)), Body(nextNumber, 8), body);
                Assert.True(result.IsAccepted, where);
                model.Add(body);
                positions.Add(result.Position);
                nextNumber++;
                if (prng.Chance(50)) watch.WaitFor(result.Position);
                if (prng.Chance(20)) log.RetireBelow(result.Location.Segment, result.Position);
            }
            files = End(prng, files, log);
            KeepWhatSurvived(files, model, positions, watch.Durable, where);
        }
    }

    private static SimulatedFileLayer End(Prng prng, SimulatedFileLayer files, SegmentLog log)
    {
        switch (prng.Below(3))
        {
            case 0:
                log.Dispose();
                return files.Kill();
            case 1:
                log.Abandon();
                return files.Kill();
            default:
                SimulatedFileLayer after = files.Crash(prng);
                log.Abandon();
                return after;
        }
    }

    /// <summary>
    /// Checks that what survived reaches at least as far as what was durable; the model forgets the rest.
    /// </summary>
    private static void KeepWhatSurvived(
        SimulatedFileLayer files, List<byte[]> model, List<long> positions, long durable, string where)
    {
        using SegmentRecovery found = SegmentRecovery.Find(Options(files), FileOpening.ReadOnly);
        found.Walk(checkBodies: true, (_, _, _, _) => { });
        long last = found.NextPosition - 1;
        Assert.True(last >= durable, $"{where}: durable up to {durable}, there up to {last}");
        int lost = positions.Count(position => position > last);
        model.RemoveRange(model.Count - lost, lost);
    }
}
