using System.Globalization;
using System.Text;

namespace SharedSeq.Simulator;

/// <summary>Who hears whom in one slot: the cores of either side hear each other, and one of them, or none, hears nobody.</summary>
/// <param name="Side">One bit per core; core 0 has none set, because the sides have no names.</param>
/// <param name="Deaf">The core that hears nobody though it is heard; -1 for none.</param>
public readonly record struct TwinPartition(uint Side, int Deaf)
{
    /// <summary>How many there are.</summary>
    public static ulong CountOf(int cores) => (1UL << cores - 1) * (ulong)(cores + 1);

    public static TwinPartition Of(int cores, ulong number) =>
        new((uint)(number / (ulong)(cores + 1)) << 1, (int)(number % (ulong)(cores + 1)) - 1);

    public bool Passes(int from, int to) => to != Deaf && (Side >> from & 1) == (Side >> to & 1);

    public string Describe(int cores)
    {
        var text = new StringBuilder("{");
        for (int side = 0; side < 2; side++)
        {
            for (int core = 0; core < cores; core++)
            {
                if ((Side >> core & 1) == side) text.Append(CultureInfo.InvariantCulture, $" {core}{(core == Deaf ? " deaf" : "")}");
            }

            text.Append(side == 0 ? " |" : " }");
        }

        return text.ToString();
    }
}
