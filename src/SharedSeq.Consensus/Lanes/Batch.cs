using System;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// A unit that a replica disseminates in its lane. The author's signature is its own Ack at the height it names. A Batch object is always
/// consistent in itself: its body has the count, the size and the Merkle root its header says; only the signature is still to be verified.
/// </summary>
public sealed class Batch : PeerMessage
{
    private Batch(BatchHeader header, Height authorHeight, Signature64 signature, BatchBody body)
    {
        Header = header;
        AuthorHeight = authorHeight;
        Signature = signature;
        Body = body;
    }

    public override MessageKind Kind => MessageKind.Batch;

    public BatchHeader Header { get; }

    /// <summary>The author's committed height when it signed.</summary>
    public Height AuthorHeight { get; }

    /// <summary>The author's Ack signature for <see cref="BatchHeader.Tip"/> at <see cref="AuthorHeight"/>.</summary>
    public Signature64 Signature { get; }

    public BatchBody Body { get; }

    public LaneTip Tip => Header.Tip;

    public Ack AuthorAck => new(Tip, Header.Lane.Author, AuthorHeight, Signature);

    /// <summary>Builds a batch after checking that body and header belong together.</summary>
    public static Batch Create(BatchHeader header, Height authorHeight, Signature64 signature, BatchBody body)
    {
        if (body.Count != header.TransactionCount || body.Bytes.Length != header.BodyBytes)
            DecodeException.Throw(DecodeRejection.Malformed, "batch body and header differ in size");
        if (MerkleTree.RootOfLeafHashes(body.LeafHashes) != header.TransactionRoot)
            DecodeException.Throw(DecodeRejection.Malformed, "batch body and header differ in their root");
        return new Batch(header, authorHeight, signature, body);
    }

    /// <summary>An own batch, whose header was just computed from this very body.</summary>
    internal static Batch Own(BatchHeader header, Height height, Signature64 signature, BatchBody body) => new(header, height, signature, body);

    /// <summary>Bytes that <see cref="Write(CanonicalWriter)"/> writes.</summary>
    public int EncodedBytes => BatchHeader.Size + 8 + Signature64.Size + Body.Bytes.Length;

    public override void Write(CanonicalWriter writer)
    {
        WriteOpening(writer);
        writer.Raw(Body.Bytes.Span);
    }

    /// <summary>Writes <see cref="EncodedBytes"/> bytes without a buffer in between.</summary>
    public void Write(Span<byte> target)
    {
        var opening = new CanonicalWriter(BatchHeader.Size + 8 + Signature64.Size);
        WriteOpening(opening);
        opening.Written.CopyTo(target);
        Body.Bytes.Span.CopyTo(target[opening.Length..]);
    }

    /// <summary>Reads a batch whose body may stay a slice of <paramref name="frame"/>; the caller must not change that memory.</summary>
    public static Batch Read(ReadOnlyMemory<byte> frame)
    {
        var reader = new CanonicalReader(frame.Span);
        Batch batch = ReadPart(frame, ref reader);
        reader.End("batch");
        return batch;
    }

    private void WriteOpening(CanonicalWriter writer)
    {
        Header.Write(writer);
        writer.U64(AuthorHeight.Value);
        writer.Signature(Signature);
    }

    internal static Batch ReadPart(ReadOnlyMemory<byte> frame, ref CanonicalReader reader)
    {
        BatchHeader header = BatchHeader.Read(ref reader);
        var height = new Height(reader.U64());
        Signature64 signature = reader.Signature();
        int start = frame.Length - reader.Remaining;
        reader.Raw(header.BodyBytes);
        return Create(header, height, signature, BatchBody.Parse(frame.Slice(start, header.BodyBytes), header.TransactionCount));
    }
}
