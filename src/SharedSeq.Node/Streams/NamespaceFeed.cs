using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>Why a block can not be read from a feed.</summary>
public enum FeedRejection
{
    None = 0,

    /// <summary>Not closed yet.</summary>
    BeyondHead = 1,

    /// <summary>Below what this node keeps.</summary>
    Pruned = 2,

    /// <summary>This node's results differ from the certified ones up to here: it does not know the block.</summary>
    Diverged = 3,
}

/// <summary>
/// The closed blocks of one namespace, for everybody who follows it: the newest in memory, older ones from the ledger. Readers pull at their own
/// pace; a slow one costs nothing but its own lag.
/// </summary>
public sealed class NamespaceFeed
{
    /// <summary>Blocks kept in memory. 256: 50 s of an EVM namespace at 200 ms; older ones are read from disk.</summary>
    public const int RecentMax = 256;

    /// <summary>
    /// Blocks kept in memory while none of the last <see cref="RecentMax"/> was asked for. 16: a third of a second where each height closes one, in which
    /// a follower that begins finds the newest.
    /// </summary>
    public const int UnreadMax = 16;

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, StreamBlock> _recent = [];
    private readonly Func<ulong, StreamBlock?> _readOld;
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _head;

    // The head when a block was last asked for.
    private ulong _readAt;
    private Height? _agreed;

    /// <param name="id">The namespace.</param>
    /// <param name="head">Number of the newest closed block known at start; 0 when there is none.</param>
    /// <param name="readOld">Reads a block from the ledger; null when it is pruned.</param>
    public NamespaceFeed(NamespaceId id, ulong head, Func<ulong, StreamBlock?> readOld)
    {
        Id = id;
        _head = head;
        _readOld = readOld;
    }

    public NamespaceId Id { get; }

    /// <summary>Number of the newest closed block; 0 before the first.</summary>
    public ulong Head
    {
        get
        {
            lock (_gate) return _head;
        }
    }

    /// <summary>Whether this node's order is known not to be the network's: nothing comes any more.</summary>
    public bool IsHalted
    {
        get
        {
            lock (_gate) return _agreed is not null;
        }
    }

    /// <summary>Gives out nothing any more that closed above a height, and tells who waits.</summary>
    public void Halt(Height agreed)
    {
        TaskCompletionSource news;
        lock (_gate)
        {
            _agreed ??= agreed;
            news = _news;
        }

        news.TrySetResult();
    }

    /// <summary>Appends the next block; blocks already known (a restart applies heights again) are ignored.</summary>
    public void Append(StreamBlock block)
    {
        TaskCompletionSource news;
        lock (_gate)
        {
            if (block.Block.Number <= _head || _agreed is not null) return;
            Invariant.Check(block.Block.Number == _head + 1 || _head == 0, "numbers of a namespace have no gaps");
            _head = block.Block.Number;
            _recent.Add(_head, block);
            int most = _head - _readAt < RecentMax ? RecentMax : UnreadMax;
            while (_recent.Count > most) _recent.Remove(_head - (ulong)_recent.Count + 1);
            news = _news;
            _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        news.TrySetResult();
    }

    /// <summary>The block with this number, if it is closed and still kept.</summary>
    public FeedRejection TryRead(ulong number, out StreamBlock? block)
    {
        FeedRejection rejection = Read(number, out block);
        Height? agreed;
        lock (_gate) agreed = _agreed;
        if (agreed is null || rejection == FeedRejection.Pruned) return rejection;
        if (block?.Block.LastHeight <= agreed) return FeedRejection.None;
        block = null;
        return FeedRejection.Diverged;
    }

    private FeedRejection Read(ulong number, out StreamBlock? block)
    {
        lock (_gate)
        {
            block = null;
            _readAt = _head;
            if (number > _head) return FeedRejection.BeyondHead;
            if (_recent.TryGetValue(number, out block)) return FeedRejection.None;
        }

        block = _readOld(number);
        return block is null ? FeedRejection.Pruned : FeedRejection.None;
    }

    /// <summary>Waits until the block with this number is closed, or never will be here.</summary>
    public async Task WaitAsync(ulong number, CancellationToken cancellation)
    {
        while (true)
        {
            Task news;
            lock (_gate)
            {
                if (number <= _head || _agreed is not null) return;
                news = _news.Task;
            }

            await news.WaitAsync(cancellation);
        }
    }
}
