using System.Globalization;
using System.Numerics;
using System.Text;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// One way to place a committee and the second copy of one member into partitions, slot by slot ("Twins: BFT systems made robust", OPODIS 2021).
/// Cores 0 to n-1 are the members, core n is the second copy. Scenarios are numbered; each number is another one, and all of them come in a fixed
/// scattered order, so that any range is a sample of all.
/// </summary>
public sealed record TwinScenario
{
    /// <summary>Slots that are partitioned, unless asked otherwise: each member of four leads one of them.</summary>
    public const int DefaultSlots = 4;

    private readonly TwinPartition[] _slots;

    private TwinScenario(int members, ulong index, ReplicaId twin, bool fallsSilent, TwinPartition[] slots)
    {
        Members = members;
        Index = index;
        Twin = twin;
        FallsSilent = fallsSilent;
        _slots = slots;
    }

    public int Members { get; }

    public ulong Index { get; }

    /// <summary>The member of which there are two.</summary>
    public ReplicaId Twin { get; }

    /// <summary>Both copies stop when the network heals; otherwise both go on.</summary>
    public bool FallsSilent { get; }

    /// <summary>
    /// The first epoch ends within the partitioned slots, and the partitions are those of the second one, too. Otherwise there is one epoch.
    /// </summary>
    public bool ChangesEpoch { get; init; }

    public int SlotCount => _slots.Length;

    /// <summary>How many scenarios there are.</summary>
    public static ulong CountOf(int members, int slots)
    {
        UInt128 count = (UInt128)(2 * members);
        for (int i = 0; i < slots; i++) count *= TwinPartition.CountOf(members + 1);
        if (count > ulong.MaxValue) throw new ArgumentException($"{slots} slots of {members} members give more scenarios than can be numbered");
        return (ulong)count;
    }

    /// <param name="members">Size of the committee; at least one may lie.</param>
    /// <param name="slots">Slots that are partitioned.</param>
    /// <param name="index">Number of the scenario; numbers beyond the last begin again.</param>
    public static TwinScenario Of(int members, int slots, ulong index)
    {
        ulong count = CountOf(members, slots);
        ulong rest = (ulong)((UInt128)(index % count) * StrideOf(count) % count);
        var partitions = new TwinPartition[slots];
        for (int i = 0; i < slots; i++)
        {
            ulong of = TwinPartition.CountOf(members + 1);
            partitions[i] = TwinPartition.Of(members + 1, rest % of);
            rest /= of;
        }

        return new TwinScenario(members, index, new ReplicaId((ushort)(rest / 2)), rest % 2 == 1, partitions);
    }

    /// <summary>Whether a message of this slot gets from one core to another before the network heals.</summary>
    public bool Passes(Slot slot, int from, int to)
    {
        if (slot == Slot.Zero || slot.Value > (ulong)_slots.Length) return true;
        return _slots[(int)slot.Value - 1].Passes(from, to);
    }

    /// <summary>The member a core belongs to.</summary>
    public ReplicaId MemberOf(int core) => core == Members ? Twin : new ReplicaId((ushort)core);

    public override string ToString()
    {
        var text = new StringBuilder();
        string afterwards = FallsSilent ? "silent" : "active";
        text.Append(CultureInfo.InvariantCulture, $"member {Twin} twice, as cores {Twin.Value} and {Members}, {afterwards} afterwards;");
        for (int i = 0; i < _slots.Length; i++)
            text.Append(CultureInfo.InvariantCulture, $" slot {i + 1}: {_slots[i].Describe(Members + 1)}");
        return text.ToString();
    }

    /// <summary>A step near the golden section of the count and without a common divisor: it visits every scenario once.</summary>
    private static ulong StrideOf(ulong count)
    {
        ulong stride = (ulong)((UInt128)count * 0x9E3779B97F4A7C15UL >> 64) | 1;
        while (BigInteger.GreatestCommonDivisor(stride, count) != 1) stride += 2;
        return stride;
    }
}
