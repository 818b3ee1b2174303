using System.Globalization;

namespace SharedSeq.Simulator;

/// <summary>One operator of a run: its process, its disk and its clock. It keeps this number whatever seat it has in an epoch, and without one.</summary>
public readonly record struct NodeId(int Value) : IComparable<NodeId>
{
    public int CompareTo(NodeId other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
