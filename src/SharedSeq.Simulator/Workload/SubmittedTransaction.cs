using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>One transaction of the run's client.</summary>
public sealed record SubmittedTransaction(NamespaceId Namespace, ulong ValidUntil, byte[] Payload)
{
    public TxId Id { get; } = BatchBody.IdOf(Namespace, ValidUntil, Payload);
}
