using System;
using SharedSeq.Consensus;

namespace SharedSeq.Ordering;

/// <summary>
/// The batches that waiting transactions come from, as small numbers: a transaction in a queue names its batch by 4 bytes instead of 52. A slot is free
/// again when its last transaction has left.
/// </summary>
internal sealed class BatchSlots
{
    private LaneTip[] _tips = new LaneTip[64];
    private int[] _uses = new int[64];
    private int[] _free = new int[64];
    private int _freeCount;
    private int _count;

    public ref readonly LaneTip this[int slot] => ref _tips[slot];

    /// <summary>A slot for a batch, held once by the caller.</summary>
    public int Open(LaneTip tip)
    {
        int slot = _freeCount > 0 ? _free[--_freeCount] : _count++;
        if (slot == _tips.Length)
        {
            Array.Resize(ref _tips, 2 * slot);
            Array.Resize(ref _uses, 2 * slot);
            Array.Resize(ref _free, 2 * slot);
        }

        _tips[slot] = tip;
        _uses[slot] = 1;
        return slot;
    }

    public void Hold(int slot) => _uses[slot]++;

    public void Release(int slot)
    {
        if (--_uses[slot] == 0) _free[_freeCount++] = slot;
    }
}
