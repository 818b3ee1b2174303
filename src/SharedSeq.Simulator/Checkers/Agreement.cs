using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>Agreement by the union of all votes ever signed and by what was delivered (<see cref="VoteUnion"/>), across restarts.</summary>
public sealed class Agreement : Checker
{
    private readonly VoteUnion _votes;

    public Agreement(SimulatedRun run)
        : base(run) => _votes = new VoteUnion(TermsOf, run.Settings.NodeCount, Violate);

    private (QuorumParameters Quorum, int Liars) TermsOf(Epoch epoch)
    {
        SeatPlan plan = Run.Committees.Of(epoch);
        return (plan.Quorum, plan.Seats.Count(seat => seat.Node is { } node && Run.Settings.IsLiar(node)));
    }

    /// <summary>A node starts, or starts again, above what it had delivered.</summary>
    public void OnStarted(SimulatedNode node, BlockId delivered) => _votes.OnStarted(node.Id.Value, delivered);

    public override void OnSigned(NodeId by, PeerMessage statement) => _votes.OnSigned(statement, Run.Nodes[by.Value].IsHonest);

    public override void OnDelivered(SimulatedNode node, CommittedBlock block)
    {
        if (node.IsHonest) _votes.OnDelivered(node.Id.Value, block.Block);
    }

    /// <summary>How many tails end in a proposed block, itself included.</summary>
    public int TailsTo(BlockId block) => _votes.TailsTo(block);

    public override void OnEnd()
    {
        _votes.OnEnd();
        foreach ((_, IReadOnlyList<BlockId> values) in _votes.Notarized())
        {
            int blocks = values.Count(value => !value.IsSkip);
            bool isSkipped = blocks < values.Count;
            if (isSkipped) Run.Coverage.Skips++;
            if (isSkipped && blocks > 0) Run.Coverage.SkipAndBlockNotarized++;
            if (blocks > 1) Run.Coverage.TwoBlocksNotarized++;
        }
    }
}
