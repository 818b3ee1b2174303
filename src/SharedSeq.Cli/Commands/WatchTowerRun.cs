using System.Globalization;
using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>One watch: looks at each operator again and again, goes on with whoever joins, and writes what the tower tells.</summary>
internal sealed class WatchTowerRun
{
    /// <summary>Milliseconds between two judgements of what only time tells.</summary>
    private const int TickMs = 100;

    private static readonly JsonSerializerOptions Lines = new(JsonSerializerDefaults.Web)
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly WatchOptions _options;
    private readonly TimeSpan _interval;
    private readonly bool _isJson;
    private readonly IReadOnlyList<Uri> _operators;
    private readonly Genesis _genesis;
    private readonly NetworkDirectory _network;
    private readonly WatchedMembers _members;
    private readonly WatchTower _tower;
    private readonly Lock _gate = new();
    private readonly Dictionary<Uri, (int Index, CancellationTokenSource Stop)> _looks = [];
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Wall-clock time of the start, then the monotonic clock: a clock that is set must not end or start alerts.
    private readonly TimeProvider _clock = TimeProvider.System;
    private readonly DateTimeOffset _start;
    private readonly long _started;

    public WatchTowerRun(Genesis genesis, IReadOnlyList<Uri> operators, WatchOptions options, TimeSpan interval, bool isJson)
    {
        _genesis = genesis;
        _operators = operators;
        _options = options;
        _interval = interval;
        _isJson = isJson;
        _start = _clock.GetUtcNow();
        _started = _clock.GetTimestamp();
        _network = new NetworkDirectory(genesis, operators);
        _members = new WatchedMembers(
            operators, genesis.Endpoints.Select(endpoint => Uri.TryCreate(endpoint.Rpc, UriKind.Absolute, out Uri? address) ? address : null).OfType<Uri>());
        _tower = new WatchTower(genesis, operators, options, _start);
    }

    /// <summary>Until it is cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (_isJson) Write(new { @event = "watching", genesis = _genesis.Hash.ToString(), operators = _operators });
        else Console.WriteLine($"watching {_operators.Count} operators of network {_genesis.Hash}");
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        lock (_gate)
        {
            for (int i = 0; i < _operators.Count; i++) Begin(_operators[i], i, ending.Token);
        }

        _ = EndAsync(TickAsync(ending.Token), ending.Token);
        try
        {
            await _ended.Task;
        }
        finally
        {
            await ending.CancelAsync();
        }
    }

    private void Judge(Action<DateTimeOffset> judge)
    {
        lock (_gate)
        {
            judge(_start + _clock.GetElapsedTime(_started));
            foreach (WatchAlert alert in _tower.TakeChanges()) Tell(alert);
        }
    }

    private async Task LookAsync(Uri address, int index, CancellationToken ending, CancellationToken stopping)
    {
        Epoch told = Epoch.Zero;
        using var client = new OperatorClient(address, _options.Patience / 2);
        var watch = new OperatorWatch(_network, client, index, new Prng((ulong)index));
        while (true)
        {
            OperatorSighting sighting = await watch.LookAsync(
                atMost => Asked(() => _tower.CommittedToCompare(index, atMost)), atMost => Asked(() => _tower.CertifiedToCompare(index, atMost)), stopping);
            Judge(now => _tower.Observe(index, sighting, now));
            if (_network.Newest is { } newest && newest > told && await watch.MembersAsync(newest, stopping) is { } members)
            {
                told = newest;
                Judge(now => FollowMembers(address, newest, members, now, ending));
            }

            await Task.Delay(_interval, stopping);
        }
    }

    private Height? Asked(Func<Height?> ask)
    {
        lock (_gate) return ask();
    }

    private async Task TickAsync(CancellationToken ending)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(TickMs));
        while (await timer.WaitForNextTickAsync(ending))
        {
            Judge(_tower.Tick);
        }
    }

    private void FollowMembers(Uri from, Epoch epoch, IReadOnlyList<Uri> members, DateTimeOffset now, CancellationToken ending)
    {
        if (_network.Of(epoch) is not { } committee) return;
        (IReadOnlyList<Uri> joined, IReadOnlyList<Uri> left) = _members.Tell(from, epoch, committee.Quorum.OneHonest, members);
        foreach (Uri address in left)
        {
            if (!_looks.Remove(address, out (int Index, CancellationTokenSource Stop) look)) continue;
            look.Stop.Cancel();
            look.Stop.Dispose();
            _tower.Drop(look.Index, now);
            TellMember("left", address);
        }

        foreach (Uri address in joined)
        {
            Begin(address, _tower.Watch(address, now), ending);
            TellMember("joined", address);
        }
    }

    private void Begin(Uri address, int index, CancellationToken ending)
    {
        var stop = CancellationTokenSource.CreateLinkedTokenSource(ending);
        _looks[address] = (index, stop);
        _ = EndAsync(LookAsync(address, index, ending, stop.Token), ending);
    }

    /// <summary>None of them ends by itself: one that does was stopped alone, or all are, or it has failed, which ends all.</summary>
    private async Task EndAsync(Task task, CancellationToken ending)
    {
        await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (task.Exception is { } failure) _ended.TrySetException(failure.InnerExceptions);
        else if (ending.IsCancellationRequested) _ended.TrySetCanceled(ending);
    }

    private void TellMember(string what, Uri address)
    {
        if (_isJson) Write(new { @event = what, @operator = address });
        else Console.WriteLine(what == "joined" ? $"watching {address}, too: it joined" : $"watching {address} no more: it left");
    }

    private void Tell(WatchAlert alert)
    {
        IEnumerable<string> proofs = alert.Proofs.Select(file => "0x" + Convert.ToHexStringLower(file));
        if (_isJson)
        {
            Write(
                new
                {
                    @event = alert.End is null ? "start" : "end",
                    id = alert.Id,
                    kind = alert.Kind.ToString(),
                    subject = alert.Subject,
                    start = alert.Start,
                    end = alert.End,
                    detail = alert.Detail,
                    proofs,
                });
            return;
        }

        string name = alert.Kind == WatchAlertKind.Contradiction ? "!!! CONTRADICTION !!!" : alert.Kind.ToString();
        Console.WriteLine(alert.End is { } end
            ? $"{Time(end)}  over   {name}  {alert.Subject}: after {(end - alert.Start).TotalSeconds:f1} s  [{alert.Id}]"
            : $"{Time(alert.Start)}  ALERT  {name}  {alert.Subject}: {alert.Detail}  [{alert.Id}]");
        foreach (string proof in proofs) Console.WriteLine($"  proof {proof}");
    }

    private static void Write(object line) => Console.WriteLine(JsonSerializer.Serialize(line, Lines));

    private static string Time(DateTimeOffset at) => at.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
