using SharedSeq.Consensus;

namespace SharedSeq.Core.Tests.Consensus;

public class HappyPathTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(7)]
    [InlineData(10)]
    public void Everybody_commits_the_same_blocks_by_first_votes(int n)
    {
        var network = new TestNetwork(QuorumParameters.ForMembers(n));
        network.StartAll();
        network.Advance(2_000, isDelivering: true);
        foreach (TestNode node in network.Nodes)
        {
            Assert.True(node.Delivered.Count >= 15, $"member {node.Self} delivered {node.Delivered.Count} heights in 2 s of heartbeats");
            Assert.Empty(node.Alarms);
            int common = int.Min(node.Delivered.Count, network[0].Delivered.Count);
            for (int i = 0; i < common; i++) Assert.Equal(network[0].Delivered[i].Block.Id, node.Delivered[i].Block.Id);
            ReplicaView view = node.Replica.View();
            Assert.True(view.FastCommits > 0, "no fast commit");
        }
    }
}
