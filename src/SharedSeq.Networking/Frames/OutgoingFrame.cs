using System.Buffers.Binary;
using SharedSeq.Primitives;

namespace SharedSeq.Networking;

/// <summary>A message encoded once, with its length in front, to be sent to any number of peers. The bytes are never changed after creation.</summary>
public sealed class OutgoingFrame
{
    private readonly SharedBuffer? _buffer;

    private OutgoingFrame(ReadOnlyMemory<byte> bytes, PeerChannel channel)
    {
        Bytes = bytes;
        Channel = channel;
        _buffer = SharedBuffer.Of(bytes);
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

    /// <summary>Takes over bytes that already start with their length; where they are pooled, each connection holds them until it has written them.</summary>
    public static OutgoingFrame FromFramed(ReadOnlyMemory<byte> bytes, PeerChannel channel)
    {
        Invariant.Check(bytes.Length >= 4, "a framed message has a length");
        Invariant.Check(BinaryPrimitives.ReadUInt32BigEndian(bytes.Span) == bytes.Length - 4, "the length in front is the message's");
        return new OutgoingFrame(bytes, channel);
    }

    /// <summary>One more connection will write it.</summary>
    internal void Hold() => Invariant.Check(_buffer is null || _buffer.TryHold(), "a frame is sent by who holds it");

    /// <summary>A connection has written it, or will not.</summary>
    internal void Release() => _buffer?.Release();
}
