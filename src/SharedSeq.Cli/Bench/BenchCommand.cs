using System.CommandLine;

namespace SharedSeq.Cli;

/// <summary>
/// bench throughput|latency|load|crash|partition|catch-up|subscribers: measures a network of its own on this machine, with the shipped defaults.
/// </summary>
internal static class BenchCommand
{
    private delegate Task Measure(BenchRun run, ParseResult result, CancellationToken cancellation);

    public static Command Create()
    {
        var settings = new Settings();
        var command = new Command("bench", "Measure a network of its own. Example: sharedseq bench throughput --seconds 10");
        foreach (Option option in settings.All) command.Options.Add(option);
        foreach (Command sub in (ReadOnlySpan<Command>)[
            Sub(settings, "throughput",
                "Most transactions a second: 16 connections, 4,096 under way in frames of 64; and 128 single ones under way (B1).", ThroughputAsync),
            Sub(settings, "latency", "Submit to committed at 500 transactions a second, single submissions (B3b).", LatencyAsync),
            Sub(settings, "load", "CPU per transaction and memory at a paced load in frames (B4).", LoadAsync),
            Crash(settings), Partition(settings), CatchUp(settings), Subscribers(settings)])
            command.Subcommands.Add(sub);
        return command;
    }

    private static Command Sub(Settings settings, string name, string text, Measure measure, params ReadOnlySpan<Option> options)
    {
        var sub = new Command(name, text);
        foreach (Option option in options) sub.Options.Add(option);
        sub.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            await measure(settings.Read(result), result, cancellation);
            return ExitCode.Ok;
        }));
        return sub;
    }

    private static async Task ThroughputAsync(BenchRun run, ParseResult _, CancellationToken cancellation)
    {
        await run.MeasureAsync("B1 framed, 4,096 under way", new LoadOptions(), cancellation);
        await run.MeasureAsync("B1 single, 128 under way", new LoadOptions { FrameSize = 1, InFlight = 128 }, cancellation);
    }

    private static Task LatencyAsync(BenchRun run, ParseResult _, CancellationToken cancellation) =>
        run.MeasureAsync("B3b", run.Paced(500, 1), cancellation);

    private static Task LoadAsync(BenchRun run, ParseResult _, CancellationToken cancellation) =>
        run.MeasureAsync("B4", run.Paced(20_000, 64), cancellation);

    private static Command Crash(Settings settings)
    {
        var scenario = new Option<CrashScenario>("--scenario")
        {
            Description = "turn: kill -9 of each in turn; dead: p99 with one dead against healthy; carry: load carried with one dead; receipt: killed "
                + "for good right after a receipt; restart: all killed at once; all: one after the other.",
            DefaultValueFactory = _ => CrashScenario.Turn,
        };
        var carry = new Option<int>("--carry")
        {
            Description = "Transactions a second to be carried with one dead: half of a B1 of yours.",
            DefaultValueFactory = _ => 20_000,
        };
        return Sub(settings, "crash", "Silence, latency, load carried and promises kept when operators are killed under load (B5).",
            (run, result, cancellation) => new CrashBench(run, result.GetValue(carry)).RunAsync(result.GetValue(scenario), cancellation),
            scenario, carry);
    }

    private static Command Partition(Settings settings)
    {
        var cut = new Option<int>("--cut") { Description = "Seconds of each cut, at most 30: transactions are valid for 35.", DefaultValueFactory = _ => 20 };
        var delay = new Option<int>("--delay") { Description = "Milliseconds that every byte between operators takes one way.", DefaultValueFactory = _ => 0 };
        cut.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 2 or > 30) result.AddError("--cut is 2 to 30");
        });
        return Sub(settings, "partition", "Recovery when half of the operators, then one, is cut from the others under load and the cut heals (B6).",
            (run, result, cancellation) => new PartitionBench(run, result.GetValue(cut), result.GetValue(delay)).RunAsync(cancellation),
            cut, delay);
    }

    private static Command CatchUp(Settings settings)
    {
        var away = new Option<int>("--away") { Description = "Seconds that the operator is away.", DefaultValueFactory = _ => 60 };
        away.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 3_600) result.AddError("--away is 1 to 3,600");
        });
        return Sub(settings, "catch-up", "How soon an operator that was away is in step again, and what that costs the others (B7).",
            (run, result, cancellation) => new CatchUpBench(run, result.GetValue(away)).RunAsync(cancellation), away);
    }

    private static Command Subscribers(Settings settings)
    {
        var count = new Option<int>("--subscribers") { Description = "Subscribers of one operator.", DefaultValueFactory = _ => 100 };
        var slow = new Option<int>("--slow") { Description = "How many of them are slow readers.", DefaultValueFactory = _ => 10 };
        count.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 4_000) result.AddError("--subscribers is 1 to 4,000");
        });
        slow.Validators.Add(result =>
        {
            int value = result.GetValueOrDefault<int>();
            if (value < 0 || value > result.GetValue(count)) result.AddError("--slow is 0 to --subscribers");
        });
        return Sub(settings, "subscribers", "Deliveries, lag and what subscribers cost the commits, some of them slow (B9).",
            (run, result, cancellation) => new SubscribersBench(run, result.GetValue(count), result.GetValue(slow)).RunAsync(cancellation),
            count, slow);
    }

    /// <summary>The options that every benchmark has.</summary>
    private sealed class Settings
    {
        private readonly Option<int> _seconds = Number("--seconds", "Seconds measured per run.", 30);
        private readonly Option<int> _warmUp = Number("--warm-up", "Seconds before measuring.", 10);
        private readonly Option<int> _operators = Number("--operators", "Operators.", 4);
        private readonly Option<int> _payload = Number("--payload", "Bytes of a transaction.", 512);
        private readonly Option<int> _rate = Number("--rate", "Transactions a second where paced; 0 for the benchmark's own.", 0);
        private readonly Option<bool> _json = new("--json") { Description = "One JSON object per run.", Recursive = true };

        public IReadOnlyList<Option> All => [_seconds, _warmUp, _operators, _payload, _rate, _json];

        public BenchRun Read(ParseResult result) => new(
            result.GetValue(_operators), result.GetValue(_payload), result.GetValue(_warmUp), result.GetValue(_seconds), result.GetValue(_rate),
            result.GetValue(_json));

        private static Option<int> Number(string name, string text, int value) =>
            new(name) { Description = text, DefaultValueFactory = _ => value, Recursive = true };
    }
}
