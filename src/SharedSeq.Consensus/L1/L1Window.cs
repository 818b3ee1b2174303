using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>What became of an L1 block that the shell told of.</summary>
internal enum L1BlockVerdict
{
    Added = 0,

    /// <summary>Known, or below what is of use.</summary>
    Known = 1,

    /// <summary>One below it is missing: the shell tells them in order, and again from <see cref="L1Window.NextNumber"/> on.</summary>
    OutOfOrder = 2,

    /// <summary>There is no room until the network's view advances.</summary>
    Full = 3,

    /// <summary>It does not descend from the view that the network adopted, or from what the shell told before.</summary>
    Conflict = 4,
}

/// <summary>
/// The L1 blocks that the own shell verified, one above the other, from the view of the last height delivered on: what leaders choose from, what voters
/// compare with, and where the inputs of a height are found. Bounded in blocks and bytes: the shell tells the rest again later.
/// </summary>
internal sealed class L1Window(L1View start)
{
    /// <summary>Blocks ahead of the delivered view. 1,024: more than three hours of L1, and four times what one height may advance at most.</summary>
    public const int MaxBlocks = 1_024;

    /// <summary>Bytes of inputs ahead of the delivered view. 8 MiB: four heights' worth at most.</summary>
    public const int MaxBytes = 4 * L1Inputs.MaxBytes;

    private readonly List<Seen> _blocks = [];
    private int _bytes;

    private readonly record struct Seen(L1Block Block, long AtMs);

    /// <summary>The view of the last height delivered: the first block of the window is the one above it.</summary>
    public L1View Base { get; private set; } = start;

    public int Count => _blocks.Count;

    public L1View Newest => _blocks.Count == 0 ? Base : _blocks[^1].Block.View;

    /// <summary>The block that the shell should tell of next.</summary>
    public ulong NextNumber => Newest.Number + 1;

    public L1BlockVerdict Add(L1Block block, long nowMs)
    {
        L1View view = block.View;
        Invariant.Check(view.ChainId == Base.ChainId, "the shell tells of the network's own L1");
        if (view.Number < Base.Number) return L1BlockVerdict.Known;
        if (view.Number < NextNumber) return Find(view.Number) == view ? L1BlockVerdict.Known : L1BlockVerdict.Conflict;
        if (view.Number > NextNumber) return L1BlockVerdict.OutOfOrder;
        if (view.ParentHash != Newest.Hash) return L1BlockVerdict.Conflict;
        // Read otherwise than the network read what lies below.
        if (view.InputsDigest != block.Inputs.DigestAfter(Newest.InputsDigest)) return L1BlockVerdict.Conflict;
        Invariant.Check(block.Items.Length <= L1Inputs.MaxBytes, "the inputs of one L1 block fit a height");
        if (_blocks.Count == MaxBlocks || _bytes + block.Items.Length > MaxBytes) return L1BlockVerdict.Full;
        _blocks.Add(new Seen(block, nowMs));
        _bytes += block.Items.Length;
        return L1BlockVerdict.Added;
    }

    /// <summary>The view of a block that the own shell verified, or of the base; null for one that it did not.</summary>
    public L1View? Find(ulong number)
    {
        if (number == Base.Number) return Base;
        return number > Base.Number && number - Base.Number <= (ulong)_blocks.Count ? _blocks[IndexOf(number)].Block.View : null;
    }

    /// <summary>When the shell told of a block of the window. Monotonic milliseconds.</summary>
    public long SeenAtMs(ulong number) => _blocks[IndexOf(number)].AtMs;

    /// <summary>The inputs between two views of which both are in the window; null when one is not.</summary>
    public L1Inputs? Between(L1View before, L1View after)
    {
        if (Find(before.Number) != before || Find(after.Number) != after || after.Number <= before.Number) return null;
        var blocks = new List<L1BlockInputs>();
        for (ulong number = before.Number + 1; number <= after.Number; number++) blocks.Add(_blocks[IndexOf(number)].Block.Inputs);
        return new L1Inputs(blocks);
    }

    /// <summary>Bytes of the inputs between two numbers of the window.</summary>
    public long BytesBetween(ulong before, ulong after)
    {
        long bytes = 0;
        for (ulong number = before + 1; number <= after; number++) bytes += _blocks[IndexOf(number)].Block.Items.Length;
        return bytes;
    }

    /// <summary>Heights up to this view are delivered.</summary>
    /// <returns>False when the own blocks contradict it; they are forgotten then.</returns>
    public bool MoveTo(L1View delivered)
    {
        if (delivered.Number <= Base.Number) return true;
        L1View? own = Find(delivered.Number);
        bool isEqual = own is null || own == delivered;
        int dropped = isEqual ? (int)ulong.Min((ulong)_blocks.Count, delivered.Number - Base.Number) : _blocks.Count;
        for (int i = 0; i < dropped; i++) _bytes -= _blocks[i].Block.Items.Length;
        _blocks.RemoveRange(0, dropped);
        // A window that ends below the new base may be of another chain: what follows is compared with the base.
        Base = delivered;
        return isEqual;
    }

    private int IndexOf(ulong number) => (int)(number - Base.Number - 1);
}
