using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Lanes;

public sealed class LaneEvidenceTests
{
    [Fact]
    public void E5_two_batches_for_one_place_are_evidence_and_only_the_first_is_acked()
    {
        var net = new LaneNet();
        Verified<Batch> first = net[0].Make(BatchSeq.Zero, Hash32.Zero, "one");
        Verified<Batch> second = net[0].Make(BatchSeq.Zero, Hash32.Zero, "two");
        net.Arrive(net[0].Id, net[1], first.Value);
        net.Arrive(net[0].Id, net[1], second.Value);

        Assert.Equal(first.Value.Tip, Assert.Single(net[1].SignedAcks).Tip);
        Evidence evidence = Assert.Single(net[1].Evidence);
        Assert.Equal(EvidenceKind.TwoBatches, evidence.EvidenceKind);
        Assert.Equal(net[0].Id, evidence.Offender);
        Assert.Equal(VerificationRejection.None, net.Verifier.TryVerify(evidence, out _));
    }

    [Fact]
    public void E5_an_author_gives_one_proof_not_one_per_batch()
    {
        var net = new LaneNet();
        net.Arrive(net[0].Id, net[1], net[0].Make(BatchSeq.Zero, Hash32.Zero, "one").Value);
        for (int i = 0; i < 10; i++) net.Arrive(net[0].Id, net[1], net[0].Make(BatchSeq.Zero, Hash32.Zero, $"other {i}").Value);
        Assert.Single(net[1].Evidence);
        Assert.Single(net[1].Disk);
    }

    [Fact]
    public void E5_a_PoA_for_another_digest_than_the_batch_held_shows_the_author_too()
    {
        var net = new LaneNet();
        Verified<Batch> mine = net[0].Make(BatchSeq.Zero, Hash32.Zero, "one");
        Verified<Batch> other = net[0].Make(BatchSeq.Zero, Hash32.Zero, "two");
        net.Arrive(net[0].Id, net[1], mine.Value);
        net.Arrive(net[0].Id, net[1], ProofOf(net, other.Value.AuthorAck, net[2], net[3]));

        Assert.Equal(EvidenceKind.TwoBatches, Assert.Single(net[1].Evidence).EvidenceKind);
    }

    [Fact]
    public void The_same_batch_at_two_heights_is_no_evidence()
    {
        var net = new LaneNet();
        BatchBody body = TestBatches.Body(new TestTransaction(1, 0, [1]));
        BatchHeader header = TestBatches.HeaderOf(body, net[0].Lane, BatchSeq.Zero, Hash32.Zero);
        for (ulong height = 0; height < 2; height++)
            net.Arrive(net[0].Id, net[1], net[0].Signer.Batch(header, new Height(height), body).Value);

        Assert.Empty(net[1].Evidence);
    }

    [Fact]
    public void E6_two_acks_of_a_member_for_one_place_are_evidence()
    {
        var net = new LaneNet();
        net.Loses = (_, _, message) => message is Ack;
        Batch batch = net[0].Seal("a");
        net.Run();
        Verified<Ack> other = net[3].Signer.Ack(batch.Tip with { Digest = Sha.Of("other"u8) }, Height.Zero);
        net.Arrive(net[3].Id, net[0], other.Value);
        net.Arrive(net[3].Id, net[0], net[3].SignedAcks[0]);

        Evidence evidence = Assert.Single(net[0].Evidence);
        Assert.Equal(EvidenceKind.TwoAcks, evidence.EvidenceKind);
        Assert.Equal(net[3].Id, evidence.Offender);
        Assert.Equal(VerificationRejection.None, net.Verifier.TryVerify(evidence, out _));
    }

    [Fact]
    public void A_member_that_acked_the_wrong_twin_goes_on_acking_behind_the_certified_one()
    {
        var net = new LaneNet();
        Verified<Batch> wrong = net[0].Make(BatchSeq.Zero, Hash32.Zero, "wrong");
        net.Arrive(net[0].Id, net[1], wrong.Value);
        net.Loses = (_, to, message) => message is Batch && to == net[1].Id;
        Batch right = net[0].Seal("right");
        net.Run();
        net.Loses = (_, _, _) => false;
        Batch next = net[0].Seal("next");
        net.Run();

        Assert.Contains(net[1].SignedAcks, a => a.Tip == next.Tip);
        net.CommitBy(net[2]);
        net.Pass(1_000);
        Assert.All(net.Nodes, n => Assert.Equal([right.Tip, next.Tip], n.Delivered.SelectMany(d => d.Batches)));
        Assert.All(net.Nodes, n => Assert.Empty(n.Alarms));
    }

    [Fact]
    public void Two_batches_behind_each_other_are_not_acked_when_the_second_hangs_on_a_twin()
    {
        var net = new LaneNet();
        Verified<Batch> first = net[0].Make(BatchSeq.Zero, Hash32.Zero, "one");
        Verified<Batch> twin = net[0].Make(BatchSeq.Zero, Hash32.Zero, "two");
        Verified<Batch> behind = net[0].Make(new BatchSeq(1), twin.Value.Header.Digest, "behind the twin");
        net.Arrive(net[0].Id, net[1], first.Value);
        net.Arrive(net[0].Id, net[1], behind.Value);
        Assert.Equal(first.Value.Tip, Assert.Single(net[1].SignedAcks).Tip);
    }

    internal static ProofOfAvailability ProofOf(LaneNet net, Ack author, params LaneNode[] ackers)
    {
        IEnumerable<Ack> acks = ackers.Select(n => n.Signer.Ack(author.Tip, Height.Zero).Value).Append(author);
        var proof = new ProofOfAvailability(
            author.Tip, [.. acks.OrderBy(a => a.Acker).Select(a => new AckSignature(a.Acker, a.Height, a.Signature))]);
        net.Verify(proof);
        return proof;
    }
}
