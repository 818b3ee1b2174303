using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Lanes;

public sealed class LaneAckTests
{
    [Fact]
    public void A_batch_is_stored_then_acked_then_certified_and_the_receipt_is_released_after_the_PoA_went_out()
    {
        var net = new LaneNet();
        Batch batch = net[0].Seal("a");
        net.Run();

        Assert.All(net.Nodes, node => Assert.True(node.Disk.ContainsKey(batch.Header.Digest)));
        ProofOfAvailability proof = Assert.Single(net[0].Certified);
        Assert.Equal(batch.Tip, proof.Tip);
        Assert.Equal(net.Committee.Quorum.Quorum, proof.Acks.Length);
        Assert.All(net.Nodes, node => Assert.True(node.Book.HasNews([], Height.Zero)));
    }

    [Fact]
    public void No_ack_is_signed_before_the_batch_is_durable()
    {
        var net = new LaneNet();
        net[1].IsPrompt = false;
        net.Loses = (_, _, message) => message is ProofOfAvailability;
        net[0].Seal("a");
        net.Run();
        Assert.Equal(1, net[1].UnsyncedCount);
        Assert.Empty(net[1].SignedAcks);

        net[1].Settle();
        Assert.Single(net[1].SignedAcks);
    }

    [Fact]
    public void Several_batches_in_flight_are_certified_each()
    {
        var net = new LaneNet();
        for (int i = 0; i < 20; i++) net[2].Seal($"payload {i}");
        net.Run();
        Assert.Equal(19UL, net[2].Certified[^1].Tip.Seq.Value);
        Assert.Equal(net[2].Certified.Count, net[2].Certified.Select(p => p.Tip.Seq).Distinct().Count());
    }

    [Fact]
    public void One_ack_covers_the_places_that_became_durable_while_another_was_being_signed()
    {
        var net = new LaneNet();
        net[1].IsPrompt = false;
        net.Loses = (_, _, message) => message is ProofOfAvailability;
        for (int i = 0; i < 6; i++) net[0].Seal($"{i}");
        net.Run();
        net[1].Sync();
        net[1].SignOne();
        net[1].Settle();

        // The first place alone; then places 1 to 5 as one group, acked at its newest and its roundest place.
        Assert.Equal([0UL, 4UL, 5UL], net[1].SignedAcks.Select(a => a.Tip.Seq.Value));
    }

    [Theory]
    [InlineData(0, 9, 0)]
    [InlineData(1, 1, 1)]
    [InlineData(1, 7, 4)]
    [InlineData(5, 7, 6)]
    [InlineData(7, 9, 8)]
    [InlineData(9, 15, 12)]
    [InlineData(17, 33, 32)]
    public void The_roundest_place_of_a_group_is_divisible_by_the_highest_power_of_two(ulong low, ulong high, ulong round)
    {
        Assert.Equal(round, AckSigner.Roundest(low, high));
    }

    [Fact]
    public void Members_that_group_their_acks_differently_still_certify_a_common_place()
    {
        for (int seed = 0; seed < 50; seed++)
        {
            var net = new LaneNet();
            var random = new Prng((ulong)seed);
            foreach (LaneNode node in net.Nodes.Skip(1)) node.IsPrompt = false;
            ulong worst = 0;
            for (int i = 0; i < 64; i++)
            {
                net[0].Seal($"{i}");
                net.Run();
                foreach (LaneNode node in net.Nodes.Skip(1))
                {
                    node.Sync();
                    while (random.Chance(300)) node.SignOne();
                }

                net.Run();
                ulong certified = net[0].Certified.Count == 0 ? 0 : net[0].Certified[^1].Tip.Seq.Value + 1;
                worst = ulong.Max(worst, (ulong)i + 1 - certified);
            }

            Assert.True(worst <= 40, $"seed {seed}: {worst} batches without a PoA");
        }
    }

    [Fact]
    public void A_repeated_batch_is_answered_with_the_same_ack_again()
    {
        var net = new LaneNet();
        net.Loses = (_, to, message) => message is Ack && to == net[0].Id;
        Batch batch = net[0].Seal("a");
        net.Run();
        Ack first = Assert.Single(net[1].SignedAcks);

        net.Loses = (_, _, _) => false;
        net.Arrive(net[0].Id, net[1], batch);
        Assert.Same(first, net[1].Sent[^1].Message);
        Assert.Single(net[1].SignedAcks);
    }

    [Fact]
    public void A_batch_that_is_certified_already_is_answered_with_its_PoA()
    {
        var net = new LaneNet();
        Batch batch = net[0].Seal("a");
        net.Run();
        net.Arrive(net[0].Id, net[1], batch);
        var answer = Assert.IsType<ProofOfAvailability>(net[1].Sent[^1].Message);
        Assert.Equal(batch.Tip, answer.Tip);
    }

    [Fact]
    public void Batches_out_of_order_wait_for_the_one_before_them()
    {
        var net = new LaneNet();
        net.Loses = (_, to, message) => message is Batch && to == net[1].Id;
        var batches = Enumerable.Range(0, 5).Select(i => net[0].Seal($"{i}")).ToList();
        net.Run();
        net.Loses = (_, _, message) => message is ProofOfAvailability;
        var late = new LaneNet();
        foreach (int i in (int[])[4, 2, 3, 1])
        {
            late.Arrive(net[0].Id, late[1], batches[i]);
            Assert.Empty(late[1].SignedAcks);
        }

        late.Arrive(net[0].Id, late[1], batches[0]);
        Assert.All(batches, b => Assert.True(late[1].Disk.ContainsKey(b.Header.Digest)));
        Assert.Equal(4UL, late[1].SignedAcks[^1].Tip.Seq.Value);
    }

    [Fact]
    public void The_reorder_buffer_is_bounded_by_batches_and_drops_the_highest()
    {
        var author = new LaneNet();
        author.Loses = (_, _, _) => true;
        var batches = Enumerable.Range(0, 100).Select(i => author[0].Seal($"{i}")).ToList();
        var net = new LaneNet();
        foreach (Batch batch in batches.Skip(1).Reverse()) net.Arrive(author[0].Id, net[1], batch);
        net.Arrive(author[0].Id, net[1], batches[0]);
        Assert.Equal(33, net[1].Disk.Count);
        Assert.Equal(32UL, net[1].SignedAcks[^1].Tip.Seq.Value);
    }

    [Fact]
    public void The_reorder_buffer_is_bounded_by_bytes()
    {
        var author = new LaneNet();
        author.Loses = (_, _, _) => true;
        string large = new('x', 120_000);
        var batches = Enumerable.Range(0, 20).Select(i => author[0].Seal($"{i}" + large, large, large, large)).ToList();
        var net = new LaneNet();
        foreach (Batch batch in batches.Skip(1).Reverse()) net.Arrive(author[0].Id, net[1], batch);
        net.Arrive(author[0].Id, net[1], batches[0]);
        Assert.Equal(9, net[1].Disk.Count);
    }

    [Fact]
    public void An_ack_of_a_height_that_cannot_be_is_not_counted()
    {
        var net = new LaneNet();
        net.Loses = (_, _, message) => message is Ack;
        Batch batch = net[0].Seal("a");
        net.Run();
        Verified<Ack> lie = net[3].Signer.Ack(batch.Tip, new Height(Receipt.DefaultDeadlineHeights + 1));
        net.Arrive(net[3].Id, net[0], lie.Value);
        net.Arrive(net[1].Id, net[0], net[1].SignedAcks[0]);
        Assert.Empty(net[0].Certified);

        net.Arrive(net[2].Id, net[0], net[2].SignedAcks[0]);
        Assert.Single(net[0].Certified);
    }

    [Fact]
    public void Lanes_of_unknown_workers_and_other_epochs_are_refused()
    {
        var net = new LaneNet();
        BatchBody body = TestBatches.Body(new TestTransaction(1, 0, [1]));
        foreach (LaneId lane in (LaneId[])[new(Epoch.Zero, net[0].Id, 1), new(new Epoch(1), net[0].Id, 0)])
        {
            BatchHeader header = TestBatches.HeaderOf(body, lane, BatchSeq.Zero, Hash32.Zero);
            Verified<Batch> batch = net[0].Signer.Batch(header, Height.Zero, body);
            net[1].Do((book, effects) => book.OnBatchReceived(batch, net.NowMs, effects));
        }

        Assert.Empty(net[1].Disk);
    }

    [Fact]
    public void A_committee_of_one_certifies_by_itself()
    {
        var net = new LaneNet(1);
        Batch batch = net[0].Seal("a");
        Assert.Equal(batch.Tip, Assert.Single(net[0].Certified).Tip);
    }
}
