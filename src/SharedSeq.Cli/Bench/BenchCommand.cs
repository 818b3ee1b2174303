using System.CommandLine;

namespace SharedSeq.Cli;

/// <summary>bench throughput|latency|load|crash|partition|subscribers: measures a network of its own on this machine, with the shipped defaults.</summary>
internal static class BenchCommand
{
    public static Command Create()
    {
        var seconds = new Option<int>("--seconds") { Description = "Seconds measured per run.", DefaultValueFactory = _ => 30, Recursive = true };
        var warmUp = new Option<int>("--warm-up") { Description = "Seconds before measuring.", DefaultValueFactory = _ => 10, Recursive = true };
        var operators = new Option<int>("--operators") { Description = "Operators.", DefaultValueFactory = _ => 4, Recursive = true };
        var payload = new Option<int>("--payload") { Description = "Bytes of a transaction.", DefaultValueFactory = _ => 512, Recursive = true };
        var rate = new Option<int>("--rate")
        {
            Description = "Transactions a second where paced; 0 for the benchmark's own.",
            DefaultValueFactory = _ => 0,
            Recursive = true,
        };
        var json = new Option<bool>("--json") { Description = "One JSON object per run.", Recursive = true };
        var command = new Command("bench", "Measure a network of its own. Example: sharedseq bench throughput --seconds 10")
        {
            seconds, warmUp, operators, payload, rate, json,
        };
        Add(command, "throughput",
            "Most transactions a second: 16 connections, 4,096 under way in frames of 64; and 128 single ones under way (B1).", Throughput);
        Add(command, "latency", "Submit to committed at 500 transactions a second, single submissions (B3b).", Latency);
        Add(command, "load", "CPU per transaction and memory at a paced load in frames (B4).", Load);
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
        Add(command, "crash", "Silence, latency, load carried and promises kept when operators are killed under load (B5).",
            (run, result, cancellation) => new CrashBench(run, result.GetValue(carry)).RunAsync(result.GetValue(scenario), cancellation),
            scenario, carry);
        var cut = new Option<int>("--cut") { Description = "Seconds of each cut, at most 30: transactions are valid for 35.", DefaultValueFactory = _ => 20 };
        var delay = new Option<int>("--delay") { Description = "Milliseconds that every byte between operators takes one way.", DefaultValueFactory = _ => 0 };
        cut.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 2 or > 30) result.AddError("--cut is 2 to 30");
        });
        Add(command, "partition", "Recovery when half of the operators, then one, is cut from the others under load and the cut heals (B6).",
            (run, result, cancellation) => new PartitionBench(run, result.GetValue(cut), result.GetValue(delay)).RunAsync(cancellation),
            cut, delay);
        AddSubscribers();
        return command;

        void AddSubscribers()
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
            Add(command, "subscribers", "Deliveries, lag and what subscribers cost the commits, some of them slow (B9).",
                (run, result, cancellation) => new SubscribersBench(run, result.GetValue(count), result.GetValue(slow)).RunAsync(cancellation),
                count, slow);
        }

        void Add(
            Command parent, string name, string text, Func<BenchRun, ParseResult, CancellationToken, Task> run, params ReadOnlySpan<Option> options)
        {
            var sub = new Command(name, text);
            foreach (Option option in options) sub.Options.Add(option);
            sub.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
            {
                var settings = new BenchRun(
                    result.GetValue(operators), result.GetValue(payload), result.GetValue(warmUp), result.GetValue(seconds), result.GetValue(rate),
                    result.GetValue(json));
                await run(settings, result, cancellation);
                return ExitCode.Ok;
            }));
            parent.Subcommands.Add(sub);
        }
    }

    private static async Task Throughput(BenchRun run, ParseResult _, CancellationToken cancellation)
    {
        await run.MeasureAsync("B1 framed, 4,096 under way", new LoadOptions(), cancellation);
        await run.MeasureAsync("B1 single, 128 under way", new LoadOptions { FrameSize = 1, InFlight = 128 }, cancellation);
    }

    private static Task Latency(BenchRun run, ParseResult _, CancellationToken cancellation) =>
        run.MeasureAsync("B3b", new LoadOptions { FrameSize = 1, InFlight = 0, Rate = run.Rate > 0 ? run.Rate : 500 }, cancellation);

    private static Task Load(BenchRun run, ParseResult _, CancellationToken cancellation) =>
        run.MeasureAsync("B4", new LoadOptions { FrameSize = 64, InFlight = 0, Rate = run.Rate > 0 ? run.Rate : 20_000 }, cancellation);
}
