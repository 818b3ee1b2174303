using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// As leader cites an L1 block that does not exist, or true blocks with other inputs, with reports of which only its own verifies.
/// </summary>
public sealed class FalseViewLeader : ViewForger
{
    protected override Payload? Forge(L1View parent, Payload chosen)
    {
        if (Random.Below(3) == 0) return null;
        L1View truth = Run.L1!.ViewOf(parent.Number + 1);
        L1View cited = Random.Below(2) == 0
            ? truth with { InputsDigest = Sha.Of("other inputs"u8) }
            : truth with { Hash = Sha.Of("no such block"u8), InputsDigest = Sha.Of("its inputs"u8) };
        var reports = new List<ReportSignature>();
        for (ushort i = 0; i < Node.Committee.Quorum.Quorum; i++) reports.Add(new ReportSignature(new ReplicaId(i), Sign.Report(cited).Value.Signature));
        return new Payload(cited, chosen.Evidence, reports);
    }
}
