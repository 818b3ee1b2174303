using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>What the parts that serve clients, rollups and metrics may use of a running node.</summary>
public sealed class NodeRuntime
{
    public required NodeConfiguration Configuration { get; init; }

    public required Genesis Genesis { get; init; }

    /// <summary>The own seat in the present epoch; null without one.</summary>
    public ReplicaId? Self => Epochs.Present.Self;

    public required NodeProgress Progress { get; init; }

    public required BatchStore Batches { get; init; }

    public required NamespaceFeeds Feeds { get; init; }

    public required NodeLedger Ledger { get; init; }

    public required LaneActor Lane { get; init; }

    public required SubmitIntake Submit { get; init; }

    public required AdmissionCounters Admission { get; init; }

    /// <summary>Where operators bring their statements.</summary>
    public required OperatorDoor Operators { get; init; }

    /// <summary>JSON-RPC calls at all endpoints.</summary>
    public RpcCounters Calls { get; } = new();

    public required IntakeCounters Intake { get; init; }

    public required PeerNetwork Network { get; init; }

    /// <summary>Whether there is a session with a member of the present epoch; with itself always.</summary>
    public bool IsConnected(ReplicaId member) => member == Self || (Epochs.Present.PeerOf(member) is { } peer && Peers.IsConnected(peer));

    public required NodeLogs Logs { get; init; }

    public required NodeEpochs Epochs { get; init; }

    public required PeerSender Peers { get; init; }

    /// <summary>PoAs of own batches, for receipts.</summary>
    public required CertifiedProofs Proofs { get; init; }

    /// <summary>What this node serves to members that have nothing.</summary>
    public required CheckpointShelf Checkpoints { get; init; }

    /// <summary>What this node gets from others where it is too far behind.</summary>
    public required StateSyncActor Sync { get; init; }

    public required NodeShell Shell { get; init; }

    /// <summary>Signs attestations with the node key of the own seat; null without one.</summary>
    public required Func<ISigner?> NodeSigner { get; init; }

    /// <summary>Whether the node may take traffic.</summary>
    public required Func<bool> IsReady { get; init; }

    /// <summary>Tells the replica something a client brought: a relayed receipt.</summary>
    public required Func<ReplicaInput, bool> TellReplica { get; init; }

    /// <summary>The rollups' adapters and gateways; set before the public listener opens.</summary>
    public RollupServices? Rollups { get; set; }

    /// <summary>The core's actors, for health and queue depths.</summary>
    public required IReadOnlyList<IActorStatus> Actors { get; init; }
}

/// <summary>Keeps the node's progress up to date with ordering, and a divergence on disk.</summary>
internal sealed class ProgressFollower(NodeProgress progress, DivergenceFile file) : IOrderedFollower
{
    public ValueTask OnOrderedAsync(OrderedHeight height, CancellationToken cancellation)
    {
        progress.SetOrdered(height.Result.Height, height.Result.Timestamp);
        progress.Operators = height.Result.Operators;
        return ValueTask.CompletedTask;
    }

    public void OnCertified(ResultCertificate certificate)
    {
    }

    public void OnDiverged(Divergence divergence)
    {
        progress.Divergence = divergence;
        file.Write(divergence);
    }
}
