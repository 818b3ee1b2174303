using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

public sealed class CapTests
{
    private const int Cap = (int)NamespacePolicy.MinByteCap;

    private static NamespacePolicy Small(ulong id, uint blockTimeMs = 0, uint share = 1) =>
        Opaque(id, blockTimeMs) with { ByteCap = Cap, Share = share };

    private static uint[] Counts(OrderingResult result) => [.. result.Closed.Select(c => c.Block.Count)];

    [Fact]
    public void A_block_takes_exactly_its_byte_cap_and_not_one_byte_more()
    {
        var exact = new OrderingBench(null, Small(5));
        OrderingResult full = exact.Apply(1, Sized(5, 65_000, 1), Sized(5, Cap - 65_000, 2));
        Assert.Equal([2U], Counts(full));
        Assert.Equal((ulong)Cap, full.Closed[0].Block.Bytes);
        Assert.Empty(full.Backlogs);

        var above = new OrderingBench(null, Small(5));
        OrderingResult split = above.Apply(1, Sized(5, 65_000, 1), Sized(5, Cap - 65_000 + 1, 2));
        Assert.Equal([1U], Counts(split));
        Assert.Equal([new NamespaceBacklog(new NamespaceId(5), (ulong)(Cap - 65_000 + 1))], split.Backlogs);
    }

    [Fact]
    public void What_does_not_fit_comes_first_in_the_next_block_and_nothing_overtakes_it()
    {
        var bench = new OrderingBench(null, Small(5));
        TestTransaction a = Sized(5, 100_000, 1), b = Sized(5, 100_000, 2), small = Sized(5, 100, 3), c = Sized(5, 100, 4);
        Assert.Equal([a.Id], bench.Ids(bench.Apply(1, a, b, small).Closed[0].Content));
        Assert.Equal([b.Id, small.Id, c.Id], bench.Ids(bench.Apply(2, c).Closed[0].Content));
    }

    [Fact]
    public void A_backlog_drains_without_new_transactions_and_names_the_batches_it_came_from()
    {
        var bench = new OrderingBench(null, Small(5));
        TestTransaction[] all = [.. Enumerable.Range(0, 5).Select(i => Sized(5, 100_000, (byte)i))];
        var seen = new List<TxId>();
        for (ulong at = 1; at <= 5; at++)
        {
            OrderingResult result = at == 1 ? bench.ApplyBatches(at, all[..2], all[2..]) : bench.Apply(at);
            seen.AddRange(bench.Ids(result.Closed.Single().Content));
        }

        Assert.Equal(all.Select(t => t.Id), seen);
        Assert.Empty(bench.Apply(6).Closed);
        Assert.Equal(0UL, bench.Machine.QueuedBytes(new NamespaceId(5)));
    }

    [Fact]
    public void The_gas_cap_counts_declared_limits_exactly()
    {
        var bench = new OrderingBench(null, EvmNs(6) with { GasCap = 100_000 });
        OrderingResult result = bench.Apply(1, EvmTx(6, 1, 60_000), EvmTx(6, 2, 40_000), EvmTx(6, 3, 21_000));
        Assert.Equal([2U], Counts(result));
        Assert.Equal([1U], Counts(bench.Apply(2)));
    }

    [Fact]
    public void Undecodable_payloads_and_limits_above_the_cap_alone_take_no_gas()
    {
        var bench = new OrderingBench(null, EvmNs(6) with { GasCap = 100_000 });
        OrderingResult result = bench.Apply(1, EvmTx(6, 1, 100_000), EvmTx(6, 2, 100_001), Tx(6, 0, 1, 2, 3));
        Assert.Equal([3U], Counts(result));
    }

    [Fact]
    public void A_queue_holds_exactly_q_bytes_and_the_newest_beyond_it_are_rejected_as_congested()
    {
        int q = (int)NamespacePolicy.MinByteCap;
        var bench = new OrderingBench(new Policy { QueueBytes = (ulong)q }, Small(5, 1000));
        TestTransaction first = Sized(5, Cap, 1), a = Sized(5, 65_000, 2), b = Sized(5, q - 65_000, 3);
        Assert.Empty(bench.Apply(1, first, a, b).Rejections);
        Assert.Equal((ulong)q, bench.Machine.QueuedBytes(new NamespaceId(5)));
        TestTransaction tooMuch = Sized(5, 22, 4);
        OrderingResult result = bench.Apply(2, tooMuch);
        Assert.Equal([new Rejection(tooMuch.Id, new NamespaceId(5), RejectionReason.Congested)], result.Rejections);
        Assert.Equal(1U, bench.Apply(3, tooMuch).Effects.Duplicates);
        Assert.Equal([a.Id, b.Id], bench.Ids(bench.Apply(1000).Growth.Single().Content));
    }

    [Fact]
    public void Rejections_of_a_full_queue_are_the_newest_ones()
    {
        var bench = new OrderingBench(new Policy { QueueBytes = NamespacePolicy.MinByteCap }, Small(5, 1000));
        bench.Apply(1, Sized(5, Cap, 1));
        TestTransaction kept = Sized(5, 60_000, 2), large = Sized(5, 100_000, 3), small = Sized(5, 100, 4);
        OrderingResult result = bench.Apply(2, kept, large, small);
        Assert.Equal([small.Id, large.Id], result.Rejections.Select(r => r.Id));
        Assert.Equal(60_000UL, bench.Machine.QueuedBytes(new NamespaceId(5)));
    }

    [Fact]
    public void A_waiting_transaction_whose_time_passes_expires_and_lets_the_next_one_in()
    {
        var bench = new OrderingBench(null, Small(5, 1000));
        TestTransaction late = Sized(5, Cap, 2, StartSecond + 1), other = Sized(5, 200, 3);
        bench.Apply(1, Sized(5, Cap, 1), late, other);
        OrderingResult result = bench.Apply(1_001);
        Assert.Equal([new Rejection(late.Id, new NamespaceId(5), RejectionReason.Expired)], result.Rejections);
        Assert.Equal([other.Id], bench.Ids(result.Growth.Single().Content));

        var inTime = new OrderingBench(null, Small(5, 1000));
        inTime.Apply(1, Sized(5, Cap, 1), late);
        Assert.Equal([late.Id], inTime.Ids(inTime.Apply(1_000).Growth.Single().Content));
    }

    [Fact]
    public void Namespaces_share_a_full_height_by_weight()
    {
        // 4 x 131,093 bytes for a demand of 5 x 131,093: weight 3 gets three quarters of it.
        ulong height = 4 * NamespacePolicy.MinByteCap;
        var bench = new OrderingBench(
            new Policy { HeightBytes = height }, Opaque(5) with { Share = 3 }, Opaque(6) with { Share = 1 });
        TestTransaction[] five = [.. Enumerable.Range(0, 32).Select(i => Sized(5, Cap / 8, (byte)i))];
        TestTransaction[] six = [.. Enumerable.Range(0, 32).Select(i => Sized(6, Cap / 8, (byte)i))];
        OrderingResult result = bench.ApplyBatches(1, five, six);
        Assert.Equal([24U, 8U], Counts(result));
        Assert.Equal([8U, 24U], Counts(bench.Apply(2)));
    }

    [Fact]
    public void What_one_namespace_does_not_ask_for_goes_to_the_others()
    {
        ulong height = 4 * NamespacePolicy.MinByteCap;
        var bench = new OrderingBench(new Policy { HeightBytes = height }, Opaque(5) with { Share = 100 }, Opaque(6));
        TestTransaction[] six = [.. Enumerable.Range(0, 40).Select(i => Sized(6, Cap / 8, (byte)i))];
        OrderingResult result = bench.ApplyBatches(1, [Sized(5, 200, 1)], six);
        Assert.Equal([1U, 31U], Counts(result));
    }

    [Fact]
    public void A_transaction_larger_than_its_share_is_not_starved()
    {
        // Each of four namespaces gets a quarter of one large transaction per height.
        var bench = new OrderingBench(
            new Policy { HeightBytes = NamespacePolicy.MinByteCap }, Opaque(5), Opaque(6), Opaque(7), Opaque(8));
        bench.ApplyBatches(1, [.. Enumerable.Range(5, 4).Select(ns => Sized((ulong)ns, Cap, 1))],
            [.. Enumerable.Range(5, 4).Select(ns => Sized((ulong)ns, Cap, 2))]);
        var placed = new List<ulong>();
        ulong largest = 0;
        for (ulong at = 2; at < 20; at++)
        {
            OrderingResult result = bench.Apply(at);
            placed.AddRange(result.Growth.Select(g => g.Namespace.Value));
            largest = ulong.Max(largest, (ulong)result.Closed.Sum(c => (long)c.Block.Bytes));
        }

        Assert.Equal([5UL, 5UL, 6UL, 6UL, 7UL, 7UL, 8UL, 8UL], placed.Order());
        Assert.True(largest <= 4 * NamespacePolicy.MinByteCap);
    }

    [Fact]
    public void A_namespace_blocked_by_its_own_cap_takes_no_share_from_the_others()
    {
        var bench = new OrderingBench(
            new Policy { HeightBytes = 2 * NamespacePolicy.MinByteCap }, Small(5, 60_000), Opaque(6));
        bench.ApplyBatches(1, [Sized(5, Cap, 1), Sized(5, Cap, 2), Sized(5, Cap, 3)]);
        Assert.Equal([16U], Counts(bench.ApplyBatches(2, [.. Enumerable.Range(0, 16).Select(i => Sized(6, Cap / 8, (byte)i))])));
    }

    [Fact]
    public void Shares_are_max_min_fair_whatever_the_numbers()
    {
        for (ulong seed = 0; seed < 500; seed++)
        {
            var random = new Prng(seed);
            int n = random.Below(8) + 1;
            ulong total = (ulong)random.Between(0, 10_000);
            ulong[] demands = new ulong[n];
            uint[] weights = new uint[n];
            for (int i = 0; i < n; i++)
            {
                demands[i] = (ulong)random.Between(0, 5_000);
                weights[i] = (uint)random.Between(1, 9);
            }

            ulong[] allowances = new ulong[n];
            HeightShares.Divide(total, demands, weights, allowances);
            ulong given = (ulong)allowances.Sum(a => (long)a);
            ulong wanted = (ulong)demands.Sum(d => (long)d);
            Assert.Equal(ulong.Min(total, wanted), given);
            for (int i = 0; i < n; i++)
            {
                Assert.True(allowances[i] <= demands[i]);
                if (allowances[i] == demands[i]) continue;
                // Whoever is short gets, per weight, at least as much as anybody else, up to rounding.
                for (int j = 0; j < n; j++)
                    Assert.True((allowances[i] + (ulong)n) * weights[j] >= (allowances[j] - ulong.Min(allowances[j], (ulong)n)) * weights[i], $"seed {seed}");
            }
        }
    }

    [Fact]
    public void Honest_authors_stop_at_their_part_of_the_queue_and_are_never_rejected()
    {
        var policy = new Policy();
        Assert.Equal(policy.QueueBytes / 8, policy.LaneAllowance(4));
        ulong room = policy.LaneAllowance(4) - (ulong)BatchBody.RecordOverhead;
        Assert.Null(Admission.CheckLane(policy, 4, room - 10, 10));
        Assert.Equal(AdmissionRejection.Congested, Admission.CheckLane(policy, 4, room - 10, 11));
    }
}
