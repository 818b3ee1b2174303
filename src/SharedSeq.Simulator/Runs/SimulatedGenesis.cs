using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>The network of a run: its committee, its policy and its namespaces, drawn from the seed as the rest is.</summary>
public static class SimulatedGenesis
{
    /// <summary>Committed time of height 0, before any clock of a run.</summary>
    public const ulong TimestampMs = SimulatedClock.StartWallMs - 20_000;

    /// <summary>Committed time in seconds above which the run's transactions are void: no run lasts that long.</summary>
    public const ulong ValidUntil = (SimulatedClock.StartWallMs / 1_000) + 500;

    public static Genesis Create(RunSettings settings, IReadOnlyList<CommitteeMember> members)
    {
        var random = new Prng(settings.Seed ^ 0x6E51_5000_0000_0000UL);
        var policy = new Policy
        {
            ReceiptDeadlineHeights = (uint)settings.ReceiptHeights,
            DedupSeconds = 600,
            DedupIdsMax = 4_096,
            FreshnessMs = (uint)settings.Replica.FreshnessMs,
            ClockDriftMs = (uint)settings.Replica.ClockDriftMs,
            MaxBatchesPerLane = (uint)settings.Replica.MaxBatchesPerLane,
            CheckpointInterval = (uint)random.Between(5, 60),
            ResultIntervalMs = (uint)random.Between(20, 200),
        };
        if (settings.HasEpochs)
        {
            policy = policy with
            {
                EpochSeconds = settings.Epochs.Seconds,
                BoundaryLead = settings.Epochs.BoundaryLead,
                CheckpointInterval = uint.Min(policy.CheckpointInterval, settings.Epochs.BoundaryLead / 2),
            };
        }

        bool isHeavy = settings.Workload.IsHeavy;
        if (isHeavy) policy = policy with { QueueBytes = NamespacePolicy.MinByteCap };
        if (isHeavy && settings.Seed % 2 == 0) policy = policy with { HeightBytes = NamespacePolicy.MinByteCap };
        var namespaces = new List<NamespacePolicy>();
        for (int i = 0; i < settings.Workload.Namespaces; i++)
        {
            var terms = new NamespacePolicy
            {
                Id = new NamespaceId((ulong)i + 1),
                Name = $"rollup-{i + 1}",
                Admission = AdmissionKind.Opaque,
                BlockTimeMs = random.Below(2) == 0 ? 0 : (uint)random.Between(20, 300),
                TimeGaps = random.Below(2) == 0 ? TimeGaps.Fill : TimeGaps.Jump,
                Share = (uint)random.Between(1, 4),
            };
            namespaces.Add(isHeavy ? terms with { ByteCap = NamespacePolicy.MinByteCap, BlockTimeMs = 300 } : terms);
        }

        return Genesis.Create(
            new ChainId(1_000 + settings.Seed), new TimestampMs(TimestampMs), settings.Quorum, members, policy, namespaces);
    }
}
