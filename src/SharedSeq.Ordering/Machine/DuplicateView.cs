using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>Neighbouring remembered ids of one slot.</summary>
/// <param name="Entries">The first <paramref name="Count"/> of them; what follows may still change.</param>
/// <param name="Count">How many.</param>
/// <param name="FirstMs">When the first of them is forgotten.</param>
/// <param name="Offsets">Milliseconds from that to when each of them is; null when all are forgotten with the first.</param>
internal readonly record struct DuplicateRun(DuplicateTable.Entry[] Entries, int Count, ulong FirstMs, short[]? Offsets);

/// <summary>What a table remembered at one moment. May be read from any thread while the table goes on.</summary>
internal sealed class DuplicateView(ulong second, uint count, List<DuplicateRun> runs)
{
    /// <summary>The encoding in pieces of some kilobytes, each valid until the next one is asked for.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Pieces()
    {
        var writer = new CanonicalWriter(64 * 1024);
        writer.U64(second);
        writer.U32(count);
        foreach (DuplicateRun run in runs)
        {
            for (int i = 0; i < run.Count; i++)
            {
                ref readonly DuplicateTable.Entry entry = ref run.Entries[i];
                writer.U64(entry.High);
                writer.U64(entry.Low);
                writer.U64(DuplicateTable.ForgetAtMs(run.FirstMs, run.Offsets, i));
            }

            if (writer.Length < 48 * 1024) continue;
            yield return writer.WrittenMemory;
            writer.Reset();
        }

        yield return writer.WrittenMemory;
    }
}
