using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.Tests.L1;

/// <summary>
/// The rules P1 to P8 of docs/protocol/l1-view.md. Every poll's outcome is checked against the true chain by <see
/// cref="L1Network"/>.
/// </summary>
public sealed class L1ProvidersTests
{
    [Theory]
    [InlineData(nameof(L1Lie.None), L1ProviderState.Healthy, L1Fault.None)]
    [InlineData(nameof(L1Lie.WrongHash), L1ProviderState.Quarantined, L1Fault.ForgedHeader)]
    [InlineData(nameof(L1Lie.WrongParent), L1ProviderState.Quarantined, L1Fault.ForgedHeader)]
    [InlineData(nameof(L1Lie.ForgedHeader), L1ProviderState.Quarantined, L1Fault.ForgedHeader)]
    [InlineData(nameof(L1Lie.EmptyBloom), L1ProviderState.Quarantined, L1Fault.ForgedHeader)]
    [InlineData(nameof(L1Lie.OtherBlock), L1ProviderState.Quarantined, L1Fault.WrongBlock)]
    [InlineData(nameof(L1Lie.HugeNumber), L1ProviderState.Quarantined, L1Fault.WrongBlock)]
    [InlineData(nameof(L1Lie.ReceiptsMissing), L1ProviderState.Quarantined, L1Fault.WrongReceipts)]
    [InlineData(nameof(L1Lie.ReceiptsChanged), L1ProviderState.Quarantined, L1Fault.WrongReceipts)]
    [InlineData(nameof(L1Lie.ReceiptsReordered), L1ProviderState.Quarantined, L1Fault.WrongReceipts)]
    [InlineData(nameof(L1Lie.LogsOmitted), L1ProviderState.Quarantined, L1Fault.WrongReceipts)]
    [InlineData(nameof(L1Lie.FinalizedConflict), L1ProviderState.Quarantined, L1Fault.FinalizedMismatch)]
    [InlineData(nameof(L1Lie.WrongChainId), L1ProviderState.Quarantined, L1Fault.WrongChain)]
    [InlineData(nameof(L1Lie.TagsOutOfOrder), L1ProviderState.Suspect, L1Fault.Inconsistent)]
    [InlineData(nameof(L1Lie.Slow), L1ProviderState.Suspect, L1Fault.Timeout)]
    [InlineData(nameof(L1Lie.Garbage), L1ProviderState.Suspect, L1Fault.Malformed)]
    [InlineData(nameof(L1Lie.NotUnicode), L1ProviderState.Suspect, L1Fault.Malformed)]
    [InlineData(nameof(L1Lie.Oversized), L1ProviderState.Suspect, L1Fault.TooLarge)]
    [InlineData(nameof(L1Lie.Unreachable), L1ProviderState.Suspect, L1Fault.Unreachable)]
    [InlineData(nameof(L1Lie.Refusing), L1ProviderState.Suspect, L1Fault.Refused)]
    [InlineData(nameof(L1Lie.Flapping), L1ProviderState.Suspect, L1Fault.Unreachable)]
    public async Task One_of_three_that_lies_stops_nothing_changes_nothing_and_is_known(string lie, L1ProviderState state, L1Fault fault)
    {
        using var network = new L1Network(3);
        network.Members[0].Lie = Enum.Parse<L1Lie>(lie);
        for (int poll = 0; poll < 8; poll++)
        {
            network.Chain.MineTo(network.Chain.Latest + 3);
            await network.PollAsync();
        }

        Assert.Equal(network.Chain.Finalized, network.Head);
        Assert.Equal((state, fault), (network.StatusOf(0).State, network.StatusOf(0).LastFault));
        Assert.Equal(fault.IsLie(), state == L1ProviderState.Quarantined);
        Assert.All(network.Providers.Status.Providers.Skip(1), other => Assert.Equal((L1ProviderState.Healthy, L1Fault.None), (other.State, other.LastFault)));
        Assert.False(network.Providers.Status.IsDegraded);
        Assert.Null(network.Providers.Status.Halt);
        if (fault == L1Fault.None) return;
        Assert.Contains(network.Events, e => e is L1ProviderFailed { Provider: "p0" } failed && failed.Fault == fault && failed.Detail.Length > 0);
        Assert.Contains(new L1ProviderChanged("p0", L1ProviderState.Healthy, state, fault), network.Events);
    }

    [Fact]
    public async Task One_that_stays_behind_is_suspect_while_it_is_far_behind_and_healthy_when_it_catches_up()
    {
        using var network = new L1Network(3);
        network.Chain.MineTo(10);
        await network.PollAsync();
        network.Members[2].StaysAt = 10;
        network.Chain.MineTo(14);
        await network.PollAsync();
        Assert.Equal((10UL, L1ProviderState.Healthy), (network.Head, network.StatusOf(2).State));
        network.Chain.MineTo(40);
        await network.PollAsync();
        Assert.Equal((L1ProviderState.Suspect, L1Fault.Lag), (network.StatusOf(2).State, network.StatusOf(2).LastFault));
        Assert.Equal((36UL, 30UL), (network.Head, network.Providers.Status.HeadSpread));
        network.Members[2].StaysAt = null;
        await network.PollAsync();
        Assert.Equal(L1ProviderState.Suspect, network.StatusOf(2).State);
        await network.PollAsync();
        Assert.Equal(L1ProviderState.Healthy, network.StatusOf(2).State);
        Assert.Equal(0UL, network.Providers.Status.HeadSpread);
    }

    [Fact]
    public async Task A_liar_is_not_asked_for_ten_minutes_and_then_has_to_agree_before_its_word_counts()
    {
        using var network = new L1Network(3);
        network.Chain.MineTo(20);
        network.Members[0].Lie = L1Lie.ForgedHeader;
        await network.PollAsync();
        int asked = network.Members[0].Asked.Count;
        network.Members[0].Lie = L1Lie.None;
        network.Clock.Advance(TimeSpan.FromSeconds(587));
        await network.PollAsync();
        Assert.Equal(asked, network.Members[0].Asked.Count);
        await network.PollAsync();
        Assert.Equal(L1ProviderState.Suspect, network.StatusOf(0).State);
        Assert.True(network.Members[0].Asked.Count > asked);
        await network.PollAsync();
        Assert.Equal((L1ProviderState.Healthy, null), (network.StatusOf(0).State, network.StatusOf(0).QuarantinedUntil));
    }

    [Fact]
    public async Task With_fewer_than_a_quorum_the_view_freezes_is_degraded_and_goes_on_when_they_are_back()
    {
        using var network = new L1Network(3);
        network.Chain.MineTo(10);
        await network.PollAsync();
        ulong frozen = network.Head;
        network.Members[0].Lie = L1Lie.Unreachable;
        network.Members[1].Lie = L1Lie.ForgedHeader;
        network.Chain.MineTo(30);
        L1Poll poll = await network.PollAsync();
        Assert.Equal([new L1DegradedChanged(true, 1, 2)], poll.Events.OfType<L1DegradedChanged>());
        Assert.True(poll.Status.IsDegraded);
        network.Members[0].Lie = L1Lie.None;
        await network.PollAsync();
        Assert.Equal(frozen, network.Head);
        poll = await network.PollAsync();
        Assert.Equal([new L1DegradedChanged(false, 2, 2)], poll.Events.OfType<L1DegradedChanged>());
        Assert.Equal(26UL, network.Head);
    }

    [Fact]
    public async Task All_are_silent_for_a_while_and_nothing_but_time_is_lost()
    {
        using var network = new L1Network(5);
        network.Chain.MineTo(10);
        await network.PollAsync();
        foreach (LyingProvider member in network.Members) member.Lie = L1Lie.Unreachable;
        for (int poll = 0; poll < 3; poll++) Assert.Empty((await network.PollAsync()).Blocks);
        foreach (LyingProvider member in network.Members) member.Lie = L1Lie.None;
        network.Chain.MineTo(100);
        for (int poll = 0; poll < 4; poll++) await network.PollAsync();
        Assert.Equal(96UL, network.Head);
    }

    [Fact]
    public async Task A_gap_is_closed_with_a_bounded_number_of_blocks_in_each_poll()
    {
        using var network = new L1Network(3, change: options => options with { BlocksPerPollMax = 10 });
        network.Chain.MineTo(54);
        for (ulong poll = 1; poll <= 5; poll++)
        {
            L1Poll outcome = await network.PollAsync();
            Assert.Equal(10, outcome.Blocks.Count);
            Assert.Contains(new L1Advanced(new L1BlockId(10 * poll, network.Chain[10 * poll].Hash), 10), outcome.Events);
        }

        Assert.Empty((await network.PollAsync()).Blocks);
    }

    [Fact]
    public async Task Receipts_are_asked_for_only_where_the_bloom_allows_a_log_of_the_contract()
    {
        using var network = new L1Network(3);
        network.Chain.MineTo(34);
        await network.PollAsync();
        Assert.Equal(30UL, network.Head);
        Assert.Equal(10, network.Members.Sum(member => member.Asked.Count(method => method == "eth_getBlockReceipts")));
    }

    [Fact]
    public async Task Content_that_nobody_gives_stops_the_view_below_it()
    {
        using var network = new L1Network(3);
        network.Chain.MineTo(9);
        foreach (LyingProvider member in network.Members) member.Lie = L1Lie.ReceiptsMissing;
        L1Poll poll = await network.PollAsync();
        // Block 1 has no log of the contract; block 2 has.
        Assert.Equal(1UL, network.Head);
        Assert.Equal([new L1ContentMissing(new L1BlockId(2, network.Chain[2].Hash))], poll.Events.OfType<L1ContentMissing>());
        Assert.True(poll.Status.IsDegraded);
    }

    [Fact]
    public async Task A_quorum_with_another_finalized_block_halts_the_advance_until_people_lift_it()
    {
        using var network = new L1Network(3);
        network.Chain.MineTo(20);
        await network.PollAsync();
        L1BlockId head = network.Providers.Status.Head;
        SimulatedL1 truth = network.Chain, other = truth.Fork(10);
        other.MineTo(30);
        network.Members[1].Chain = network.Members[2].Chain = other;
        L1Poll poll = await network.PollAsync();
        L1Conflict conflict = Assert.Single(poll.Events.OfType<L1Halted>()).Conflict;
        Assert.Equal(head, conflict.Own);
        Assert.Equal(["p1", "p2"], conflict.Answers.Select(answer => answer.Provider));
        Assert.All(conflict.Answers, answer => Assert.Equal(other[16].Hash, answer.Header.Hash));
        Assert.Contains("p1", conflict.ToString(), StringComparison.Ordinal);

        truth.MineTo(40);
        Assert.Empty((await network.PollAsync()).Blocks);
        network.Members[1].Chain = network.Members[2].Chain = truth;
        for (int again = 0; again < 3; again++) Assert.Empty((await network.PollAsync()).Blocks);
        Assert.Equal(conflict, network.Providers.LiftHalt()!.Conflict);
        Assert.Null(network.Providers.LiftHalt());
        await network.PollAsync();
        Assert.Equal(36UL, network.Head);
    }

    [Fact]
    public async Task A_conflict_that_is_still_there_halts_again()
    {
        using var network = new L1Network(3);
        network.Chain.MineTo(20);
        await network.PollAsync();
        SimulatedL1 other = network.Chain.Fork(10);
        other.MineTo(30);
        network.Members[1].Chain = network.Members[2].Chain = other;
        await network.PollAsync();
        network.Providers.LiftHalt();
        Assert.Single((await network.PollAsync()).Events.OfType<L1Halted>());
        Assert.NotNull(network.Providers.Status.Halt);
    }

    [Fact]
    public async Task Finalized_blocks_of_which_none_can_reach_a_quorum_halt_and_a_silent_provider_does_not()
    {
        using var network = new L1Network(3);
        network.Chain.MineTo(20);
        await network.PollAsync();
        SimulatedL1 truth = network.Chain, second = truth.Fork(18, fork: 2), third = truth.Fork(18, fork: 3);
        foreach (SimulatedL1 chain in (SimulatedL1[])[truth, second, third]) chain.MineTo(30);
        network.Members[1].Chain = second;
        network.Members[2].Lie = L1Lie.Unreachable;
        Assert.Empty((await network.PollAsync()).Events.OfType<L1Halted>());
        network.Members[2].Lie = L1Lie.None;
        network.Members[2].Chain = truth;
        for (int poll = 0; poll < 3; poll++) await network.PollAsync();
        Assert.Equal(26UL, network.Head);

        using var split = new L1Network(3, truth);
        split.Members[1].Chain = second;
        split.Members[2].Chain = third;
        L1Poll outcome = await split.PollAsync();
        Assert.Empty(outcome.Blocks);
        Assert.Equal(3, Assert.Single(outcome.Events.OfType<L1NoQuorum>()).Answers.Count);
        Assert.Null(Assert.Single(outcome.Events.OfType<L1Halted>()).Conflict.Own);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(32)]
    public async Task A_reorganisation_below_a_tag_that_is_not_final_is_followed_to_the_common_block(ulong depth)
    {
        using var network = new L1Network(3, change: options => options with { Tag = L1Tag.Depth, Depth = 0 });
        network.Chain.MineTo(60);
        await network.PollAsync();
        SimulatedL1 truth = network.Chain, fork = truth.Fork(60 - depth);
        fork.MineTo(61);
        network.Follow(fork);
        L1Poll poll = await network.PollAsync();
        L1Reorganized reorganized = Assert.Single(poll.Events.OfType<L1Reorganized>());
        Assert.Equal(new L1BlockId(60 - depth, truth[60 - depth].Hash), reorganized.Common);
        Assert.Equal((int)depth, reorganized.Dropped.Count);
        Assert.Equal(new L1BlockId(60, truth[60].Hash), reorganized.Dropped[0]);
        Assert.Equal(61UL, network.Head);
        Assert.All(poll.Status.Providers, provider => Assert.Equal(L1ProviderState.Healthy, provider.State));
    }

    [Fact]
    public async Task One_on_a_fork_that_is_not_final_is_suspect_and_no_liar()
    {
        using var network = new L1Network(3, change: options => options with { Tag = L1Tag.Safe });
        network.Chain.MineTo(20);
        await network.PollAsync();
        Assert.Equal(18UL, network.Head);
        SimulatedL1 fork = network.Chain.Fork(17);
        fork.MineTo(25);
        network.Chain.MineTo(24);
        network.Members[0].Chain = fork;
        await network.PollAsync();
        Assert.Equal((22UL, L1ProviderState.Suspect, L1Fault.Fork), (network.Head, network.StatusOf(0).State, network.StatusOf(0).LastFault));
    }

    [Fact]
    public async Task A_reorganisation_deeper_than_what_is_kept_halts()
    {
        using var network = new L1Network(3, change: options => options with { Tag = L1Tag.Depth, Depth = 0, BlocksKept = 8 });
        network.Chain.MineTo(20);
        await network.PollAsync();
        SimulatedL1 fork = network.Chain.Fork(11);
        fork.MineTo(21);
        network.Follow(fork);
        L1Poll poll = await network.PollAsync();
        Assert.Single(poll.Events.OfType<L1Halted>());
        Assert.Empty(poll.Events.OfType<L1Reorganized>());
        Assert.Equal(20UL, network.Head);
    }

    [Fact]
    public async Task Providers_that_are_reorganised_between_two_requests_of_a_poll_are_not_taken_for_liars()
    {
        using var network = new L1Network(3, change: options => options with { Tag = L1Tag.Depth, Depth = 0 });
        network.Chain.MineTo(10);
        await network.PollAsync();
        SimulatedL1 fork = network.Chain.Fork(8);
        fork.MineTo(30);
        network.Chain.MineTo(20);
        int requests = 0;
        // Each provider answers for its tags, then all follow the fork before headers in between are read.
        foreach (LyingProvider member in network.Members)
        {
            member.OnRequest = () =>
            {
                if (++requests == 4) network.Follow(fork);
            };
        }

        for (int poll = 0; poll < 4; poll++) await network.PollAsync();
        Assert.Equal(30UL, network.Head);
        Assert.DoesNotContain(network.Events, e => e is L1ProviderChanged { To: L1ProviderState.Quarantined });
    }

    [Fact]
    public async Task A_poll_that_its_caller_gives_up_loses_no_block_and_no_event()
    {
        using var network = new L1Network(3, change: options => options with { Tag = L1Tag.Depth, Depth = 0 });
        network.Chain.MineTo(20);
        await network.PollAsync();
        SimulatedL1 fork = network.Chain.Fork(15);
        fork.MineTo(30);
        network.Follow(fork);
        using var caller = new CancellationTokenSource();
        // Four headers by hash lead down to the common block; the request after them never ends.
        foreach (LyingProvider member in network.Members)
        {
            member.OnRequest = () =>
            {
                if (network.Members.Sum(one => one.Asked.Count(method => method == "eth_getBlockByHash")) < 4) return;
                foreach (LyingProvider one in network.Members) one.Lie = L1Lie.Slow;
                caller.Cancel();
            };
        }

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => network.Providers.PollAsync(caller.Token));
        foreach (LyingProvider member in network.Members)
        {
            member.OnRequest = null;
            member.Lie = L1Lie.None;
        }

        for (int poll = 0; poll < 3; poll++) await network.PollAsync();
        Assert.Equal(30UL, network.Head);
        Assert.Single(network.Events.OfType<L1Reorganized>());
    }

    [Fact]
    public async Task Storage_is_proved_from_the_header_and_a_wrong_proof_is_a_lie()
    {
        using var network = new L1Network(3);
        network.Chain.MineTo(20);
        VerifiedL1Block block = (await network.PollAsync()).Blocks[^1];
        network.Members[0].Lie = L1Lie.WrongProof;
        (ProvedStorage? storage, IReadOnlyList<L1Event> events) = await network.Providers.StorageAsync(block, SimulatedL1.Contract, [Hash32.Zero]);
        Assert.Equal([network.Chain[16].Word], storage!.Words);
        Assert.Equal(L1Fault.WrongProof, Assert.Single(events.OfType<L1ProviderFailed>()).Fault);
        Assert.Equal(L1ProviderState.Quarantined, network.StatusOf(0).State);
        foreach (LyingProvider member in network.Members) member.Lie = L1Lie.Unreachable;
        Assert.Null((await network.Providers.StorageAsync(block, SimulatedL1.Contract, [Hash32.Zero])).Storage);
    }

    [Fact]
    public async Task Latencies_have_a_mean_a_deviation_and_a_variance_over_the_providers()
    {
        using var network = new L1Network(3);
        await network.PollAsync();
        Assert.Equal(0, network.Providers.Status.LatencyVarianceMs2);
        // One after another here, so that each takes the time of those before it, too.
        foreach (LyingProvider member in network.Members) member.OnRequest = () => network.Clock.Advance(TimeSpan.FromMilliseconds(40));
        for (int poll = 0; poll < 40; poll++) await network.PollAsync();
        Assert.InRange(network.StatusOf(0).LatencyMeanMs, 30, 50);
        Assert.InRange(network.StatusOf(0).LatencyDeviationMs, 0, 20);
        network.Members[1].OnRequest = () => network.Clock.Advance(TimeSpan.FromMilliseconds(400));
        await network.PollAsync();
        Assert.InRange(network.StatusOf(1).LatencyDeviationMs, 100, 200);
        Assert.InRange(network.Providers.Status.LatencyVarianceMs2, 100, 40_000);
    }

    [Fact]
    public void Options_that_allow_one_provider_to_decide_are_refused()
    {
        static L1ProviderOptions Provider(string name, int port) =>
            new(name, new EthereumRpcOptions { Endpoint = new Uri($"http://127.0.0.1:{port}") });
        L1ProviderOptions[][] wrong =
        [
            [Provider("a", 1), Provider("b", 2)],
            [Provider("a", 1), Provider("b", 2), Provider("a", 3)],
            [Provider("a", 1), Provider("b", 2), Provider("c", 2)],
            [.. Enumerable.Range(1, 16).Select(i => Provider($"p{i}", i))],
        ];
        foreach (L1ProviderOptions[] providers in wrong)
            Assert.Throws<ArgumentException>(() => new L1Network(3, change: options => options with { Providers = providers }));
        Assert.Throws<ArgumentException>(() => new L1Network(3, change: options => options with { BlocksPerPollMax = 0 }));
        foreach ((int count, int quorum) in ((int, int)[])[(3, 2), (4, 3), (5, 3), (6, 4), (7, 4)])
        {
            using var network = new L1Network(count);
            Assert.Equal(quorum, network.Providers.Status.Quorum);
        }
    }
}
