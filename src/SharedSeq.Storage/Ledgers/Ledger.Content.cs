using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>Comparing a rebuilt ledger with the original.</summary>
public sealed partial class Ledger
{
    private const int PieceBytes = 1024 * 1024;

    /// <summary>A digest over everything that is rebuilt from the logs.</summary>
    public Hash32 ContentDigest()
    {
        CanonicalWriter digests = new(256);
        foreach ((string name, string order) in LedgerSchema.Content) digests.Hash(DigestOf(name, order));
        (long count, Hash32 index) = _index.ContentFrom(Height.Zero);
        digests.U64((ulong)count);
        digests.Hash(index);
        return Sha.Of(digests.Written);
    }

    /// <summary>
    /// Where two ledgers differ in what is rebuilt from the logs: the first row in words, or null if they are equal.
    /// </summary>
    public string? FirstDifference(Ledger other)
    {
        foreach ((string name, string order) in LedgerSchema.Content)
        {
            using IEnumerator<string> mine = Rows(name, order).GetEnumerator();
            using IEnumerator<string> theirs = other.Rows(name, order).GetEnumerator();
            while (true)
            {
                string? left = mine.MoveNext() ? mine.Current : null;
                string? right = theirs.MoveNext() ? theirs.Current : null;
                if (left is null && right is null) break;
                if (!string.Equals(left, right, StringComparison.Ordinal))
                    return $"{name}: {left ?? "no row"} here, {right ?? "no row"} there";
            }
        }
        (long Count, Hash32) here = _index.ContentFrom(Height.Zero);
        (long Count, Hash32) there = other._index.ContentFrom(Height.Zero);
        return here == there ? null : $"transaction index: {here.Count} entries here, {there.Count} there";
    }

    private Hash32 DigestOf(string table, string order) => _readers.Query(session =>
    {
        CanonicalWriter writer = new(64 * 1024);
        SqlStatement rows = session.Statement($"SELECT * FROM {table} ORDER BY {order}");
        while (rows.Step())
        {
            for (int i = 0; i < rows.Columns; i++)
            {
                if (rows.IsNumber(i)) writer.U64(rows.Number(i));
                else writer.Bytes(rows.BlobSpan(i));
            }
            if (writer.Length <= PieceBytes) continue;
            Hash32 soFar = Sha.Of(writer.Written);
            writer.Reset();
            writer.Hash(soFar);
        }
        rows.Reset();
        return Sha.Of(writer.Written);
    });

    private List<string> Rows(string table, string order) => _readers.Query(session =>
    {
        List<string> all = [];
        SqlStatement rows = session.Statement($"SELECT * FROM {table} ORDER BY {order}");
        while (rows.Step())
        {
            IEnumerable<string> columns = Enumerable.Range(0, rows.Columns)
                .Select(i => rows.IsNumber(i) ? $"{rows.Number(i)}" : Convert.ToHexStringLower(rows.BlobSpan(i)));
            all.Add(string.Join(' ', columns));
        }
        rows.Reset();
        return all;
    });
}
