using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

/// <summary>Every derived threshold of the sizes offered (consensus.md 1), and the facts that the proofs use.</summary>
public class ThresholdTests
{
    [Theory]
    [InlineData(1, 0, 0, 1, 1, 1)]
    [InlineData(4, 1, 0, 3, 4, 2)]
    [InlineData(5, 1, 0, 4, 5, 2)]
    [InlineData(6, 1, 1, 4, 5, 3)]
    [InlineData(7, 1, 1, 5, 6, 3)]
    [InlineData(7, 2, 0, 5, 7, 3)]
    [InlineData(9, 2, 1, 6, 8, 4)]
    [InlineData(10, 2, 1, 7, 9, 4)]
    [InlineData(11, 2, 2, 7, 9, 5)]
    [InlineData(13, 2, 2, 9, 11, 5)]
    [InlineData(13, 3, 1, 9, 12, 5)]
    public void Thresholds_of_a_size_are_pinned(int n, int f, int p, int quorum, int fast, int many)
    {
        var parameters = new QuorumParameters(n, f, p);
        Assert.Equal((quorum, fast, many), (parameters.Quorum, parameters.FastQuorum, parameters.Many));
        Assert.Equal(f + 1, parameters.OneHonest);
    }

    [Theory]
    [InlineData(4, 1, 0)]
    [InlineData(5, 1, 0)]
    [InlineData(6, 1, 0)]
    [InlineData(7, 1, 1)]
    [InlineData(10, 2, 1)]
    [InlineData(13, 2, 2)]
    [InlineData(16, 4, 1)]
    public void The_default_faults_of_a_size_are_pinned(int n, int f, int p)
    {
        QuorumParameters parameters = QuorumParameters.ForMembers(n);
        Assert.Equal((f, p), (parameters.F, parameters.P));
    }

    [Fact]
    public void Facts_that_the_proofs_use_hold_for_every_valid_size()
    {
        for (int n = 1; n <= 40; n++)
        {
            for (int f = 0; f <= n; f++)
            {
                for (int p = 0; p <= n; p++)
                {
                    if (!QuorumParameters.IsValid(n, f, p)) continue;
                    var parameters = new QuorumParameters(n, f, p);
                    int q = parameters.Quorum;
                    int m = parameters.Many;
                    Assert.True((2 * q) - n >= f + 1, "two quorums share an honest member");
                    Assert.True(n - f >= q, "the honest members are a quorum");
                    Assert.True(n - (2 * f) - p >= m, "M honest First votes are found when no block has them");
                    Assert.True(m + q >= n + 1, "M members and a quorum meet");
                }
            }
        }
    }

    [Theory]
    [InlineData(3, 1, 0)]
    [InlineData(5, 1, 1)]
    [InlineData(0, 0, 0)]
    [InlineData(129, 1, 0)]
    [InlineData(4, -1, 0)]
    [InlineData(4, 0, -1)]
    public void Sizes_that_can_not_be_safe_are_refused(int n, int f, int p)
    {
        Assert.False(QuorumParameters.IsValid(n, f, p));
        Assert.Throws<ArgumentException>(() => new QuorumParameters(n, f, p));
    }

    [Fact]
    public void Every_member_leads_once_in_n_slots()
    {
        var network = new TestNetwork(QuorumParameters.ForMembers(7));
        Assert.Equal(Enumerable.Range(0, 7), Enumerable.Range(1, 7).Select(slot => network.LeaderOf((ulong)slot)).Order());
        for (ulong slot = 1; slot <= 7; slot++) Assert.Equal(network.LeaderOf(slot), network.LeaderOf(slot + 7));
    }

    [Fact]
    public void The_order_of_leaders_is_fixed_by_the_epochs_genesis()
    {
        CommitteeMember[] members = [.. Enumerable.Range(0, 10).Select(i => new CommitteeMember(FakeSigner.KeyOf(i, true), FakeSigner.KeyOf(i, false)))];
        var one = new Committee(Epoch.Zero, QuorumParameters.ForMembers(10), members, Sha.Of("one"u8));
        var same = new Committee(Epoch.Zero, QuorumParameters.ForMembers(10), members, Sha.Of("one"u8));
        var other = new Committee(Epoch.Zero, QuorumParameters.ForMembers(10), members, Sha.Of("other"u8));
        Slot[] slots = [.. Enumerable.Range(1, 10).Select(slot => new Slot((ulong)slot))];
        Assert.Equal(slots.Select(one.LeaderOf), slots.Select(same.LeaderOf));
        Assert.NotEqual(slots.Select(one.LeaderOf), slots.Select(other.LeaderOf));
    }
}
