using System.Globalization;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>An operator's number: the seat for those of genesis, then one more for each join. Never given twice.</summary>
public readonly record struct OperatorId(uint Value)
{
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Where an operator stands. Values are stored.</summary>
public enum OperatorState : byte
{
    /// <summary>Joined, and not known to be in step.</summary>
    Candidate = 1,

    /// <summary>In step; takes a seat in the next committee, if that has room for the change. Without room it is a candidate again.</summary>
    Ready = 2,

    /// <summary>Has a seat, or will have one in the next epoch.</summary>
    Member = 3,

    /// <summary>A member until the next committee that has room for the change.</summary>
    Leaving = 4,

    /// <summary>Committed evidence shows it contradicted itself: its seat is emptied.</summary>
    Offender = 5,
}

/// <summary>One operator.</summary>
/// <param name="Id">Its number.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Keys">Its keys in the latest committee that was fixed.</param>
/// <param name="Endpoints">As it joined with; null for those of genesis, whose document names them.</param>
/// <param name="NewKeys">Its keys from the next committee on that has room for the change.</param>
/// <param name="Rotations">Rotations so far.</param>
public sealed record Operator(
    OperatorId Id, OperatorState State, CommitteeMember Keys, OperatorEndpoints? Endpoints, CommitteeMember? NewKeys, ushort Rotations)
{
    /// <summary>Whether it has, or will have, a seat.</summary>
    public bool IsSeated => State is OperatorState.Member or OperatorState.Leaving or OperatorState.Offender;

    internal void Write(CanonicalWriter writer)
    {
        writer.U32(Id.Value);
        writer.Byte((byte)State);
        Keys.Write(writer);
        writer.Bool(Endpoints is not null);
        Endpoints?.Write(writer);
        writer.Bool(NewKeys is not null);
        NewKeys?.Write(writer);
        writer.U16(Rotations);
    }

    internal static Operator Read(ref CanonicalReader reader)
    {
        var id = new OperatorId(reader.U32());
        var state = (OperatorState)reader.Byte();
        if (!System.Enum.IsDefined(state)) DecodeException.Throw(DecodeRejection.UnknownValue, "state of an operator");
        CommitteeMember keys = CommitteeMember.Read(ref reader);
        OperatorEndpoints? endpoints = reader.Bool() ? OperatorEndpoints.Read(ref reader) : null;
        CommitteeMember? newKeys = reader.Bool() ? CommitteeMember.Read(ref reader) : null;
        return new Operator(id, state, keys, endpoints, newKeys, reader.U16());
    }
}

/// <summary>A committee with the operators that have its seats.</summary>
/// <param name="Plan">The committee.</param>
/// <param name="Operators">By seat; null where the seat is empty.</param>
public sealed record CommitteeSeats(CommitteePlan Plan, System.Collections.Generic.IReadOnlyList<OperatorId?> Operators)
{
    /// <summary>Seats that nobody has.</summary>
    public int EmptyCount
    {
        get
        {
            int count = 0;
            foreach (OperatorId? id in Operators) count += id is null ? 1 : 0;
            return count;
        }
    }

    /// <summary>The operator's seat; null when it has none.</summary>
    public ReplicaId? SeatOf(OperatorId id)
    {
        for (int i = 0; i < Operators.Count; i++)
        {
            if (Operators[i] == id) return new ReplicaId((ushort)i);
        }

        return null;
    }

    /// <summary>The same committee without whoever had the seat.</summary>
    internal CommitteeSeats Without(ReplicaId seat)
    {
        CommitteeMember[] members = [.. Plan.Members];
        OperatorId?[] operators = [.. Operators];
        members[seat.Value] = CommitteeMember.Empty;
        operators[seat.Value] = null;
        return new CommitteeSeats(Plan with { Members = members }, operators);
    }

    internal void Write(CanonicalWriter writer)
    {
        Plan.Write(writer);
        WriteOperators(writer, Operators);
    }

    internal static CommitteeSeats Read(ref CanonicalReader reader)
    {
        CommitteePlan plan = CommitteePlan.Read(ref reader);
        var operators = new OperatorId?[plan.Members.Count];
        for (int i = 0; i < operators.Length; i++)
        {
            operators[i] = ReadOperator(ref reader);
            if (operators[i] is null != plan.Members[i].IsEmpty) DecodeException.Throw(DecodeRejection.Malformed, "an empty seat has no operator and no keys");
        }

        return new CommitteeSeats(plan, operators);
    }

    internal static void WriteOperators(CanonicalWriter writer, System.Collections.Generic.IReadOnlyList<OperatorId?> operators)
    {
        foreach (OperatorId? id in operators) writer.U32(id?.Value ?? uint.MaxValue);
    }

    internal static OperatorId? ReadOperator(ref CanonicalReader reader)
    {
        uint value = reader.U32();
        return value == uint.MaxValue ? null : new OperatorId(value);
    }
}
