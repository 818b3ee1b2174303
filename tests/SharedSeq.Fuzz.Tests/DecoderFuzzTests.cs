using Xunit.Abstractions;

namespace SharedSeq.Fuzz.Tests;

/// <summary>
/// Every decoder under millions of damaged and made inputs. The same in every build; a campaign with fresh seeds:
/// <code>
/// SHAREDSEQ_FUZZ_SECONDS=3600 SHAREDSEQ_FUZZ_SEED=$RANDOM ./sharedseq test DecoderFuzzTests
/// </code>
/// </summary>
public sealed class DecoderFuzzTests(ITestOutputHelper output)
{
    internal static readonly SortedDictionary<string, FuzzTarget> Targets = new(
        new[] { WireTargets.All(), ClientTargets.All(), OrderingTargets.All(), StorageTargets.All(), TextTargets.All() }
            .SelectMany(targets => targets).ToDictionary(target => target.Name), StringComparer.Ordinal);

    public static TheoryData<string> Names => [.. Targets.Keys];

    [Theory]
    [Trait("Speed", "Slow")]
    [MemberData(nameof(Names))]
    public void A_decoder_takes_one_encoding_of_each_value_and_refuses_the_rest_within_its_bounds(string name)
    {
        FuzzTarget target = Targets[name];
        if (FuzzRun.Replayed is { } replayed)
        {
            if (replayed.Target == name) output.WriteLine($"accepted: {FuzzRun.RunCase(target, replayed.Seed)}");
            return;
        }

        TimeSpan? time = FuzzRun.Seconds is { } seconds ? TimeSpan.FromSeconds(seconds / Targets.Count) : null;
        FuzzCounts counts = FuzzRun.Run(target, FuzzRun.Seed, target.Cases, time);
        output.WriteLine($"{name}: {counts.Cases} cases, {counts.Accepted} accepted, {counts.Refused} refused");

        // A feed that is never, or always, taken tests less than it seems to.
        Assert.True(counts.Accepted > 0 && counts.Refused > 0, $"{name}: {counts}");
    }

    [Fact]
    public void A_replay_of_a_decoder_that_does_not_exist_is_refused() =>
        Assert.True(FuzzRun.Replayed is not { } replayed || Targets.ContainsKey(replayed.Target), $"{FuzzRun.CaseSwitch} names no decoder");
}
