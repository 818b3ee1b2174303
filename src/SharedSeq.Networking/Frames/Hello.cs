using SharedSeq.Primitives;

namespace SharedSeq.Networking;

/// <summary>Which of a pair's two connections this is: votes never wait behind batches because they travel on their own. Values are pinned.</summary>
public enum PeerChannel : byte
{
    Control = 1,
    Bulk = 2,
}

/// <summary>The first frame of each side of a connection: which network, which version, which channel. Who it is says the certificate.</summary>
public sealed record Hello(ProtocolVersion Version, ChainId Chain, Hash32 Genesis, PeerChannel Channel)
{
    public const int Size = 4 + 2 + 8 + Hash32.Size + 1 + 1;
    private const uint Magic = 0x53534551; // "SSEQ"

    /// <summary>Writes the hello, or with <paramref name="refusal"/> the reason why the other side's hello is not accepted.</summary>
    public byte[] Encode(SessionEnd refusal = SessionEnd.None)
    {
        var writer = new CanonicalWriter(Size);
        writer.U32(Magic);
        writer.U16(Version.Value);
        writer.U64(Chain.Value);
        writer.Hash(Genesis);
        writer.Byte((byte)Channel);
        writer.Byte((byte)refusal);
        return writer.ToArray();
    }

    /// <summary>Reads a hello. <paramref name="refusal"/> is what the other side found wrong with ours, None when it accepts.</summary>
    /// <exception cref="DecodeException">Not a hello.</exception>
    public static Hello Decode(ReadOnlySpan<byte> bytes, out SessionEnd refusal)
    {
        var reader = new CanonicalReader(bytes);
        if (reader.U32() != Magic) DecodeException.Throw(DecodeRejection.UnknownValue, "hello magic");
        var version = new ProtocolVersion(reader.U16());
        var hello = new Hello(version, new ChainId(reader.U64()), reader.Hash(), (PeerChannel)reader.Byte());
        refusal = (SessionEnd)reader.Byte();
        if (hello.Channel is not (PeerChannel.Control or PeerChannel.Bulk)) DecodeException.Throw(DecodeRejection.UnknownValue, "channel");
        if (!Enum.IsDefined(refusal)) DecodeException.Throw(DecodeRejection.UnknownValue, "refusal");
        reader.End("hello");
        return hello;
    }

    /// <summary>What is wrong with another side's hello, seen from this one.</summary>
    public SessionEnd Check(Hello other)
    {
        if (other.Version != Version) return SessionEnd.WrongVersion;
        if (other.Chain != Chain || other.Genesis != Genesis) return SessionEnd.WrongGenesis;
        return SessionEnd.None;
    }
}
