using System.Text;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// How an epoch after the first began: what this node must know of it to vote in it, to check what was signed in it, and to find its place again after a
/// restart, whatever the archive has given up.
/// </summary>
/// <param name="Genesis">The boundary block of the epoch before.</param>
/// <param name="Timestamp">Its resolved timestamp: the epoch's start.</param>
/// <param name="Plan">Who serves.</param>
public sealed record EpochStart(BlockId Genesis, TimestampMs Timestamp, CommitteePlan Plan)
{
    public Epoch Epoch => Plan.Epoch;

    /// <summary>Who had the seats, by seat, and where they were reached; none where this node did not order the boundary itself.</summary>
    public IReadOnlyList<SeatPlace> Places { get; init; } = [];

    /// <summary>The epoch that begins behind the height a machine has just applied; null when that is no boundary.</summary>
    /// <param name="machine">Where ordering is.</param>
    /// <param name="block">Hash of the block of that height.</param>
    public static EpochStart? After(OrderingMachine machine, Hash32 block) => machine.Boundary == machine.Height && machine.Height > Height.Zero
        ? new EpochStart(new BlockId(machine.Height, block), machine.Timestamp, machine.Operators.Next!.Plan)
        {
            Places = [.. machine.Operators.Next.Operators.Select(id => PlaceOf(machine.Operators, id))],
        }
        : null;

    private static SeatPlace PlaceOf(OperatorRegistry operators, OperatorId? id) =>
        new(id, id is { } seated ? operators.Find(seated)?.Endpoints?.Peer ?? "" : "");

    public void Write(CanonicalWriter writer)
    {
        writer.U64(Genesis.Height.Value);
        writer.Hash(Genesis.Hash);
        writer.U64(Timestamp.Value);
        Plan.Write(writer);
        writer.U16((ushort)Places.Count);
        foreach (SeatPlace place in Places) place.Write(writer);
    }

    /// <exception cref="DecodeException">Not the start of an epoch.</exception>
    public static EpochStart Read(ref CanonicalReader reader)
    {
        var genesis = new BlockId(new Height(reader.U64()), reader.Hash());
        var timestamp = new TimestampMs(reader.U64());
        CommitteePlan plan = CommitteePlan.Read(ref reader);
        if (plan.Epoch == Epoch.Zero) DecodeException.Throw(DecodeRejection.Malformed, "the first epoch begins with the genesis");
        var places = new SeatPlace[reader.Count(QuorumParameters.MaxMembers, 8, "places of seats")];
        for (int i = 0; i < places.Length; i++) places[i] = SeatPlace.Read(ref reader);
        if (places.Length > 0 && places.Length != plan.Members.Count) DecodeException.Throw(DecodeRejection.Malformed, "each seat has a place, or none has");
        return new EpochStart(genesis, timestamp, plan) { Places = places };
    }
}

/// <summary>Who has a seat, as the registry had it when the seat was given.</summary>
/// <param name="Operator">Its number; null for an empty seat.</param>
/// <param name="Peer">host:port that it joined with; empty for an operator of genesis, whose document names it.</param>
public sealed record SeatPlace(OperatorId? Operator, string Peer)
{
    public void Write(CanonicalWriter writer)
    {
        writer.U32(Operator?.Value ?? uint.MaxValue);
        writer.Bytes(Encoding.ASCII.GetBytes(Peer));
    }

    /// <exception cref="DecodeException">Not the place of a seat.</exception>
    public static SeatPlace Read(ref CanonicalReader reader)
    {
        uint id = reader.U32();
        ReadOnlySpan<byte> peer = reader.Bytes(OperatorEndpoints.MaxPeerBytes, "peer address");
        if (!Ascii.IsValid(peer)) DecodeException.Throw(DecodeRejection.Malformed, "a peer address is ASCII");
        return new SeatPlace(id == uint.MaxValue ? null : new OperatorId(id), Encoding.ASCII.GetString(peer));
    }
}
