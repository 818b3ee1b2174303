using SharedSeq.Networking;

namespace SharedSeq.Node.Tests.Sync;

/// <summary>What one peer asks for is bounded, and costs the others nothing.</summary>
public sealed class ServingBudgetTests
{
    [Fact]
    public void A_peer_gets_a_burst_and_then_what_is_refilled_and_others_have_their_own()
    {
        var budget = new ServingBudget(burst: 10, perSecond: 5);
        PeerId first = new(1), second = new(2);
        for (int i = 0; i < 5; i++) Assert.True(budget.TryTake(first, 2, nowMs: 0));
        Assert.False(budget.TryTake(first, 1, nowMs: 199));
        Assert.True(budget.TryTake(second, 10, nowMs: 199));
        Assert.True(budget.TryTake(first, 1, nowMs: 200));
        Assert.False(budget.TryTake(first, 1, nowMs: 200));
        Assert.True(budget.TryTake(first, 10, nowMs: 1_000_000));
        Assert.False(budget.TryTake(first, 1, nowMs: 1_000_000));
    }

    [Fact]
    public void What_it_was_given_is_owed()
    {
        var budget = new ServingBudget(burst: 10, perSecond: 5);
        var peer = new PeerId(1);
        Assert.True(budget.TryTake(peer, 1, nowMs: 0));
        budget.Charge(peer, 24, nowMs: 0);
        Assert.False(budget.TryTake(peer, 1, nowMs: 3_000));
        Assert.True(budget.TryTake(peer, 1, nowMs: 3_200));
    }
}
