using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>What travels, is stored, fetched and served with a header, bound by its payload commitment: the L1 view, what justifies it, and evidence.</summary>
public sealed class Payload
{
    /// <summary>Items of evidence in one block: each costs every member two signature checks.</summary>
    public const int MaxEvidence = 8;

    /// <summary>The payload of a carry block and of a block without news.</summary>
    public static readonly Payload Empty = new(L1View.None, []);

    /// <param name="l1View">The view cited; none in a network without L1.</param>
    /// <param name="evidence">Items of evidence.</param>
    /// <param name="reports">The reports that justify an advance of the view, ascending by reporter; none without one.</param>
    public Payload(L1View l1View, IReadOnlyList<Evidence> evidence, IReadOnlyList<ReportSignature>? reports = null)
    {
        L1View = l1View;
        Evidence = evidence;
        Reports = reports ?? [];
        Invariant.Check(Reports.Count == 0 || !l1View.IsNone, "only a view has reports");
        var writer = new CanonicalWriter();
        writer.Raw("SharedSeq.payload"u8);
        Write(writer);
        Commitment = Sha.Of(writer.Written);
    }

    public L1View L1View { get; }

    public IReadOnlyList<Evidence> Evidence { get; }

    /// <summary>Of L1View, ascending by reporter. Not written where there is no view.</summary>
    public IReadOnlyList<ReportSignature> Reports { get; }

    /// <summary>SHA-256("SharedSeq.payload" || encoding).</summary>
    public Hash32 Commitment { get; }

    public void Write(CanonicalWriter writer)
    {
        L1View.Write(writer);
        if (!L1View.IsNone)
        {
            writer.U16((ushort)Reports.Count);
            foreach (ReportSignature report in Reports) report.Write(writer);
        }

        writer.U16((ushort)Evidence.Count);
        foreach (Evidence item in Evidence) item.Write(writer);
    }

    public static Payload Read(ref CanonicalReader reader)
    {
        L1View view = L1View.Read(ref reader);
        ReportSignature[] reports = view.IsNone ? [] : ReadReports(ref reader);
        var evidence = new Evidence[reader.Count(MaxEvidence, 1, "evidence")];
        for (int i = 0; i < evidence.Length; i++) evidence[i] = Consensus.Evidence.Read(ref reader);
        return new Payload(view, evidence, reports);
    }

    private static ReportSignature[] ReadReports(ref CanonicalReader reader)
    {
        var reports = new ReportSignature[reader.Count(QuorumParameters.MaxMembers, ReportSignature.Size, "view reports")];
        for (int i = 0; i < reports.Length; i++)
        {
            reports[i] = ReportSignature.Read(ref reader);
            if (i > 0 && reports[i - 1].Reporter >= reports[i].Reporter)
                DecodeException.Throw(DecodeRejection.NotCanonical, "reporters ascend");
        }

        return reports;
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
