using Microsoft.Extensions.Logging;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// A candidate's own word that it is in step: looks four times a second whether there is something to say, and brings it to the doors of members, a round at
/// each look, until the own ordering says that it is ready: what a member answers is its word. A candidate has no lane of its own.
/// </summary>
internal sealed class ReadyAnnouncer : IAsyncDisposable
{
    /// <summary>
    /// Between two looks. 250 ms: certificates come once a second to who has no seat, and where heights are fast and checkpoints near to each other, what they
    /// cover is among the newest checkpoints for less than a second.
    /// </summary>
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>How long one member may take. 3 s: a statement is ordered within a second where a network runs, and what is named grows old.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly NodeRuntime _node;
    private readonly PublicKey64 _voteKey;
    private readonly ISigner _signer;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stop = new();
    private readonly DoorRounds _rounds = new();
    private readonly Task _loop;

    /// <param name="node">The running node.</param>
    /// <param name="voteKey">The own vote key.</param>
    /// <param name="signer">Signs with it.</param>
    /// <param name="logger">For the node's log.</param>
    public ReadyAnnouncer(NodeRuntime node, PublicKey64 voteKey, ISigner signer, ILogger logger)
    {
        _node = node;
        _voteKey = voteKey;
        _signer = signer;
        _logger = logger;
        _loop = Task.Run(RunAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                if (Named() is { } checkpoint) await SayAsync(checkpoint);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // the node stops
        }
    }

    private OperatorCheckpoint? Named()
    {
        NodeProgress progress = _node.Progress;
        if (progress.Operators is not { } operators || progress.Divergence is not null || _node.Feeds.Newest is not { } newest) return null;
        return OperatorReadiness.CheckpointToName(operators, _voteKey, progress.Ordered, newest.Result.Height, progress.Final.Height);
    }

    private async Task SayAsync(OperatorCheckpoint checkpoint)
    {
        ulong validUntil = (_node.Progress.CommittedTime.Value / 1_000) + _node.Genesis.Policy.DedupSeconds;
        OperatorStatement.Ready ready = new OperatorStatementSigner(_node.Genesis.Domain).Ready(validUntil, _voteKey, checkpoint, _signer);
        string statement = "0x" + Convert.ToHexStringLower(ready.Encode());
        foreach (Uri door in _rounds.Next([.. Doors()]))
        {
            try
            {
                using var member = new OperatorClient(door, Patience);
                await member.CallAsync("sharedseq_submitOperatorStatement", [statement], _stop.Token);
                _logger.ReadySaid(checkpoint.Height, door);
                return;
            }
            catch (Exception e) when (e is OperatorException or HttpRequestException)
            {
                _logger.ReadyRefused(door, e.Message);
            }
        }
    }

    /// <summary>The public addresses of the present members, as they joined with or the genesis document names them.</summary>
    private IEnumerable<Uri> Doors()
    {
        OperatorRegistry operators = _node.Progress.Operators!;
        foreach (OperatorId? id in operators.Present.Operators)
        {
            if (id is not { } member) continue;
            OperatorEndpoints? endpoints = operators.Find(member)?.Endpoints ?? _node.Genesis.Endpoints.ElementAtOrDefault((int)member.Value);
            if (Uri.TryCreate(endpoints?.Rpc, UriKind.Absolute, out Uri? rpc)) yield return rpc;
        }
    }
}
