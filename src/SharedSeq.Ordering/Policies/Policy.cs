using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>
/// The network's rules that every replica must apply alike (ordering.md 9). One versioned object, hashed into genesis. Each limit names its unit,
/// default and reason. Two texts of one policy are one encoding: the fields in the order below.
/// </summary>
public sealed record Policy
{
    /// <summary>Version of this object; every namespace block names it.</summary>
    public uint Version { get; init; } = 1;

    /// <summary>D, in heights: a receipt's deadline is the highest height its acks name plus D. Default 3,000: 6 s at 500 heights a second.</summary>
    public uint ReceiptDeadlineHeights { get; init; } = 3_000;

    /// <summary>Seconds of committed time that an opaque transaction's validUntil may lie ahead, so ids need not be kept longer. Default 60.</summary>
    public uint DedupSeconds { get; init; } = 60;

    /// <summary>Milliseconds of committed time for which an equal EVM payload is dropped. Default 5,000: wallets re-send within seconds.</summary>
    public uint EvmDedupMs { get; init; } = 5_000;

    /// <summary>Ids remembered at once; beyond it transactions are rejected as congested. Default 4 Mi: 128 MiB.</summary>
    public uint DedupIdsMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>Payload bytes of one transaction. Default 128 KiB: geth's limit.</summary>
    public uint TransactionBytesMax { get; init; } = BatchBody.MaxPayloadBytes;

    /// <summary>Namespaces that may be registered. Default 16,384.</summary>
    public uint NamespacesMax { get; init; } = 16_384;

    /// <summary>
    /// Record bytes ordered per height over all namespaces; when more wait, shares decide. Default 16 MiB: a backlog of lanes drains in pieces that
    /// streams and execution can take.
    /// </summary>
    public ulong HeightBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>Q, record bytes: what a namespace may carry over; beyond it transactions are rejected as congested. Default 64 MiB.</summary>
    public ulong QueueBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>K, in heights: how often the whole state is committed to. Default 1,000: every few seconds under load.</summary>
    public uint CheckpointInterval { get; init; } = 1_000;

    /// <summary>Milliseconds of committed time: the first height past each multiple is signed. Default 50: 20 signatures a second at most.</summary>
    public uint ResultIntervalMs { get; init; } = 50;

    /// <summary>Blocks of one namespace that one height may close. Default 64: a pause must not turn into one huge height.</summary>
    public uint BlocksPerHeightMax { get; init; } = 64;

    /// <summary>Freshness bound of the vote rule R4, milliseconds. Default 2,000.</summary>
    public uint FreshnessMs { get; init; } = 2_000;

    /// <summary>How far a proposal's timestamp may be ahead of a voter's clock (R4), milliseconds. Default 500.</summary>
    public uint ClockDriftMs { get; init; } = 500;

    /// <summary>Batches by which one lane may advance in one block (R4). Default 64.</summary>
    public uint MaxBatchesPerLane { get; init; } = 64;

    /// <summary>Least length of an epoch in seconds of committed time; 0 for one epoch without end, the default.</summary>
    public uint EpochSeconds { get; init; }

    /// <summary>
    /// Heights from the one that ends an epoch to its boundary. Default 10,000: 20 s at 500 heights a second; at least two checkpoint intervals, so that
    /// the next committee is certified before the boundary.
    /// </summary>
    public uint BoundaryLead { get; init; } = 10_000;

    public EpochTerms Epochs => new(EpochSeconds, BoundaryLead);

    /// <summary>Epochs whose lanes can be in one cut: the present one and those that ended within D heights.</summary>
    public ulong OpenEpochsMax => 2 + (ReceiptDeadlineHeights / (ulong)BoundaryLead);

    /// <summary>Largest committee: a cut has room for the lanes of all epochs that can be open at once.</summary>
    public int MembersMax => EpochSeconds == 0 ? QuorumParameters.MaxMembers : (int)ulong.Min(QuorumParameters.MaxMembers, Header.MaxLanes / OpenEpochsMax);

    public Hash32 Hash
    {
        get
        {
            var writer = new CanonicalWriter(128);
            writer.Raw("SharedSeq.policy"u8);
            Write(writer);
            return Sha.Of(writer.Written);
        }
    }

    public void Write(CanonicalWriter writer)
    {
        writer.U32(Version);
        writer.U32(ReceiptDeadlineHeights);
        writer.U32(DedupSeconds);
        writer.U32(EvmDedupMs);
        writer.U32(DedupIdsMax);
        writer.U32(TransactionBytesMax);
        writer.U32(NamespacesMax);
        writer.U64(HeightBytes);
        writer.U64(QueueBytes);
        writer.U32(CheckpointInterval);
        writer.U32(ResultIntervalMs);
        writer.U32(BlocksPerHeightMax);
        writer.U32(FreshnessMs);
        writer.U32(ClockDriftMs);
        writer.U32(MaxBatchesPerLane);
        writer.U32(EpochSeconds);
        writer.U32(BoundaryLead);
    }

    public static Policy Read(ref CanonicalReader reader) => new()
    {
        Version = reader.U32(),
        ReceiptDeadlineHeights = reader.U32(),
        DedupSeconds = reader.U32(),
        EvmDedupMs = reader.U32(),
        DedupIdsMax = reader.U32(),
        TransactionBytesMax = reader.U32(),
        NamespacesMax = reader.U32(),
        HeightBytes = reader.U64(),
        QueueBytes = reader.U64(),
        CheckpointInterval = reader.U32(),
        ResultIntervalMs = reader.U32(),
        BlocksPerHeightMax = reader.U32(),
        FreshnessMs = reader.U32(),
        ClockDriftMs = reader.U32(),
        MaxBatchesPerLane = reader.U32(),
        EpochSeconds = reader.U32(),
        BoundaryLead = reader.U32(),
    };

    /// <summary>Everything out of range; empty when the policy is usable.</summary>
    public IReadOnlyList<SettingFault> Faults()
    {
        var faults = new List<SettingFault>();
        void Range(ulong value, ulong least, ulong most, string field)
        {
            if (value < least || value > most) faults.Add(new SettingFault(field, $"{least} to {most}"));
        }

        Range(Version, 1, 1, "version");
        Range(ReceiptDeadlineHeights, 1, 1_000_000, "receiptDeadlineHeights");
        Range(DedupSeconds, 1, 600, "dedupSeconds");
        Range(EvmDedupMs, 1, 60_000, "evmDedupMs");
        Range(DedupIdsMax, 1, 64 * 1024 * 1024, "dedupIdsMax");
        Range(TransactionBytesMax, 1, BatchBody.MaxPayloadBytes, "transactionBytesMax");
        Range(NamespacesMax, 1, 1_000_000, "namespacesMax");
        // A height must be able to order the largest transaction, and a queue to hold one.
        Range(HeightBytes, NamespacePolicy.MinByteCap, 1UL << 30, "heightBytes");
        Range(QueueBytes, NamespacePolicy.MinByteCap, 1UL << 30, "queueBytes");
        Range(CheckpointInterval, 1, 1_000_000, "checkpointInterval");
        Range(ResultIntervalMs, 1, 60_000, "resultIntervalMs");
        Range(BlocksPerHeightMax, 1, 4_096, "blocksPerHeightMax");
        Range(FreshnessMs, 1, 600_000, "freshnessMs");
        Range(ClockDriftMs, 1, 60_000, "clockDriftMs");
        Range(MaxBatchesPerLane, 1, 4_096, "maxBatchesPerLane");
        Range(EpochSeconds, 0, 31 * 24 * 3_600, "epochSeconds");
        Range(BoundaryLead, 2, 1_000_000, "boundaryLead");
        if (EpochSeconds > 0 && BoundaryLead < 2UL * CheckpointInterval)
            faults.Add(new SettingFault("boundaryLead", $"with epochs at least twice checkpointInterval, {2UL * CheckpointInterval}"));
        return faults;
    }

    /// <summary>Record bytes of one namespace that one lane's author may have under way, Q / 2n: then no honest author is ever refused as congested.</summary>
    public ulong LaneAllowance(int members) => QueueBytes / (2 * (ulong)members);
}
