using SharedSeq.Primitives;
using SQLitePCL;

namespace SharedSeq.Storage;

/// <summary>
/// A prepared statement: bind from the first parameter on, then step. Unsigned numbers keep their bits.
/// </summary>
internal sealed class SqlStatement(SqlSession session, sqlite3_stmt statement) : IDisposable
{
    private int _bound;

    public SqlStatement Bind(ulong value) => Bound(raw.sqlite3_bind_int64(statement, ++_bound, (long)value));

    public SqlStatement Bind(string value) => Bound(raw.sqlite3_bind_text(statement, ++_bound, value));

    /// <summary>An empty value is bound as an empty blob, not as null.</summary>
    public SqlStatement Bind(ReadOnlySpan<byte> value) => Bound(
        value.IsEmpty
            ? raw.sqlite3_bind_zeroblob(statement, ++_bound, 0)
            : raw.sqlite3_bind_blob(statement, ++_bound, value));

    public SqlStatement Bind(Hash32 value)
    {
        Span<byte> bytes = stackalloc byte[Hash32.Size];
        value.CopyTo(bytes);
        return Bind(bytes);
    }

    /// <summary>True while there is a row.</summary>
    public bool Step()
    {
        int code = raw.sqlite3_step(statement);
        if (code == raw.SQLITE_ROW) return true;
        if (code != raw.SQLITE_DONE) Fail(code);
        return false;
    }

    /// <summary>Runs a statement that answers nothing.</summary>
    public void Run()
    {
        Step();
        Reset();
    }

    /// <summary>The first column of the first row, or null without a row.</summary>
    public byte[]? BlobOrNull()
    {
        byte[]? value = Step() && !IsNull(0) ? Blob(0) : null;
        Reset();
        return value;
    }

    /// <summary>The first column of the first row; 0 without a row.</summary>
    public ulong Number()
    {
        ulong value = Step() ? Number(0) : 0;
        Reset();
        return value;
    }

    public int Columns => raw.sqlite3_column_count(statement);

    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    public bool IsNumber(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_INTEGER;

    public ulong Number(int column) => (ulong)raw.sqlite3_column_int64(statement, column);

    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string();

    public byte[] Blob(int column) => raw.sqlite3_column_blob(statement, column).ToArray();

    public ReadOnlySpan<byte> BlobSpan(int column) => raw.sqlite3_column_blob(statement, column);

    public Hash32 Hash(int column) => new(raw.sqlite3_column_blob(statement, column));

    public void Reset()
    {
        _ = raw.sqlite3_reset(statement);
        _bound = 0;
    }

    public void Dispose() => statement.Dispose();

    private SqlStatement Bound(int code)
    {
        session.Check(code);
        return this;
    }

    private void Fail(int code)
    {
        Reset();
        session.Check(code);
    }
}
