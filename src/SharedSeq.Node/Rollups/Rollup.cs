using SharedSeq.Adapters;
using SharedSeq.Ethereum;
using SharedSeq.Ordering;

namespace SharedSeq.Node;

/// <summary>
/// What this node knows of one rollup: where its own execution client is, what the operators agree was executed, what waits. Written by the
/// rollup's actors, read by gateway, health and metrics.
/// </summary>
public sealed class Rollup(NamespacePolicy policy, NamespaceFeed feed, bool hasAdapter) : IDisposable
{
    /// <summary>Blocks the own client may be behind what others executed before reads go to them. 25: five seconds at 200 ms.</summary>
    public const ulong BehindMax = 25;

    private readonly Lock _gate = new();
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EthereumRpcClient? _client;
    private Attestation? _executed;
    private string? _quarantine;
    private ulong _quarantinedAt;
    private ulong _head;
    private ulong _catchUpTo;
    private long _clientFailures;
    private long _forwarded;
    private long _unavailable;
    private long _splits;

    public NamespacePolicy Policy { get; } = policy;

    public NamespaceFeed Feed { get; } = feed;

    /// <summary>Whether this operator runs or follows an execution client of the rollup.</summary>
    public bool HasAdapter { get; } = hasAdapter;

    /// <summary>Transactions taken here and not executed yet.</summary>
    public PendingBook Pending { get; } = new();

    /// <summary>The newest block the own client executed.</summary>
    public ulong Head
    {
        get
        {
            lock (_gate) return _head;
        }
    }

    /// <summary>The highest block that enough operators attest; null before the first.</summary>
    public Attestation? Executed
    {
        get
        {
            lock (_gate) return _executed;
        }
    }

    /// <summary>Why the own client is not believed; null when it is.</summary>
    public string? Quarantine
    {
        get
        {
            lock (_gate) return _quarantine;
        }
    }

    /// <summary>The highest block that the own client or a majority executed: pending is what lies above.</summary>
    public ulong Settled
    {
        get
        {
            lock (_gate) return HasAdapter ? _head : _executed?.Number ?? 0;
        }
    }

    /// <summary>Failed exchanges with the own client, reads served by others, reads nobody could serve, splits seen.</summary>
    public (long ClientFailures, long Forwarded, long Unavailable, long Splits) Counters =>
        (Interlocked.Read(ref _clientFailures), Interlocked.Read(ref _forwarded), Interlocked.Read(ref _unavailable),
            Interlocked.Read(ref _splits));

    /// <summary>The own client when its answers can be given to wallets, or why not.</summary>
    public EthereumRpcClient? Readable(out string why)
    {
        lock (_gate)
        {
            why = Reason();
            return why.Length == 0 ? _client : null;
        }
    }

    /// <summary>Why the own client serves no reads; empty when it does.</summary>
    public string Unreadable()
    {
        lock (_gate) return Reason();
    }

    /// <summary>The own client answers and is about to be fed from a block on.</summary>
    public void Opened(EthereumRpcClient client, ulong head)
    {
        EthereumRpcClient? old;
        lock (_gate)
        {
            old = _client == client ? null : _client;
            _client = client;
            _head = head;
            _catchUpTo = Feed.Head;
        }

        old?.Dispose();
    }

    /// <summary>The own client is gone.</summary>
    public void Closed()
    {
        EthereumRpcClient? old;
        lock (_gate)
        {
            old = _client;
            _client = null;
        }

        old?.Dispose();
    }

    public void ExecutedHere(ulong number)
    {
        TaskCompletionSource news;
        lock (_gate)
        {
            _head = number;
            news = _news;
            _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        news.TrySetResult();
    }

    public void Decided(Attestation executed)
    {
        lock (_gate)
        {
            if (_executed is null || executed.Number > _executed.Number) _executed = executed;
        }
    }

    public void SetQuarantine(ulong number, string why)
    {
        lock (_gate)
        {
            _quarantine = why;
            _quarantinedAt = ulong.Max(number, _quarantinedAt);
        }
    }

    /// <summary>The own client attests what the others do: it is believed again once it is past the block it was caught at.</summary>
    /// <returns>Whether it was quarantined until now.</returns>
    public bool InLine(ulong number)
    {
        lock (_gate)
        {
            if (_quarantine is null || number < _quarantinedAt) return false;
            _quarantine = null;
            _quarantinedAt = 0;
            return true;
        }
    }

    /// <summary>Waits until the own client has executed a block.</summary>
    public async Task WaitForAsync(ulong number, CancellationToken cancellation)
    {
        while (true)
        {
            Task news;
            lock (_gate)
            {
                if (_head >= number) return;
                news = _news.Task;
            }

            await news.WaitAsync(cancellation);
        }
    }

    public void CountClientFailure() => Interlocked.Increment(ref _clientFailures);

    public void CountForwarded() => Interlocked.Increment(ref _forwarded);

    public void CountUnavailable() => Interlocked.Increment(ref _unavailable);

    public void CountSplit() => Interlocked.Increment(ref _splits);

    public void Dispose() => Closed();

    private string Reason()
    {
        if (!HasAdapter) return "no adapter here";
        if (Feed.IsHalted) return "this node's order is not the certified one";
        if (_client is null) return "not started or not answering";
        if (_quarantine is not null) return $"quarantined: {_quarantine}";
        if (_head + 5 < _catchUpTo) return $"replays block {_head} of {_catchUpTo}";
        return _executed is { } executed && executed.Number > _head + BehindMax ? $"behind: at {_head}, others at {executed.Number}" : "";
    }
}
