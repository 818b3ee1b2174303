using Microsoft.Data.Sqlite;
using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>The prepared inserts of one writing transaction: prepared once, used for every height in it.</summary>
internal sealed class LedgerStatements : IDisposable
{
    private readonly SqliteCommand _height;
    private readonly SqliteCommand _block;
    private readonly SqliteCommand _rejection;
    private readonly SqliteCommand _alias;
    private readonly SqliteCommand _applied;

    public LedgerStatements(SqliteConnection connection, SqliteTransaction transaction)
    {
        SqliteCommand Prepare(string sql, int parameters)
        {
            SqliteCommand command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = sql;
            for (int i = 0; i < parameters; i++) command.Parameters.Add(new SqliteParameter("$" + (char)('a' + i), null));
            return command;
        }

        _height = Prepare("INSERT OR REPLACE INTO heights(height, result, growth, heads) VALUES ($a, $b, $c, $d)", 4);
        _block = Prepare("INSERT OR REPLACE INTO blocks(ns, number, height, hash, block, content) VALUES ($a, $b, $c, $d, $e, $f)", 6);
        _rejection = Prepare("INSERT OR REPLACE INTO rejections(id, ns, height, reason) VALUES ($a, $b, $c, $d)", 4);
        _alias = Prepare("INSERT OR REPLACE INTO aliases(alias, id) VALUES ($a, $b)", 2);
        _applied = Prepare("INSERT OR REPLACE INTO meta(key, value) VALUES ('applied', $a)", 1);
    }

    public void Insert(LedgerHeight height)
    {
        Run(_height, (long)height.Height.Value, height.Result.ToArray(), height.Growth.ToArray(), height.Heads.ToArray());
        foreach (LedgerBlock block in height.Blocks)
        {
            Run(
                _block, (long)block.Namespace.Value, (long)block.Number, (long)block.Height.Value, block.Hash.ToArray(), block.Block.ToArray(),
                block.Content.ToArray());
        }

        foreach (LedgerRejection rejection in height.Rejections)
        {
            Run(
                _rejection, rejection.TransactionId.ToArray(), (long)rejection.Namespace.Value, (long)rejection.Height.Value,
                (long)rejection.Reason);
        }

        foreach ((Hash32 alias, Hash32 id) in height.Aliases) Run(_alias, alias.ToArray(), id.ToArray());
    }

    public void SetApplied(Height height) => Run(_applied, (long)height.Value);

    public void Dispose()
    {
        foreach (SqliteCommand command in (SqliteCommand[])[_height, _block, _rejection, _alias, _applied]) command.Dispose();
    }

    private static void Run(SqliteCommand command, params object[] values)
    {
        for (int i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i];
        command.ExecuteNonQuery();
    }
}
