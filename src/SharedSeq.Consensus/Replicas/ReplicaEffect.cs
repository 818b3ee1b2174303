using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>What went wrong so badly that somebody must be told. Values are stable log and metric labels.</summary>
public enum AlarmKind
{
    /// <summary>A committed block does not descend from the last delivered one: agreement is broken. The replica has halted.</summary>
    AgreementBroken = 1,

    /// <summary>A lane's certified batches do not chain: unreachable with PoAs of q. The lane is frozen.</summary>
    LaneForked = 2,

    /// <summary>The wall clock went backwards or is far from the committee's committed time.</summary>
    ClockJumped = 3,
}

/// <summary>
/// Everything a replica can ask of its shell: a closed set. The duties of the shell, in order of importance:
/// 1. Effects of one step are carried out in their order, and steps in their order.
/// 2. Log, CastVote and CastProposal append to one log. What is sent after them (Send with AfterSync, the answers VoteCast and ProposalCast,
///    Deliver) happens only when every record appended before is synced. If this is ignored, a restart can vote twice.
/// 3. A failed or short sync is fatal for the process.
/// 4. Messages may be lost, reordered and repeated; nothing else about the network is assumed.
/// </summary>
public abstract record ReplicaEffect
{
    private ReplicaEffect()
    {
    }

    /// <summary>Append to the vote log. No answer.</summary>
    public sealed record Log(DurableRecord Record) : ReplicaEffect;

    /// <summary>Sign with the vote key, append to the vote log, sync, then answer VoteCast. The replica has decided and will not decide otherwise.</summary>
    public sealed record CastVote(Slot Slot, VoteKind Kind, BlockId Value) : ReplicaEffect;

    /// <summary>Sign with the vote key, append to the vote log with full content, sync, then answer ProposalCast.</summary>
    public sealed record CastProposal(Block Block, IReadOnlyList<ProofOfAvailability> Proofs, Justification Justification) : ReplicaEffect;

    /// <summary>Send a message. With AfterSync only when everything logged before is durable.</summary>
    public sealed record Send(ReplicaSet To, PeerMessage Message, bool AfterSync) : ReplicaEffect;

    /// <summary>
    /// Send to those that had these seats in an ended epoch and have none in the present one, by the node keys of that epoch's committee. Whoever of
    /// them has no session is left out.
    /// </summary>
    public sealed record SendToFormer(Epoch Epoch, ReplicaSet To, PeerMessage Message) : ReplicaEffect;

    /// <summary>Send batches of the batch log, own ones: the log holds the bytes, the replica only their places.</summary>
    public sealed record SendBatch(ReplicaSet To, LaneTip Tip) : ReplicaEffect;

    /// <summary>Answer a BlockRequest from the archive of delivered blocks.</summary>
    public sealed record ServeBlocks(ReplicaId To, BlockRequest Request) : ReplicaEffect;

    /// <summary>
    /// Write a batch to the batch log, sync, then answer BatchStored. IsAckable is durable with it: after a restart at
    /// most this one is acked.
    /// </summary>
    public sealed record StoreBatch(Batch Batch, bool IsAckable) : ReplicaEffect;

    /// <summary>Sign an Ack with the node key; the batch is durable already. Answer AckSigned.</summary>
    public sealed record SignAck(LaneTip Tip, Height Height) : ReplicaEffect;

    /// <summary>Sign a Status with the node key and send it, after everything logged before is durable.</summary>
    public sealed record SendStatus(ReplicaSet To, Slot FinalSlot, BlockId Final, Slot Current) : ReplicaEffect;

    /// <summary>An own batch has its PoA, and the PoA was sent to all before this effect: receipts may go out.</summary>
    public sealed record OwnBatchCertified(Verified<ProofOfAvailability> Proof) : ReplicaEffect;

    /// <summary>
    /// Batches of a lane that is closed, which no height will order any more although they were accepted: put their transactions into the present own
    /// lane. What was ordered elsewhere meanwhile is dropped as a duplicate. An observer has no lane: members that hold them do the same.
    /// </summary>
    public sealed record BatchesLeft(IReadOnlyList<LaneTip> Batches) : ReplicaEffect;

    /// <summary>A height is committed, its ancestors are delivered and all its batches are stored here. In height order, exactly once per run.</summary>
    public sealed record Deliver(CommittedBlock Block) : ReplicaEffect;

    /// <summary>
    /// A new epoch began: what follows belongs to it, and every ReplicaSet and ReplicaId in it is of this committee. Sign in its name from now on, say
    /// PeerConnected for every live session that has a seat in it, and handle what Epochs.TakeHeld returns. Self is the own seat; null for an observer,
    /// which has none: it takes no transactions, and hands out what it has.
    /// </summary>
    public sealed record EpochEntered(Committee Committee, ReplicaId? Self) : ReplicaEffect;

    /// <summary>Send to a session, whichever seat it has, if any: its peer may be in another epoch. Peer is the shell's number for it.</summary>
    public sealed record Answer(ulong Peer, PeerMessage Message) : ReplicaEffect;

    /// <summary>Answer a BlockRequest from the archive of delivered blocks, to a session as in <see cref="Answer"/>.</summary>
    public sealed record AnswerBlocks(ulong Peer, BlockRequest Request) : ReplicaEffect;

    /// <summary>Sign a report of this L1 block with the node key. Answer ViewReportSigned.</summary>
    public sealed record SignViewReport(L1View View) : ReplicaEffect;

    /// <summary>
    /// Answer an L1InputsRequest from the archive: the inputs of the delivered height whose view has this number and digest, if the one before has the other
    /// digest. To a session as in <see cref="Answer"/>.
    /// </summary>
    public sealed record AnswerL1Inputs(ulong Peer, L1InputsRequest Request) : ReplicaEffect;

    /// <summary>
    /// What a proposal or the committed chain cites and what the own quorum of providers shows contradict each other: somebody's providers or reading
    /// are wrong. Keep both headers and tell operators. Where the block is finalized the shell answers with L1StatusChanged(Halted).
    /// </summary>
    public sealed record L1Diverged(L1View Cited, L1View Own) : ReplicaEffect;

    /// <summary>Keep this evidence and show it to operators.</summary>
    public sealed record RecordEvidence(Verified<Evidence> Evidence) : ReplicaEffect;

    /// <summary>Something that operators must be told of at once.</summary>
    public sealed record Alarm(AlarmKind Kind, string Message) : ReplicaEffect;

    /// <summary>One line of the protocol trace: the rule (R1..R11, L, E1..E7), the slot, and what it did. Free of times and node-local facts.</summary>
    public sealed record Trace(string Rule, Slot Slot, string Text) : ReplicaEffect;
}

/// <summary>A committed height ready for ordering.</summary>
/// <param name="Block">Header and payload as committed.</param>
/// <param name="Timestamp">The header's, or the nearest non-carry ancestor's for a carry block.</param>
/// <param name="Proof">The commit proof of this block, or null when a descendant's proof commits it.</param>
/// <param name="Batches">The batches this height orders, in order (consensus.md 7).</param>
/// <param name="Cut">The cut after this height, resolved through carry blocks.</param>
public sealed record CommittedBlock(
    Block Block, TimestampMs Timestamp, CommitProof? Proof, IReadOnlyList<LaneTip> Batches, IReadOnlyList<LaneTip> Cut)
{
    public Height Height => Block.Header.Height;

    /// <summary>The L1 view after this height, resolved through carry blocks.</summary>
    public L1View View { get; init; } = L1View.None;

    /// <summary>The inputs of the L1 blocks by which this height advances the view; none where it does not. To be stored with the block.</summary>
    public L1Inputs Inputs { get; init; } = L1Inputs.None;
}
