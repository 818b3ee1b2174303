using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>The clocks of a replica when an input arrives: monotonic for timers, wall for block timestamps. Milliseconds.</summary>
public readonly record struct CoreTime(long MonotonicMs, ulong WallMs);

/// <summary>
/// Everything that can happen to a replica: a closed set. Time comes with each input; there is no other way in. A ReplicaId in an input, From or Peer,
/// is a seat of the epoch that <see cref="Epochs.Step"/> is told; whose session has which seat is for the shell to know, by node key. A session
/// without a seat in the present epoch, of an observer, a candidate or a member that left or that is in the next epoch already, may hand over what says
/// for itself whose it is: batches, Acks, PoAs, evidence, commit proofs and blocks (From is null), and it may ask (<see cref="ObserverRequest"/>).
/// Anything else it sends in the present epoch is dropped by the shell.
/// </summary>
public abstract record ReplicaInput
{
    private ReplicaInput()
    {
    }

    /// <summary>The time named by Replica.NextDeadlineMs has come, or the shell just wants the rules evaluated.</summary>
    public sealed record Tick : ReplicaInput;

    /// <summary>
    /// A verified statement of another replica. From is the session it came by, not necessarily who signed it. What the proposal carries is
    /// verified item by item: an item that fails is left out, which is how the replica sees it.
    /// </summary>
    /// <param name="From">The session it came by.</param>
    /// <param name="Proposal">The leader's proposal.</param>
    /// <param name="Proofs">Its PoAs that verify.</param>
    /// <param name="Parent">Its parent's certificate if it verifies. Null also when the shell saw no need to check one.</param>
    /// <param name="Skips">Its skip certificates that verify.</param>
    /// <param name="Evidence">The evidence of its payload that verifies, in the payload's order.</param>
    public sealed record ProposalReceived(ReplicaId From, Verified<Proposal> Proposal, IReadOnlyList<Verified<ProofOfAvailability>> Proofs,
        Verified<Notarization>? Parent, IReadOnlyList<Verified<Notarization>> Skips, IReadOnlyList<Verified<Evidence>> Evidence) : ReplicaInput
    {
        /// <summary>Its payload, when that carries view reports of which all verify.</summary>
        public Verified<Payload>? Reported { get; init; }
    }

    /// <summary>
    /// A vote, proposal, certificate, Status or request of an epoch that ended here; not verified. For <see cref="Epochs"/> only. Peer is the shell's
    /// number for the session.
    /// </summary>
    public sealed record EndedEpochMessage(ulong Peer, Epoch Epoch, PeerMessage Message) : ReplicaInput;

    /// <summary>Anything of an epoch that did not begin here yet; not verified. For <see cref="Epochs"/> only.</summary>
    public sealed record LaterEpochMessage(ulong Peer, PeerMessage Message) : ReplicaInput;

    /// <summary>
    /// A CertificateRequest or BlockRequest of the present epoch by a session without a seat; answered by <see cref="ReplicaEffect.Answer"/> or
    /// <see cref="ReplicaEffect.AnswerBlocks"/> within a limit per session. For <see cref="Epochs"/> only. Peer is the shell's number for the session.
    /// </summary>
    public sealed record ObserverRequest(ulong Peer, PeerMessage Request) : ReplicaInput;

    /// <summary>A verified vote of any slot: it may be late, or ahead of this replica.</summary>
    public sealed record VoteReceived(ReplicaId From, Verified<Vote> Vote) : ReplicaInput;

    /// <summary>
    /// A vote, proposal or certificate of a slot that is committed here already; the shell did not verify it. Whoever sends such a thing may be
    /// behind and is answered with the commit proof (R11). Not for a commit proof of the very slot committed last: its sender is not behind.
    /// </summary>
    public sealed record StaleReceived(ReplicaId From, Slot Slot) : ReplicaInput;

    /// <summary>A verified certificate for a block or for skip.</summary>
    public sealed record NotarizationReceived(ReplicaId From, Verified<Notarization> Certificate) : ReplicaInput;

    /// <summary>A verified proof that a block and its ancestors are committed.</summary>
    public sealed record CommitProofReceived(ReplicaId? From, Verified<CommitProof> Proof) : ReplicaInput;

    /// <summary>A verified account of where another replica is.</summary>
    public sealed record StatusReceived(ReplicaId From, Verified<Status> Status) : ReplicaInput;

    /// <summary>A peer asks for certificates it lacks; answered within limits.</summary>
    public sealed record CertificateRequestReceived(ReplicaId From, CertificateRequest Request) : ReplicaInput;

    /// <summary>A peer asks for headers and payloads it lacks; answered within limits.</summary>
    public sealed record BlockRequestReceived(ReplicaId From, BlockRequest Request) : ReplicaInput;

    /// <summary>Blocks need no signature: they are accepted by hash only.</summary>
    public sealed record BlocksReceived(ReplicaId? From, BlockResponse Response) : ReplicaInput;

    /// <summary>A batch with its author's verified signature.</summary>
    public sealed record BatchReceived(ReplicaId? From, Verified<Batch> Batch) : ReplicaInput;

    /// <summary>Batches fetched by request; accepted by the digest chain only.</summary>
    public sealed record BatchesReceived(ReplicaId? From, BatchResponse Response) : ReplicaInput;

    /// <summary>A verified statement of a replica that it stored a batch and the lane below it.</summary>
    public sealed record AckReceived(ReplicaId? From, Verified<Ack> Ack) : ReplicaInput;

    /// <summary>A verified PoA of any lane.</summary>
    public sealed record ProofReceived(ReplicaId? From, Verified<ProofOfAvailability> Proof) : ReplicaInput;

    /// <summary>Verified misbehaviour that another replica saw.</summary>
    public sealed record EvidenceReceived(ReplicaId? From, Verified<Evidence> Evidence) : ReplicaInput;

    /// <summary>
    /// L1 blocks that the shell's quorum of providers shows at the configured tag, each verified with its inputs, in L1's order without gaps from
    /// <see cref="Replica.NextL1Number"/> on. What has no room is dropped: the shell tells of it again when that number has moved. A network that follows
    /// no L1 is told nothing.
    /// </summary>
    public sealed record L1Verified(IReadOnlyList<L1Block> Blocks) : ReplicaInput;

    /// <summary>How the shell stands to L1 now (V5). Following when nothing else was said.</summary>
    public sealed record L1StatusChanged(L1Status Status) : ReplicaInput;

    /// <summary>A verified report of an L1 block by a member of the present epoch; From is the session it came by.</summary>
    public sealed record ViewReportReceived(ReplicaId? From, Verified<ViewReport> Report) : ReplicaInput;

    /// <summary>The answer to <see cref="ReplicaEffect.SignViewReport"/>.</summary>
    public sealed record ViewReportSigned(Verified<ViewReport> Report) : ReplicaInput;

    /// <summary>
    /// A session asks for inputs of L1 blocks; answered by <see cref="ReplicaEffect.Answer"/> or <see cref="ReplicaEffect.AnswerL1Inputs"/> within a limit per
    /// session. For <see cref="Epochs"/> only. Peer is the shell's number for the session.
    /// </summary>
    public sealed record L1InputsRequested(ulong Peer, L1InputsRequest Request) : ReplicaInput;

    /// <summary>Inputs of L1 blocks need no signature: they are accepted by digest only.</summary>
    public sealed record L1InputsReceived(L1Inputs Inputs) : ReplicaInput;

    /// <summary>Any valid frame, pings included: the session is alive (R5, dead leader). Other inputs from a peer say so too.</summary>
    public sealed record PeerHeard(ReplicaId Peer) : ReplicaInput;

    /// <summary>A session was (re)established: what is re-sent goes out at once (consensus.md 6).</summary>
    public sealed record PeerConnected(ReplicaId Peer) : ReplicaInput;

    /// <summary>A session ended: the peer is asked for nothing until it is back.</summary>
    public sealed record PeerDisconnected(ReplicaId Peer) : ReplicaInput;

    /// <summary>The answer to <see cref="ReplicaEffect.CastVote"/>: signed, and durable with everything logged before it.</summary>
    public sealed record VoteCast(Verified<Vote> Vote) : ReplicaInput;

    /// <summary>The answer to <see cref="ReplicaEffect.CastProposal"/>: signed and durable.</summary>
    public sealed record ProposalCast(Verified<Proposal> Proposal) : ReplicaInput;

    /// <summary>The answer to <see cref="ReplicaEffect.StoreBatch"/>, in the order stored: the batch is durable.</summary>
    public sealed record BatchStored(LaneTip Tip) : ReplicaInput;

    /// <summary>The answer to <see cref="ReplicaEffect.SignAck"/>.</summary>
    public sealed record AckSigned(Verified<Ack> Ack) : ReplicaInput;

    /// <summary>An own batch is sealed, signed and durable (5 h); its sequence and previous digest continue the own lane.</summary>
    public sealed record OwnBatchSealed(Verified<Batch> Batch) : ReplicaInput;

    /// <summary>A delivered block and its proof are durable in the archive, so its header need not stay in the vote log.</summary>
    public sealed record BlockArchived(Height Height) : ReplicaInput;

    /// <summary>The shell measured its load and asks for this least time between own heights. Milliseconds.</summary>
    public sealed record PaceChanged(int MinHeightMs) : ReplicaInput;

    /// <summary>A client handed over a receipt: its PoA binds the network now (ordering.md 5).</summary>
    public sealed record ReceiptRelayed(Verified<ProofOfAvailability> Proof) : ReplicaInput;
}
