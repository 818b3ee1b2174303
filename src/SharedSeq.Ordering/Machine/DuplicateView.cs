using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>Neighbouring remembered ids of one slot.</summary>
/// <param name="Entries">The first <paramref name="Count"/> of them; what follows may still change.</param>
/// <param name="Count">How many.</param>
/// <param name="Second">When they are forgotten.</param>
internal readonly record struct DuplicateRun(DuplicateTable.Entry[] Entries, int Count, ulong Second);

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
            foreach (ref readonly DuplicateTable.Entry entry in run.Entries.AsSpan(0, run.Count))
            {
                writer.U64(entry.High);
                writer.U64(entry.Low);
                writer.U64(entry.ForgetAtMs(run.Second));
            }

            if (writer.Length < 48 * 1024) continue;
            yield return writer.WrittenMemory;
            writer.Reset();
        }

        yield return writer.WrittenMemory;
    }
}
