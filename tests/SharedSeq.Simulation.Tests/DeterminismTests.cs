using System.Text.Json;
using SharedSeq.Simulator;

namespace SharedSeq.Simulation.Tests;

/// <summary>The seed decides everything.</summary>
public sealed class DeterminismTests
{
    [Theory]
    [InlineData(3, 4)]
    [InlineData(11, 4)]
    [InlineData(5, 7)]
    public void The_same_seed_gives_the_same_trace_hash_and_the_same_json_bytes(ulong seed, int members)
    {
        (string hash, byte[] json) first = RunOnce(seed, members);
        (string hash, byte[] json) second = RunOnce(seed, members);
        Assert.Equal(first.hash, second.hash);
        Assert.Equal(first.json, second.json);
    }

    [Fact]
    public void Other_seeds_give_other_traces() => Assert.NotEqual(RunOnce(1, 4).Hash, RunOnce(2, 4).Hash);

    [Fact]
    public void Printing_the_trace_does_not_change_its_hash()
    {
        using var text = new StringWriter();
        RunResult printed = Campaign.RunOne(7, 4, trace: text);
        Assert.Equal(Campaign.RunOne(7, 4).TraceHash, printed.TraceHash);
        Assert.NotEqual("", text.ToString());
    }

    [Fact]
    public void The_order_of_results_does_not_depend_on_the_number_of_threads()
    {
        var alone = new List<string>();
        var together = new List<string>();
        Campaign.Run(1, 12, 4, 1, result => alone.Add(result.TraceHash.ToString()));
        Campaign.Run(1, 12, 4, 4, result => together.Add(result.TraceHash.ToString()));
        Assert.Equal(alone, together);
    }

    private static (string Hash, byte[] Json) RunOnce(ulong seed, int members)
    {
        RunResult result = Campaign.RunOne(seed, members);
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream)) RunReport.Write(json, result);
        return (result.TraceHash.ToString(), stream.ToArray());
    }
}
