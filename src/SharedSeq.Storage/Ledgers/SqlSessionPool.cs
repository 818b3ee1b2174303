using System.Collections.Concurrent;

namespace SharedSeq.Storage;

/// <summary>
/// Read-only connections that queries take and give back. Any number may be out at once; only so many are kept, because
/// each holds its own page cache.
/// </summary>
internal sealed class SqlSessionPool(string path) : IDisposable
{
    /// <summary>Connections kept, 8: as many as queries run side by side on a small machine.</summary>
    private const int Kept = 8;

    private readonly ConcurrentBag<SqlSession> _idle = [];
    private int _idleCount;
    private volatile bool _isClosed;

    /// <summary>Runs a query on one connection; what it returns must not hold on to the connection.</summary>
    public T Query<T>(Func<SqlSession, T> query)
    {
        if (_isClosed) throw new StorageException(StorageRejection.Closed, "the ledger is closed");
        if (_idle.TryTake(out SqlSession? session)) Interlocked.Decrement(ref _idleCount);
        else session = new SqlSession(path, isReadOnly: true);
        bool isSound = false;
        try
        {
            T result = query(session);
            isSound = true;
            return result;
        }
        finally
        {
            if (isSound) GiveBack(session);
            else session.Dispose();
        }
    }

    public void Dispose()
    {
        _isClosed = true;
        while (_idle.TryTake(out SqlSession? session)) session.Dispose();
    }

    private void GiveBack(SqlSession session)
    {
        if (_isClosed || Interlocked.Increment(ref _idleCount) > Kept)
        {
            if (!_isClosed) Interlocked.Decrement(ref _idleCount);
            session.Dispose();
            return;
        }
        _idle.Add(session);
    }
}
