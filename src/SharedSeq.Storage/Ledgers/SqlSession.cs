using SQLitePCL;

namespace SharedSeq.Storage;

/// <summary>
/// One connection to the ledger's file with its prepared statements, prepared once each. For one thread at a time.
/// SQLite's own calls are used directly: a statement then costs a few microseconds and no allocation, and every error
/// has its code.
/// </summary>
internal sealed class SqlSession : IDisposable
{
    /// <summary>
    /// How long a statement waits for another's lock, ms: the writer holds it for the length of a commit only.
    /// </summary>
    private const int BusyTimeoutMs = 10_000;

    private readonly string _path;
    private readonly sqlite3 _database;
    private readonly Dictionary<string, SqlStatement> _statements = new(StringComparer.Ordinal);

    public SqlSession(string path, bool isReadOnly)
    {
        SqliteLibrary.Bind();
        _path = path;
        int flags = raw.SQLITE_OPEN_NOMUTEX
            | (isReadOnly ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE);
        int code = raw.sqlite3_open_v2(path, out _database, flags, null);
        try
        {
            Check(code);
            raw.sqlite3_extended_result_codes(_database, 1);
            Check(raw.sqlite3_busy_timeout(_database, BusyTimeoutMs));
        }
        catch
        {
            _database.Dispose();
            throw;
        }
    }

    /// <summary>Runs statements that bind nothing and answer nothing.</summary>
    public void Execute(string sql) => Check(raw.sqlite3_exec(_database, sql));

    /// <summary>The prepared statement of a text, reset and with nothing bound.</summary>
    public SqlStatement Statement(string sql)
    {
        if (!_statements.TryGetValue(sql, out SqlStatement? statement))
        {
            Check(raw.sqlite3_prepare_v2(_database, sql, out sqlite3_stmt prepared));
            _statements[sql] = statement = new SqlStatement(this, prepared);
        }
        statement.Reset();
        return statement;
    }

    /// <summary>Turns a result code into the typed refusal it stands for.</summary>
    public void Check(int code)
    {
        if (code is raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE) return;
        StorageRejection reason = (code & 0xFF) switch
        {
            raw.SQLITE_FULL => StorageRejection.DiskFull,
            raw.SQLITE_READONLY or raw.SQLITE_PERM => StorageRejection.ReadOnlyDisk,
            raw.SQLITE_BUSY or raw.SQLITE_LOCKED => StorageRejection.FolderInUse,
            raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => StorageRejection.Corrupted,
            raw.SQLITE_CANTOPEN => StorageRejection.ReadFailed,
            _ => StorageRejection.WriteFailed,
        };
        string what = raw.sqlite3_errmsg(_database).utf8_to_string();
        throw new StorageException(
            reason,
            $"{reason}: the ledger {_path}: {what} (SQLite {code}). It can be recreated: sharedseq store rebuild",
            _path);
    }

    public void Dispose()
    {
        foreach (SqlStatement statement in _statements.Values) statement.Dispose();
        _database.Dispose();
    }
}
