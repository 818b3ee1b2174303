using System.Text.Json;

namespace SharedSeq.Node.Tests.Network;

/// <summary>What every operator must tell alike of a namespace, and nobody twice.</summary>
internal static class StreamCheck
{
    /// <summary>Every transaction is in the stream exactly once, and the stream is the same at every node.</summary>
    public static async Task SameOnceAsync(IReadOnlyList<TestNode> nodes, IReadOnlyCollection<string> sent)
    {
        ulong head = 0;
        await TestNetwork.UntilAsync("what was sent last is in a closed block", async () =>
        {
            head = await HeadAsync(nodes[0]);
            int count = 0;
            for (ulong number = 1; number <= head; number++) count += (await BlockAsync(nodes[0], number)).Ids.Length;
            return count >= sent.Count;
        });
        var seen = new SortedSet<string>(StringComparer.Ordinal);
        for (ulong number = 1; number <= head; number++)
        {
            (string hash, string[] ids) = await BlockAsync(nodes[0], number);
            foreach (string id in ids) Assert.True(seen.Add(id), $"{id} is ordered twice");
            foreach (TestNode other in nodes)
            {
                ulong wanted = number;
                await TestNetwork.UntilAsync($"{other.Host.Rpc} has block {wanted}", async () => await HeadAsync(other) >= wanted);
                Assert.Equal(hash, (await BlockAsync(other, number)).Hash);
            }
        }

        Assert.Superset(new SortedSet<string>(sent, StringComparer.Ordinal), seen);
    }

    /// <summary>Sends until told to stop; every one that is accepted is committed.</summary>
    public static async Task<List<string>> LoadAsync(TestNode node, CancellationToken enough)
    {
        var sent = new List<string>();
        while (!enough.IsCancellationRequested) sent.Add(await node.CommitAsync());
        return sent;
    }

    /// <summary>The epoch a node is in.</summary>
    public static async Task<ulong> EpochAsync(TestNode node) => (await HealthAsync(node)).GetProperty("epoch").GetUInt64();

    public static Task<JsonElement> HealthAsync(TestNode node) => node.Client.CallAsync("sharedseq_health", []);

    private static async Task<ulong> HeadAsync(TestNode node) =>
        (await node.Client.CallAsync("sharedseq_getHead", [TestNetwork.Opaque.Value])).GetProperty("number").GetUInt64();

    private static async Task<(string Hash, string[] Ids)> BlockAsync(TestNode node, ulong number)
    {
        JsonElement block = await node.Client.CallAsync("sharedseq_getNamespaceBlock", [TestNetwork.Opaque.Value, number, new { ids = true }]);
        return (block.GetProperty("hash").GetString()!, [.. block.GetProperty("ids").EnumerateArray().Select(id => id.GetString()!)]);
    }
}
