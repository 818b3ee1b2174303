using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>
/// One operator: opens its files, recovers, puts the actors together and runs them until it is stopped or one of them fails for good. The order of
/// starting is that of the data: logs, ordering up to the newest delivered height, then the actors, peers, and last the public listener.
/// </summary>
public sealed class NodeHost : IAsyncDisposable
{
    private readonly NodeConfiguration _configuration;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly TimeProvider _clock;
    private readonly IFileLayer? _files;
    private readonly TaskCompletionSource<string> _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Height> _synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<IAsyncDisposable> _parts = [];
    private readonly CheckpointFolder _checkpoints;
    private NodeKeys? _keys;
    private NodePeers? _peers;
    private NodeEpochs? _epochs;
    private NodeLogs? _logs;
    private bool _isReady;

    /// <param name="configuration">The operator's configuration.</param>
    /// <param name="loggers">Where log lines go.</param>
    /// <param name="clock">The operator's clock; null is the system's.</param>
    /// <param name="files">Where the logs and snapshots are; null is the disk.</param>
    /// <exception cref="ConfigurationException">The genesis document is refused, or its limits and the configuration's do not fit together.</exception>
    public NodeHost(NodeConfiguration configuration, ILoggerFactory loggers, TimeProvider? clock = null, IFileLayer? files = null)
    {
        _configuration = configuration;
        _loggers = loggers;
        _logger = loggers.CreateLogger("SharedSeq.Node");
        _clock = clock ?? TimeProvider.System;
        _files = files;
        Genesis = GenesisFiles.Read(configuration.Genesis, configuration.GenesisHash);
        NodeLimits.Check(configuration, Genesis);
        _checkpoints = new CheckpointFolder(configuration.DataDir, files);
    }

    public Genesis Genesis { get; }

    /// <summary>What the parts that serve clients need; set by <see cref="StartAsync"/>.</summary>
    public NodeRuntime Runtime { get; private set; } = null!;

    /// <summary>Address of the public listener.</summary>
    public Uri Rpc { get; private set; } = new("http://127.0.0.1:0");

    /// <summary>Completes with the height of a checkpoint that waits to be installed: stop this node and start a new one on the same folder.</summary>
    public Task<Height> Synced => _synced.Task;

    /// <summary>Completes with the reason when an actor failed for good: the process should end.</summary>
    public Task<string> Fatal => _stopped.Task;

    /// <exception cref="ConfigurationException">Something an operator can mend.</exception>
    /// <exception cref="StorageException">The logs can not be used as they are.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        _keys = NodeKeys.Open(_configuration.Replica, Genesis);
        var snapshots = new SnapshotFiles(Path.Combine(_configuration.DataDir, "snapshots"), _files);
        await OpenLogsAsync(snapshots, cancellation);
        RecoveredState recovered = _logs.Recover(Genesis, out IReadOnlyList<ResultVote> resultVotes, _epochs.IsOpen);
        var diverged = new DivergenceFile(_configuration.DataDir, _files);
        var progress = new NodeProgress { Divergence = diverged.Read() };
        var batches = new BatchStore(_logs.ReadBatch);
        batches.AddStored(recovered.Batches);
        NodeLedger ledger = StartLedger(batches, out Height start);
        var feeds = new NamespaceFeeds(batches, ledger.ReadStreamBlock, ledger.HeadOf);
        if (progress.Divergence is { } known) TellDiverged(known, ledger, feeds);
        OrderingMachine machine = await RecoverOrderingAsync(snapshots, ledger.CompleteHeight, batches, [ledger, feeds], progress, cancellation);
        feeds.StartFrom(machine.Heads());
        EpochHistory history = _epochs.Recover(recovered.Delivered, machine.Epoch, machine.Boundary);
        (PeerSender peers, CertifiedProofs proofs) = (new PeerSender(), new CertifiedProofs());
        CheckpointShelf checkpoints = NewShelf(snapshots, ledger);
        NodeShell shell = NewShell(snapshots, checkpoints, batches, peers, proofs, progress);
        var replica = new Epochs(ReplicaOptions(), history, recovered with { Evidence = ledger.RecordedEvidence() });
        var replicaActor = new ReplicaActor(replica, NewSigners().Of, shell, _clock, e => OnFatal("replica", e));
        var lane = new LaneActor(OwnLaneStart.Of(replica), shell, _clock, e => OnFatal("lane", e));
        var backlog = new LaneBacklog(_epochs.IsOwn, batches, ns => _epochs.Newest.Self is { } self ? machine.QueuedBytes(ns, self) : 0);
        var results = new EpochResults(_epochs, NewSigners().Of);
        results.Recover(resultVotes, ledger, progress.Divergence, start);
        (AdmissionCounters admission, IntakeCounters counters) = (new AdmissionCounters(), new IntakeCounters());
        var submit = new SubmitIntake(Genesis, lane, backlog, () => progress.CommittedTime, admission);
        var operators = new OperatorDoor(Genesis, submit, progress, new P256Scheme(), _clock);
        var registration = new PeerRegistration(_peers, _epochs, peers, machine.Operators);
        IOrderedFollower[] followers = [new ProgressFollower(progress, diverged), registration, ledger, feeds, backlog, operators];
        var ordering = new OrderingActor(machine, batches, results, shell, followers, _logger, FatalOf("ordering"));
        StateSyncActor sync = NewSync(peers, registration, ledger);
        var intake = new MessageIntake(_epochs, new VerifiedAckCache(), shell, counters);
        (shell.EvidenceSeen, shell.Pruned, shell.OwnBatchCertified) = (ledger.PutEvidence, ledger.Prune, ledger.PutProof);
        shell.HandOversFrom = from => ledger.HandOverPage(from, HandOverResponse.MaxHandOvers, HandOverResponse.MaxBytes);
        shell.Attach(replicaActor, lane, ordering, sync, intake);
        _logs.Subscribe(replicaActor.OnVotesDurable, (Action<long>)replicaActor.OnBatchesDurable + lane.OnBatchesDurable);
        IReadOnlyList<PeerNetwork> networks = NewNetworks(intake, peers, machine.Operators);
        (progress.Final, progress.Room) = (replica.Replica.Final, replica.Replica.Lanes.OwnLaneRoom);
        TellLeft(lane, recovered.Delivered);
        Runtime = new NodeRuntime
        {
            Configuration = _configuration,
            Genesis = Genesis,
            Progress = progress,
            Batches = batches,
            Feeds = feeds,
            Ledger = ledger,
            Lane = lane,
            Submit = submit,
            Admission = admission,
            Operators = operators,
            Intake = counters,
            Network = networks[0],
            Logs = _logs,
            Epochs = _epochs,
            Peers = peers,
            Proofs = proofs,
            Checkpoints = checkpoints,
            Sync = sync,
            Shell = shell,
            NodeSigner = () => _epochs.Present is { Self: { } self } present ? _keys.SignerOf(present.Committee[self].NodeKey) : null,
            IsReady = () => _isReady,
            TellReplica = input => replicaActor.TryTell(ReplicaMessage.Of(input)),
            Actors = [replicaActor, lane, ordering, sync],
        };
        await RunAsync(ordering, sync, lane, replicaActor, networks, cancellation);
        SayStarted(_epochs.Present, _keys, machine.Height);
        _isReady = true;
    }

    public async ValueTask DisposeAsync()
    {
        _isReady = false;
        for (int i = _parts.Count - 1; i >= 0; i--) await _parts[i].DisposeAsync();
        _logs?.Dispose();
        _keys?.Dispose();
        _logger.Stopped();
    }

    private void SayStarted(EpochPart present, NodeKeys keys, Height height)
    {
        _logger.Started(present.Self?.ToString() ?? "none", present.Epoch, Genesis.Chain, Genesis.Hash, height);
        if (present.Self is null && keys.HalfSeatIn(present.Committee) is { } half) _logger.HalfSeat(half, present.Epoch);
    }

    /// <summary>One of the node key, and while that is rotated one of the new key, which listens nowhere and dials everybody.</summary>
    private List<PeerNetwork> NewNetworks(MessageIntake intake, PeerSender peers, OperatorRegistry operators)
    {
        IReadOnlyList<PeerEndpoint> registered = _peers!.Registered(operators, _epochs!);
        var networks = new List<(PublicKey64 NodeKey, PeerNetwork Network)>();
        foreach (P256PrivateKey key in (IEnumerable<P256PrivateKey>)(_keys!.NewNodeKey is { } next ? [_keys.NodeKey, next] : [_keys.NodeKey]))
        {
            var options = new PeerNetworkOptions
            {
                NodeKey = key.PublicKey.Value,
                Chain = Genesis.Chain,
                Genesis = Genesis.Hash,
                Certificate = key.CreateSelfSignedCertificate("operator"),
                Listen = networks.Count == 0 ? IPEndPoint.Parse(_configuration.Peers.Listen) : null,
                Peers = registered,
            };
            var network = new PeerNetwork(options, intake, _loggers.CreateLogger("SharedSeq.Networking"));
            network.SetPeers(registered, _peers.HasLeft(operators));
            networks.Add((options.NodeKey, network));
        }

        peers.Attach(networks);
        return [.. networks.Select(item => item.Network)];
    }

    private void CreateDataFolder()
    {
        try
        {
            Directory.CreateDirectory(_configuration.DataDir);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(
                ConfigurationRejection.Unreadable, $"dataDir '{_configuration.DataDir}' can not be made or written: {e.Message}", e);
        }
    }

    private async Task RunAsync(
        OrderingActor ordering, StateSyncActor sync, LaneActor lane, ReplicaActor replica, IReadOnlyList<PeerNetwork> networks, CancellationToken cancellation)
    {
        // Stopped in reverse, also after a start that failed half way: what feeds others before what it feeds.
        _parts.AddRange([ordering, sync, lane, replica, .. networks]);
        ordering.Start();
        sync.Start();
        lane.Start();
        replica.Start();
        try
        {
            foreach (PeerNetwork network in networks) network.Start();
        }
        catch (SocketException e)
        {
            throw new ConfigurationException(
                ConfigurationRejection.PortInUse, $"peers.listen {_configuration.Peers.Listen}: {e.Message}", e);
        }

        await StartServingAsync(cancellation);
    }

    /// <summary>What own lanes that are closed left over, a crash may have kept from its way into the present one.</summary>
    private void TellLeft(LaneActor lane, DeliveredTip delivered)
    {
        Batch[] left = [.. _logs!.LeftBatches(_epochs!, delivered)];
        if (left.Length > 0) lane.TryTell(new LaneMessage.Left(left));
    }

    /// <summary>An earlier run found out that this node's results are not the certified ones.</summary>
    private void TellDiverged(Divergence divergence, params ReadOnlySpan<IOrderedFollower> followers)
    {
        _logger.Diverged(divergence.Own.Height, divergence.Agreed);
        foreach (IOrderedFollower follower in followers) follower.OnDiverged(divergence);
    }

    /// <summary>What binds this node, and what it has: with the checkpoint that state sync got, if one waits.</summary>
    [MemberNotNull(nameof(_logs), nameof(_epochs), nameof(_peers))]
    private Task OpenLogsAsync(SnapshotFiles snapshots, CancellationToken cancellation)
    {
        CreateDataFolder();
        _peers = new NodePeers(Genesis, _configuration.Peers, _keys!.PublicNodeKeys);
        _epochs = new NodeEpochs(Genesis, new P256Scheme(), _keys.SeatIn, _peers.IdOf, new EpochFile(_configuration.DataDir, _files));
        _logs = new NodeLogs(_configuration, OnStorageFailed, _files);
        return new CheckpointInstall(Genesis, _configuration.DataDir, _checkpoints, _epochs, _logger).RunAsync(_logs, snapshots, cancellation);
    }

    private NodeLedger StartLedger(BatchStore batches, out Height start)
    {
        start = _checkpoints.BaseHeight() ?? Height.Zero;
        var ledger = new NodeLedger(_configuration.DataDir, Genesis, batches, _logger, e => OnFatal("ledger", e), _logs!.AppendNote, start);
        ledger.Start();
        _parts.Add(ledger);
        return ledger;
    }

    private NodeShell NewShell(
        SnapshotFiles snapshots, CheckpointShelf checkpoints, BatchStore batches, PeerSender peers, CertifiedProofs proofs, NodeProgress progress) =>
        new(_logs!, snapshots, checkpoints, batches, peers, _peers!.KeyOf, proofs, NewSigners(), progress, _epochs!, NewPacing(), _logger);

    private CheckpointShelf NewShelf(SnapshotFiles snapshots, NodeLedger ledger)
    {
        var shelf = new CheckpointShelf(snapshots, _logs!, ledger.CertificateOf);
        shelf.Load();
        return shelf;
    }

    private StateSyncActor NewSync(PeerSender peers, PeerRegistration registration, NodeLedger ledger) => new(
        new StateSyncOptions { AheadHeights = (ulong)_configuration.Consensus.SyncHeights },
        Genesis, _epochs!, ledger, _checkpoints, () => _logs!.LastBlock, (to, message) => peers.Send(to, message), registration.Lead,
        height => _synced.TrySetResult(height), _logger);

    private async Task StartServingAsync(CancellationToken cancellation)
    {
        var methods = new PublicMethods(Runtime);
        var rollups = new RollupServices(Runtime, methods, _loggers.CreateLogger("SharedSeq.Rollups"));
        Runtime.Rollups = rollups;
        rollups.Start();
        _parts.Add(rollups);
        if (OtlpMetrics.Start(Runtime) is { } metrics) _parts.Add(metrics);
        var dispatcher = new RpcDispatcher(
            methods.All(), _configuration.Rpc.BatchItemsMax, Runtime.Calls, _loggers.CreateLogger("SharedSeq.Rpc"));
        var server = new RpcServer(
            _configuration.Rpc, dispatcher,
            [
                new SubmitEndpoints(Runtime.Submit, Runtime.Batches, _configuration.Rpc),
                new HealthEndpoints(Runtime),
                rollups,
            ]);
        await server.StartAsync(cancellation);
        _parts.Add(server);
        Rpc = server.Address;

        // One that was there from the beginning has nothing to say; any other may be a candidate.
        PublicKey64 voteKey = _keys!.VoteKey.PublicKey.Value;
        if (Genesis.Members.All(member => member.VoteKey != voteKey))
            _parts.Add(new ReadyAnnouncer(Runtime, voteKey, _keys.SignerOf(voteKey), _logger));
    }

    /// <summary>Applies what was delivered but is not in the newest snapshot; followers see heights they already have again and ignore them.</summary>
    private async Task<OrderingMachine> RecoverOrderingAsync(
        SnapshotFiles snapshots, Height ledgerHeight, BatchStore batches, IReadOnlyList<IOrderedFollower> followers, NodeProgress progress,
        CancellationToken cancellation)
    {
        snapshots.RemoveLeftovers();
        OrderingMachine machine = Restore(snapshots, ledgerHeight) ?? Beginning();
        while (machine.Height < _logs!.LastBlock)
        {
            CommittedBlock? block = _logs.ReadBlock(machine.Height.Next());
            if (block is null)
            {
                throw new StorageException(
                    StorageRejection.Corrupted,
                    $"height {machine.Height.Next()} is missing between the newest snapshot and the archive; "
                    + $"run: sharedseq store check --data {_configuration.DataDir}");
            }

            var ordered = new OrderedHeight(block, machine.Apply(block, batches));
            foreach (IOrderedFollower follower in followers) await follower.OnOrderedAsync(ordered, cancellation);
            AddNextEpoch(machine, block);
        }

        // The state may have been written at the very boundary.
        if (machine.Boundary == machine.Height && _logs.ReadBlock(machine.Height) is { } last) AddNextEpoch(machine, last);
        progress.SetOrdered(machine.Height, machine.Timestamp);
        progress.Operators = machine.Operators;
        return machine;
    }

    private void AddNextEpoch(OrderingMachine machine, CommittedBlock block)
    {
        if (EpochStart.After(machine, block.Block.Header.Hash) is not { } next) return;
        Epoch newest = _epochs!.Newest.Epoch;
        if (next.Epoch == newest || next.Epoch == newest.Next()) _epochs.Add(next);
    }

    /// <summary>The machine before the first height of the archive.</summary>
    private OrderingMachine Beginning()
    {
        if (_logs!.FirstBlock <= new Height(1)) return new OrderingMachine(Genesis, new P256Scheme());
        try
        {
            if (_checkpoints.ReadBase(Genesis, new P256Scheme(), _epochs!.IsCertified) is { } found && found.Height == _logs.FirstBlock) return found.Machine;
        }
        catch (DecodeException e)
        {
            throw CheckpointFolder.Damaged(e);
        }

        return new OrderingMachine(Genesis, new P256Scheme());
    }

    /// <summary>The newest snapshot from which on the ledger and the archive have everything: a snapshot above the ledger would leave a hole in it.</summary>
    private OrderingMachine? Restore(SnapshotFiles snapshots, Height ledgerHeight)
    {
        foreach (StoredSnapshot found in snapshots.Read((name, why) => _logger.SnapshotNotUsed(name, why)))
        {
            try
            {
                OrderingMachine machine = CheckpointContent.Read(found.Content).Restore(Genesis, new P256Scheme());
                if (machine.Height <= _logs!.LastBlock && machine.Height <= ledgerHeight) return machine;
            }
            catch (DecodeException e)
            {
                // Of another version or network: a short cut that does not fit, the heights are applied instead.
                _logger.SnapshotNotUsed(found.Name, e.Message);
            }
        }

        return null;
    }

    private HeightPacing NewPacing() => new(_configuration.Consensus.MinHeightMs);

    private EpochSigners NewSigners() => new(_epochs!, Genesis.Domain, _keys!);

    private ReplicaOptions ReplicaOptions() => new()
    {
        SlotTimeoutMs = _configuration.Consensus.SlotTimeoutMs,
        SlotTimeoutMaxMs = _configuration.Consensus.SlotTimeoutMaxMs,
        HeartbeatMs = _configuration.Consensus.HeartbeatMs,
        MinHeightMs = _configuration.Consensus.MinHeightMs,
        FreshnessMs = (int)Genesis.Policy.FreshnessMs,
        ClockDriftMs = (int)Genesis.Policy.ClockDriftMs,
        MaxBatchesPerLane = (int)Genesis.Policy.MaxBatchesPerLane,
        ReceiptDeadlineHeights = (int)Genesis.Policy.ReceiptDeadlineHeights,
        IsTraced = false,
        Seed = Genesis.Hash.Prefix + _keys!.NodeKey.PublicKey.Value.X.Prefix,
    };

    private void OnStorageFailed(StorageException error)
    {
        if (error.Reason == StorageRejection.GuardNotWritten) _logger.GuardFailed(error.Message);
        OnFatal("storage", error);
    }

    private Action<Exception> FatalOf(string actor) => e => OnFatal(actor, e);

    private void OnFatal(string actor, Exception error)
    {
        _isReady = false;
        _logger.Fatal(actor, error.Message, error);
        _stopped.TrySetResult($"{actor}: {error.Message}");
    }
}
