using System.Diagnostics;
using System.Globalization;
using SharedSeq.Primitives;

namespace SharedSeq.Fuzz.Tests;

/// <summary>What a run did.</summary>
internal readonly record struct FuzzCounts(long Cases, long Accepted, long Refused);

/// <summary>
/// Feeds a decoder. A case is decided by its own seed alone, so that one number replays it. Every case must be accepted, and then give its bytes again
/// where there is one encoding per value, or be refused by the decoder's own exception, within the bounds of memory and time.
/// </summary>
internal static class FuzzRun
{
    /// <summary>Seconds for all decoders together instead of a number of cases for each: a campaign.</summary>
    public const string SecondsSwitch = "SHAREDSEQ_FUZZ_SECONDS";

    /// <summary>Seed of the run, default 1.</summary>
    public const string SeedSwitch = "SHAREDSEQ_FUZZ_SEED";

    /// <summary>One case, target:seed, as a failure prints it.</summary>
    public const string CaseSwitch = "SHAREDSEQ_FUZZ_CASE";

    /// <summary>No input of a few KiB takes so long to refuse, on the slowest machine, twice in a row.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    public static ulong Seed { get; } = ulong.TryParse(Read(SeedSwitch), CultureInfo.InvariantCulture, out ulong seed) ? seed : 1;

    /// <summary>Seconds of a campaign, null in every build.</summary>
    public static double? Seconds { get; } =
        double.TryParse(Read(SecondsSwitch), CultureInfo.InvariantCulture, out double seconds) ? seconds : null;

    /// <summary>The one case to replay; null to run.</summary>
    public static (string Target, ulong Seed)? Replayed { get; } = ParseCase(Read(CaseSwitch));

    /// <summary>Runs a number of cases, or for a time.</summary>
    public static FuzzCounts Run(FuzzTarget target, ulong seed, long cases, TimeSpan? time = null)
    {
        WarmUp(target);
        var seeds = new Prng(seed ^ Sha.Of(System.Text.Encoding.UTF8.GetBytes(target.Name)).Prefix);
        var counts = default(FuzzCounts);
        var watch = Stopwatch.StartNew();
        while (time is { } most ? watch.Elapsed < most : counts.Cases < cases)
        {
            bool isAccepted = RunCase(target, seeds.NextU64());
            counts = new FuzzCounts(
                counts.Cases + 1, counts.Accepted + (isAccepted ? 1 : 0), counts.Refused + (isAccepted ? 0 : 1));
        }

        return counts;
    }

    /// <summary>Runs one case; fails with its input and how to replay it.</summary>
    /// <returns>Whether the decoder took it.</returns>
    public static bool RunCase(FuzzTarget target, ulong seed)
    {
        byte[] input = Input(target, seed, out bool isValid);
        string? fault = Try(target, input, isValid, out bool isAccepted, out long allocated, out TimeSpan took);
        long most = target.FixedBytesMax + (target.BytesPerByteMax * input.Length);

        // What happens once in a process, such as a first use of a type, is not the input's doing.
        if (fault is null && (allocated > most || took > Patience))
            fault = Try(target, input, isValid, out isAccepted, out allocated, out took);
        if (fault is null && allocated > most) fault = $"allocated {allocated} bytes, the bound is {most}";
        if (fault is null && took > Patience) fault = $"took {took.TotalSeconds:f1} s";
        if (fault is not null) Fail(target, seed, input, fault);
        return isAccepted;
    }

    /// <summary>Checks one input that no seed made, such as a sample.</summary>
    public static void CheckSample(FuzzTarget target, byte[] input)
    {
        string? fault = Try(target, input, isValid: true, out _, out _, out _);
        if (fault is not null) Assert.Fail($"{target.Name}: a sample: {fault}\ninput ({input.Length} bytes): {Convert.ToHexStringLower(input)}");
    }

    /// <summary>Checks that an input which once did harm is refused.</summary>
    public static void CheckRefused(FuzzTarget target, byte[] input)
    {
        string? fault = Try(target, input, isValid: false, out bool isAccepted, out _, out _);
        Assert.True(fault is null && !isAccepted, $"{target.Name}: {fault ?? "accepted"}\ninput: {Convert.ToHexStringLower(input)}");
    }

    private static byte[] Input(FuzzTarget target, ulong seed, out bool isValid)
    {
        var prng = new Prng(seed);
        byte[] input = target.Make is not null && (target.Samples.Count == 0 || prng.Chance(400))
            ? target.Make(prng)
            : target.Samples[prng.Below(target.Samples.Count)];
        isValid = prng.Chance(30);
        if (isValid) return input;
        do input = target.Mutate(prng, input, target.Samples);
        while (prng.Chance(400));
        return target.Repair is not null && prng.Chance(800) ? target.Repair(input) : input;
    }

    private static string? Try(
        FuzzTarget target, byte[] input, bool isValid, out bool isAccepted, out long allocated, out TimeSpan took)
    {
        isAccepted = false;
        string? fault = null;
        long start = Stopwatch.GetTimestamp();
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            byte[]? again = target.Decode(input);
            isAccepted = true;
            if (again is not null && !again.AsSpan().SequenceEqual(input))
                fault = $"another encoding of one value was accepted; its own is {Convert.ToHexStringLower(again)}";
        }
        catch (Exception e) when (target.IsRefusal(e))
        {
            if (isValid) fault = $"a valid value was refused: {e.Message}";
        }
        catch (Exception e)
        {
            fault = $"not the decoder's own refusal: {e}";
        }

        allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        took = Stopwatch.GetElapsedTime(start);
        return fault;
    }

    /// <summary>First uses allocate tables and compiled code: none of that is measured.</summary>
    private static void WarmUp(FuzzTarget target)
    {
        foreach (byte[] sample in target.Samples)
        {
            CheckSample(target, sample);
            for (int cut = 0; cut < int.Min(64, sample.Length); cut++) Try(target, sample[..cut], isValid: false, out _, out _, out _);
        }
    }

    private static void Fail(FuzzTarget target, ulong seed, byte[] input, string fault) => Assert.Fail(
        $"{target.Name}: {fault}\ninput ({input.Length} bytes): {Convert.ToHexStringLower(input)}\n"
        + $"replay: {CaseSwitch}='{target.Name}:{seed}' ./sharedseq test DecoderFuzzTests");

    private static string? Read(string name) => Environment.GetEnvironmentVariable(name);

    private static (string Target, ulong Seed)? ParseCase(string? text)
    {
        if (text is null) return null;
        int at = text.LastIndexOf(':');
        if (at <= 0 || !ulong.TryParse(text.AsSpan(at + 1), CultureInfo.InvariantCulture, out ulong seed))
            throw new ArgumentException($"{CaseSwitch} is target:seed, as a failure prints it, not '{text}'");
        return (text[..at], seed);
    }
}
