using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>Where one ordered transaction is: its place in its namespace block and its bytes' place in a batch.</summary>
public readonly record struct TransactionPlace(Height Height, NamespaceId Namespace, ulong Number, int Place, LaneTip Batch, int Index);

/// <summary>Neighbouring transactions of one batch that a height placed side by side in a namespace block.</summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Number">Number of the block.</param>
/// <param name="First">Place of the first in the block.</param>
/// <param name="Batch">The batch they come from.</param>
/// <param name="Index">Index of the first in the batch.</param>
/// <param name="Length">How many.</param>
internal readonly record struct GrowthRun(NamespaceId Namespace, ulong Number, int First, LaneTip Batch, int Index, int Length);

/// <summary>
/// The transactions one height placed, as the ledger keeps them: runs of neighbouring transactions of one batch. Client frames stay together, so a
/// run is some dozens of transactions long and the list costs about a byte each.
/// </summary>
internal static class HeightGrowth
{
    /// <summary>Runs per namespace u16; each: namespace u64, number u64, first place u32, tip, first index u32, length u32.</summary>
    public static byte[] Encode(IReadOnlyList<NamespaceGrowth> growth)
    {
        if (growth.Count == 0) return [];
        var writer = new CanonicalWriter(256);
        foreach (NamespaceGrowth item in growth)
        {
            int place = item.First;
            while (place < item.Content.Count)
            {
                (LaneTip tip, int index) = item.Content[place];
                int length = 1;
                while (place + length < item.Content.Count && item.Content[place + length] == (tip, index + length)) length++;
                writer.U64(item.Namespace.Value);
                writer.U64(item.Number);
                writer.U32((uint)place);
                tip.Write(writer);
                writer.U32((uint)index);
                writer.U32((uint)length);
                place += length;
            }
        }

        return writer.ToArray();
    }

    /// <summary>The transaction at a place of the height's order; null when the height has fewer.</summary>
    public static TransactionPlace? Find(Height height, byte[] growth, int place)
    {
        var reader = new CanonicalReader(growth);
        while (reader.Remaining > 0)
        {
            GrowthRun run = ReadRun(ref reader);
            if (place < run.Length)
                return new TransactionPlace(height, run.Namespace, run.Number, run.First + place, run.Batch, run.Index + place);
            place -= run.Length;
        }

        return null;
    }

    /// <summary>The runs of one namespace block in a height.</summary>
    public static List<GrowthRun> RunsOf(byte[] growth, NamespaceId ns, ulong number)
    {
        var runs = new List<GrowthRun>();
        var reader = new CanonicalReader(growth);
        while (reader.Remaining > 0)
        {
            GrowthRun run = ReadRun(ref reader);
            if (run.Namespace == ns && run.Number == number) runs.Add(run);
        }

        return runs;
    }

    /// <summary>Prefixes of the ids, in the order of the encoding.</summary>
    public static ulong[] Ids(IReadOnlyList<NamespaceGrowth> growth, IBatchSource batches)
    {
        int count = 0;
        foreach (NamespaceGrowth item in growth) count += item.Count;
        ulong[] ids = new ulong[count];
        int at = 0;
        foreach (NamespaceGrowth item in growth)
        {
            for (int place = item.First; place < item.Content.Count;)
            {
                (LaneTip tip, int index) = item.Content[place];
                using BodyLease batch = batches.Borrow(tip);
                while (true)
                {
                    ids[at++] = batch.Body.IdOf(index).Value.Prefix;
                    if (++place == item.Content.Count) break;
                    (LaneTip next, index) = item.Content[place];
                    if (next != tip) break;
                }
            }
        }

        return ids;
    }

    private static GrowthRun ReadRun(ref CanonicalReader reader) =>
        new(new NamespaceId(reader.U64()), reader.U64(), (int)reader.U32(), LaneTip.Read(ref reader), (int)reader.U32(), (int)reader.U32());
}
