using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// The epoch that lanes belong to, seen from the present one. Authors and ackers of a lane are seats of its own epoch; messages go to seats of the
/// present one. The lanes of an ended epoch get no new batches of honest authors; what is in them is still acked and ordered, up to
/// <see cref="ClosesAt"/> (consensus.md 8).
/// </summary>
internal sealed class LaneEpoch
{
    private readonly Committee _present;

    /// <summary>The present epoch.</summary>
    public LaneEpoch(Committee committee, ReplicaId? self)
    {
        Committee = committee;
        Self = self;
        _present = committee;
    }

    /// <summary>An ended one.</summary>
    public LaneEpoch(ClosedEpoch ended, int receiptDeadlineHeights, Committee present)
    {
        Committee = ended.Committee;
        Self = ended.Self;
        Boundary = ended.Boundary;
        ClosesAt = ended.Boundary.Plus((ulong)receiptDeadlineHeights);
        _present = present;
    }

    public Committee Committee { get; }

    /// <summary>The own seat in it; null for whoever had none.</summary>
    public ReplicaId? Self { get; }

    /// <summary>Its last height; null while it lasts.</summary>
    public Height? Boundary { get; }

    /// <summary>The last height whose cut may advance its lanes: no receipt of theirs is due later.</summary>
    public Height ClosesAt { get; } = new(ulong.MaxValue);

    public bool IsEnded => Boundary is not null;

    /// <summary>The seat that this epoch's member has in the present one: the one with its node key, or its vote key where the node key was rotated.</summary>
    public ReplicaId? SeatNow(ReplicaId member)
    {
        if (!IsEnded) return member;
        CommitteeMember keys = Committee[member];
        for (int i = 0; i < _present.Count; i++)
        {
            var seat = new ReplicaId((ushort)i);
            if (_present[seat].NodeKey == keys.NodeKey || _present[seat].VoteKey == keys.VoteKey) return seat;
        }

        return null;
    }

    public ReplicaSet SeatsNow(ReplicaSet members)
    {
        if (!IsEnded) return members;
        ReplicaSet seats = ReplicaSet.Empty;
        foreach (ReplicaId member in members)
        {
            if (SeatNow(member) is { } seat) seats = seats.With(seat);
        }

        return seats;
    }

    /// <summary>Those of these members that have no seat now.</summary>
    public ReplicaSet Former(ReplicaSet members)
    {
        ReplicaSet former = ReplicaSet.Empty;
        if (!IsEnded) return former;
        foreach (ReplicaId member in members)
        {
            if (member != Self && SeatNow(member) is null) former = former.With(member);
        }

        return former;
    }

    /// <summary>A message to one member of the epoch, wherever it sits now.</summary>
    public ReplicaEffect Send(ReplicaId member, PeerMessage message) => SeatNow(member) is { } seat
        ? new ReplicaEffect.Send(ReplicaSet.Of(seat), message, AfterSync: false)
        : new ReplicaEffect.SendToFormer(Committee.Epoch, ReplicaSet.Of(member), message);

    /// <summary>The height that an own Ack names, never one above the boundary: the deadline would lie behind the end of the lane.</summary>
    public Height AckHeight(Height final) => Boundary is { } boundary && boundary < final ? boundary : final;

    /// <summary>
    /// Whether what is acked or certified at this height can still be ordered in time: half of what a receipt gives is left. Later nothing of the
    /// lane is acked, and no receipt released.
    /// </summary>
    public bool IsInTime(Height final) => Boundary is not { } boundary || final.Value <= boundary.Value + ((ClosesAt.Value - boundary.Value) / 2);
}
