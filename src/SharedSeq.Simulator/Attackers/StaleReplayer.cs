using SharedSeq.Consensus;

namespace SharedSeq.Simulator;

/// <summary>Keeps old statements, its own and others', and sends them again at any later time to anybody.</summary>
public sealed class StaleReplayer : Attacker
{
    private const int Kept = 256;

    private readonly List<PeerMessage> _old = [];

    public override bool OnSend(NodeId to, PeerMessage? message)
    {
        if (message is null) return false;
        Keep(message);
        if (Random.Below(3) == 0) SendTo(AnotherMember(), _old[Random.Below(_old.Count)]);
        return false;
    }

    public override void OnReceived(NodeId from, PeerMessage message)
    {
        Keep(message);
        if (Random.Below(6) == 0) SendTo(AnotherMember(), _old[Random.Below(_old.Count)]);
    }

    private void Keep(PeerMessage message)
    {
        if (_old.Count < Kept) _old.Add(message);
        else if (Random.Below(4) == 0) _old[Random.Below(Kept)] = message;
    }
}
