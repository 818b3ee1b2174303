using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// The queries: each on a read-only connection of its own, seeing all that was committed before it began.
/// </summary>
public sealed partial class Ledger
{
    public LedgerBlock? GetBlock(NamespaceId ns, ulong number) =>
        GetBlocks(ns, number, 1) is [var block] && block.Number == number ? block : null;

    /// <summary>Blocks of a namespace from a number on, ascending, at most <paramref name="max"/>.</summary>
    public IReadOnlyList<LedgerBlock> GetBlocks(NamespaceId ns, ulong from, int max) => _readers.Query(session =>
    {
        const string Sql =
            "SELECT number, height, hash, block, content FROM blocks WHERE ns = ? AND number >= ? ORDER BY number LIMIT ?";
        SqlStatement rows = session.Statement(Sql).Bind(ns.Value).Bind(from).Bind((ulong)max);
        List<LedgerBlock> blocks = [];
        while (rows.Step())
            blocks.Add(new(ns, rows.Number(0), new(rows.Number(1)), rows.Hash(2), rows.Blob(3), rows.Blob(4)));
        rows.Reset();
        return blocks;
    });

    /// <summary>Number of the newest closed block of a namespace; 0 when there is none.</summary>
    public ulong HeadOf(NamespaceId ns) => _readers.Query(session =>
        session.Statement("SELECT MAX(number) FROM blocks WHERE ns = ?").Bind(ns.Value).Number());

    /// <summary>The newest closed block of every namespace that has one.</summary>
    public IReadOnlyList<LedgerHead> Heads() => _readers.Query(session =>
    {
        SqlStatement rows = session.Statement("SELECT ns, MAX(number) FROM blocks GROUP BY ns ORDER BY ns");
        List<LedgerHead> heads = [];
        while (rows.Step()) heads.Add(new(new(rows.Number(0)), rows.Number(1)));
        rows.Reset();
        return heads;
    });

    public byte[]? GetResult(Height height) => Blob("SELECT result FROM heights WHERE height = ?", height);

    public byte[]? GetGrowth(Height height) => Blob("SELECT growth FROM heights WHERE height = ?", height);

    public byte[]? GetHeads(Height height) =>
        Blob("SELECT heads FROM heights WHERE height = ? AND length(heads) > 0", height);

    /// <summary>
    /// The certificate of the lowest height at or above this one: a later one covers the heights before it.
    /// </summary>
    public byte[]? GetCertificateAtOrAbove(Height height) =>
        Blob("SELECT certificate FROM certificates WHERE height >= ? ORDER BY height LIMIT 1", height);

    public byte[]? NewestCertificate() => _readers.Query(session =>
        session.Statement("SELECT certificate FROM certificates ORDER BY height DESC LIMIT 1").BlobOrNull());

    /// <summary>Ended epochs whose boundary is certified, ascending, with the next committee and the certificate.</summary>
    public IReadOnlyList<(Epoch Ended, byte[] Next, byte[] Certificate)> HandOvers(Epoch from, int most) => _readers.Query(session =>
    {
        const string Sql = "SELECT epoch, committee, certificate FROM boundaries JOIN certificates USING (height) WHERE epoch >= ? ORDER BY epoch LIMIT ?";
        SqlStatement rows = session.Statement(Sql).Bind(from.Value).Bind((ulong)most);
        List<(Epoch, byte[], byte[])> found = [];
        while (rows.Step()) found.Add((new Epoch(rows.Number(0)), rows.Blob(1), rows.Blob(2)));
        rows.Reset();
        return found;
    });

    /// <summary>How many epochs from one on have ended with a certified boundary here, one after the other; no more than are looked at.</summary>
    public int CountHandOvers(Epoch from, int most) => _readers.Query(session =>
    {
        const string Sql = "SELECT epoch FROM boundaries JOIN certificates USING (height) WHERE epoch >= ? ORDER BY epoch LIMIT ?";
        SqlStatement rows = session.Statement(Sql).Bind(from.Value).Bind((ulong)most);
        int count = 0;
        while (rows.Step() && rows.Number(0) == from.Value + (ulong)count) count++;
        rows.Reset();
        return count;
    });

    /// <summary>The end of an epoch, certified or not; null for one that has not ended here.</summary>
    public LedgerBoundary? GetBoundary(Epoch ended) => _readers.Query<LedgerBoundary?>(session =>
    {
        SqlStatement row = session.Statement("SELECT committee FROM boundaries WHERE epoch = ?").Bind(ended.Value);
        LedgerBoundary? found = row.Step() ? new LedgerBoundary(ended, row.Blob(0)) : null;
        row.Reset();
        return found;
    });

    /// <summary>The epoch after the newest one that has ended here; the first one when none has.</summary>
    public Epoch NewestEpoch() => _readers.Query(session =>
    {
        SqlStatement row = session.Statement("SELECT epoch FROM boundaries ORDER BY epoch DESC LIMIT 1");
        Epoch newest = row.Step() ? new Epoch(row.Number(0)).Next() : Epoch.Zero;
        row.Reset();
        return newest;
    });

    public LedgerExecution? GetExecution(NamespaceId ns, ulong number) => _readers.Query(session =>
    {
        SqlStatement row = session.Statement("SELECT outcome, certified FROM executions WHERE ns = ? AND number = ?")
            .Bind(ns.Value).Bind(number);
        LedgerExecution? found = row.Step() ? new LedgerExecution(ns, number, row.Blob(0), row.Number(1) != 0) : null;
        row.Reset();
        return found;
    });

    /// <summary>The PoA kept for a batch, or for the first after it in its lane that has one: it covers what is below.</summary>
    public byte[]? GetReceiptAtOrAbove(LaneId lane, BatchSeq seq) => _readers.Query(session =>
    {
        const string Sql = "SELECT proof FROM receipts WHERE epoch = ? AND author = ? AND worker = ? AND seq >= ? ORDER BY seq LIMIT 1";
        return BindPlace(session.Statement(Sql), lane, seq).BlobOrNull();
    });

    public LedgerRejection? GetRejection(Hash32 transactionId) => _readers.Query<LedgerRejection?>(session =>
    {
        const string Sql = "SELECT ns, height, reason FROM rejections WHERE id = ?";
        SqlStatement row = session.Statement(Sql).Bind(transactionId);
        LedgerRejection? found = row.Step()
            ? new LedgerRejection(transactionId, new(row.Number(0)), new(row.Number(1)), (byte)row.Number(2))
            : null;
        row.Reset();
        return found;
    });

    /// <summary>
    /// Heights and places in their growth where a transaction with this id or alias may be, newest first: the caller
    /// compares the whole id.
    /// </summary>
    public IReadOnlyList<(Height Height, int Place)> FindTransaction(Hash32 idOrAlias) => _index.Find(idOrAlias);

    /// <summary>All evidence kept: first what heights carry, in their order, then what waits.</summary>
    public IReadOnlyList<LedgerEvidence> Evidence() => _readers.Query(session =>
    {
        SqlStatement rows = session.Statement("SELECT id, evidence, height FROM evidence ORDER BY height = 0, height, id");
        List<LedgerEvidence> found = [];
        while (rows.Step()) found.Add(new LedgerEvidence(rows.Hash(0), rows.Blob(1), new(rows.Number(2))));
        rows.Reset();
        return found;
    });

    /// <summary>Evidence in the same order, behind an item or from the first on.</summary>
    /// <param name="after">The item; null to begin.</param>
    /// <param name="most">How many at most.</param>
    public IReadOnlyList<LedgerEvidence> Evidence(LedgerEvidence? after, int most) => _readers.Query(session =>
    {
        const string Sql = "SELECT id, evidence, height FROM evidence WHERE (height = 0, height, id) > (?, ?, ?) ORDER BY height = 0, height, id LIMIT ?";
        ulong height = after?.Height.Value ?? 0;

        // Nothing committed has height 0, so that this place is before all.
        ulong isWaiting = after is not null && height == 0 ? 1UL : 0;
        SqlStatement rows = session.Statement(Sql).Bind(isWaiting).Bind(height).Bind(after?.Id ?? Hash32.Zero).Bind((ulong)most);
        List<LedgerEvidence> found = [];
        while (rows.Step()) found.Add(new LedgerEvidence(rows.Hash(0), rows.Blob(1), new(rows.Number(2))));
        rows.Reset();
        return found;
    });

    public LedgerEvidence? GetEvidence(Hash32 id) => _readers.Query<LedgerEvidence?>(session =>
    {
        SqlStatement row = session.Statement("SELECT evidence, height FROM evidence WHERE id = ?").Bind(id);
        LedgerEvidence? found = row.Step() ? new LedgerEvidence(id, row.Blob(0), new(row.Number(1))) : null;
        row.Reset();
        return found;
    });

    private byte[]? Blob(string sql, Height height) =>
        _readers.Query(session => session.Statement(sql).Bind(height.Value).BlobOrNull());
}
