using System.Text.Json;

namespace SharedSeq.Cli;

/// <summary>Committed time between two neighbouring blocks: how long the network itself was silent, however late clients hear of it.</summary>
/// <param name="Height">Height of the higher block.</param>
/// <param name="SlotBefore">Slot of the lower block.</param>
/// <param name="Slot">Slot of the higher one.</param>
/// <param name="Ms">Milliseconds between their timestamps.</param>
internal readonly record struct CommittedGap(ulong Height, ulong SlotBefore, ulong Slot, double Ms)
{
    /// <summary>The gaps between the blocks from one height to another, as a living operator serves them.</summary>
    public static async Task<List<CommittedGap>> ReadAsync(BenchNetwork network, ulong first, ulong last, CancellationToken cancellation)
    {
        var gaps = new List<CommittedGap>();
        (ulong Slot, ulong Timestamp) before = default;
        for (ulong height = ulong.Max(1, first); height <= last; height++)
        {
            JsonElement block = await network.CallAsync(network.Alive.First(), "sharedseq_getBlock", cancellation, height);
            (ulong slot, ulong timestamp) = (block.GetProperty("slot").GetUInt64(), block.GetProperty("timestamp").GetUInt64());
            if (before.Timestamp != 0) gaps.Add(new CommittedGap(height, before.Slot, slot, timestamp - before.Timestamp));
            before = (slot, timestamp);
        }

        return gaps;
    }

    /// <summary>The longest of them: where it was, and how many slots were skipped in it.</summary>
    public static CommittedGap Longest(IEnumerable<CommittedGap> gaps) => gaps.MaxBy(gap => gap.Ms);

    public override string ToString() =>
        DrillRun.Text($"{Ms:0} ms before height {Height}, {(Slot > SlotBefore ? Slot - SlotBefore - 1 : 0)} slots skipped");
}
