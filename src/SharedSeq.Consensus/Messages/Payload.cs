using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>The L1 block a slot is evaluated against (l1.md 3). All zero until a network follows an L1.</summary>
public sealed record L1View(ulong ChainId, ulong Number, Hash32 Hash, Hash32 ParentHash, ulong Timestamp, Hash32 InputsDigest)
{
    public static readonly L1View None = new(0, 0, default, default, 0, default);

    public void Write(CanonicalWriter writer)
    {
        writer.U64(ChainId);
        writer.U64(Number);
        writer.Hash(Hash);
        writer.Hash(ParentHash);
        writer.U64(Timestamp);
        writer.Hash(InputsDigest);
    }

    public static L1View Read(ref CanonicalReader reader) =>
        new(reader.U64(), reader.U64(), reader.Hash(), reader.Hash(), reader.U64(), reader.Hash());
}

/// <summary>What travels, is stored, fetched and served with a header, bound by its payload commitment: the L1 view and evidence.</summary>
public sealed class Payload
{
    /// <summary>Items of evidence in one block: each costs every member two signature checks.</summary>
    public const int MaxEvidence = 8;

    /// <summary>The payload of a carry block and of a block without news.</summary>
    public static readonly Payload Empty = new(L1View.None, []);

    public Payload(L1View l1View, IReadOnlyList<Evidence> evidence)
    {
        L1View = l1View;
        Evidence = evidence;
        var writer = new CanonicalWriter();
        writer.Raw("SharedSeq.payload"u8);
        Write(writer);
        Commitment = Sha.Of(writer.Written);
    }

    public L1View L1View { get; }

    public IReadOnlyList<Evidence> Evidence { get; }

    /// <summary>SHA-256("SharedSeq.payload" || encoding).</summary>
    public Hash32 Commitment { get; }

    public void Write(CanonicalWriter writer)
    {
        L1View.Write(writer);
        writer.U16((ushort)Evidence.Count);
        foreach (Evidence item in Evidence) item.Write(writer);
    }

    public static Payload Read(ref CanonicalReader reader)
    {
        L1View view = L1View.Read(ref reader);
        var evidence = new Evidence[reader.Count(MaxEvidence, 1, "evidence")];
        for (int i = 0; i < evidence.Length; i++) evidence[i] = Consensus.Evidence.Read(ref reader);
        return new Payload(view, evidence);
    }
}

/// <summary>A header and its payload: one thing wherever "header" is said to be durable, held, fetched or missing.</summary>
public sealed class Block(Header header, Payload payload)
{
    public Header Header { get; } = header;

    public Payload Payload { get; } = payload;

    public BlockId Id => Header.Id;

    public void Write(CanonicalWriter writer)
    {
        Header.Write(writer);
        Payload.Write(writer);
    }

    /// <summary>Reads both and checks that they belong together.</summary>
    public static Block Read(ref CanonicalReader reader)
    {
        Header header = Header.Read(ref reader);
        Payload payload = Payload.Read(ref reader);
        if (header.PayloadCommitment != payload.Commitment)
            DecodeException.Throw(DecodeRejection.Malformed, "the payload is not the one the header commits to");
        if (header.IsCarry && payload.Commitment != Payload.Empty.Commitment)
            DecodeException.Throw(DecodeRejection.NotCanonical, "a carry block has no payload");
        return new Block(header, payload);
    }
}
