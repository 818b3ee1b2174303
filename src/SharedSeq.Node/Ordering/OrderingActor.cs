using Microsoft.Extensions.Logging;
using SharedSeq.Consensus;
using SharedSeq.Networking;
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

    /// <summary>Least milliseconds between two snapshots. 10,000: where a node catches up committed time runs fast, and only new states matter.</summary>
    private const long SnapshotMs = 10_000;

    private readonly OrderingMachine _machine;
    private readonly IBatchSource _batches;
    private readonly EpochResults _results;
    private readonly IOrderingShell _shell;
    private readonly IReadOnlyList<IOrderedFollower> _followers;
    private readonly ILogger _logger;
    private readonly Action<Exception> _onFatal;
    private readonly List<ResultEffect> _effects = [];
    private readonly Dictionary<PeerId, int> _answered = [];
    private readonly SnapshotPacing _pacing;
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
        _pacing = new SnapshotPacing(machine.Timestamp.Value);
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
        foreach (BlockResult owed in _results.TakeOwed()) OnOwnResult(owed);
        using var tick = new Timer(_ => TryTell(new OrderingMessage.Tick()), null, 1_000, 1_000);
        while (await Mailbox.WaitToReadAsync(stopping))
        {
            while (Mailbox.TryRead(out OrderingMessage? message))
            {
                await HandleAsync(message, stopping);
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
            case OrderingMessage.PeerConnected m: OnPeerConnected(m.Peer); break;
            case OrderingMessage.Tick: OnTick(); break;
            default: Invariant.Throw($"an ordering message of unhandled kind {message.GetType().Name}"); break;
        }
    }

    private async ValueTask ApplyAsync(CommittedBlock block, CancellationToken stopping)
    {
        // A restart delivers again what the snapshot already holds.
        if (block.Height <= _machine.Height) return;
        OrderingResult result = _machine.Apply(block, _batches);
        if (result.IsSigned) OnOwnResult(result.Result);
        var ordered = new OrderedHeight(block, result);
        foreach (IOrderedFollower follower in _followers) await follower.OnOrderedAsync(ordered, stopping);
        if (_machine.Boundary is { } boundary) _shell.OnBoundaryKnown(_machine.Epoch, boundary);
        if (EpochStart.After(_machine, block.Block.Header.Hash) is { } next) _results.Begin(_shell.OnEpochEnds(next));
        _shell.OnApplied(block.Height);
        EndSnapshot();
        if (_pacing.IsDue(result) && !_results.IsDiverged) BeginSnapshot();
    }

    /// <summary>Writes the state beside the loop, now and then: it only saves a restart some heights.</summary>
    private void BeginSnapshot()
    {
        long now = Environment.TickCount64;
        if ((_snapshotAt > 0 && now - _snapshotAt < SnapshotMs) || _isSnapshotOpen) return;
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

    private void OnOwnResult(BlockResult result)
    {
        if (_results.Of(result.Epoch) is not { } epoch) return;
        epoch.Collector.OnOwnResult(result, _effects);
        CarryOut(epoch);
    }

    private void OnPeerConnected(PeerId peer)
    {
        foreach (EpochResult epoch in _results.All)
        {
            if (epoch.Part.SeatOf(peer) is { } seat) epoch.Collector.OnPeerConnected(seat, _effects);
            CarryOut(epoch);
        }
    }

    private void OnTick()
    {
        _answered.Clear();
        foreach (EpochResult epoch in _results.All)
        {
            // An observer of an epoch has nothing more to ask for once it has the certificate of its boundary.
            if (epoch.Part.Self is null && _results.IsSettled(epoch)) continue;
            epoch.Collector.OnTick(_effects);
            CarryOut(epoch);
        }
    }

    private void OnPeerSaid(PeerId from, PeerMessage message)
    {
        switch (message)
        {
            case ResultVote vote when _results.Of(vote.Epoch) is { } epoch && epoch.Collector.IsWanted(vote):
                VerificationRejection reason = epoch.Part.Verifier.TryVerify(vote, out Verified<ResultVote> verified);
                if (reason == VerificationRejection.None) epoch.Collector.OnVote(epoch.Part.SeatOf(from) ?? vote.Voter, verified, _effects);
                else _shell.OnUnverified(from, reason);
                CarryOut(epoch);
                break;
            case ResultRequest request:
                OnRequest(from, request);
                break;
            case ResultResponse { Certificate: { } certificate } when _results.Of(certificate.Result.Epoch) is { } epoch && epoch.IsWanted(certificate):
                reason = epoch.Part.Verifier.TryVerify(certificate, out Verified<ResultCertificate> held);
                if (reason == VerificationRejection.None) epoch.Collector.OnCertificate(held, _effects);
                else _shell.OnUnverified(from, reason);
                CarryOut(epoch);
                break;
            default:
                break;
        }
    }

    /// <summary>Observers of the epoch that answers are answered as often as its members.</summary>
    private void OnRequest(PeerId from, ResultRequest request)
    {
        ResultCollector? answerer = ResultCollector.AnswererOf(_results.All.Select(item => item.Collector), request);
        if (answerer?.Newest is not { } newest || _results.Of(newest.Result.Epoch) is not { } epoch) return;
        if (epoch.Part.SeatOf(from) is { } seat)
        {
            epoch.Collector.OnRequest(seat, request, _effects);
            CarryOut(epoch);
            return;
        }

        int answers = _answered.GetValueOrDefault(from);
        if (answers >= ResultCollector.AnswersPerTick) return;
        _answered[from] = answers + 1;
        _shell.Answer(from, new ResultResponse(newest));
    }

    private void CarryOut(EpochResult epoch)
    {
        for (int i = 0; i < _effects.Count; i++) CarryOut(epoch, _effects[i]);
        _effects.Clear();
    }

    private void CarryOut(EpochResult epoch, ResultEffect effect)
    {
        switch (effect)
        {
            case ResultEffect.SignResult e:
                Verified<ResultVote> vote = _results.SignerOf(e.Result.Epoch).Result(e.Result.Height, e.Result.Hash);
                _shell.AppendResultVote(vote.Value);
                epoch.Collector.OnOwnVote(vote, _effects);
                break;
            case ResultEffect.Send e: _shell.Send(epoch.Part, e.To, e.Message); break;
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
