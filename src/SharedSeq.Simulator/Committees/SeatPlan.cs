using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>A seat of one epoch.</summary>
/// <param name="Node">Who has it; null for one that is left empty because its member was taken out.</param>
/// <param name="Keys">What it signs with; null when it is empty.</param>
public sealed record SimulatedSeat(NodeId? Node, SimulatedKeys? Keys)
{
    public static readonly SimulatedSeat Empty = new(null, null);

    public CommitteeMember Member => Keys is { } keys ? new CommitteeMember(keys.Vote.Public, keys.Node.Public) : CommitteeMember.Empty;
}

/// <summary>Which nodes serve an epoch, with which keys.</summary>
/// <param name="Epoch">The epoch.</param>
/// <param name="Quorum">Thresholds.</param>
/// <param name="Seats">By ReplicaId.</param>
public sealed record SeatPlan(Epoch Epoch, QuorumParameters Quorum, IReadOnlyList<SimulatedSeat> Seats)
{
    public CommitteeMember[] Members => [.. Seats.Select(seat => seat.Member)];

    public bool HasEmptySeat => Seats.Any(seat => seat.Node is null);

    /// <summary>The seat of a node; null when it has none.</summary>
    public ReplicaId? SeatOf(NodeId node)
    {
        for (int i = 0; i < Seats.Count; i++)
        {
            if (Seats[i].Node == node) return new ReplicaId((ushort)i);
        }

        return null;
    }

    /// <summary>Who has a seat; null for an empty one and for one that there is not.</summary>
    public NodeId? NodeAt(ReplicaId seat) => seat.Value < Seats.Count ? Seats[seat.Value].Node : null;
}
