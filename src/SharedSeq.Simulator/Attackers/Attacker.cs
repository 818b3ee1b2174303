using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// One lie of a Byzantine member. The member runs the real replica; the attacker sits between it and the world and changes what it does. It can
/// sign with its own keys only.
/// </summary>
public abstract class Attacker
{
    private SimulatedNode? _node;

    /// <summary>The member that lies.</summary>
    protected SimulatedNode Node => _node ?? throw new InvariantException("an attacker acts for a node");

    protected SimulatedRun Run => Node.Run;

    protected Prng Random { get; private set; } = new(0);

    protected ReplicaId Me => Node.Id;

    protected StatementSigner Sign => Node.Signer;

    internal void Attach(SimulatedNode node, Prng random)
    {
        _node = node;
        Random = random;
    }

    /// <summary>The member starts, or starts again.</summary>
    public virtual void OnStart()
    {
    }

    /// <summary>Something the replica wants done. True: the attacker dealt with it.</summary>
    public virtual bool OnEffect(ReplicaEffect effect) => false;

    /// <summary>A message on its way to one member; null is a ping. True: the attacker dealt with it.</summary>
    public virtual bool OnSend(ReplicaId to, PeerMessage? message) => false;

    /// <summary>A message arrived; the replica sees it too.</summary>
    public virtual void OnReceived(ReplicaId from, PeerMessage message)
    {
    }

    /// <summary>Sends behind the replica's back, past all other lies of this member.</summary>
    protected void SendTo(ReplicaId to, PeerMessage message)
    {
        if (to == Me) return;
        Run.NoteSigned(Me, message);
        Run.Network.Send(Me, to, message);
    }

    protected void SendToAll(PeerMessage message)
    {
        for (int i = 0; i < Run.Committee.Count; i++) SendTo(new ReplicaId((ushort)i), message);
    }

    /// <summary>A random part of the other members, possibly none.</summary>
    protected ReplicaSet SomeMembers()
    {
        ReplicaSet some = ReplicaSet.Empty;
        for (int i = 0; i < Run.Committee.Count; i++)
        {
            var id = new ReplicaId((ushort)i);
            if (id != Me && Random.Below(2) == 0) some = some.With(id);
        }

        return some;
    }

    protected ReplicaId AnotherMember()
    {
        int index = Random.Below(Run.Committee.Count - 1);
        return new ReplicaId((ushort)(index >= Me.Value ? index + 1 : index));
    }
}
