using SharedSeq.Primitives;

namespace SharedSeq.Adapters;

/// <summary>What executing one namespace block gave. Equal on every correct execution client.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Number">The block's number.</param>
/// <param name="Hash">The execution client's hash of its block.</param>
/// <param name="StateRoot">The rollup's state after the block.</param>
/// <param name="Skipped">Transactions left out, ascending by index.</param>
public sealed record ExecutionOutcome(
    NamespaceId Namespace, ulong Number, Hash32 Hash, Hash32 StateRoot, IReadOnlyList<SkippedTransaction> Skipped)
{
    /// <summary>SHA-256("SharedSeq.skipped" || count u32 || (index u32, reason u8) ascending).</summary>
    public Hash32 SkippedRoot
    {
        get
        {
            var writer = new CanonicalWriter(32 + SkippedBytes);
            writer.Raw("SharedSeq.skipped"u8);
            WriteSkipped(writer);
            return Sha.Of(writer.Written);
        }
    }

    /// <summary>Bytes that <see cref="WriteSkipped"/> writes.</summary>
    public int SkippedBytes => 4 + (5 * Skipped.Count);

    public Attestation ToAttestation() => new(Namespace, Number, Hash, StateRoot, SkippedRoot);

    /// <summary>The encoding that a node stores and that <see cref="SkippedRoot"/> is taken over.</summary>
    public void WriteSkipped(CanonicalWriter writer)
    {
        writer.U32((uint)Skipped.Count);
        int last = -1;
        foreach (SkippedTransaction item in Skipped)
        {
            Invariant.Check(item.Index > last, "skipped transactions ascend by index");
            last = item.Index;
            writer.U32((uint)item.Index);
            writer.Byte((byte)item.Reason);
        }
    }

    /// <summary>Reads what <see cref="WriteSkipped"/> wrote.</summary>
    /// <exception cref="DecodeException">The bytes are not that encoding.</exception>
    public static IReadOnlyList<SkippedTransaction> ReadSkipped(ref CanonicalReader reader)
    {
        uint count = reader.U32();
        if (count > (uint)reader.Remaining / 5)
            DecodeException.Throw(DecodeRejection.Truncated, "skipped transactions");
        var skipped = new SkippedTransaction[count];
        long last = -1;
        for (int i = 0; i < skipped.Length; i++)
        {
            uint index = reader.U32();
            if (index <= last)
                DecodeException.Throw(DecodeRejection.NotCanonical, "skipped transactions ascend by index");
            if (index > int.MaxValue)
                DecodeException.Throw(DecodeRejection.OverLimit, "index of a skipped transaction");
            last = index;
            var reason = (SkipReason)reader.Byte();
            if (!Enum.IsDefined(reason))
                DecodeException.Throw(DecodeRejection.UnknownValue, "reason of a skipped transaction");
            skipped[i] = new SkippedTransaction((int)index, reason);
        }

        return skipped;
    }
}
