namespace SharedSeq.Simulator;

/// <summary>
/// Says what the protocol says, but has no vote guard: after its disk was lost or rolled back it goes on with its old keys and contradicts what it forgot.
/// </summary>
public sealed class RolledBackVoter : Attacker
{
}
