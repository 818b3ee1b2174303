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

    protected NodeId Me => Node.Id;

    /// <summary>Whether it has a seat in the present epoch: only then can it sign in that epoch's name.</summary>
    protected bool IsSeated => Node.Seat is not null;

    /// <summary>Signs with its keys of the present epoch.</summary>
    protected StatementSigner Sign => Node.Signer;

    /// <summary>Whether a lane is its own, of whatever epoch.</summary>
    protected bool IsMine(LaneId lane) => Run.Committees.NodeAt(lane.Epoch, lane.Author) == Me;

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
    public virtual bool OnSend(NodeId to, PeerMessage? message) => false;

    /// <summary>A message arrived; the replica sees it too.</summary>
    public virtual void OnReceived(NodeId from, PeerMessage message)
    {
    }

    /// <summary>Sends behind the replica's back, past all other lies of this member.</summary>
    protected void SendTo(NodeId to, PeerMessage message)
    {
        if (to == Me) return;
        Run.NoteSigned(Me, message);
        Run.Network.Send(Me, to, message);
    }

    protected void SendToAll(PeerMessage message)
    {
        for (int i = 0; i < Run.Nodes.Count; i++) SendTo(new NodeId(i), message);
    }

    /// <summary>A random part of the other nodes, possibly none.</summary>
    protected IReadOnlyList<NodeId> SomeMembers()
    {
        var some = new List<NodeId>();
        for (int i = 0; i < Run.Nodes.Count; i++)
        {
            var id = new NodeId(i);
            if (id != Me && Random.Below(2) == 0) some.Add(id);
        }

        return some;
    }

    protected NodeId AnotherMember()
    {
        int index = Random.Below(Run.Nodes.Count - 1);
        return new NodeId(index >= Me.Value ? index + 1 : index);
    }
}
