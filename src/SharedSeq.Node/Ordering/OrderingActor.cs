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
    private readonly ResultCollector _collector;
    private readonly MessageVerifier _verifier;
    private readonly StatementSigner _signer;
    private readonly IOrderingShell _shell;
    private readonly IReadOnlyList<IOrderedFollower> _followers;
    private readonly ILogger _logger;
    private readonly Action<Exception> _onFatal;
    private readonly List<ResultEffect> _effects = [];
    private Task _snapshot = Task.CompletedTask;
    private bool _isSnapshotOpen;
    private long _snapshotAt;

    public OrderingActor(
        OrderingMachine machine, IBatchSource batches, ResultCollector collector, MessageVerifier verifier, StatementSigner signer,
        IOrderingShell shell, IReadOnlyList<IOrderedFollower> followers, ILogger logger, Action<Exception> onFatal)
        : base("ordering", MailboxMax, Supervision.Fatal)
    {
        _machine = machine;
        _batches = batches;
        _collector = collector;
        _verifier = verifier;
        _signer = signer;
        _shell = shell;
        _followers = followers;
        _logger = logger;
        _onFatal = onFatal;
    }

    protected override void OnFailed(Exception error, bool isFinal) => _onFatal(error);

    protected override async Task RunAsync(CancellationToken stopping)
    {
        _shell.OnApplied(_machine.Height);
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
            case OrderingMessage.PeerConnected m: _collector.OnPeerConnected(m.Peer, _effects); break;
            case OrderingMessage.Tick: _collector.OnTick(_effects); break;
            default: Invariant.Throw($"an ordering message of unhandled kind {message.GetType().Name}"); break;
        }
    }

    private async ValueTask ApplyAsync(CommittedBlock block, CancellationToken stopping)
    {
        // A restart delivers again what the snapshot already holds.
        if (block.Height <= _machine.Height) return;
        OrderingResult result = _machine.Apply(block, _batches);
        if (result.IsSigned) _collector.OnOwnResult(result.Result, _effects);
        var ordered = new OrderedHeight(block, result);
        foreach (IOrderedFollower follower in _followers) await follower.OnOrderedAsync(ordered, stopping);
        _shell.OnApplied(block.Height);
        EndSnapshot();
        if (result.IsCheckpoint && !_collector.IsDiverged) BeginSnapshot();
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
            case ResultVote vote when _collector.IsWanted(vote):
                VerificationRejection reason = _verifier.TryVerify(vote, out Verified<ResultVote> verified);
                if (reason == VerificationRejection.None) _collector.OnVote(from, verified, _effects);
                else _shell.OnUnverified(from, reason);
                break;
            case ResultRequest request:
                _collector.OnRequest(from, request, _effects);
                break;
            case ResultResponse { Certificate: { } certificate } when certificate.Result.Height > (_collector.Newest?.Result.Height ?? Height.Zero):
                reason = _verifier.TryVerify(certificate, out Verified<ResultCertificate> held);
                if (reason == VerificationRejection.None) _collector.OnCertificate(held, _effects);
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
                Verified<ResultVote> vote = _signer.Result(e.Result.Height, e.Result.Hash);
                _shell.AppendResultVote(vote.Value);
                _collector.OnOwnVote(vote, _effects);
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
