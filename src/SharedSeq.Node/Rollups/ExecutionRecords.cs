using SharedSeq.Adapters;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>Execution outcomes as the ledger keeps them: hash, state root, then the skipped transactions.</summary>
internal static class ExecutionRecords
{
    public static byte[] Encode(ExecutionOutcome outcome)
    {
        var writer = new CanonicalWriter(128);
        writer.Hash(outcome.Hash);
        writer.Hash(outcome.StateRoot);
        outcome.WriteSkipped(writer);
        return writer.ToArray();
    }

    /// <summary>Why the transaction at a place was skipped; null when it was executed.</summary>
    public static string? SkipReasonOf(LedgerExecution execution, int place)
    {
        var reader = new CanonicalReader(execution.Outcome.Span);
        reader.Hash();
        reader.Hash();
        foreach (SkippedTransaction skipped in ExecutionOutcome.ReadSkipped(ref reader))
        {
            if (skipped.Index == place) return skipped.Reason.ToString();
        }

        return null;
    }
}
