using SharedSeq.Consensus;
using SharedSeq.Ordering;

namespace SharedSeq.Node;

/// <summary>What ordering's actor needs of its surroundings.</summary>
public interface IOrderingShell
{
    /// <summary>Sends to those that have these seats in an epoch.</summary>
    void Send(EpochPart epoch, ReplicaSet to, PeerMessage message);

    /// <summary>Answers a session, whatever its peer's seat.</summary>
    void Answer(Networking.PeerId to, PeerMessage message);

    /// <summary>Appends an own result vote to the vote log; nothing waits for the sync.</summary>
    void AppendResultVote(ResultVote vote);

    /// <summary>Proof of two results signed for one height, to be verified and recorded like any other evidence.</summary>
    void OnEvidence(Evidence evidence);

    /// <summary>A peer's vote or certificate does not verify: whoever goes on so loses its session.</summary>
    void OnUnverified(Networking.PeerId from, VerificationRejection reason);

    /// <summary>A height is applied and its followers are told; once at the beginning with the height that was recovered.</summary>
    void OnApplied(Primitives.Height height);

    /// <summary>The headers applied say which height is an epoch's last.</summary>
    void OnBoundaryKnown(Primitives.Epoch epoch, Primitives.Height boundary);

    /// <summary>An epoch's last height is applied: how the next begins is durable when this returns. Before <see cref="OnApplied"/> of that height.</summary>
    /// <exception cref="Storage.StorageException">It can not be written.</exception>
    EpochPart OnEpochEnds(EpochStart next);

    /// <summary>The whole state at a checkpoint, to start from after a restart. Called beside the loop: it is tens of megabytes under load.</summary>
    /// <exception cref="Storage.StorageException">It can not be written. The one before is kept.</exception>
    void OnCheckpoint(OrderingSnapshot snapshot);
}
