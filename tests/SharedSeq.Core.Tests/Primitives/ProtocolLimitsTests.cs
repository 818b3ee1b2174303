using System.Globalization;
using System.Text;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Vectors;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Primitives;

public sealed class ProtocolLimitsTests
{
    [Theory]
    [InlineData(4, 3)]
    [InlineData(7, 5)]
    [InlineData(13, 9)]
    [InlineData(50, 34)]
    public void The_defaults_hold_together_in_every_offered_committee(int members, int quorum) =>
        Assert.Empty(ProtocolLimits.Default.Faults(members, quorum));

    [Fact]
    public void Every_limit_has_unit_range_and_reason_and_a_default_inside_its_range()
    {
        IReadOnlyList<LimitDescription> limits = ProtocolLimits.Describe();
        Assert.Equal(typeof(ProtocolLimits).GetProperties().Count(property => property.CanWrite), limits.Count);
        foreach (LimitDescription limit in limits)
        {
            Assert.True(limit.Unit.Length > 0 && limit.Reason.Length > 10, limit.Name);
            Assert.True(limit.Least <= limit.Default && limit.Default <= limit.Most, limit.Name);
            Assert.Equal(limit.Scope == LimitScope.Protocol, limit.Least == limit.Most);
        }
    }

    [Fact]
    public void A_value_out_of_range_is_named()
    {
        ProtocolLimits limits = new() { ResendMs = 99, CutLanesMax = 511 };
        string[] names = [.. limits.Faults(4, 3).Select(fault => fault.Limit).Distinct()];
        Assert.Equal([nameof(ProtocolLimits.CutLanesMax), nameof(ProtocolLimits.ResendMs)], names);
    }

    public static TheoryData<ProtocolLimits, string> BrokenRelations => new()
    {
        { new() { HeartbeatMs = 101 }, nameof(ProtocolLimits.HeartbeatMs) },
        { new() { SlotTimeoutMaxMs = 200 }, nameof(ProtocolLimits.SlotTimeoutMaxMs) },
        { new() { MinHeightMs = 200 }, nameof(ProtocolLimits.MinHeightMs) },
        { new() { FreshnessMs = 300 }, nameof(ProtocolLimits.FreshnessMs) },
        { new() { PeerConnectMs = 6_000 }, nameof(ProtocolLimits.PeerConnectMs) },
        { new() { PeerPingMs = 400 }, nameof(ProtocolLimits.PeerSilenceMs) },
        { new() { RpcWaitMsMax = 9_000 }, nameof(ProtocolLimits.RpcWaitMsMax) },
        { new() { DedupSecondsMax = 1, ClockDriftMs = 1_000 }, nameof(ProtocolLimits.DedupSecondsMax) },
        { new() { BatchBytesMax = 131_092 }, nameof(ProtocolLimits.BatchBytesMax) },
        { new() { HeaderBytesMax = 20_000 }, nameof(ProtocolLimits.HeaderBytesMax) },
        { new() { JustificationCertificatesMax = 10_000 }, nameof(ProtocolLimits.ControlFrameBytesMax) },
        { new() { BulkFrameBytesMax = 2 * 1024 * 1024 }, nameof(ProtocolLimits.BulkFrameBytesMax) },
        { new() { RpcRequestBytesMax = 262_144 }, nameof(ProtocolLimits.RpcRequestBytesMax) },
        { new() { LaneUncommittedBatchesMax = 63 }, nameof(ProtocolLimits.LaneUncommittedBatchesMax) },
        { new() { BatchBytesMax = 40 * 1024 * 1024 }, nameof(ProtocolLimits.LaneUncommittedBytesMax) },
        { new() { PeerBulkQueueBytesMax = 4 * 1024 * 1024 }, nameof(ProtocolLimits.PeerBulkQueueBytesMax) },
        { new() { LogRecordBytesMax = 512 * 1024 }, nameof(ProtocolLimits.LogRecordBytesMax) },
        { new() { VoteSegmentBytes = 4_194_303 }, nameof(ProtocolLimits.LogRecordBytesMax) },
        { new() { LaneUncommittedBytesMax = 8L << 30 }, nameof(ProtocolLimits.RetentionBytes) },
    };

    [Theory]
    [MemberData(nameof(BrokenRelations))]
    public void Limits_that_do_not_fit_together_are_named(ProtocolLimits limits, string expected) =>
        Assert.Contains(limits.Faults(4, 3), fault => fault.Limit == expected);

    [Fact]
    public void A_committee_above_the_limit_or_too_large_for_its_frames_is_named()
    {
        string[] names = [.. ProtocolLimits.Default.Faults(129, 87).Select(fault => fault.Limit)];
        Assert.Contains(nameof(ProtocolLimits.CommitteeMembersMax), names);
        Assert.Contains(nameof(ProtocolLimits.ControlFrameBytesMax), names);
    }

    [Fact]
    public void The_code_that_enforces_a_limit_agrees_with_it()
    {
        ProtocolLimits limits = ProtocolLimits.Default;
        Assert.Equal(QuorumParameters.MaxMembers, limits.CommitteeMembersMax);
        Assert.Equal(Header.MaxLanes, limits.CutLanesMax);
        Assert.Equal(Justification.MaxInline, limits.JustificationCertificatesMax);
        Assert.Equal(CertificateRequest.MaxSlots, limits.CertificateRequestSlotsMax);
        Assert.Equal(CertificateResponse.MaxCertificates, limits.CertificateResponseMax);
        Assert.Equal(BlockRequest.MaxAncestors, limits.BlockRequestAncestorsMax);
        Assert.Equal(Payload.MaxEvidence, limits.EvidencePerBlockMax);
        Assert.Equal(SignedStatement.MaxContentBytes, limits.EvidenceStatementBytesMax);
        Assert.Equal(AttestationMessage.MaxBytes, limits.AttestationBytesMax);
        Assert.Equal(BatchBody.MaxPayloadBytes, limits.TransactionBytesMax);
        Assert.Equal(BatchBody.RecordOverhead, limits.TransactionRecordOverheadBytes);
        Assert.Equal(BatchBody.MaxBytes, limits.BatchBytesMax);
        Assert.Equal(BatchRequest.MaxBatches, limits.BatchRequestMax);
        Assert.Equal(BatchResponse.MaxBytes, limits.BatchResponseBytesMax);
        Assert.Equal(OperatorRegistry.CandidatesMax, limits.OperatorCandidatesMax);
        Assert.Equal(OperatorRegistry.KeysMax, limits.OperatorKeysMax);
        Assert.Equal(OperatorRegistry.RotationsMax, limits.OperatorRotationsMax);
        Assert.Equal(OperatorStatement.MaxBytes, limits.OperatorStatementBytesMax);
    }

    [Fact]
    public void A_replicas_default_options_agree_with_the_limits()
    {
        ProtocolLimits limits = ProtocolLimits.Default;
        ReplicaOptions options = new();
        Assert.Equal(limits.SlotTimeoutMs, options.SlotTimeoutMs);
        Assert.Equal(limits.SlotTimeoutMaxMs, options.SlotTimeoutMaxMs);
        Assert.Equal(limits.HeartbeatMs, options.HeartbeatMs);
        Assert.Equal(limits.MinHeightMs, options.MinHeightMs);
        Assert.Equal(limits.ResendMs, options.ResendMs);
        Assert.Equal(limits.FreshnessMs, options.FreshnessMs);
        Assert.Equal(limits.ClockDriftMs, options.ClockDriftMs);
        Assert.Equal(limits.SlotWindow, options.SlotWindow);
        Assert.Equal(limits.LaneBatchesPerBlockMax, options.MaxBatchesPerLane);
        Assert.Equal(limits.LaneUncommittedBatchesMax, options.LaneWindowBatches);
        Assert.Equal(limits.LaneUncommittedBytesMax, options.LaneWindowBytes);
    }

    [Fact]
    public void The_default_policy_agrees_with_the_limits()
    {
        ProtocolLimits limits = ProtocolLimits.Default;
        Policy policy = new();
        Assert.Equal(limits.ReceiptDeadlineHeights, (int)policy.ReceiptDeadlineHeights);
        Assert.Equal(limits.DedupSecondsMax, (int)policy.DedupSeconds);
        Assert.Equal(limits.EvmDedupMs, (int)policy.EvmDedupMs);
        Assert.Equal(limits.DedupIdsMax, (int)policy.DedupIdsMax);
        Assert.Equal(limits.TransactionBytesMax, (int)policy.TransactionBytesMax);
        Assert.Equal(limits.NamespacesMax, (int)policy.NamespacesMax);
        Assert.Equal(limits.HeightBytesMax, (long)policy.HeightBytes);
        Assert.Equal(limits.NamespaceQueueBytesMax, (long)policy.QueueBytes);
        Assert.Equal(limits.CheckpointIntervalHeights, (int)policy.CheckpointInterval);
        Assert.Equal(limits.ResultIntervalMs, (int)policy.ResultIntervalMs);
        Assert.Equal(limits.NamespaceBlocksPerHeightMax, (int)policy.BlocksPerHeightMax);
        Assert.Equal(limits.FreshnessMs, (int)policy.FreshnessMs);
        Assert.Equal(limits.ClockDriftMs, (int)policy.ClockDriftMs);
        Assert.Equal(limits.LaneBatchesPerBlockMax, (int)policy.MaxBatchesPerLane);
    }

    [Fact]
    public void The_sizes_that_relations_count_with_are_those_of_the_formats()
    {
        Assert.Equal(ProtocolLimits.LaneTipBytes, LaneTip.Size);
        Header empty = new(default, new Slot(1), new Height(1), default, default, default, default, default, []);
        CanonicalWriter writer = new();
        empty.Write(writer);
        Assert.True(ProtocolLimits.HeaderFixedBytes >= writer.Length, $"without lanes {writer.Length} bytes");
        LaneTip tip = new(new LaneId(default, default, 0), default, default);
        AssertGrowth(ProtocolLimits.AckSignatureBytes, acks =>
            new ProofOfAvailability(tip, new AckSignature[acks]).Write);
        AssertGrowth(ProtocolLimits.CertificateSignatureBytes, signatures =>
            new Notarization(default, new Slot(1), default, new CertificateSignature[signatures]).Write);
    }

    [Fact]
    public void The_documentation_shows_the_limits_as_they_are()
    {
        string path = Path.Combine(VectorFile.RepositoryRoot, "docs", "protocol", "limits.md");
        string printed = Print();
        if (VectorFile.IsRewriting) File.WriteAllText(path, printed);
        Assert.True(File.Exists(path), $"{path} is missing; {VectorFile.RewriteSwitch}=1 writes it");
        Assert.True(
            File.ReadAllText(path) == printed,
            $"docs/protocol/limits.md is out of date: run this test with {VectorFile.RewriteSwitch}=1");
    }

    private static void AssertGrowth(int bytes, Func<int, Action<CanonicalWriter>> make)
    {
        CanonicalWriter writer = new();
        make(1)(writer);
        int one = writer.Length;
        make(3)(writer);
        Assert.Equal(bytes, (writer.Length - one - one) / 2);
    }

    private static string Print()
    {
        StringBuilder page = new();
        page.Append("# Limits\n\nPrinted from `ProtocolLimits` by a test; change them there. ");
        page.Append("`ProtocolLimits.Faults` checks ranges and relations.\n");
        foreach (var group in ProtocolLimits.Describe().GroupBy(limit => limit.Scope))
        {
            page.Append($"\n## {TitleOf(group.Key)}\n\n");
            page.Append("| Limit | Unit | Default | Range | Reason |\n|---|---|---:|---:|---|\n");
            foreach (LimitDescription limit in group)
            {
                string range = limit.Least == limit.Most ? "fixed" : $"{Number(limit.Least)} to {Number(limit.Most)}";
                page.Append($"| `{limit.Name}` | {limit.Unit} | {Number(limit.Default)} | {range} ");
                page.Append($"| {limit.Reason} |\n");
            }
        }
        return page.ToString();
    }

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    private static string TitleOf(LimitScope scope) => scope switch
    {
        LimitScope.Protocol => "Fixed by the protocol version",
        LimitScope.Policy => "Policy: the same on all replicas of a network",
        _ => "Local: each operator's own",
    };
}
