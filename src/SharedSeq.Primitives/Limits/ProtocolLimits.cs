using System.Reflection;

namespace SharedSeq.Primitives;

/// <summary>
/// Every limit of the system in one place, with unit, default, range and reason; docs/protocol/limits.md is printed
/// from here.
/// Code that enforces a limit keeps its own constant or option; tests hold those equal to the defaults here, and a node
/// checks the values it runs with by <see cref="Faults"/> before it starts, since most limits only make sense together.
/// </summary>
public sealed partial record ProtocolLimits
{
    /// <summary>The limits with their defaults.</summary>
    public static readonly ProtocolLimits Default = new();

    private static readonly (PropertyInfo Property, LimitAttribute Limit)[] All =
    [
        .. typeof(ProtocolLimits).GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Select(property => (property, limit: property.GetCustomAttribute<LimitAttribute>()!))
            .Where(item => item.limit is not null)
            .OrderBy(item => item.limit.Scope).ThenBy(item => item.property.Name, StringComparer.Ordinal),
    ];

    /// <summary>All limits, by scope and name.</summary>
    public static IReadOnlyList<LimitDescription> Describe() =>
    [
        .. All.Select(item => new LimitDescription(
            item.Property.Name, item.Limit.Scope, item.Limit.Unit, ValueOf(item.Property, Default),
            item.Limit.Least, item.Limit.Most, item.Limit.Reason)),
    ];

    /// <summary>
    /// Everything wrong with these values in a committee of this size and quorum: values out of range, then relations
    /// that do not hold. Empty when the node may start.
    /// </summary>
    public IReadOnlyList<LimitFault> Faults(int members, int quorum)
    {
        List<LimitFault> faults = [];
        foreach ((PropertyInfo property, LimitAttribute limit) in All)
        {
            long value = ValueOf(property, this);
            if (value >= limit.Least && value <= limit.Most) continue;
            string why = $"{value} {limit.Unit}, allowed are {limit.Least} to {limit.Most}";
            faults.Add(new LimitFault(property.Name, why));
        }
        CheckFormats(faults, members, quorum);
        CheckTimes(faults);
        CheckRoom(faults, members, quorum);
        return faults;
    }

    /// <summary>Bytes of the largest proposal: header, payload, a PoA per member, all inline certificates.</summary>
    public long ProposalBytes(int members, int quorum)
    {
        long header = HeaderFixedBytes + ((long)members * LaneTipBytes);
        long evidence = (long)EvidencePerBlockMax * (2 * (EvidenceStatementBytesMax + Signature64.Size) + 64);
        long proof = LaneTipBytes + 2 + ((long)quorum * AckSignatureBytes);
        long certificate = CertificateFixedBytes + ((long)quorum * CertificateSignatureBytes);
        long justification = (JustificationCertificatesMax + 1L) * certificate;
        return header + evidence + (members * proof) + justification + Signature64.Size;
    }

    private static long ValueOf(PropertyInfo property, ProtocolLimits limits) =>
        Convert.ToInt64(property.GetValue(limits), System.Globalization.CultureInfo.InvariantCulture);

    private static void Require(List<LimitFault> faults, bool holds, string limit, string why)
    {
        if (!holds) faults.Add(new LimitFault(limit, why));
    }

    private void CheckFormats(List<LimitFault> faults, int members, int quorum)
    {
        int largestRecord = TransactionBytesMax + TransactionRecordOverheadBytes;
        Require(faults, members <= CommitteeMembersMax, nameof(CommitteeMembersMax), "the committee is larger");

        // An accepted transaction needs a batch it fits into, a height that can order it, a queue that can hold it.
        const string TooSmall = "the largest transaction does not fit";
        Require(faults, BatchBytesMax >= largestRecord, nameof(BatchBytesMax), TooSmall);
        Require(faults, HeightBytesMax >= largestRecord, nameof(HeightBytesMax), TooSmall);
        Require(faults, NamespaceQueueBytesMax >= largestRecord, nameof(NamespaceQueueBytesMax), TooSmall);
        Require(faults, NamespaceBlockBytesMax >= largestRecord, nameof(NamespaceBlockBytesMax), TooSmall);

        // Every member has a lane, and the cut of all lanes must fit into a header.
        Require(faults, CutLanesMax >= CommitteeMembersMax, nameof(CutLanesMax), "members without a place in the cut");
        Require(
            faults, HeaderBytesMax >= HeaderFixedBytes + ((long)CutLanesMax * LaneTipBytes),
            nameof(HeaderBytesMax), "the largest cut does not fit a header");

        // What one message may carry must fit the frame it travels in, else it could be made but never sent.
        Require(
            faults, ControlFrameBytesMax >= ProposalBytes(members, quorum),
            nameof(ControlFrameBytesMax), $"a proposal here may have {ProposalBytes(members, quorum)} bytes");
        Require(
            faults, BatchResponseBytesMax >= BatchBytesMax,
            nameof(BatchResponseBytesMax), "one batch does not fit a response");
        Require(
            faults, BulkFrameBytesMax >= BatchResponseBytesMax + FrameOverheadBytes,
            nameof(BulkFrameBytesMax), "a batch response does not fit a frame");

        // Hexadecimal doubles a transaction; the rest of a JSON-RPC call needs far less than 4 KiB.
        Require(
            faults, RpcRequestBytesMax >= (2L * TransactionBytesMax) + 4096,
            nameof(RpcRequestBytesMax), TooSmall);
    }

    private void CheckTimes(List<LimitFault> faults)
    {
        // Idle slots must not time out: two heartbeats may be lost or late.
        Require(faults, SlotTimeoutMs >= 3L * HeartbeatMs, nameof(HeartbeatMs), "more than a third of the slot timer");
        Require(faults, SlotTimeoutMaxMs >= SlotTimeoutMs, nameof(SlotTimeoutMaxMs), "below the slot timer it bounds");
        Require(faults, HeartbeatMs >= MinHeightMs, nameof(MinHeightMs), "longer than the heartbeat");

        // R4's freshness: a PoA is sent again after half of it, and an honest leader must then still have it in time.
        Require(faults, FreshnessMs > SlotTimeoutMs, nameof(FreshnessMs), "not above the slot timer");
        Require(faults, PeerConnectMs <= PeerHandshakeMs, nameof(PeerConnectMs), "connecting is part of the handshake");
        Require(faults, PeerSilenceMs >= 3L * PeerPingMs, nameof(PeerSilenceMs), "one late ping would close a session");

        // Committed time may be ahead of a submitter's clock by the drift: validUntil must be able to reach beyond it.
        Require(faults, DedupSecondsMax * 1000L > ClockDriftMs, nameof(DedupSecondsMax), "below the clock drift");
        Require(faults, RpcWaitMsMax >= SlotTimeoutMaxMs, nameof(RpcWaitMsMax), "a slow slot would end every wait");
    }

    private void CheckRoom(List<LimitFault> faults, int members, int quorum)
    {
        // A lane must be able to run ahead by what one block may take of it, else blocks are never full.
        Require(
            faults, LaneUncommittedBatchesMax >= LaneBatchesPerBlockMax,
            nameof(LaneUncommittedBatchesMax), "below what one block may take of a lane");
        Require(
            faults, LaneUncommittedBytesMax >= 2L * BatchBytesMax,
            nameof(LaneUncommittedBytesMax), "a lane could not have two full batches under way");
        Require(
            faults, PeerBulkQueueBytesMax >= 2L * BulkFrameBytesMax,
            nameof(PeerBulkQueueBytesMax), "less than two frames");
        Require(
            faults, LogRecordBytesMax >= long.Max(BatchBytesMax + FrameOverheadBytes, ProposalBytes(members, quorum)),
            nameof(LogRecordBytesMax), "a batch or a proposal does not fit a record");
        Require(
            faults, VoteSegmentBytes >= 4L * LogRecordBytesMax && BatchSegmentBytes >= 4L * LogRecordBytesMax,
            nameof(LogRecordBytesMax), "a segment would hold fewer than four records");

        // Uncommitted data is never pruned: the retention must hold it with a segment in use and one being freed.
        Require(
            faults, RetentionBytes >= (members * LaneUncommittedBytesMax) + (2L * BatchSegmentBytes),
            nameof(RetentionBytes), "below the uncommitted data of this committee");
    }
}
