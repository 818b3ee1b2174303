using System;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>Everything ordering keeps for one namespace.</summary>
internal sealed class NamespaceState(NamespacePolicy policy, int index, Hash32 genesisHash, TimestampMs genesisTime)
{
    public NamespacePolicy Policy { get; } = policy;

    /// <summary>Place among the namespaces, ascending by id.</summary>
    public int Index { get; } = index;

    // Record bytes in the queue by the author of their lane; as long as the greatest author seen.
    private ulong[] _queuedBy = [];

    public TransactionQueue Queue { get; } = new();

    public OpenBlock Open { get; } = new();

    /// <summary>Number of the newest closed block, 0 for none.</summary>
    public ulong Number { get; private set; }

    /// <summary>Hash of the newest closed block, or of the namespace's genesis.</summary>
    public Hash32 NewestHash { get; private set; } = genesisHash;

    /// <summary>Time of the newest closed block.</summary>
    public TimestampMs BlockTime { get; private set; } = genesisTime;

    /// <summary>The height that closed it.</summary>
    public Height ClosedAt { get; private set; }

    /// <summary>Bytes of earlier heights' shares that were too small for the next transaction; at most one transaction's.</summary>
    public ulong Credit { get; set; }

    /// <summary>The height in whose work list the namespace is.</summary>
    public Height ListedAt { get; set; }

    /// <summary>Record bytes in the queue that came by one author's lane.</summary>
    public ulong QueuedBy(ReplicaId author) => author.Value < _queuedBy.Length ? _queuedBy[author.Value] : 0;

    /// <summary>A transaction of an author's lane was put into the queue.</summary>
    public void Enqueued(ReplicaId author, int bytes)
    {
        if (author.Value >= _queuedBy.Length) Array.Resize(ref _queuedBy, author.Value + 1);
        _queuedBy[author.Value] += (ulong)bytes;
    }

    /// <summary>It left, placed or rejected.</summary>
    public void Dequeued(ReplicaId author, int bytes) => _queuedBy[author.Value] -= (ulong)bytes;

    /// <summary>When the open block is due; ulong.MaxValue when it closes with each height that has something for it.</summary>
    public ulong DueMs => Policy.BlockTimeMs == 0 ? ulong.MaxValue : BlockTime.Value + Policy.BlockTimeMs;

    /// <summary>Where the namespace stood after the last height that changed it.</summary>
    public NamespaceHead Head { get; private set; }

    /// <summary>Brings the head up to date: once per height, because the open block's root takes a few hashes.</summary>
    public NamespaceHead UpdateHead() => Head = new NamespaceHead(Policy.Id, Number, NewestHash, (uint)Open.Count, Open.TxRoot);

    /// <summary>Leaves out due times, so that only the last of <paramref name="due"/> blocks is built.</summary>
    public void JumpOver(ulong due) => BlockTime = new TimestampMs(BlockTime.Value + ((due - 1) * Policy.BlockTimeMs));

    /// <summary>Closes the open block and starts the next one.</summary>
    public ClosedBlock Close(Height height, TimestampMs time, uint policyVersion, NamespaceBlockFlags flags)
    {
        Height next = ClosedAt.Next();
        var block = new NamespaceBlock
        {
            Namespace = Policy.Id,
            Number = Number + 1,
            Branch = 0,
            FirstHeight = next < height ? next : height,
            LastHeight = height,
            ParentHash = NewestHash,
            Timestamp = time,
            L1Origin = L1Origin.None,
            PolicyVersion = policyVersion,
            TxRoot = Open.TxRoot,
            Count = (uint)Open.Count,
            Bytes = Open.Bytes,
            Flags = flags,
        };
        var closed = new ClosedBlock(block, block.Hash, Open.Content);
        Number = block.Number;
        NewestHash = closed.Hash;
        BlockTime = time;
        ClosedAt = height;
        Open.Reset();
        return closed;
    }

    public void Write(CanonicalWriter writer, BatchSlots slots)
    {
        writer.U64(Number);
        writer.Hash(NewestHash);
        writer.U64(BlockTime.Value);
        writer.U64(ClosedAt.Value);
        writer.U64(Credit);
        Open.Write(writer);
        writer.U32((uint)Queue.Count);
        int slot = -1;
        for (int i = 0; i < Queue.Count; i++)
        {
            ref readonly QueuedTransaction item = ref Queue[i];
            bool isNewBatch = item.Batch != slot;
            slot = item.Batch;
            writer.Bool(isNewBatch);
            if (isNewBatch) slots[slot].Write(writer);
            writer.Hash(item.Id);
            writer.U64(item.VoidAboveMs);
            writer.U64(item.Gas);
            writer.U32((uint)item.Index);
            writer.U32((uint)item.Bytes);
        }
    }

    /// <param name="reader">Behind the namespace before.</param>
    /// <param name="slots">Where the batches of waiting transactions are named.</param>
    /// <param name="members">Size of the largest committee: an author is one of it.</param>
    public void Restore(ref CanonicalReader reader, BatchSlots slots, int members)
    {
        Number = reader.U64();
        NewestHash = reader.Hash();
        BlockTime = new TimestampMs(reader.U64());
        ClosedAt = new Height(reader.U64());
        Credit = reader.U64();
        Open.Restore(ref reader);
        uint count = reader.U32();
        int slot = -1;
        for (uint i = 0; i < count; i++)
        {
            slot = RestoreItem(ref reader, slots, slot, members, reader.Bool());
        }

        if (slot >= 0) slots.Release(slot);
    }

    private int RestoreItem(ref CanonicalReader reader, BatchSlots slots, int slot, int members, bool isNewBatch)
    {
        if (!isNewBatch && slot < 0) DecodeException.Throw(DecodeRejection.Malformed, "the first waiting transaction names its batch");
        if (isNewBatch)
        {
            if (slot >= 0) slots.Release(slot);
            slot = slots.Open(LaneTip.Read(ref reader));
        }

        Hash32 id = reader.Hash();
        ulong voidAbove = reader.U64();
        ulong gas = reader.U64();
        uint index = reader.U32();
        uint bytes = reader.U32();
        if (index > BatchBody.MaxBytes || bytes > BatchBody.MaxBytes) DecodeException.Throw(DecodeRejection.OverLimit, "waiting transaction");
        ref QueuedTransaction item = ref Queue.Append((int)bytes);
        item.Id = id;
        item.VoidAboveMs = voidAbove;
        item.Gas = gas;
        item.Batch = slot;
        item.Index = (int)index;
        ReplicaId author = slots[slot].Lane.Author;
        if (author.Value >= members) DecodeException.Throw(DecodeRejection.Malformed, "author of a waiting transaction's batch");
        Enqueued(author, item.Bytes);
        slots.Hold(slot);
        return slot;
    }
}
