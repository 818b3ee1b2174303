using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Marks on a header. Values are pinned.</summary>
[Flags]
public enum HeaderFlags : byte
{
    None = 0,

    /// <summary>Cut and timestamp are the parent's, there is no payload: valid without knowing the parent's header (R3).</summary>
    Carry = 1,

    /// <summary>Behind an epoch's boundary block: carry, no effects (consensus.md 8).</summary>
    Tail = 2,

    /// <summary>Cites an L1 view off the previous one (l1.md 3).</summary>
    L1Reorg = 4,
}

/// <summary>
/// A block's header. Its hash is the block hash. The cut lists, sorted by lane, the tip of every lane of which something was ever ordered
/// in this epoch; a carry header lists nothing and has timestamp 0, both stand for the parent's.
/// </summary>
public sealed class Header
{
    /// <summary>Lanes in a cut: 128 members with one worker each, or fewer with more.</summary>
    public const int MaxLanes = 512;

    private readonly LaneTip[] _cut;

    public Header(
        Epoch epoch, Slot slot, Height height, Slot parentSlot, Hash32 parentHash, TimestampMs timestamp, HeaderFlags flags,
        Hash32 payloadCommitment, IReadOnlyList<LaneTip> cut)
    {
        Epoch = epoch;
        Slot = slot;
        Height = height;
        ParentSlot = parentSlot;
        ParentHash = parentHash;
        Timestamp = timestamp;
        Flags = flags;
        PayloadCommitment = payloadCommitment;
        _cut = [.. cut];
        var writer = new CanonicalWriter(160 + (_cut.Length * LaneTip.Size));
        writer.Raw("SharedSeq.block"u8);
        Write(writer);
        Hash = Sha.Of(writer.Written);
    }

    public Epoch Epoch { get; }

    public Slot Slot { get; }

    public Height Height { get; }

    public Slot ParentSlot { get; }

    public Hash32 ParentHash { get; }

    public TimestampMs Timestamp { get; }

    public HeaderFlags Flags { get; }

    public Hash32 PayloadCommitment { get; }

    public ReadOnlySpan<LaneTip> Cut => _cut;

    /// <summary>The same cut as a list that may be kept.</summary>
    public IReadOnlyList<LaneTip> Tips => _cut;

    /// <summary>SHA-256("SharedSeq.block" || encoding): the block hash.</summary>
    public Hash32 Hash { get; }

    public BlockId Id => new(Height, Hash);

    public BlockId ParentId => new(Height.Previous(), ParentHash);

    public bool IsCarry => (Flags & HeaderFlags.Carry) != HeaderFlags.None;

    /// <summary>Behind its epoch's boundary: it helps to commit the boundary and is no height of the network.</summary>
    public bool IsTail => (Flags & HeaderFlags.Tail) != HeaderFlags.None;

    /// <summary>The tip of one lane in this cut, or null when nothing of it is ordered.</summary>
    public LaneTip? TipOf(LaneId lane)
    {
        foreach (LaneTip tip in _cut)
        {
            if (tip.Lane == lane) return tip;
        }

        return null;
    }

    public void Write(CanonicalWriter writer)
    {
        writer.U64(Epoch.Value);
        writer.U64(Slot.Value);
        writer.U64(Height.Value);
        writer.U64(ParentSlot.Value);
        writer.Hash(ParentHash);
        writer.U64(Timestamp.Value);
        writer.Byte((byte)Flags);
        writer.Hash(PayloadCommitment);
        writer.U16((ushort)_cut.Length);
        foreach (LaneTip tip in _cut) tip.Write(writer);
    }

    public static Header Read(ref CanonicalReader reader)
    {
        var epoch = new Epoch(reader.U64());
        var slot = new Slot(reader.U64());
        var height = new Height(reader.U64());
        var parentSlot = new Slot(reader.U64());
        Hash32 parentHash = reader.Hash();
        var timestamp = new TimestampMs(reader.U64());
        var flags = (HeaderFlags)reader.Byte();
        Hash32 payload = reader.Hash();
        if ((flags & ~(HeaderFlags.Carry | HeaderFlags.Tail | HeaderFlags.L1Reorg)) != HeaderFlags.None)
            DecodeException.Throw(DecodeRejection.UnknownValue, "header flags");
        if (height == Height.Zero || slot == Slot.Zero)
            DecodeException.Throw(DecodeRejection.Malformed, "height and slot of a header are at least 1");
        if (parentSlot >= slot) DecodeException.Throw(DecodeRejection.Malformed, "the parent's slot is below the slot");
        var cut = new LaneTip[reader.Count(MaxLanes, LaneTip.Size, "cut")];
        for (int i = 0; i < cut.Length; i++)
        {
            cut[i] = LaneTip.Read(ref reader);
            if (i > 0 && cut[i - 1].Lane.CompareTo(cut[i].Lane) >= 0)
                DecodeException.Throw(DecodeRejection.NotCanonical, "lanes of a cut ascend");
        }

        bool isCarry = (flags & HeaderFlags.Carry) != HeaderFlags.None;
        if (isCarry && (cut.Length != 0 || timestamp.Value != 0))
            DecodeException.Throw(DecodeRejection.NotCanonical, "a carry header has no cut and no timestamp of its own");
        return new Header(epoch, slot, height, parentSlot, parentHash, timestamp, flags, payload, cut);
    }
}
