using System.Globalization;

namespace SharedSeq.Storage;

/// <summary>
/// The ledger's tables. Numbers are stored with their bits: a namespace above 2^63 shows as negative.
/// </summary>
internal static class LedgerSchema
{
    public const ulong Version = 3;

    /// <summary>
    /// All tables with their keys: a ledger rebuilt from the logs must equal the original in each. The first three follow from
    /// the committed heights, as does the last, the others from the notes.
    /// </summary>
    public static readonly (string Name, string Order)[] Content =
        [("heights", "height"), ("blocks", "ns, number"), ("rejections", "id"), ("certificates", "height"),
            ("executions", "ns, number"), ("receipts", "epoch, author, worker, seq"), ("evidence", "id"), ("boundaries", "epoch")];

    private const string Tables =
        """
        CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS heights(
            height INTEGER PRIMARY KEY, result BLOB NOT NULL, growth BLOB NOT NULL, heads BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS blocks(
            ns INTEGER, number INTEGER, height INTEGER NOT NULL, hash BLOB NOT NULL, block BLOB NOT NULL,
            content BLOB NOT NULL, PRIMARY KEY(ns, number)) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS blocks_by_height ON blocks(height);
        CREATE TABLE IF NOT EXISTS rejections(
            id BLOB PRIMARY KEY, ns INTEGER NOT NULL, height INTEGER NOT NULL, reason INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS rejections_by_height ON rejections(height);
        CREATE TABLE IF NOT EXISTS certificates(height INTEGER PRIMARY KEY, certificate BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS executions(
            ns INTEGER, number INTEGER, outcome BLOB NOT NULL, certified INTEGER NOT NULL,
            PRIMARY KEY(ns, number)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS receipts(
            epoch INTEGER, author INTEGER, worker INTEGER, seq INTEGER, proof BLOB NOT NULL,
            PRIMARY KEY(epoch, author, worker, seq)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS boundaries(epoch INTEGER PRIMARY KEY, height INTEGER NOT NULL, committee BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS evidence(id BLOB PRIMARY KEY, evidence BLOB NOT NULL, height INTEGER NOT NULL) WITHOUT ROWID;
        """;

    /// <summary>Creates what is missing; refuses a file of a newer version.</summary>
    public static void Create(SqlSession session, string path)
    {
        session.Statement("PRAGMA journal_mode = WAL").Run();
        // A view: a power cut may take the last commits, which are applied again from the logs, but not the file.
        session.Execute("PRAGMA synchronous = NORMAL");
        // 16 MiB of log before it is written back: fewer, larger writes of pages that change again and again.
        session.Execute("PRAGMA wal_autocheckpoint = 4000");
        ulong version = session.Statement("PRAGMA user_version").Number();
        if (version > Version)
        {
            const StorageRejection Reason = StorageRejection.NewerFormat;
            throw new StorageException(
                Reason,
                $"{Reason}: the ledger {path} has schema {version}, this program knows {Version}; "
                + "run: sharedseq store rebuild",
                path);
        }
        if (version == 1) session.Execute("ALTER TABLE evidence ADD COLUMN height INTEGER NOT NULL DEFAULT 0");
        session.Execute(Tables);
        session.Execute("PRAGMA user_version = " + Version.ToString(CultureInfo.InvariantCulture));
    }
}
