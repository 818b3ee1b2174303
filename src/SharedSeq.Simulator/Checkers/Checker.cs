using SharedSeq.Consensus;

namespace SharedSeq.Simulator;

/// <summary>
/// Watches one promise of the protocol from outside the nodes, as things happen. It sees everything, the attackers' statements included, and knows
/// who is honest.
/// </summary>
public abstract class Checker(SimulatedRun run)
{
    protected SimulatedRun Run => run;

    /// <summary>A member signed this; it may or may not have been sent, and by whom it was is known to the checker only.</summary>
    public virtual void OnSigned(NodeId by, PeerMessage statement)
    {
    }

    /// <summary>A replica delivers a committed height to its ordering machine.</summary>
    public virtual void OnDelivered(SimulatedNode node, CommittedBlock block)
    {
    }

    /// <summary>A replica's ordering machine has executed a height.</summary>
    public virtual void OnExecuted(SimulatedNode node, ExecutedHeight executed)
    {
    }

    /// <summary>A node has the committee of an epoch that begins, or finds it again when it starts.</summary>
    public virtual void OnCommittee(SimulatedNode node, Committee committee)
    {
    }

    public virtual void OnCertified(SimulatedNode node, ResultCertificate certificate)
    {
    }

    public virtual void OnEvidence(SimulatedNode node, Evidence evidence)
    {
    }

    /// <summary>Every 20 simulated milliseconds.</summary>
    public virtual void OnMoment()
    {
    }

    /// <summary>True when the checker needs the run to go on, because what it waits for is owed and has not happened yet.</summary>
    public virtual bool IsWaiting => false;

    /// <summary>The run is over.</summary>
    public virtual void OnEnd()
    {
    }

    protected void Violate(string message) => run.Violate(GetType().Name, message);
}
