using SharedSeq.Consensus;

namespace SharedSeq.Simulator;

/// <summary>
/// Goes silent when the network becomes good. What it said before, to whom, stays behind: liars that keep talking give honest members votes that
/// they would otherwise lack for ever, and so hide deadlocks.
/// </summary>
public sealed class SilentAfterStabilisation : Attacker
{
    public override bool OnSend(NodeId to, PeerMessage? message) => Run.IsHealing;
}
