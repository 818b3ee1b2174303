using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>The slots above the last commit about which anything is known, ascending. Sparse: a jump over many slots costs nothing by itself.</summary>
internal sealed class SlotTable(QuorumParameters quorum)
{
    private readonly List<SlotState> _slots = [];
    private readonly List<SlotState> _dirty = [];

    public int Count => _slots.Count;

    public SlotState this[int index] => _slots[index];

    /// <summary>Slots to which something happened since <see cref="ClearDirty"/>, in the order it happened.</summary>
    public IReadOnlyList<SlotState> Dirty => _dirty;

    public SlotState? Find(Slot slot)
    {
        int index = IndexOf(slot);
        return index >= 0 ? _slots[index] : null;
    }

    public SlotState GetOrAdd(Slot slot)
    {
        int index = IndexOf(slot);
        if (index >= 0) return _slots[index];
        var state = new SlotState(slot, quorum);
        _slots.Insert(~index, state);
        return state;
    }

    public void MarkDirty(SlotState slot)
    {
        if (slot.IsDirty) return;
        slot.IsDirty = true;
        _dirty.Add(slot);
    }

    public void ClearDirty()
    {
        foreach (SlotState slot in _dirty) slot.IsDirty = false;
        _dirty.Clear();
    }

    /// <summary>Forgets every slot up to and including this one: it is committed.</summary>
    public void DropThrough(Slot slot)
    {
        int count = IndexOf(slot);
        count = count >= 0 ? count + 1 : ~count;
        for (int i = 0; i < count; i++)
        {
            if (_slots[i].IsDirty) _dirty.Remove(_slots[i]);
        }

        _slots.RemoveRange(0, count);
    }

    /// <summary>Index of the first slot at or above this one.</summary>
    public int LowerBound(Slot slot)
    {
        int index = IndexOf(slot);
        return index >= 0 ? index : ~index;
    }

    private int IndexOf(Slot slot)
    {
        int low = 0;
        int high = _slots.Count - 1;
        // Nearly every access concerns one of the last slots: look there first.
        if (high >= 0 && _slots[high].Slot == slot) return high;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            int order = _slots[middle].Slot.CompareTo(slot);
            if (order == 0) return middle;
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }

        return ~low;
    }
}
