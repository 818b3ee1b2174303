using System.Numerics;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>What the book says to a transaction that is about to be sent.</summary>
public enum PendingVerdict
{
    Added,

    /// <summary>The very same transaction waits already.</summary>
    AlreadyKnown,

    /// <summary>Another one of the same sender and nonce waits and this one pays hardly more.</summary>
    Underpriced,
}

/// <summary>
/// Transactions that one rollup's gateway took and that are not executed yet: wallets count their nonces and ask for them by hash. Bounded; what
/// does not come out of execution in a minute (dropped as a duplicate by ordering) is forgotten.
/// </summary>
public sealed class PendingBook
{
    /// <summary>Transactions remembered. 100,000: more than a gateway takes in the minute they are kept.</summary>
    public const int Max = 100_000;

    /// <summary>Milliseconds one is remembered. 60,000.</summary>
    public const int KeptMs = 60_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<Hash32, EvmTransaction> _byHash = [];
    private readonly Dictionary<EvmAddress, SortedDictionary<ulong, EvmTransaction>> _bySender = [];
    private readonly Queue<(Hash32 Hash, long At)> _order = new();

    public int Count
    {
        get
        {
            lock (_gate) return _byHash.Count;
        }
    }

    /// <summary>Remembers a transaction, or says why it should not be sent. A replacement has to pay a tenth more, as in Ethereum's pools.</summary>
    public PendingVerdict TryAdd(EvmTransaction tx)
    {
        lock (_gate)
        {
            Forget();
            if (_byHash.ContainsKey(tx.Hash)) return PendingVerdict.AlreadyKnown;
            if (!_bySender.TryGetValue(tx.Sender, out SortedDictionary<ulong, EvmTransaction>? own)) _bySender[tx.Sender] = own = [];
            if (own.TryGetValue(tx.Nonce, out EvmTransaction? earlier) && !IsBumped(earlier, tx)) return PendingVerdict.Underpriced;
            own[tx.Nonce] = tx;
            _byHash[tx.Hash] = tx;
            _order.Enqueue((tx.Hash, Environment.TickCount64));
            return PendingVerdict.Added;
        }
    }

    public EvmTransaction? Find(Hash32 hash)
    {
        lock (_gate) return _byHash.GetValueOrDefault(hash);
    }

    /// <summary>Nonces of a sender that wait, ascending.</summary>
    public IReadOnlyList<ulong> NoncesOf(EvmAddress sender)
    {
        lock (_gate) return _bySender.TryGetValue(sender, out SortedDictionary<ulong, EvmTransaction>? own) ? [.. own.Keys] : [];
    }

    /// <summary>Executed, skipped or refused: it waits no more.</summary>
    public void Remove(Hash32 hash)
    {
        lock (_gate) RemoveLocked(hash);
    }

    private static bool IsBumped(EvmTransaction earlier, EvmTransaction tx)
    {
        static bool Tenth(BigInteger old, BigInteger now) => now * 10 >= old * 11;
        return Tenth(earlier.MaxFeePerGas, tx.MaxFeePerGas) && Tenth(earlier.MaxPriorityFeePerGas, tx.MaxPriorityFeePerGas);
    }

    private void Forget()
    {
        long now = Environment.TickCount64;
        while (_order.TryPeek(out (Hash32 Hash, long At) oldest) && (now - oldest.At > KeptMs || _byHash.Count >= Max))
        {
            _order.Dequeue();
            RemoveLocked(oldest.Hash);
        }
    }

    private void RemoveLocked(Hash32 hash)
    {
        if (!_byHash.Remove(hash, out EvmTransaction? tx)) return;
        if (!_bySender.TryGetValue(tx.Sender, out SortedDictionary<ulong, EvmTransaction>? own)) return;
        if (own.TryGetValue(tx.Nonce, out EvmTransaction? newest) && newest.Hash == hash) own.Remove(tx.Nonce);
        if (own.Count == 0) _bySender.Remove(tx.Sender);
    }
}
