using System.Buffers.Binary;
using SharedSeq.Primitives;

namespace SharedSeq.Networking;

/// <summary>A message encoded once, with its length in front, to be sent to any number of peers. The bytes are never changed after creation.</summary>
public sealed class OutgoingFrame
{
    private OutgoingFrame(ReadOnlyMemory<byte> bytes, PeerChannel channel)
    {
        Bytes = bytes;
        Channel = channel;
    }

    /// <summary>Length (u32), then the message.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    public PeerChannel Channel { get; }

    /// <summary>Builds a frame by writing the message behind the reserved length.</summary>
    public static OutgoingFrame Create(PeerChannel channel, Action<CanonicalWriter> write, int capacity = 256)
    {
        var writer = new CanonicalWriter(capacity + 4);
        writer.U32(0);
        write(writer);
        writer.PatchU32(0, (uint)(writer.Length - 4));
        return new OutgoingFrame(writer.WrittenMemory, channel);
    }

    /// <summary>Takes over bytes that already start with their length.</summary>
    public static OutgoingFrame FromFramed(ReadOnlyMemory<byte> bytes, PeerChannel channel)
    {
        Invariant.Check(bytes.Length >= 4, "a framed message has a length");
        Invariant.Check(BinaryPrimitives.ReadUInt32BigEndian(bytes.Span) == bytes.Length - 4, "the length in front is the message's");
        return new OutgoingFrame(bytes, channel);
    }
}
