using Microsoft.Extensions.Logging;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>Log lines of the node; event ids 1000 to 1999.</summary>
internal static partial class NodeLog
{
    [LoggerMessage(1000, LogLevel.Information, "seat {Seat} of epoch {Epoch} of chain {Chain}, genesis {Genesis}, at height {Height}")]
    public static partial void Started(this ILogger logger, string seat, Epoch epoch, ChainId chain, Hash32 genesis, Height height);

    [LoggerMessage(1001, LogLevel.Information, "stopped")]
    public static partial void Stopped(this ILogger logger);

    [LoggerMessage(1002, LogLevel.Critical, "{Actor} failed and the node must stop: {Reason}")]
    public static partial void Fatal(this ILogger logger, string actor, string reason, Exception error);

    [LoggerMessage(1003, LogLevel.Error, "{Actor} failed and is started again")]
    public static partial void Restarting(this ILogger logger, string actor, Exception error);

    [LoggerMessage(1010, LogLevel.Error, "alarm {Kind}: {Text}")]
    public static partial void Alarm(this ILogger logger, AlarmKind kind, string text);

    [LoggerMessage(1011, LogLevel.Warning, "evidence {Kind} against replica {Offender}")]
    public static partial void EvidenceSeen(this ILogger logger, EvidenceKind kind, ReplicaId offender);

    [LoggerMessage(1012, LogLevel.Critical,
        "result of height {Height} differs from the certified one: signing results, feeding execution clients and serving what is above {Agreed} "
        + "has stopped; stop the node and run: sharedseq store rebuild")]
    public static partial void Diverged(this ILogger logger, Height height, Height agreed);

    [LoggerMessage(1013, LogLevel.Critical, "results of height {Height} differ so much that none can be certified")]
    public static partial void ResultSplit(this ILogger logger, Height height);

    [LoggerMessage(1014, LogLevel.Information, "the retention is nearly used up: heights below {Oldest} are given up")]
    public static partial void Pruned(this ILogger logger, Height oldest);

    [LoggerMessage(1015, LogLevel.Critical, "the vote guard can not be written, so this node votes no more: {Reason}")]
    public static partial void GuardFailed(this ILogger logger, string reason);

    [LoggerMessage(1016, LogLevel.Error, "the ordering state was not written, so a restart applies more heights: {Reason}")]
    public static partial void SnapshotFailed(this ILogger logger, string reason);

    [LoggerMessage(1017, LogLevel.Warning, "the snapshot {File} is not started from, so this start applies more heights: {Reason}")]
    public static partial void SnapshotNotUsed(this ILogger logger, string file, string reason);

    [LoggerMessage(
        1018, LogLevel.Information, "epoch {Epoch} began behind height {Boundary}: {Members} members, own seat {Seat}, {Held} messages came before it")]
    public static partial void EpochEntered(this ILogger logger, Epoch epoch, Height boundary, int members, string seat, int held);

    [LoggerMessage(1019, LogLevel.Warning, "{Held} of {Left} accepted batches that their epoch's lanes did not get ordered go into the present lane")]
    public static partial void BatchesLeft(this ILogger logger, int held, int left);

    [LoggerMessage(
        1037, LogLevel.Warning,
        "the vote log could not be compacted ({Reason}) and grows until it can: when it is full this node ends; look at the disk's room and "
        + "storage.voteSegmentBytes")]
    public static partial void VotesNotCompacted(this ILogger logger, Storage.StorageRejection reason);

    [LoggerMessage(1040, LogLevel.Information,
        "state sync: the checkpoint of height {Height} is fetched, {Bytes} bytes from {Sources} operators; the own archive is at {Own}")]
    public static partial void SyncBegins(this ILogger logger, Height height, Height own, long bytes, int sources);

    [LoggerMessage(1041, LogLevel.Information,
        "state sync: the checkpoint of height {Height} is here and certified, {Bytes} bytes in {Milliseconds} ms; it is installed by a start of this node")]
    public static partial void SyncReady(this ILogger logger, Height height, long bytes, long milliseconds);

    [LoggerMessage(1042, LogLevel.Warning, "state sync: peer {Peer} is asked for nothing more: {Reason} (hand-over: {HandOver})")]
    public static partial void SyncRefused(this ILogger logger, PeerId peer, SyncRejection reason, HandOverRejection handOver);

    [LoggerMessage(1047, LogLevel.Information, "state sync: hand-overs lead from the genesis to the committee of epoch {Epoch}")]
    public static partial void SyncLed(this ILogger logger, Epoch epoch);

    [LoggerMessage(1055, LogLevel.Information, "hand-overs from epoch {From} to epoch {To}, certified while this operator was away, are in its ledger")]
    public static partial void HandOversFilled(this ILogger logger, Epoch from, Epoch to);

    [LoggerMessage(1043, LogLevel.Error, "state sync: what was offered for height {Height} is not the certified state: {Reason}")]
    public static partial void SyncOtherState(this ILogger logger, Height height, string reason);

    [LoggerMessage(1044, LogLevel.Error, "state sync: the checkpoint of height {Height} could not be stored: {Reason}")]
    public static partial void SyncDamaged(this ILogger logger, Height height, string reason);

    [LoggerMessage(1045, LogLevel.Information,
        "state sync: the archive begins with the certified checkpoint of height {Height}, {Bytes} bytes of state; it was at height {Former}")]
    public static partial void SyncInstalled(this ILogger logger, Height height, long bytes, Height former);

    [LoggerMessage(1046, LogLevel.Warning, "state sync: the checkpoint in {Folder} is not installed: {Reason}")]
    public static partial void SyncNotInstalled(this ILogger logger, string folder, string reason);

    [LoggerMessage(1050, LogLevel.Information, "said to be in step, naming the checkpoint of height {Height}, by {Door}")]
    public static partial void ReadySaid(this ILogger logger, Height height, Uri door);

    [LoggerMessage(1051, LogLevel.Warning, "{Door} does not take the word that this candidate is in step: {Why}")]
    public static partial void ReadyRefused(this ILogger logger, Uri door, string why);

    [LoggerMessage(
        1036, LogLevel.Warning,
        "of seat {Seat} of epoch {Epoch} only one key is this node's, so it observes; run it with the keys that serve: sharedseq operator status --json")]
    public static partial void HalfSeat(this ILogger logger, ReplicaId seat, Epoch epoch);

    [LoggerMessage(1020, LogLevel.Error, "call of {Method} failed, error id {ErrorId}")]
    public static partial void RpcFailed(this ILogger logger, string method, string errorId, Exception error);

    [LoggerMessage(1030, LogLevel.Information, "execution client of namespace {Namespace}: {What}")]
    public static partial void Execution(this ILogger logger, NamespaceId @namespace, string what);

    [LoggerMessage(1031, LogLevel.Warning, "execution client of namespace {Namespace} is quarantined: {Why}")]
    public static partial void Quarantined(this ILogger logger, NamespaceId @namespace, string why);

    [LoggerMessage(1032, LogLevel.Warning, "execution client of namespace {Namespace} failed (given up: {IsFinal}): {Why}")]
    public static partial void ExecutionFailed(this ILogger logger, NamespaceId @namespace, string why, bool isFinal);

    [LoggerMessage(1033, LogLevel.Warning, "replica {Attester} contradicts its own attestation of block {Number} of namespace {Namespace}")]
    public static partial void AttestationContradicts(this ILogger logger, NamespaceId @namespace, ReplicaId attester, ulong number);

    [LoggerMessage(1034, LogLevel.Critical, "execution of namespace {Namespace} is split at block {Number}: two outcomes have too many attesters each")]
    public static partial void ExecutionSplit(this ILogger logger, NamespaceId @namespace, ulong number);

    [LoggerMessage(1035, LogLevel.Warning, "the execution client of replica {Attester} deviates at block {Number} of namespace {Namespace}")]
    public static partial void PeerDeviates(this ILogger logger, NamespaceId @namespace, ReplicaId attester, ulong number);
}
