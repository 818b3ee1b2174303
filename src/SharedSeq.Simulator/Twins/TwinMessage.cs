using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>A message under way to several cores. It is verified once: all of them know the same keys.</summary>
internal sealed class TwinMessage(MessageVerifier verifier, ReplicaId from, PeerMessage message)
{
    private List<ReplicaInput>? _inputs;

    public PeerMessage Message => message;

    /// <summary>What it says to a replica.</summary>
    public IReadOnlyList<ReplicaInput> Inputs => _inputs ??= Read();

    private List<ReplicaInput> Read()
    {
        var inputs = new List<ReplicaInput>(1);
        bool isConsensus = ReceivedMessage.TryRead(_ => verifier, verifier, from, message, inputs, out VerificationRejection reason);
        Invariant.Check(isConsensus && reason == VerificationRejection.None, "every core speaks the truth, so everything verifies");
        return inputs;
    }
}
