using System.Collections.Generic;
using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>A header is committed: a commit proof is for it or for a descendant, and the headers between are shown.</summary>
public sealed class HeaderProof(IReadOnlyList<Header> headers, CommitProof commit) : Proof
{
    /// <summary>Headers from the one proved to the one with the commit proof. Nearly every header has its own proof.</summary>
    public const int MaxHeaders = 1_024;

    public override ProofKind Kind => ProofKind.Commit;

    public override Epoch Epoch => Commit.Epoch;

    /// <summary>Ascending; the first is the one proved, the last the one that the commit proof names.</summary>
    public IReadOnlyList<Header> Headers { get; } = headers;

    public CommitProof Commit { get; } = commit;

    /// <summary>The header proved.</summary>
    public Header Header => Headers[0];

    public override void Write(CanonicalWriter writer)
    {
        writer.U16((ushort)Headers.Count);
        foreach (Header header in Headers) header.Write(writer);
        Commit.Write(writer);
    }

    public static HeaderProof Read(ref CanonicalReader reader)
    {
        var headers = new Header[reader.Count(MaxHeaders, 100, "headers")];
        if (headers.Length == 0) DecodeException.Throw(DecodeRejection.Malformed, "at least the header proved");
        for (int i = 0; i < headers.Length; i++) headers[i] = Header.Read(ref reader);
        return new HeaderProof(headers, CommitProof.Read(ref reader));
    }

    public override ProofVerdict Check(ProofTrust trust)
    {
        ProofVerdict verdict = trust.Check(Commit);
        if (!verdict.IsValid) return verdict;
        // A tail may well be committed: it stands behind the boundary of its epoch, and the next epoch has another block at its height.
        if (Header.IsTail)
            return new ProofVerdict(ProofFault.WrongCommitment, $"height {Header.Height} is a tail of epoch {Header.Epoch}, no height of the network");
        for (int i = 1; i < Headers.Count; i++)
        {
            // From above, because a stranger's header may have the largest height; none has height 0.
            if (Headers[i].ParentHash != Headers[i - 1].Hash || Headers[i].Height.Previous() != Headers[i - 1].Height)
                return new ProofVerdict(ProofFault.BrokenChain, $"height {Headers[i].Height} does not follow height {Headers[i - 1].Height}");
        }

        Header last = Headers[^1];
        return last.Id == Commit.Block && last.Slot == Commit.Slot && last.Epoch == Commit.Epoch
            ? ProofVerdict.Valid
            : new ProofVerdict(ProofFault.WrongCommitment, $"the commit proof is for {Commit.Block}, not for {last.Id}");
    }

    public override void WriteJson(Utf8JsonWriter writer)
    {
        writer.WriteNumber("height", Header.Height.Value);
        writer.WriteString("blockHash", Header.Hash.ToString());
        writer.WriteNumber("slot", Header.Slot.Value);
        writer.WriteNumber("timestampMs", Header.Timestamp.Value);
        writer.WriteNumber("headersAbove", Headers.Count - 1);
        writer.WriteString("commitPath", Commit.Path.ToString());
        ProofJson.WriteSigners(writer, Commit.Signatures);
    }
}
