using SharedSeq.Client;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>
/// A client that is told the genesis and one operator, follows a namespace from its first block on, and finds its own way from committee to committee. The
/// stream gives every block once and in order, or ends with the reason.
/// </summary>
internal sealed class StreamWitness : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _following;
    private ulong _last;

    public StreamWitness(BenchNetwork network, NamespaceId ns, int home)
    {
        Directory = new NetworkDirectory(network.Genesis, [network.Rpcs[home]]);
        Namespace = ns;
        _following = FollowAsync();
    }

    /// <summary>What it found out.</summary>
    public NetworkDirectory Directory { get; }

    public NamespaceId Namespace { get; }

    /// <summary>The newest block that it was given, proved.</summary>
    public ulong Last => Volatile.Read(ref _last);

    /// <summary>Waits until it was given a block.</summary>
    /// <exception cref="StreamException">The stream ended.</exception>
    public Task ReachAsync(ulong number, CancellationToken cancellation) => DrillRun.UntilAsync(
        $"the stream gives block {number}", TimeSpan.FromSeconds(30),
        async () =>
        {
            if (_following.IsCompleted) await _following;
            return Last >= number;
        },
        cancellation);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task FollowAsync()
    {
        await foreach (FollowedBlock block in new NamespaceStream(Directory, Namespace).FollowAsync(1, _stop.Token))
            Volatile.Write(ref _last, block.Block.Number);
    }
}
