using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>Hears everything and says nothing, not even that it lives.</summary>
public sealed class Silent : Attacker
{
    public override bool OnSend(ReplicaId to, PeerMessage? message) => true;
}
