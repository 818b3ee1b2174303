using SharedSeq.Consensus;

namespace SharedSeq.Simulator;

/// <summary>Hears everything and says nothing, not even that it lives.</summary>
public sealed class Silent : Attacker
{
    public override bool OnSend(NodeId to, PeerMessage? message) => true;
}
