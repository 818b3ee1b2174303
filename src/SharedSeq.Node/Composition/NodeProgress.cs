using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>Where this node is, for other threads to read: written by the replica's and ordering's loops, each value on its own.</summary>
public sealed class NodeProgress
{
    private readonly Lock _gate = new();
    private BlockId _final;
    private TimestampMs _committedTime;
    private Height _ordered;
    private LaneRoom _room;
    private ReplicaView? _view;
    private Divergence? _divergence;
    private OperatorRegistry? _operators;
    private long _epochsEntered;
    private long _heldDropped;

    /// <summary>The last commit.</summary>
    public BlockId Final
    {
        get
        {
            lock (_gate) return _final;
        }
        set
        {
            lock (_gate) _final = value;
        }
    }

    /// <summary>The newest height applied by ordering.</summary>
    public Height Ordered
    {
        get
        {
            lock (_gate) return _ordered;
        }
    }

    /// <summary>Timestamp of the newest applied height.</summary>
    public TimestampMs CommittedTime
    {
        get
        {
            lock (_gate) return _committedTime;
        }
    }

    /// <summary>How far the own lane may run ahead.</summary>
    public LaneRoom Room
    {
        get
        {
            lock (_gate) return _room;
        }
        set
        {
            lock (_gate) _room = value;
        }
    }

    /// <summary>Epochs entered since this node started. Written by the replica's loop.</summary>
    public long EpochsEntered
    {
        get => Interlocked.Read(ref _epochsEntered);
        set => Interlocked.Exchange(ref _epochsEntered, value);
    }

    /// <summary>Messages of a next epoch that found no room before it began, up to the last beginning. Written by the replica's loop.</summary>
    public long HeldDropped
    {
        get => Interlocked.Read(ref _heldDropped);
        set => Interlocked.Exchange(ref _heldDropped, value);
    }

    /// <summary>A recent view of the replica; null before its first step.</summary>
    public ReplicaView? View
    {
        get => Volatile.Read(ref _view);
        set => Volatile.Write(ref _view, value);
    }

    /// <summary>Operators and committees after the newest applied height; null before ordering is recovered.</summary>
    public OperatorRegistry? Operators
    {
        get => Volatile.Read(ref _operators);
        set => Volatile.Write(ref _operators, value);
    }

    /// <summary>That own results differ from the certified ones, which nothing but a rebuilt store ends; null when they do not.</summary>
    public Divergence? Divergence
    {
        get => Volatile.Read(ref _divergence);
        set => Volatile.Write(ref _divergence, value);
    }

    public void SetOrdered(Height height, TimestampMs timestamp)
    {
        lock (_gate)
        {
            _ordered = height;
            _committedTime = timestamp;
        }
    }
}
