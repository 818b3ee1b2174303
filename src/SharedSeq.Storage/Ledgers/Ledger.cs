using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// The queryable view of what was ordered: SQLite in WAL mode with one writer and read-only connections for queries,
/// and the transaction index beside it. It holds no truth: deleting it costs a rebuild from the logs, so it does not
/// sync each transaction. Safe for use from several threads; writes take turns.
/// </summary>
public sealed partial class Ledger : IDisposable
{
    private readonly Lock _writing = new();
    private readonly FolderLock _lock;
    private readonly SqlSession _writer;
    private readonly SqlSessionPool _readers;
    private readonly TransactionIndex _index;
    private ulong _appliedHeight;

    /// <summary>Opens or creates the ledger in a folder.</summary>
    /// <exception cref="StorageException">
    /// In use, damaged, or of a newer version. A damaged one can be deleted: it is rebuilt from the logs.
    /// </exception>
    public Ledger(string folder)
    {
        FilePath = Path.Combine(folder, "ledger.db");
        _lock = FolderLock.Take(folder, DiskFileLayer.Instance);
        SqlSession? writer = null;
        try
        {
            _writer = writer = new SqlSession(FilePath, isReadOnly: false);
            LedgerSchema.Create(_writer, FilePath);
            _index = new TransactionIndex(Path.Combine(folder, "transactions"));
        }
        catch
        {
            writer?.Dispose();
            _lock.Dispose();
            throw;
        }
        _readers = new SqlSessionPool(FilePath);
        _appliedHeight = _writer.Statement("SELECT value FROM meta WHERE key = 'applied'").Number();
    }

    /// <summary>The database file.</summary>
    public string FilePath { get; }

    /// <summary>The newest height in the tables; heights from the next on are to be applied.</summary>
    public Height AppliedHeight => new(Volatile.Read(ref _appliedHeight));

    /// <summary>
    /// The newest height in the transaction index; below <see cref="AppliedHeight"/> after a power cut only.
    /// </summary>
    public Height IndexedHeight => _index.IndexedHeight;

    /// <summary>
    /// Heights above this one must be applied (again) after a start; what is there already is skipped.
    /// </summary>
    public Height CompleteHeight => AppliedHeight < IndexedHeight ? AppliedHeight : IndexedHeight;

    /// <summary>Applies heights in order; those already there are skipped.</summary>
    public void Apply(IReadOnlyList<LedgerHeight> heights) => Apply(heights, [], []);

    /// <summary>Applies heights in order, certificates and PoAs, all in one transaction; heights already there are skipped.</summary>
    public void Apply(
        IReadOnlyList<LedgerHeight> heights, IReadOnlyList<LedgerCertificate> certificates, IReadOnlyList<LedgerReceipt> receipts)
    {
        lock (_writing)
        {
            _index.Add(heights);
            ulong applied = _appliedHeight;
            bool isCheckpoint = heights.Any(height => height.IsCheckpoint);
            if (isCheckpoint) _index.Flush();
            bool isNew = heights.Count > 0 && heights[^1].Height.Value > applied;
            if (!isNew && certificates.Count == 0 && receipts.Count == 0) return;
            // The sync of one commit covers all before it.
            if (isCheckpoint) _writer.Execute("PRAGMA synchronous = FULL");
            InTransaction(() =>
            {
                foreach (LedgerHeight height in heights)
                {
                    if (height.Height.Value <= applied) continue;
                    Insert(height);
                    applied = height.Height.Value;
                }
                foreach (LedgerCertificate certificate in certificates) Insert(certificate);
                foreach (LedgerReceipt receipt in receipts)
                {
                    const string Sql = "INSERT OR IGNORE INTO receipts(epoch, author, worker, seq, proof) VALUES (?, ?, ?, ?, ?)";
                    BindPlace(_writer.Statement(Sql), receipt.Lane, receipt.Seq).Bind(receipt.Proof.Span).Run();
                }
                if (isNew)
                    _writer.Statement("INSERT OR REPLACE INTO meta(key, value) VALUES ('applied', ?)").Bind(applied).Run();
            });
            if (isCheckpoint) _writer.Execute("PRAGMA synchronous = NORMAL");
            Volatile.Write(ref _appliedHeight, applied);
        }
    }

    /// <summary>Keeps the ends of epochs that lie before the heights of this ledger, each with its certificate, in one transaction.</summary>
    public void PutHandOvers(IReadOnlyList<(LedgerBoundary Boundary, LedgerCertificate Certificate)> handOvers)
    {
        lock (_writing)
        {
            InTransaction(() =>
            {
                foreach ((LedgerBoundary boundary, LedgerCertificate certificate) in handOvers)
                {
                    Insert(boundary, certificate.Height);
                    Insert(certificate);
                }
            });
        }
    }

    public void PutExecution(LedgerExecution execution)
    {
        lock (_writing)
        {
            _writer.Statement("INSERT OR REPLACE INTO executions(ns, number, outcome, certified) VALUES (?, ?, ?, ?)")
                .Bind(execution.Namespace.Value).Bind(execution.Number).Bind(execution.Outcome.Span)
                .Bind(execution.IsCertified ? 1UL : 0).Run();
        }
    }

    /// <summary>Keeps evidence; an offence that is known stays as it is, unless a height is the first to carry it.</summary>
    public void PutEvidence(LedgerEvidence evidence)
    {
        const string Sql =
            "INSERT INTO evidence(id, evidence, height) VALUES (?, ?, ?) ON CONFLICT(id) DO UPDATE "
            + "SET evidence = excluded.evidence, height = excluded.height WHERE evidence.height = 0 AND excluded.height > 0";
        lock (_writing) _writer.Statement(Sql).Bind(evidence.Id).Bind(evidence.Bytes.Span).Bind(evidence.Height.Value).Run();
    }

    /// <summary>
    /// Removes what belongs to heights before one, with their transactions, and the receipts below the given places. The
    /// newest block of each namespace stays: it says where the namespace is. So do the certificates of boundaries, of which there
    /// is one per epoch: who was away for long is led to the present committee by them.
    /// </summary>
    /// <param name="keepFrom">The oldest height that stays.</param>
    /// <param name="receiptsFrom">The first batch of each lane whose receipt stays.</param>
    /// <param name="heightsMax">Heights removed at most, the oldest first.</param>
    /// <returns>Whether all was removed.</returns>
    public bool Prune(Height keepFrom, IReadOnlyList<LaneStart> receiptsFrom, int heightsMax = int.MaxValue)
    {
        lock (_writing)
        {
            ulong oldest = _writer.Statement("SELECT MIN(height) FROM heights").Number();
            ulong upTo = ulong.Min(keepFrom.Value, oldest + (ulong)heightsMax);
            InTransaction(() =>
            {
                PruneBlocks(upTo);
                foreach (string table in (string[])["heights", "rejections"]) _writer.Statement($"DELETE FROM {table} WHERE height < ?").Bind(upTo).Run();
                _writer.Statement("DELETE FROM certificates WHERE height < ? AND height NOT IN (SELECT height FROM boundaries)").Bind(upTo).Run();
                if (upTo < keepFrom.Value) return;
                foreach (LaneStart start in receiptsFrom)
                {
                    const string Sql = "DELETE FROM receipts WHERE epoch = ? AND author = ? AND worker = ? AND seq < ?";
                    BindPlace(_writer.Statement(Sql), start.Lane, start.From).Run();
                }
            });
            _index.Prune(new Height(upTo));
            return upTo == keepFrom.Value;
        }
    }

    public void Dispose()
    {
        lock (_writing)
        {
            _readers.Dispose();
            _index.Dispose();
            _writer.Dispose();
            _lock.Dispose();
        }
    }

    private static SqlStatement BindPlace(SqlStatement statement, LaneId lane, BatchSeq seq) =>
        statement.Bind(lane.Epoch.Value).Bind(lane.Author.Value).Bind(lane.Worker).Bind(seq.Value);

    private void Insert(LedgerHeight height)
    {
        _writer.Statement("INSERT OR REPLACE INTO heights(height, result, growth, heads) VALUES (?, ?, ?, ?)")
            .Bind(height.Height.Value).Bind(height.Result.Span).Bind(height.Growth.Span).Bind(height.Heads.Span).Run();
        foreach (LedgerBlock block in height.Blocks)
        {
            const string Sql =
                "INSERT OR REPLACE INTO blocks(ns, number, height, hash, block, content) VALUES (?, ?, ?, ?, ?, ?)";
            _writer.Statement(Sql)
                .Bind(block.Namespace.Value).Bind(block.Number).Bind(block.Height.Value).Bind(block.Hash)
                .Bind(block.Block.Span).Bind(block.Content.Span).Run();
        }
        foreach (LedgerEvidence item in height.Evidence) PutEvidence(item);
        if (height.Boundary is { } boundary) Insert(boundary, height.Height);
        foreach (LedgerRejection rejection in height.Rejections)
        {
            _writer.Statement("INSERT OR REPLACE INTO rejections(id, ns, height, reason) VALUES (?, ?, ?, ?)")
                .Bind(rejection.TransactionId).Bind(rejection.Namespace.Value).Bind(rejection.Height.Value)
                .Bind(rejection.Reason).Run();
        }
    }

    private void Insert(LedgerBoundary boundary, Height height) =>
        _writer.Statement("INSERT OR REPLACE INTO boundaries(epoch, height, committee) VALUES (?, ?, ?)")
            .Bind(boundary.Ended.Value).Bind(height.Value).Bind(boundary.Next.Span).Run();

    private void Insert(LedgerCertificate certificate) =>
        _writer.Statement("INSERT OR REPLACE INTO certificates(height, certificate) VALUES (?, ?)")
            .Bind(certificate.Height.Value).Bind(certificate.Bytes.Span).Run();

    /// <summary>Executions go with their blocks.</summary>
    private void PruneBlocks(ulong upTo)
    {
        const string Old = "SELECT ns, number FROM blocks AS old WHERE height < ? "
            + "AND number < (SELECT MAX(number) FROM blocks WHERE blocks.ns = old.ns)";
        _writer.Statement($"DELETE FROM executions WHERE (ns, number) IN ({Old})").Bind(upTo).Run();
        _writer.Statement($"DELETE FROM blocks WHERE (ns, number) IN ({Old})").Bind(upTo).Run();
    }

    private void InTransaction(Action write)
    {
        _writer.Statement("BEGIN IMMEDIATE").Run();
        bool isCommitted = false;
        try
        {
            write();
            _writer.Statement("COMMIT").Run();
            isCommitted = true;
        }
        finally
        {
            if (!isCommitted) RollBack();
        }
    }

    private void RollBack()
    {
        try
        {
            _writer.Statement("ROLLBACK").Run();
        }
        catch (StorageException)
        {
            // SQLite has rolled back by itself; what made it do so is on its way to the caller.
        }
    }
}
