using SharedSeq.Ordering;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

public sealed class DuplicateRuleTests
{
    private static int Placed(OrderingResult result) => result.Growth.Sum(g => g.Count);

    private static (int Placed, uint Duplicates, RejectionReason? Reason) Outcome(OrderingResult result) =>
        (Placed(result), result.Effects.Duplicates, result.Rejections.Count == 0 ? null : result.Rejections.Single().Reason);

    [Fact]
    public void The_second_copy_of_a_transaction_is_dropped_and_counted_within_a_height_and_across_heights()
    {
        var bench = new OrderingBench(null, Opaque(5));
        TestTransaction tx = Tx(5, StartSecond + 10, 1);
        Assert.Equal((1, 1U, null), Outcome(bench.ApplyBatches(1, [tx], [tx])));
        Assert.Equal((0, 1U, null), Outcome(bench.Apply(2, tx)));
    }

    [Fact]
    public void Equal_payloads_with_another_time_or_namespace_are_other_transactions()
    {
        var bench = new OrderingBench(null, Opaque(5), Opaque(6));
        Assert.Equal(
            (3, 0U, null), Outcome(bench.Apply(1, Tx(5, StartSecond + 10, 1), Tx(5, StartSecond + 11, 1), Tx(6, StartSecond + 10, 1))));
    }

    [Fact]
    public void An_opaque_transaction_may_be_placed_until_its_time_and_is_remembered_just_as_long()
    {
        TestTransaction tx = Tx(5, StartSecond + 10, 1);
        var bench = new OrderingBench(null, Opaque(5));
        Assert.Equal((1, 0U, null), Outcome(bench.Apply(10_000, tx)));
        Assert.Equal((0, 1U, null), Outcome(bench.Apply(10_000, tx)));
        Assert.Equal((0, 0U, RejectionReason.Expired), Outcome(bench.Apply(10_001, tx)));
        Assert.Equal(1U, bench.Machine.RememberedIds);
        Assert.Equal((0, 0U, RejectionReason.Expired), Outcome(bench.Apply(11_000, tx)));
        Assert.Equal(0U, bench.Machine.RememberedIds);
    }

    [Theory]
    [InlineData(0UL, 60UL, null)]
    [InlineData(0UL, 61UL, RejectionReason.TooFarAhead)]
    [InlineData(999UL, 60UL, null)]
    [InlineData(999UL, 61UL, RejectionReason.TooFarAhead)]
    [InlineData(1000UL, 61UL, null)]
    public void ValidUntil_may_lie_as_far_ahead_as_ids_are_remembered(ulong atMs, ulong ahead, RejectionReason? reason)
    {
        var bench = new OrderingBench(null, Opaque(5));
        Assert.Equal(reason, Outcome(bench.Apply(atMs, Tx(5, StartSecond + ahead, 1))).Reason);
    }

    [Fact]
    public void An_opaque_transaction_needs_a_time_and_an_evm_transaction_has_none()
    {
        var bench = new OrderingBench(null, Opaque(5), EvmNs(6));
        Assert.Equal(RejectionReason.ValidUntilRequired, Outcome(bench.Apply(1, Tx(5, 0, 1))).Reason);
        Assert.Equal(RejectionReason.ValidUntilNotAllowed, Outcome(bench.Apply(2, Tx(6, StartSecond + 1, 1))).Reason);
        Assert.Equal((1, 0U, null), Outcome(bench.Apply(3, Tx(6, 0, 1))));
    }

    [Fact]
    public void An_equal_evm_payload_is_dropped_for_five_seconds_from_the_one_taken_and_ordered_again_later()
    {
        var bench = new OrderingBench(null, EvmNs(6));
        TestTransaction tx = EvmTx(6, 1, 21_000);
        Assert.Equal((1, 0U, null), Outcome(bench.Apply(1, tx)));
        Assert.Equal((0, 1U, null), Outcome(bench.Apply(3_000, tx)));
        Assert.Equal((0, 1U, null), Outcome(bench.Apply(5_000, tx)));
        Assert.Equal((1, 0U, null), Outcome(bench.Apply(5_001, tx)));
        Assert.Equal((0, 1U, null), Outcome(bench.Apply(10_000, tx)));
    }

    [Fact]
    public void A_full_table_rejects_as_congested_and_has_room_again_when_times_have_passed()
    {
        var bench = new OrderingBench(new Policy { DedupIdsMax = 2 }, Opaque(5));
        OrderingResult full = bench.Apply(1, Tx(5, StartSecond + 2, 1), Tx(5, StartSecond + 9, 2), Tx(5, StartSecond + 9, 3));
        Assert.Equal((2, 0U, RejectionReason.Congested), Outcome(full));
        Assert.Equal((0, 1U, null), Outcome(bench.Apply(2_999, Tx(5, StartSecond + 9, 2))));
        Assert.Equal(RejectionReason.Congested, Outcome(bench.Apply(2_999, Tx(5, StartSecond + 9, 3))).Reason);
        Assert.Equal((1, 0U, null), Outcome(bench.Apply(3_000, Tx(5, StartSecond + 9, 3))));
    }

    [Fact]
    public void What_a_full_table_rejected_is_not_remembered()
    {
        var bench = new OrderingBench(new Policy { DedupIdsMax = 1 }, Opaque(5));
        bench.Apply(1, Tx(5, StartSecond + 1, 1), Tx(5, StartSecond + 9, 2));
        Assert.Equal((1, 0U, null), Outcome(bench.Apply(2_000, Tx(5, StartSecond + 9, 2))));
    }

    [Theory]
    [InlineData(0UL, RejectionReason.BadStatement)]
    [InlineData(4UL, RejectionReason.UnknownNamespace)]
    public void Records_of_namespaces_that_take_none_are_left_out_with_their_reason(ulong ns, RejectionReason reason)
    {
        var bench = new OrderingBench(null, Opaque(5));
        TestTransaction tx = Tx(ns, StartSecond + 9, 1);
        OrderingResult result = bench.Apply(1, tx, Tx(5, StartSecond + 9, 1));
        Assert.Equal(1, Placed(result));
        Assert.Equal(tx.Id, result.Rejections.Single().Id);
        Assert.Equal(ns, result.Rejections.Single().Namespace.Value);
        Assert.Equal(reason, result.Rejections.Single().Reason);
    }

    [Fact]
    public void Empty_and_oversized_payloads_are_left_out_and_the_limit_itself_fits()
    {
        var bench = new OrderingBench(new Policy { TransactionBytesMax = 100 }, Opaque(5));
        Assert.Equal(RejectionReason.Empty, Outcome(bench.Apply(1, Tx(5, StartSecond + 9))).Reason);
        Assert.Equal(RejectionReason.TooLarge, Outcome(bench.Apply(2, Tx(5, StartSecond + 9, new byte[101]))).Reason);
        Assert.Equal((1, 0U, null), Outcome(bench.Apply(3, Tx(5, StartSecond + 9, new byte[100]))));
    }
}
