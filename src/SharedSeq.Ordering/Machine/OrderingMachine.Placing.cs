using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>The way of a transaction: taken from its batch into its namespace's queue, from the queue into the open block, or rejected.</summary>
public sealed partial class OrderingMachine
{
    // Bytes that each namespace of the work list may place at this height; not used while everything fits.
    private ulong[] _allowances = [];
    private bool _isShared;

    /// <summary>Every transaction of a batch in its order: checked, then queued behind what its namespace has waiting.</summary>
    private void Take(BatchBody body, int slot)
    {
        NamespaceState? ns = null;
        for (int i = 0; i < body.Count; i++)
        {
            TransactionRecord record = body[i];
            if (ns is null || ns.Policy.Id != record.Namespace)
            {
                if (!_byId.TryGet(record.Namespace.Value, out ns))
                {
                    if (record.Namespace == NamespaceId.System) TakeStatement(body, i, _slots[slot].Lane);
                    else Reject(body.IdOf(i), record.Namespace, RejectionReason.UnknownNamespace);
                    continue;
                }
            }

            if (Refusal(ns, record, out ulong voidAboveMs) is { } reason)
            {
                Reject(body.IdOf(i), record.Namespace, reason);
                continue;
            }

            ulong forgetAtMs = voidAboveMs == ulong.MaxValue ? Timestamp.Value + _policy.EvmDedupMs : voidAboveMs + 1;
            switch (_duplicates.Add(body.LeafHashes[i], Timestamp.Value, forgetAtMs))
            {
                case DuplicateVerdict.Present:
                    _duplicateCount++;
                    continue;
                case DuplicateVerdict.Full:
                    Reject(body.IdOf(i), record.Namespace, RejectionReason.Congested);
                    continue;
            }

            ref QueuedTransaction item = ref ns.Queue.Append(BatchBody.RecordOverhead + record.Payload.Length);
            item.Id = body.LeafHashes[i];
            item.VoidAboveMs = voidAboveMs;
            item.Gas = ns.Policy.GasCap == 0 ? 0 : CountedGas(ns.Policy.GasCap, record.Payload);
            item.Batch = slot;
            item.Index = i;
            ns.Enqueued(_slots[slot].Lane.Author, item.Bytes);
            _slots.Hold(slot);
            List(ns);
        }
    }

    /// <summary>Why the record cannot be taken by itself, duplicates apart; and until when it may be placed.</summary>
    private RejectionReason? Refusal(NamespaceState ns, TransactionRecord record, out ulong voidAboveMs)
    {
        voidAboveMs = ulong.MaxValue;
        if (record.Payload.IsEmpty) return RejectionReason.Empty;
        if ((uint)record.Payload.Length > _policy.TransactionBytesMax) return RejectionReason.TooLarge;
        if (ns.Policy.Admission == AdmissionKind.Evm) return record.ValidUntil == 0 ? null : RejectionReason.ValidUntilNotAllowed;
        return ValidUntilRule.Check(_policy, record.ValidUntil, Timestamp, out voidAboveMs);
    }

    /// <summary>
    /// The declared gas limit. What cannot be decoded counts 0, and so does a limit that is above the cap alone: either is skipped in execution, so it
    /// takes no gas from the others.
    /// </summary>
    private static ulong CountedGas(ulong cap, System.ReadOnlySpan<byte> payload) =>
        EvmTransaction.TryReadGasLimit(payload, out ulong declared) && declared <= cap ? declared : 0;

    /// <summary>Divides the height's bytes when more wait than fit.</summary>
    private void GrantShares()
    {
        ulong total = 0;
        foreach (NamespaceState ns in _work) total += Demand(ns);
        _isShared = total > _policy.HeightBytes;
        if (!_isShared) return;
        ulong[] demands = new ulong[_work.Count];
        uint[] weights = new uint[_work.Count];
        _allowances = new ulong[_work.Count];
        for (int i = 0; i < demands.Length; i++)
        {
            demands[i] = Demand(_work[i]);
            weights[i] = _work[i].Policy.Share;
        }

        HeightShares.Divide(_policy.HeightBytes, demands, weights, _allowances);
        for (int i = 0; i < demands.Length; i++) _work[i].Credit += _allowances[i];
    }

    /// <summary>Bytes a namespace could place at this height: what waits, within the caps of the blocks that can take it.</summary>
    private ulong Demand(NamespaceState ns)
    {
        ulong room = ns.Policy.ByteCap - ns.Open.Bytes;
        if (ns.DueMs <= Timestamp.Value) room += DueBlocks(ns) * ns.Policy.ByteCap;
        return ulong.Min(ns.Queue.Bytes, room);
    }

    /// <summary>Blocks of a timed namespace that this height closes.</summary>
    private ulong DueBlocks(NamespaceState ns)
    {
        ulong due = (Timestamp.Value - ns.BlockTime.Value) / ns.Policy.BlockTimeMs;
        if (due <= _policy.BlocksPerHeightMax) return due;
        return ns.Policy.TimeGaps == TimeGaps.Jump ? 1 : _policy.BlocksPerHeightMax;
    }

    /// <summary>One namespace's part of the height: place what fits, close what is due, reject what the queue cannot hold.</summary>
    private void Advance(NamespaceState ns)
    {
        bool isBlocked = Place(ns);
        if (ns.Policy.BlockTimeMs == 0)
        {
            if (ns.Open.Count > 0) Close(ns, Timestamp, NamespaceBlockFlags.None);
        }
        else if (ns.DueMs <= Timestamp.Value)
        {
            isBlocked = CloseDue(ns);
        }

        HandOutGrowth(ns);
        ns.Open.EndGrowth();

        // A share too small for the next transaction is saved up, or a large one could wait for ever; never more than one transaction's worth.
        ns.Credit = isBlocked ? ulong.Min(ns.Credit, (ulong)ns.Queue.First.Bytes) : 0;
        while (ns.Queue.Bytes > _policy.QueueBytes) RejectLast(ns);
    }

    private bool CloseDue(NamespaceState ns)
    {
        ulong blocks = DueBlocks(ns);
        ulong due = (Timestamp.Value - ns.BlockTime.Value) / ns.Policy.BlockTimeMs;
        bool isJump = ns.Policy.TimeGaps == TimeGaps.Jump && due > _policy.BlocksPerHeightMax;
        if (isJump) ns.JumpOver(due);
        bool isBlocked = false;
        for (ulong i = 0; i < blocks; i++)
        {
            Close(ns, new TimestampMs(ns.DueMs), isJump ? NamespaceBlockFlags.TimeJump : NamespaceBlockFlags.None);
            isBlocked = Place(ns);
        }

        return isBlocked;
    }

    private void Close(NamespaceState ns, TimestampMs time, NamespaceBlockFlags flags)
    {
        HandOutGrowth(ns);
        _closed.Add(ns.Close(Height, time, _policy.Version, flags));
    }

    private void HandOutGrowth(NamespaceState ns)
    {
        if (ns.Open.Count > ns.Open.GrownFrom)
            _growth.Add(new NamespaceGrowth(ns.Policy.Id, ns.Number + 1, ns.Open.GrownFrom, ns.Open.Content));
    }

    /// <summary>Moves transactions from the queue into the open block until a cap stops it.</summary>
    /// <returns>Whether it was the height's share that stopped it.</returns>
    private bool Place(NamespaceState ns)
    {
        OpenBlock open = ns.Open;
        NamespacePolicy policy = ns.Policy;
        while (ns.Queue.Count > 0)
        {
            ref readonly QueuedTransaction item = ref ns.Queue.First;
            if (item.VoidAboveMs < Timestamp.Value)
            {
                Reject(new TxId(item.Id), policy.Id, RejectionReason.Expired);
                Drop(ns);
                continue;
            }

            if (open.Bytes + (ulong)item.Bytes > policy.ByteCap) return false;
            if (policy.GasCap != 0 && open.Gas + item.Gas > policy.GasCap) return false;
            if (_isShared)
            {
                if (ns.Credit < (ulong)item.Bytes) return true;
                ns.Credit -= (ulong)item.Bytes;
            }

            open.Append(item, _slots);
            Drop(ns);
        }

        return false;
    }

    private void Drop(NamespaceState ns)
    {
        ref readonly QueuedTransaction item = ref ns.Queue.First;
        ns.Dequeued(_slots[item.Batch].Lane.Author, item.Bytes);
        _slots.Release(item.Batch);
        ns.Queue.RemoveFirst();
    }

    private void RejectLast(NamespaceState ns)
    {
        ref readonly QueuedTransaction item = ref ns.Queue[ns.Queue.Count - 1];
        Reject(new TxId(item.Id), ns.Policy.Id, RejectionReason.Congested);
        ns.Dequeued(_slots[item.Batch].Lane.Author, item.Bytes);
        _slots.Release(item.Batch);
        ns.Queue.RemoveLast();
    }

    private void Reject(TxId id, NamespaceId ns, RejectionReason reason) => _rejections.Add(new Rejection(id, ns, reason));
}
