using SharedSeq.Adapters;
using SharedSeq.Consensus;
using SharedSeq.Ethereum;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests;

/// <summary>When the own execution client's answers are given to wallets.</summary>
public sealed class RollupStateTests : IDisposable
{
    private static readonly NamespaceId Id = new(7);
    private readonly Rollup _rollup = Create(hasAdapter: true, closed: 0);

    public void Dispose() => _rollup.Dispose();

    [Fact]
    public void A_client_is_read_while_it_is_open()
    {
        Assert.Null(_rollup.Readable(out string why));
        Assert.Contains("not started", why, StringComparison.Ordinal);
        _rollup.Opened(Client(), 0);
        Assert.NotNull(_rollup.Readable(out _));
        _rollup.Closed();
        Assert.Null(_rollup.Readable(out _));
    }

    [Fact]
    public void A_quarantined_client_is_read_again_once_it_is_past_where_it_was_caught()
    {
        _rollup.Opened(Client(), 20);
        _rollup.SetQuarantine(10, "odd");
        Assert.Null(_rollup.Readable(out string why));
        Assert.Contains("quarantined: odd", why, StringComparison.Ordinal);
        Assert.False(_rollup.InLine(9));
        Assert.NotNull(_rollup.Quarantine);
        Assert.True(_rollup.InLine(10));
        Assert.NotNull(_rollup.Readable(out _));
        Assert.False(_rollup.InLine(11));
    }

    [Fact]
    public void A_client_far_behind_the_others_is_not_read()
    {
        _rollup.Opened(Client(), 20);
        _rollup.Decided(new Attestation(Id, 20 + Rollup.BehindMax, Hash32.Zero, Hash32.Zero, Hash32.Zero));
        Assert.NotNull(_rollup.Readable(out _));
        _rollup.Decided(new Attestation(Id, 21 + Rollup.BehindMax, Hash32.Zero, Hash32.Zero, Hash32.Zero));
        Assert.Null(_rollup.Readable(out string why));
        Assert.Contains("behind", why, StringComparison.Ordinal);
        _rollup.ExecutedHere(21);
        Assert.NotNull(_rollup.Readable(out _));
    }

    [Fact]
    public void A_client_that_replays_old_blocks_is_not_read_until_it_has_caught_up()
    {
        using Rollup rollup = Create(hasAdapter: true, closed: 100);
        rollup.Opened(Client(), 0);
        Assert.Equal("replays block 0 of 100", rollup.Unreadable());
        rollup.ExecutedHere(100);
        Assert.Equal("", rollup.Unreadable());
    }

    [Fact]
    public void Without_an_adapter_nothing_is_read_here()
    {
        using Rollup rollup = Create(hasAdapter: false, closed: 0);
        Assert.Null(rollup.Readable(out string why));
        Assert.Equal("no adapter here", why);
    }

    [Fact]
    public void Who_attests_follows_the_committee_and_nobody_is_counted_by_two_seats()
    {
        var attested = new AttestedRollup(_rollup, SeatsOf(0, 1, 2, 3));
        var block = new Attestation(Id, 1, Hash32.Zero, Hash32.Zero, Hash32.Zero);
        attested.Book.Add(new ReplicaId(2), block);
        attested.Book.Add(new ReplicaId(3), block);
        Assert.False(attested.TryEnter(SeatsOf(0, 1, 2, 3)));
        Assert.Equal(2, attested.Book.Count);

        // A fifth joins; then the first leaves and the others move up.
        Assert.True(attested.TryEnter(SeatsOf(0, 1, 2, 3, 4)));
        Assert.Equal(5, attested.Attesters.N);
        Assert.True(attested.TryEnter(SeatsOf(1, 2, 3, 4)));
        Assert.Null(attested.Book.Add(new ReplicaId(1), block).Executed);
        Assert.Null(attested.Book.Add(new ReplicaId(2), block).Executed);
        Assert.NotNull(attested.Book.Add(new ReplicaId(3), block).Executed);

        // An empty seat attests nothing.
        Assert.True(attested.TryEnter(SeatsOf(1, -1, 3, 4)));
        Assert.Equal([0, 2, 3], attested.Attesters.Members.Select(seat => (int)seat.Value));
    }

    [Fact]
    public void Attesters_that_the_policy_names_are_operators_and_not_seats()
    {
        using var rollup = new Rollup(
            _rollup.Policy with { Attesters = ReplicaSet.Of(new ReplicaId(1)).With(new ReplicaId(2)) }, new NamespaceFeed(Id, 0, _ => null), hasAdapter: false);
        var attested = new AttestedRollup(rollup, SeatsOf(0, 1, 2, 3));
        int[] Seats() => [.. attested.Attesters.Members.Select(seat => (int)seat.Value)];
        Assert.Equal([1, 2], Seats());

        // The first leaves and the others move up; a newcomer has a seat that the document meant for another.
        Assert.True(attested.TryEnter(SeatsOf(1, 4, 2, 3)));
        Assert.Equal([0, 2], Seats());
        Assert.True(attested.TryEnter(SeatsOf(200, 4, 2, 3)));
        Assert.Equal([2], Seats());

        // With none of them left every member attests.
        Assert.True(attested.TryEnter(SeatsOf(200, 4, 5, 3)));
        Assert.Equal([0, 1, 2, 3], Seats());
    }

    private static CommitteeSeats SeatsOf(params int[] operators)
    {
        static PublicKey64 KeyOf(int i, byte kind) => new(Sha.Of([(byte)i, kind]), default);
        CommitteeMember[] members = [.. operators.Select(i => i < 0 ? CommitteeMember.Empty : new CommitteeMember(KeyOf(i, 1), KeyOf(i, 2)))];
        return new CommitteeSeats(
            new CommitteePlan(new Epoch(1), QuorumParameters.ForMembers(members.Length), members),
            [.. operators.Select(i => i < 0 ? (OperatorId?)null : new OperatorId((uint)i))]);
    }

    private static Rollup Create(bool hasAdapter, ulong closed) => new(
        new NamespacePolicy { Id = Id, Name = "seven", Admission = AdmissionKind.Evm, EvmChainId = 7 },
        new NamespaceFeed(Id, closed, _ => null), hasAdapter);

    private static EthereumRpcClient Client() => new(new Uri("http://127.0.0.1:1"));
}
