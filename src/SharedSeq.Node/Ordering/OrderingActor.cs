using Microsoft.Extensions.Logging;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>
/// Runs the ordering machine over committed heights and gathers result certificates. Consensus never waits for it: its mailbox holds heights that
/// are committed anyway and come again from the archive after a restart.
/// </summary>
public sealed class OrderingActor : Actor<OrderingMessage>
{
    /// <summary>Messages waiting. 65,536: heights are two thousand of them at most (ReplicaActor.OrderingLagMax), peers' connections wait beyond it.</summary>
    private const int MailboxMax = 65_536;

    /// <summary>Least milliseconds between two snapshots. 30,000: a restart applies half a minute of heights in a second or two.</summary>
    private const long SnapshotMs = 30_000;

    private readonly OrderingMachine _machine;
    private readonly IBatchSource _batches;
    private readonly EpochResults _results;
    private readonly IOrderingShell _shell;
    private readonly IReadOnlyList<IOrderedFollower> _followers;
    private readonly ILogger _logger;
    private readonly Action<Exception> _onFatal;
    private readonly List<ResultEffect> _effects = [];
    private Task _snapshot = Task.CompletedTask;
    private bool _isSnapshotOpen;
    private long _snapshotAt;

    /// <param name="machine">Up to date with the archive.</param>
    /// <param name="batches">Where the batches of a height are read.</param>
    /// <param name="results">What results were voted and certified, and by whom they are.</param>
    /// <param name="shell">The node's parts.</param>
    /// <param name="followers">Who is told, in this order.</param>
    /// <param name="logger">For the node's log.</param>
    /// <param name="onFatal">Told when the actor is given up.</param>
    public OrderingActor(
        OrderingMachine machine, IBatchSource batches, EpochResults results, IOrderingShell shell, IReadOnlyList<IOrderedFollower> followers,
        ILogger logger, Action<Exception> onFatal)
        : base("ordering", MailboxMax, Supervision.Fatal)
    {
        _machine = machine;
        _batches = batches;
        _results = results;
        _shell = shell;
        _followers = followers;
        _logger = logger;
        _onFatal = onFatal;
    }

    protected override void OnFailed(Exception error, bool isFinal) => _onFatal(error);

    protected override async Task RunAsync(CancellationToken stopping)
    {
        _shell.OnApplied(_machine.Height);
        foreach (BlockResult owed in _results.TakeOwed()) _results.Of(owed.Epoch)?.OnOwnResult(owed, _effects);
        CarryOut();
        using var tick = new Timer(_ => TryTell(new OrderingMessage.Tick()), null, 1_000, 1_000);
        while (await Mailbox.WaitToReadAsync(stopping))
        {
            while (Mailbox.TryRead(out OrderingMessage? message))
            {
                await HandleAsync(message, stopping);
                CarryOut();
            }
        }
    }

    protected override async ValueTask OnStoppedAsync() => await _snapshot.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async ValueTask HandleAsync(OrderingMessage message, CancellationToken stopping)
    {
        switch (message)
        {
            case OrderingMessage.Delivered m: await ApplyAsync(m.Block, stopping); break;
            case OrderingMessage.PeerSaid m: OnPeerSaid(m.From, m.Message); break;
            case OrderingMessage.PeerConnected m:
                foreach (ResultCollector collector in _results.All) collector.OnPeerConnected(m.Peer, _effects);
                break;
            case OrderingMessage.Tick:
                foreach (ResultCollector collector in _results.All) collector.OnTick(_effects);
                break;
            default: Invariant.Throw($"an ordering message of unhandled kind {message.GetType().Name}"); break;
        }
    }

    private async ValueTask ApplyAsync(CommittedBlock block, CancellationToken stopping)
    {
        // A restart delivers again what the snapshot already holds.
        if (block.Height <= _machine.Height) return;
        OrderingResult result = _machine.Apply(block, _batches);
        if (result.IsSigned) _results.Of(result.Result.Epoch)?.OnOwnResult(result.Result, _effects);
        var ordered = new OrderedHeight(block, result);
        foreach (IOrderedFollower follower in _followers) await follower.OnOrderedAsync(ordered, stopping);
        if (_machine.Boundary is { } boundary) _shell.OnBoundaryKnown(_machine.Epoch, boundary);
        if (EpochStart.After(_machine, block.Block.Header.Hash) is { } next) _results.Begin(_shell.OnEpochEnds(next));
        _shell.OnApplied(block.Height);
        EndSnapshot();
        if (result.IsCheckpoint && !_results.IsDiverged) BeginSnapshot();
    }

    /// <summary>Writes the state beside the loop, now and then: it only saves a restart some heights.</summary>
    private void BeginSnapshot()
    {
        long now = Environment.TickCount64;
        if (now - _snapshotAt < SnapshotMs || _isSnapshotOpen) return;
        _snapshotAt = now;
        OrderingSnapshot snapshot = _machine.BeginSnapshot();
        _isSnapshotOpen = true;
        _snapshot = Task.Run(() => Write(snapshot));
    }

    private void Write(OrderingSnapshot snapshot)
    {
        try
        {
            _shell.OnCheckpoint(snapshot);
        }
        catch (Exception e)
        {
            // A short cut less after a restart; logs that failed have told so themselves. Nobody waits for this task, so nothing else would tell of it.
            _logger.SnapshotFailed(e is StorageException ? e.Message : e.ToString());
        }
    }

    private void EndSnapshot()
    {
        if (!_isSnapshotOpen || !_snapshot.IsCompleted) return;
        _isSnapshotOpen = false;
        _machine.EndSnapshot();
    }

    private void OnPeerSaid(ReplicaId from, PeerMessage message)
    {
        switch (message)
        {
            case ResultVote vote when _results.Of(vote.Epoch) is { } collector && collector.IsWanted(vote):
                VerificationRejection reason = _results.VerifierOf(vote.Epoch).TryVerify(vote, out Verified<ResultVote> verified);
                if (reason == VerificationRejection.None) collector.OnVote(from, verified, _effects);
                else _shell.OnUnverified(from, reason);
                break;
            case ResultRequest request:
                foreach (ResultCollector collector in _results.All) collector.OnRequest(from, request, _effects);
                break;
            case ResultResponse { Certificate: { } certificate } when _results.IsWanted(certificate):
                Epoch epoch = certificate.Result.Epoch;
                reason = _results.VerifierOf(epoch).TryVerify(certificate, out Verified<ResultCertificate> held);
                if (reason == VerificationRejection.None) _results.Of(epoch)!.OnCertificate(held, _effects);
                else _shell.OnUnverified(from, reason);
                break;
            default:
                break;
        }
    }

    private void CarryOut()
    {
        for (int i = 0; i < _effects.Count; i++) CarryOut(_effects[i]);
        _effects.Clear();
    }

    private void CarryOut(ResultEffect effect)
    {
        switch (effect)
        {
            case ResultEffect.SignResult e:
                Verified<ResultVote> vote = _results.SignerOf(e.Result.Epoch).Result(e.Result.Height, e.Result.Hash);
                _shell.AppendResultVote(vote.Value);
                _results.Of(e.Result.Epoch)!.OnOwnVote(vote, _effects);
                break;
            case ResultEffect.Send e: _shell.Send(e.To, e.Message); break;
            case ResultEffect.Certified e:
                foreach (IOrderedFollower follower in _followers) follower.OnCertified(e.Certificate);
                break;
            case ResultEffect.EvidenceFound e: _shell.OnEvidence(e.Evidence); break;
            case ResultEffect.Diverged e:
                _logger.Diverged(e.Own.Height, e.Agreed);
                var divergence = new Divergence(e.Agreed, e.Own, e.OtherHash, e.Certificate);
                foreach (IOrderedFollower follower in _followers) follower.OnDiverged(divergence);
                break;
            case ResultEffect.Split e: _logger.ResultSplit(e.Height); break;
            default: Invariant.Throw($"a result effect of unhandled kind {effect.GetType().Name}"); break;
        }
    }
}
