using System;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>An L1 block that the shell's quorum of providers agreed on and whose content it verified: the view that it makes, and its inputs.</summary>
/// <param name="view">The view.</param>
/// <param name="items">The block's inputs, as ordering encodes them; at most <see cref="L1Inputs.MaxBytes"/>.</param>
public sealed class L1Block(L1View view, ReadOnlyMemory<byte> items)
{
    public L1View View { get; } = view;

    public ReadOnlyMemory<byte> Items { get; } = items;

    public L1BlockInputs Inputs => new(View.Number, View.Hash, View.Timestamp, Items);

    /// <summary>The block above another one.</summary>
    /// <param name="parent">The view of the block below.</param>
    /// <param name="hash">Its hash.</param>
    /// <param name="timestamp">In seconds.</param>
    /// <param name="items">Its inputs.</param>
    public static L1Block Above(L1View parent, Hash32 hash, ulong timestamp, ReadOnlyMemory<byte> items)
    {
        var inputs = new L1BlockInputs(parent.Number + 1, hash, timestamp, items);
        return new L1Block(new L1View(parent.ChainId, inputs.Number, hash, parent.Hash, timestamp, inputs.DigestAfter(parent.InputsDigest)), items);
    }
}
