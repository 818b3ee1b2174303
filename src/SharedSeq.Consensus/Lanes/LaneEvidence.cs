using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Evidence about lanes: E5, an author's two batches for one place, and E6, a member's two Acks for one place (consensus.md 8).</summary>
internal sealed class LaneEvidence(LaneContext context, EvidenceBook book)
{
    // Seats by epoch: a seat of an ended epoch may be another member's now. One proof each is enough; no more than the seats of the open epochs.
    private readonly SortedSet<(ulong Epoch, ushort Seat)> _accused = [];

    /// <summary>Records that one member signed two digests for one place. Both Acks came verified; an author's Ack is its batch signature.</summary>
    public void Record(Ack first, Ack second, List<ReplicaEffect> effects)
    {
        Invariant.Check(first.Acker == second.Acker && first.Tip.Lane == second.Tip.Lane, "evidence is about one member and one lane");
        Invariant.Check(first.Tip.Seq == second.Tip.Seq && first.Tip.Digest != second.Tip.Digest, "evidence is about two digests for one place");
        if (!_accused.Add((first.Tip.Lane.Epoch.Value, first.Acker.Value))) return;
        bool byAuthor = first.Tip.Lane.Author == first.Acker;
        var evidence = new Evidence(
            byAuthor ? EvidenceKind.TwoBatches : EvidenceKind.TwoAcks, first.Tip.Lane.Epoch, first.Acker, Statement(first), Statement(second));
        book.Add(new Verified<Evidence>(evidence), effects);
        context.Trace(effects, byAuthor ? "E5" : "E6", $"lane {first.Tip.Lane} seq {first.Tip.Seq} signed twice by {first.Acker}");
    }

    /// <summary>A PoA names another digest than an Ack held for the same place: whoever signed both is caught.</summary>
    public void Compare(Ack held, ProofOfAvailability proof, List<ReplicaEffect> effects)
    {
        foreach (AckSignature item in proof.Acks)
        {
            if (item.Acker == held.Acker) Record(held, new Ack(proof.Tip, item.Acker, item.Height, item.Signature), effects);
        }
    }

    private static SignedStatement Statement(Ack ack)
    {
        var content = new CanonicalWriter(LaneTip.Size + 8);
        ack.Tip.Write(content);
        content.U64(ack.Height.Value);
        return new SignedStatement(SignedKind.Ack, content.ToArray(), ack.Signature);
    }
}
