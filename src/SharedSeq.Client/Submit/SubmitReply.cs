using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>Kinds of replies on the binary submit stream. Values are pinned.</summary>
public enum SubmitReplyKind : byte
{
    /// <summary>Some transactions of a frame were not admitted; the others go on.</summary>
    Refused = 1,

    /// <summary>The frame's admitted transactions have a receipt.</summary>
    Accepted = 2,

    /// <summary>Frames whose transactions are committed at one height, with one proof for all.</summary>
    Committed = 3,

    /// <summary>The whole frame was not taken.</summary>
    NotTaken = 4,

    /// <summary>The frame is committed, but this operator has no proof near enough to its height.</summary>
    Unproven = 5,
}

/// <summary>A frame's place in a batch: its admitted transactions are Range of the batch at Seq.</summary>
public sealed record CommittedFrame(ulong Request, BatchSeq Seq, MerkleRangeProof Range);

/// <summary>One reply, node to client. A WebSocket message holds one or more, back to back: replies are joined per block.</summary>
public abstract record SubmitReply
{
    private SubmitReply()
    {
    }

    /// <param name="Request">The frame.</param>
    /// <param name="Transactions">Index in the frame and reason code of each refused one.</param>
    public sealed record Refused(ulong Request, IReadOnlyList<(ushort Index, byte Reason)> Transactions) : SubmitReply;

    /// <param name="Request">The frame.</param>
    /// <param name="Header">Header of the batch it is in.</param>
    /// <param name="Range">Place of its admitted transactions, which are the leaves in their order.</param>
    /// <param name="Later">Headers of the batches after it up to the one the PoA is of; mostly none.</param>
    /// <param name="Proof">PoA of that batch, or of a later one that covers it.</param>
    public sealed record Accepted(
        ulong Request, BatchHeader Header, MerkleRangeProof Range, IReadOnlyList<BatchHeader> Later, ProofOfAvailability Proof) : SubmitReply;

    /// <param name="Headers">Header of the committed height, then its descendants up to the one the proof names; nearly always one.</param>
    /// <param name="Proof">The commit proof of the last header.</param>
    /// <param name="Chain">Headers of the lane's batches this height orders, ascending, the last being the tip in the cut.</param>
    /// <param name="Frames">The frames in them.</param>
    public sealed record Committed(
        IReadOnlyList<Header> Headers, CommitProof Proof, IReadOnlyList<BatchHeader> Chain, IReadOnlyList<CommittedFrame> Frames) : SubmitReply
    {
        /// <summary>Headers in one reply: as in a header proof.</summary>
        public const int MaxHeaders = 1_024;
    }

    /// <param name="Request">The frame.</param>
    /// <param name="Reason">SubmissionRejection of the node.</param>
    public sealed record NotTaken(ulong Request, byte Reason) : SubmitReply;

    /// <summary>
    /// An operator that was away learns heights from the others by the proof of a later one. When that is more than
    /// <see cref="Committed.MaxHeaders"/> above, it can only say so: any other operator proves the height.
    /// </summary>
    /// <param name="Request">The frame.</param>
    /// <param name="Height">Where it is committed, by this operator's word.</param>
    public sealed record Unproven(ulong Request, Height Height) : SubmitReply;

    public void Write(CanonicalWriter writer)
    {
        switch (this)
        {
            case Refused r:
                writer.Byte((byte)SubmitReplyKind.Refused);
                writer.U64(r.Request);
                writer.U16((ushort)r.Transactions.Count);
                foreach ((ushort index, byte reason) in r.Transactions)
                {
                    writer.U16(index);
                    writer.Byte(reason);
                }

                break;
            case Accepted r:
                writer.Byte((byte)SubmitReplyKind.Accepted);
                writer.U64(r.Request);
                r.Header.Write(writer);
                r.Range.Write(writer);
                writer.U16((ushort)r.Later.Count);
                foreach (BatchHeader header in r.Later) header.Write(writer);
                r.Proof.Write(writer);
                break;
            case Committed r:
                WriteCommitted(writer, r);
                break;
            case NotTaken r:
                writer.Byte((byte)SubmitReplyKind.NotTaken);
                writer.U64(r.Request);
                writer.Byte(r.Reason);
                break;
            case Unproven r:
                writer.Byte((byte)SubmitReplyKind.Unproven);
                writer.U64(r.Request);
                writer.U64(r.Height.Value);
                break;
            default:
                Invariant.Throw("a submit reply of no known kind");
                break;
        }
    }

    public static SubmitReply Read(ref CanonicalReader reader)
    {
        var kind = (SubmitReplyKind)reader.Byte();
        switch (kind)
        {
            case SubmitReplyKind.Refused: return ReadRefused(ref reader);
            case SubmitReplyKind.Accepted: return ReadAccepted(ref reader);
            case SubmitReplyKind.Committed: return ReadCommitted(ref reader);
            case SubmitReplyKind.NotTaken: return new NotTaken(reader.U64(), reader.Byte());
            case SubmitReplyKind.Unproven: return new Unproven(reader.U64(), new Height(reader.U64()));
            default:
                DecodeException.Throw(DecodeRejection.UnknownValue, $"kind of a submit reply {(byte)kind}");
                return null!;
        }
    }

    private static Accepted ReadAccepted(ref CanonicalReader reader)
    {
        ulong request = reader.U64();
        BatchHeader header = BatchHeader.Read(ref reader);
        MerkleRangeProof range = MerkleRangeProof.Read(ref reader);
        var later = new BatchHeader[reader.Count(Receipt.MaxLater, BatchHeader.Size, "later batch headers")];
        for (int i = 0; i < later.Length; i++) later[i] = BatchHeader.Read(ref reader);
        return new Accepted(request, header, range, later, ProofOfAvailability.Read(ref reader));
    }

    private static void WriteCommitted(CanonicalWriter writer, Committed r)
    {
        writer.Byte((byte)SubmitReplyKind.Committed);
        writer.U16((ushort)r.Headers.Count);
        foreach (Header header in r.Headers) header.Write(writer);
        r.Proof.Write(writer);
        writer.U16((ushort)r.Chain.Count);
        foreach (BatchHeader header in r.Chain) header.Write(writer);
        writer.U16((ushort)r.Frames.Count);
        foreach (CommittedFrame frame in r.Frames)
        {
            writer.U64(frame.Request);
            writer.U64(frame.Seq.Value);
            frame.Range.Write(writer);
        }
    }

    private static Committed ReadCommitted(ref CanonicalReader reader)
    {
        var headers = new Header[reader.Count(Committed.MaxHeaders, 99, "headers")];
        if (headers.Length == 0) DecodeException.Throw(DecodeRejection.Malformed, "a committed reply without a header");
        for (int i = 0; i < headers.Length; i++) headers[i] = Header.Read(ref reader);
        CommitProof proof = CommitProof.Read(ref reader);
        var chain = new BatchHeader[reader.Count(ushort.MaxValue, BatchHeader.Size, "batch headers")];
        for (int i = 0; i < chain.Length; i++) chain[i] = BatchHeader.Read(ref reader);
        var frames = new CommittedFrame[reader.Count(ushort.MaxValue, 36, "frames")];
        for (int i = 0; i < frames.Length; i++)
            frames[i] = new CommittedFrame(reader.U64(), new BatchSeq(reader.U64()), MerkleRangeProof.Read(ref reader));
        return new Committed(headers, proof, chain, frames);
    }

    private static Refused ReadRefused(ref CanonicalReader reader)
    {
        ulong request = reader.U64();
        var items = new (ushort, byte)[reader.Count(SubmitRequest.MaxTransactions, 3, "refused transactions")];
        for (int i = 0; i < items.Length; i++) items[i] = (reader.U16(), reader.Byte());
        return new Refused(request, items);
    }
}
