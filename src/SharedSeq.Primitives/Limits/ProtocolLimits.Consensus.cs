namespace SharedSeq.Primitives;

/// <content>Limits of consensus (consensus.md 1 to 6 and 8).</content>
public sealed partial record ProtocolLimits
{
    // Sizes of the formats that the relations count with.
    internal const int HeaderFixedBytes = 123;
    internal const int LaneTipBytes = 52;
    internal const int AckSignatureBytes = 74;
    internal const int CertificateFixedBytes = 64;
    internal const int CertificateSignatureBytes = 67;
    internal const int FrameOverheadBytes = 4096;

    [Limit(LimitScope.Protocol, "members", 128, 128,
        "sets of members are one 128-bit word; above 100 plain signatures cost more than ordering")]
    public int CommitteeMembersMax { get; init; } = 128;

    [Limit(LimitScope.Protocol, "lanes", 512, 512,
        "128 members with one worker each, or fewer members with more workers and lanes that close")]
    public int CutLanesMax { get; init; } = 512;

    [Limit(LimitScope.Protocol, "bytes", 65_536, 65_536,
        "the largest cut has 27 KiB; a header stays one read and one hash of 30 us")]
    public int HeaderBytesMax { get; init; } = 64 * 1024;

    [Limit(LimitScope.Protocol, "certificates", 64, 64,
        "64 skipped slots in a row are minutes without a leader; the rest is asked for by slot range")]
    public int JustificationCertificatesMax { get; init; } = 64;

    [Limit(LimitScope.Protocol, "slots", 64, 64, "one request fills a whole slot window")]
    public int CertificateRequestSlotsMax { get; init; } = 64;

    [Limit(LimitScope.Protocol, "certificates", 128, 128,
        "a slot has at most two certificates that matter: one block and skip")]
    public int CertificateResponseMax { get; init; } = 128;

    [Limit(LimitScope.Protocol, "headers", 255, 255,
        "catching up an hour at 500 heights a second takes 7,000 requests, and a response fits a control frame")]
    public int BlockRequestAncestorsMax { get; init; } = 255;

    [Limit(LimitScope.Protocol, "items", 8, 8,
        "evidence is rare and waits for the next block; eight signature pairs cost a voter 0.7 ms")]
    public int EvidencePerBlockMax { get; init; } = 8;

    [Limit(LimitScope.Protocol, "bytes", 512, 512, "the longest signed statement has about 200 bytes")]
    public int EvidenceStatementBytesMax { get; init; } = 512;

    [Limit(LimitScope.Protocol, "bytes", 8_192, 8_192,
        "fixed fields, one signature and 1,600 skipped transactions: more than a block of 30 million gas can have")]
    public int AttestationBytesMax { get; init; } = 8 * 1024;

    [Limit(LimitScope.Protocol, "votes", 7, 7,
        "first and one conflicting first, two extra blocks, extra skip, final and one conflicting final: what " +
        "counts and what is evidence")]
    public int VotesPerVoterAndSlotMax { get; init; } = 7;

    [Limit(LimitScope.Local, "slots", 16, 1_024,
        "a committee drifts apart by a few slots; 64 keep a vote pool below 100 KiB per member")]
    public int SlotWindow { get; init; } = 64;

    [Limit(LimitScope.Local, "ms", 50, 60_000,
        "four one-way delays and build time on one site with reserve; wide areas need about 1,000")]
    public int SlotTimeoutMs { get; init; } = 300;

    [Limit(LimitScope.Local, "ms", 50, 600_000,
        "above any real round across the world, so that the timer grows past it and no further")]
    public int SlotTimeoutMaxMs { get; init; } = 10_000;

    [Limit(LimitScope.Local, "ms", 1, 10_000,
        "a third of the slot timer: idle slots never time out, idle CPU stays near zero")]
    public int HeartbeatMs { get; init; } = 100;

    [Limit(LimitScope.Local, "ms", 0, 10_000,
        "a height costs milliseconds of CPU over the committee: without a pause tiny blocks crowd out work")]
    public int MinHeightMs { get; init; } = 2;

    [Limit(LimitScope.Local, "ms", 100, 60_000,
        "one lost packet must not halt; every second is cheap and three rounds long")]
    public int ResendMs { get; init; } = 1_000;

    [Limit(LimitScope.Policy, "ms", 1, 600_000,
        "an honest leader that was sent a PoA this long ago has it, even after one loss and re-send")]
    public int FreshnessMs { get; init; } = 2_000;

    [Limit(LimitScope.Policy, "ms", 1, 60_000,
        "ten times what NTP keeps on bad days; a fast clock cannot pull committed time further ahead")]
    public int ClockDriftMs { get; init; } = 500;

    [Limit(LimitScope.Policy, "heights", 1, 1_000_000,
        "6 s at 500 heights a second: freshness, a slot of every leader, and reserve")]
    public int ReceiptDeadlineHeights { get; init; } = 3_000;

    [Limit(LimitScope.Policy, "heights", 1, 1_000_000,
        "a full state root every few seconds under load, a few ms of hashing each")]
    public int CheckpointIntervalHeights { get; init; } = 1_000;

    [Limit(LimitScope.Policy, "ms", 1, 60_000, "at most 20 result signatures a second and member, whatever the load")]
    public int ResultIntervalMs { get; init; } = 50;
}
