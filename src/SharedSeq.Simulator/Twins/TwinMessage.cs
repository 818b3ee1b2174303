using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>A message under way to several cores. It is verified once: all of them know the same keys.</summary>
/// <param name="ofEpoch">Checks what is said in an epoch.</param>
/// <param name="epoch">The epoch that the message speaks in.</param>
/// <param name="from">Who says it.</param>
/// <param name="message">The message.</param>
internal sealed class TwinMessage(Func<Epoch, MessageVerifier> ofEpoch, Epoch epoch, TwinCore from, PeerMessage message)
{
    private List<ReplicaInput>? _inputs;

    public TwinCore From => from;

    public Epoch Epoch => epoch;

    public PeerMessage Message => message;

    /// <summary>What it says to a replica.</summary>
    public IReadOnlyList<ReplicaInput> Inputs => _inputs ??= Read();

    private List<ReplicaInput> Read()
    {
        var inputs = new List<ReplicaInput>(1);
        bool isConsensus = ReceivedMessage.TryRead(ofEpoch, ofEpoch(epoch), from.Id, message, inputs, out VerificationRejection reason);
        Invariant.Check(isConsensus && reason == VerificationRejection.None, "every core speaks the truth, so everything verifies");
        return inputs;
    }
}
