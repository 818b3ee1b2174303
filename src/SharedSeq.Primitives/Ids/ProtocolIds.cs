using System.Globalization;

namespace SharedSeq.Primitives;

/// <summary>
/// Identifies one SharedSeq network. Part of every signed text, so no statement of one network is valid in another.
/// </summary>
public readonly record struct ChainId(ulong Value)
{
    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Version of the protocol's formats and rules. Part of every signed text.</summary>
public readonly record struct ProtocolVersion(ushort Value)
{
    /// <summary>The version this code speaks.</summary>
    public static readonly ProtocolVersion Current = new(1);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Span of heights with one committee. The first epoch is 0.</summary>
public readonly record struct Epoch(ulong Value) : IComparable<Epoch>
{
    public static readonly Epoch Zero;

    public Epoch Next() => new(checked(Value + 1));

    public int CompareTo(Epoch other) => Value.CompareTo(other.Value);

    public static bool operator <(Epoch a, Epoch b) => a.Value < b.Value;

    public static bool operator >(Epoch a, Epoch b) => a.Value > b.Value;

    public static bool operator <=(Epoch a, Epoch b) => a.Value <= b.Value;

    public static bool operator >=(Epoch a, Epoch b) => a.Value >= b.Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>
/// One attempt with one leader; ends with a certificate for a block or for skip. Slot 0 is genesis, the first real slot
/// is 1.
/// </summary>
public readonly record struct Slot(ulong Value) : IComparable<Slot>
{
    public static readonly Slot Zero;

    public Slot Next() => new(checked(Value + 1));

    public Slot Previous() => new(checked(Value - 1));

    public Slot Plus(ulong slots) => new(checked(Value + slots));

    public int CompareTo(Slot other) => Value.CompareTo(other.Value);

    public static bool operator <(Slot a, Slot b) => a.Value < b.Value;

    public static bool operator >(Slot a, Slot b) => a.Value > b.Value;

    public static bool operator <=(Slot a, Slot b) => a.Value <= b.Value;

    public static bool operator >=(Slot a, Slot b) => a.Value >= b.Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Index of a delivered (committed) block of the network. Height 0 is genesis.</summary>
public readonly record struct Height(ulong Value) : IComparable<Height>
{
    public static readonly Height Zero;

    public Height Next() => new(checked(Value + 1));

    public Height Previous() => new(checked(Value - 1));

    public Height Plus(ulong heights) => new(checked(Value + heights));

    public int CompareTo(Height other) => Value.CompareTo(other.Value);

    public static bool operator <(Height a, Height b) => a.Value < b.Value;

    public static bool operator >(Height a, Height b) => a.Value > b.Value;

    public static bool operator <=(Height a, Height b) => a.Value <= b.Value;

    public static bool operator >=(Height a, Height b) => a.Value >= b.Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A replica's index in the committee of its epoch, 0 to n-1.</summary>
public readonly record struct ReplicaId(ushort Value) : IComparable<ReplicaId>
{
    public int CompareTo(ReplicaId other) => Value.CompareTo(other.Value);

    public static bool operator <(ReplicaId a, ReplicaId b) => a.Value < b.Value;

    public static bool operator >(ReplicaId a, ReplicaId b) => a.Value > b.Value;

    public static bool operator <=(ReplicaId a, ReplicaId b) => a.Value <= b.Value;

    public static bool operator >=(ReplicaId a, ReplicaId b) => a.Value >= b.Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>One rollup's ordered stream, by convention the rollup's EVM chain id. 0 is the system namespace.</summary>
public readonly record struct NamespaceId(ulong Value) : IComparable<NamespaceId>
{
    /// <summary>The system namespace: operator statements and, later, bids. Refused from ordinary submitters.</summary>
    public static readonly NamespaceId System;

    public int CompareTo(NamespaceId other) => Value.CompareTo(other.Value);

    public static bool operator <(NamespaceId a, NamespaceId b) => a.Value < b.Value;

    public static bool operator >(NamespaceId a, NamespaceId b) => a.Value > b.Value;

    public static bool operator <=(NamespaceId a, NamespaceId b) => a.Value <= b.Value;

    public static bool operator >=(NamespaceId a, NamespaceId b) => a.Value >= b.Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A batch's place in its lane, from 0 in each epoch.</summary>
public readonly record struct BatchSeq(ulong Value) : IComparable<BatchSeq>
{
    public static readonly BatchSeq Zero;

    public BatchSeq Next() => new(checked(Value + 1));

    public int CompareTo(BatchSeq other) => Value.CompareTo(other.Value);

    public static bool operator <(BatchSeq a, BatchSeq b) => a.Value < b.Value;

    public static bool operator >(BatchSeq a, BatchSeq b) => a.Value > b.Value;

    public static bool operator <=(BatchSeq a, BatchSeq b) => a.Value <= b.Value;

    public static bool operator >=(BatchSeq a, BatchSeq b) => a.Value >= b.Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>One replica's own chain of batches within one epoch.</summary>
public readonly record struct LaneId(Epoch Epoch, ReplicaId Author, ushort Worker) : IComparable<LaneId>
{
    public int CompareTo(LaneId other)
    {
        int byEpoch = Epoch.CompareTo(other.Epoch);
        if (byEpoch != 0) return byEpoch;
        int byAuthor = Author.CompareTo(other.Author);
        return byAuthor != 0 ? byAuthor : Worker.CompareTo(other.Worker);
    }

    public override string ToString() => $"{Epoch}/{Author}/{Worker}";
}

/// <summary>Committed time: milliseconds since the Unix epoch, as written in block headers.</summary>
public readonly record struct TimestampMs(ulong Value) : IComparable<TimestampMs>
{
    public int CompareTo(TimestampMs other) => Value.CompareTo(other.Value);

    public static bool operator <(TimestampMs a, TimestampMs b) => a.Value < b.Value;

    public static bool operator >(TimestampMs a, TimestampMs b) => a.Value > b.Value;

    public static bool operator <=(TimestampMs a, TimestampMs b) => a.Value <= b.Value;

    public static bool operator >=(TimestampMs a, TimestampMs b) => a.Value >= b.Value;

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>
/// A transaction's identity: SHA-256(tag || namespace || validUntil || payload), ordering.md section 1.
/// </summary>
public readonly record struct TxId(Hash32 Value) : IComparable<TxId>
{
    public int CompareTo(TxId other) => Value.CompareTo(other.Value);

    public static bool operator <(TxId a, TxId b) => a.CompareTo(b) < 0;

    public static bool operator >(TxId a, TxId b) => a.CompareTo(b) > 0;

    public static bool operator <=(TxId a, TxId b) => a.CompareTo(b) <= 0;

    public static bool operator >=(TxId a, TxId b) => a.CompareTo(b) >= 0;

    public override string ToString() => Value.ToString();
}
