using Microsoft.Data.Sqlite;
using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// The queryable view of what was ordered: SQLite in WAL mode with one writer, and the transaction index beside it. It holds no truth: deleting it
/// costs a rebuild from the logs, so it does not sync each transaction (synchronous=NORMAL: a crash may lose the last ones, never the file).
/// </summary>
public sealed class Ledger : IDisposable
{
    private const int SchemaVersion = 1;
    private readonly Lock _writing = new();
    private readonly string _connectionString;
    private readonly SqliteConnection _writer;
    private readonly TransactionIndex _index;

    /// <summary>Opens or creates the ledger in a folder.</summary>
    /// <exception cref="StorageException">The file is damaged or of another version: delete it, it is rebuilt from the logs.</exception>
    public Ledger(string folder)
    {
        SqliteLibrary.Bind();
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, "ledger.db");
        _connectionString = new SqliteConnectionStringBuilder { DataSource = path }.ToString();
        try
        {
            _writer = Open();
            CreateSchema(path);
        }
        catch (SqliteException e)
        {
            throw new StorageException(
                StorageRejection.Corrupted, $"the ledger '{path}' can not be opened ({e.Message}); run: sharedseq store rebuild", path, -1, e);
        }

        _index = new TransactionIndex(Path.Combine(folder, "transactions"));
        AppliedHeight = new Height((ulong)(long)(Scalar(_writer, "SELECT value FROM meta WHERE key = 'applied'") ?? 0L));
    }

    /// <summary>The newest height in the ledger and the index; heights from the next on are to be applied.</summary>
    public Height AppliedHeight { get; private set; }

    /// <summary>Heights above this one must be applied to the transaction index again after a start.</summary>
    public Height IndexedHeight => _index.IndexedHeight;

    /// <summary>Applies heights in order, many in one transaction; those already there are skipped.</summary>
    public void Apply(IReadOnlyList<LedgerHeight> heights)
    {
        lock (_writing)
        {
            using SqliteTransaction transaction = _writer.BeginTransaction();
            using var statements = new LedgerStatements(_writer, transaction);
            foreach (LedgerHeight height in heights)
            {
                _index.Add(height.Height, height.Ids);
                if (height.Height <= AppliedHeight) continue;
                statements.Insert(height);
                AppliedHeight = height.Height;
            }

            statements.SetApplied(AppliedHeight);
            transaction.Commit();
        }
    }

    /// <summary>Makes the transaction index durable; at checkpoints, so that a restart adds few heights again.</summary>
    public void FlushIndex() => _index.Flush();

    public void PutCertificate(Height height, ReadOnlySpan<byte> certificate) =>
        Execute("INSERT OR REPLACE INTO certificates(height, certificate) VALUES ($a, $b)", (long)height.Value, certificate.ToArray());

    public void PutExecution(LedgerExecution execution) =>
        Execute(
            "INSERT OR REPLACE INTO executions(ns, number, outcome, certified) VALUES ($a, $b, $c, $d)", (long)execution.Namespace.Value,
            (long)execution.Number, execution.Outcome.ToArray(), execution.IsCertified ? 1L : 0L);

    public void PutEvidence(Hash32 id, ReadOnlySpan<byte> evidence) =>
        Execute("INSERT OR IGNORE INTO evidence(id, evidence) VALUES ($a, $b)", id.ToArray(), evidence.ToArray());

    public LedgerBlock? GetBlock(NamespaceId ns, ulong number)
    {
        using SqliteConnection connection = Open();
        using SqliteCommand command = Command(
            connection, "SELECT height, hash, block, content FROM blocks WHERE ns = $a AND number = $b", (long)ns.Value, (long)number);
        using SqliteDataReader reader = command.ExecuteReader();
        if (!reader.Read()) return null;
        return new LedgerBlock(
            ns, number, new Height((ulong)reader.GetInt64(0)), new Hash32((byte[])reader[1]), (byte[])reader[2], (byte[])reader[3]);
    }

    /// <summary>Number of the newest closed block of a namespace; 0 when there is none.</summary>
    public ulong HeadOf(NamespaceId ns) => (ulong)(long)(Query("SELECT COALESCE(MAX(number), 0) FROM blocks WHERE ns = $a", (long)ns.Value) ?? 0L);

    public byte[]? GetResult(Height height) => (byte[]?)Query("SELECT result FROM heights WHERE height = $a", (long)height.Value);

    public byte[]? GetGrowth(Height height) => (byte[]?)Query("SELECT growth FROM heights WHERE height = $a", (long)height.Value);

    public byte[]? GetHeads(Height height) => (byte[]?)Query("SELECT heads FROM heights WHERE height = $a AND length(heads) > 0", (long)height.Value);

    /// <summary>The certificate of the lowest height at or above this one, because a later one covers the heights before it.</summary>
    public byte[]? GetCertificateAtOrAbove(Height height) =>
        (byte[]?)Query("SELECT certificate FROM certificates WHERE height >= $a ORDER BY height LIMIT 1", (long)height.Value);

    public byte[]? NewestCertificate() => (byte[]?)Query("SELECT certificate FROM certificates ORDER BY height DESC LIMIT 1");

    public LedgerExecution? GetExecution(NamespaceId ns, ulong number)
    {
        using SqliteConnection connection = Open();
        using SqliteCommand command = Command(
            connection, "SELECT outcome, certified FROM executions WHERE ns = $a AND number = $b", (long)ns.Value, (long)number);
        using SqliteDataReader reader = command.ExecuteReader();
        return reader.Read() ? new LedgerExecution(ns, number, (byte[])reader[0], reader.GetInt64(1) != 0) : null;
    }

    public LedgerRejection? GetRejection(Hash32 transactionId)
    {
        using SqliteConnection connection = Open();
        using SqliteCommand command = Command(connection, "SELECT ns, height, reason FROM rejections WHERE id = $a", transactionId.ToArray());
        using SqliteDataReader reader = command.ExecuteReader();
        return reader.Read()
            ? new LedgerRejection(
                transactionId, new NamespaceId((ulong)reader.GetInt64(0)), new Height((ulong)reader.GetInt64(1)), (byte)reader.GetInt64(2))
            : null;
    }

    /// <summary>The id behind another hash of a transaction.</summary>
    public Hash32? ResolveAlias(Hash32 alias) => Query("SELECT id FROM aliases WHERE alias = $a", alias.ToArray()) is byte[] id ? new Hash32(id) : null;

    /// <summary>Heights and places in their growth where a transaction may be, newest first.</summary>
    public IReadOnlyList<(Height Height, int Place)> FindTransaction(Hash32 transactionId) => _index.Find(transactionId);

    /// <summary>Encodings of all evidence kept.</summary>
    public IReadOnlyList<byte[]> Evidence()
    {
        using SqliteConnection connection = Open();
        using SqliteCommand command = Command(connection, "SELECT evidence FROM evidence");
        using SqliteDataReader reader = command.ExecuteReader();
        var found = new List<byte[]>();
        while (reader.Read()) found.Add((byte[])reader[0]);
        return found;
    }

    /// <summary>A digest over everything that is rebuilt from the logs, to compare a rebuilt ledger with the original.</summary>
    public Hash32 ContentDigest()
    {
        using SqliteConnection connection = Open();
        var writer = new CanonicalWriter(64 * 1024);
        foreach (string table in (string[])["heights", "blocks", "rejections", "aliases"])
        {
            using SqliteCommand command = Command(connection, $"SELECT * FROM {table} ORDER BY 1, 2");
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                for (int i = 0; i < reader.FieldCount; i++)
                {
                    if (reader[i] is byte[] bytes) writer.Bytes(bytes);
                    else writer.U64((ulong)reader.GetInt64(i));
                }

                if (writer.Length <= 1024 * 1024) continue;
                Hash32 sofar = Sha.Of(writer.Written);
                writer.Reset();
                writer.Hash(sofar);
            }
        }

        return Sha.Of(writer.Written);
    }

    public void Dispose()
    {
        lock (_writing)
        {
            _index.Dispose();
            _writer.Dispose();
        }

        SqliteConnection.ClearPool(new SqliteConnection(_connectionString));
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connectionString);
        connection.Open();
        return connection;
    }

    private void CreateSchema(string path)
    {
        foreach (string pragma in (string[])["journal_mode=WAL", "synchronous=NORMAL", "wal_autocheckpoint=4000"])
            Scalar(_writer, $"PRAGMA {pragma}");
        long version = (long)Scalar(_writer, "PRAGMA user_version")!;
        if (version != 0 && version != SchemaVersion)
            throw new StorageException(StorageRejection.NewerFormat, $"the ledger '{path}' has schema {version}; run: sharedseq store rebuild", path);
        Scalar(
            _writer,
            """
            CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS heights(height INTEGER PRIMARY KEY, result BLOB NOT NULL, growth BLOB NOT NULL, heads BLOB NOT NULL);
            CREATE TABLE IF NOT EXISTS blocks(ns INTEGER, number INTEGER, height INTEGER NOT NULL, hash BLOB NOT NULL, block BLOB NOT NULL,
                content BLOB NOT NULL, PRIMARY KEY(ns, number)) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS certificates(height INTEGER PRIMARY KEY, certificate BLOB NOT NULL);
            CREATE TABLE IF NOT EXISTS rejections(id BLOB PRIMARY KEY, ns INTEGER NOT NULL, height INTEGER NOT NULL, reason INTEGER NOT NULL) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS aliases(alias BLOB PRIMARY KEY, id BLOB NOT NULL) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS executions(ns INTEGER, number INTEGER, outcome BLOB NOT NULL, certified INTEGER NOT NULL,
                PRIMARY KEY(ns, number)) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS evidence(id BLOB PRIMARY KEY, evidence BLOB NOT NULL) WITHOUT ROWID;
            """);
        Scalar(_writer, $"PRAGMA user_version = {SchemaVersion}");
    }

    private void Execute(string sql, params object[] values)
    {
        lock (_writing)
        {
            using SqliteCommand command = Command(_writer, sql, values);
            command.ExecuteNonQuery();
        }
    }

    private object? Query(string sql, params object[] values)
    {
        using SqliteConnection connection = Open();
        using SqliteCommand command = Command(connection, sql, values);
        object? value = command.ExecuteScalar();
        return value is DBNull ? null : value;
    }

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = Command(connection, sql);
        return command.ExecuteScalar();
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, params object[] values)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        for (int i = 0; i < values.Length; i++) command.Parameters.AddWithValue("$" + (char)('a' + i), values[i]);
        return command;
    }
}
