using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// An honest member never signs two statements that contradict each other (E1 to E7), not across restarts either, and nobody records evidence
/// against one.
/// </summary>
public sealed class NoHonestEvidence(SimulatedRun run) : Checker(run)
{
    private readonly Dictionary<(NodeId By, Epoch Epoch, SignedKind Kind, ulong Place, LaneId Lane), Hash32> _signed = [];
    private readonly Dictionary<(NodeId By, Epoch Epoch, Slot Slot), BlockId> _finals = [];
    private readonly Dictionary<(NodeId By, Epoch Epoch, Slot Slot), List<BlockId>> _votes = [];

    public override void OnSigned(NodeId by, PeerMessage statement)
    {
        if (!Run.Nodes[by.Value].IsHonest) return;
        switch (statement)
        {
            case Proposal proposal:
                Once(by, proposal.Block.Header.Epoch, SignedKind.Proposal, proposal.Slot.Value, default, proposal.Block.Header.Hash);
                break;
            case Vote { VoteKind: VoteKind.First } vote:
                Once(by, vote.Epoch, SignedKind.FirstVote, vote.Slot.Value, default, vote.Value.Hash);
                NotBesideFinal(by, vote);
                break;
            case Vote { VoteKind: VoteKind.Final } vote:
                Once(by, vote.Epoch, SignedKind.FinalVote, vote.Slot.Value, default, vote.Value.Hash);
                _finals[(by, vote.Epoch, vote.Slot)] = vote.Value;
                foreach (BlockId other in _votes.GetValueOrDefault((by, vote.Epoch, vote.Slot), [])) CheckFinal(by, vote.Slot, vote.Value, other);
                break;
            case Vote vote:
                NotBesideFinal(by, vote);
                break;
            case Batch batch:
                Once(by, batch.Header.Lane.Epoch, SignedKind.Ack, batch.Header.Seq.Value, batch.Header.Lane, batch.Header.Digest);
                break;
            case Ack ack:
                Once(by, ack.Tip.Lane.Epoch, SignedKind.Ack, ack.Tip.Seq.Value, ack.Tip.Lane, ack.Tip.Digest);
                break;
            case ResultVote vote:
                Once(by, vote.Epoch, SignedKind.ResultVote, vote.Height.Value, default, vote.ResultHash);
                break;
        }
    }

    public override void OnEvidence(SimulatedNode node, Evidence evidence)
    {
        if (Run.Committees.NodeAt(evidence.Epoch, evidence.Offender) is { } offender && Run.Nodes[offender.Value].IsHonest)
            Violate($"replica {node.Id} holds evidence {evidence.EvidenceKind} against honest {offender}");
    }

    private void Once(NodeId by, Epoch epoch, SignedKind kind, ulong place, LaneId lane, Hash32 value)
    {
        if (_signed.TryAdd((by, epoch, kind, place, lane), value)) return;
        if (_signed[(by, epoch, kind, place, lane)] != value)
            Violate($"honest {by} signed two different statements of kind {kind} at {place} ({lane})");
    }

    /// <summary>E3, in either order: a Final and a vote for another value of the slot.</summary>
    private void NotBesideFinal(NodeId by, Vote vote)
    {
        if (!_votes.TryGetValue((by, vote.Epoch, vote.Slot), out List<BlockId>? votes)) _votes[(by, vote.Epoch, vote.Slot)] = votes = [];
        votes.Add(vote.Value);
        if (_finals.TryGetValue((by, vote.Epoch, vote.Slot), out BlockId final)) CheckFinal(by, vote.Slot, final, vote.Value);
    }

    private void CheckFinal(NodeId by, Slot slot, BlockId final, BlockId other)
    {
        if (final != other) Violate($"honest {by} signed Final({slot},{final}) and a vote for {other} in that slot");
    }
}
