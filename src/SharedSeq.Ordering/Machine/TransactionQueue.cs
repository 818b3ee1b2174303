using System;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>A transaction that was taken and is not placed yet.</summary>
internal struct QueuedTransaction
{
    public Hash32 Id;

    /// <summary>Committed time in milliseconds above which it is void; ulong.MaxValue for never.</summary>
    public ulong VoidAboveMs;

    /// <summary>Gas that counts against the namespace's cap.</summary>
    public ulong Gas;

    /// <summary>Slot of its batch.</summary>
    public int Batch;

    /// <summary>Its index in the batch.</summary>
    public int Index;

    /// <summary>Record bytes.</summary>
    public int Bytes;
}

/// <summary>A namespace's transactions in order: a ring that grows by doubling and gives its memory back when a backlog is gone.</summary>
internal sealed class TransactionQueue
{
    private const int KeptCapacity = 1024;
    private QueuedTransaction[] _ring = [];
    private int _head;
    private int _count;

    public int Count => _count;

    /// <summary>Record bytes waiting.</summary>
    public ulong Bytes { get; private set; }

    public ref QueuedTransaction First => ref _ring[_head];

    /// <summary>The transaction at a place from the head.</summary>
    public ref readonly QueuedTransaction this[int place] => ref _ring[(_head + place) & (_ring.Length - 1)];

    /// <summary>Room for one more at the end, counted with its bytes; the caller fills it in.</summary>
    public ref QueuedTransaction Append(int bytes)
    {
        if (_count == _ring.Length) Resize(int.Max(16, 2 * _count));
        ref QueuedTransaction item = ref _ring[(_head + _count) & (_ring.Length - 1)];
        item.Bytes = bytes;
        Bytes += (ulong)bytes;
        _count++;
        return ref item;
    }

    public void RemoveFirst()
    {
        Bytes -= (ulong)_ring[_head].Bytes;
        _head = (_head + 1) & (_ring.Length - 1);
        _count--;
    }

    public void RemoveLast()
    {
        _count--;
        Bytes -= (ulong)_ring[(_head + _count) & (_ring.Length - 1)].Bytes;
    }

    /// <summary>Gives memory back after a backlog.</summary>
    public void Trim()
    {
        if (_ring.Length > KeptCapacity && _count < _ring.Length / 8) Resize(int.Max(KeptCapacity, _ring.Length / 4));
    }

    private void Resize(int capacity)
    {
        var ring = new QueuedTransaction[capacity];
        int untilWrap = int.Min(_count, _ring.Length - _head);
        Array.Copy(_ring, _head, ring, 0, untilWrap);
        Array.Copy(_ring, 0, ring, untilWrap, _count - untilWrap);
        _ring = ring;
        _head = 0;
    }
}
