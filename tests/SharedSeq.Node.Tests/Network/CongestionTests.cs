using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Network;

/// <summary>A namespace that takes less than is sent to it: the door says so before anything is promised.</summary>
[Collection("nodes")]
public sealed class CongestionTests : IAsyncLifetime
{
    private const int Bytes = 100_000;
    private readonly TestNetwork _network = TestNetwork.Create(1);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _network.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_transaction_of_a_congested_namespace_gets_no_receipt_and_what_got_one_is_ordered(bool isFrame)
    {
        // Half of Q, 512 KiB, is what the one lane may have waiting; a block takes two transactions and closes after a second.
        NamespacePolicy[] namespaces = [.. _network.Genesis.Namespaces.Select(ns => ns.Id == TestNetwork.Opaque
            ? ns with { ByteCap = 2 * NamespacePolicy.MinByteCap, BlockTimeMs = 1_000 }
            : ns)];
        string genesis = _network.GenesisWith(_network.Genesis.Policy with { QueueBytes = 1024 * 1024 }, namespaces: namespaces);
        TestNode node = await _network.StartAsync(0, _network.ConfigurationOf(0, genesis));
        await node.ReadyAsync();

        var accepted = new List<string>();
        while (isFrame ? await SendFrameAsync(node, accepted) : await SendAsync(node, accepted))
            Assert.True(accepted.Count <= 20, "the namespace is congested after a dozen transactions");
        Assert.InRange(accepted.Count, 5, 12);
        Assert.InRange(await node.MetricAsync("sharedseq_admission_refused_total{reason=\"Congested\"}"), 1, isFrame ? 2 : 1);
        await node.CommitAsync(TestNetwork.OtherOpaque, Bytes);

        foreach (string id in accepted) await node.UntilOrderedAsync(id);
        Assert.True(await SendAsync(node, accepted), "there is room again");
    }

    private static async Task<bool> SendAsync(TestNode node, List<string> accepted)
    {
        try
        {
            accepted.Add(await node.CommitAsync(bytes: Bytes));
            return true;
        }
        catch (OperatorException e) when (e.Code == RpcError.TransactionRefused.Code)
        {
            Assert.Equal(nameof(AdmissionRejection.Congested), e.Reason);
            return false;
        }
    }

    /// <summary>Two transactions in a frame: of the last frame one may find room.</summary>
    private static async Task<bool> SendFrameAsync(TestNode node, List<string> accepted)
    {
        var writer = new CanonicalWriter(2 * Bytes);
        for (int i = 0; i < 2; i++)
        {
            writer.U64(TestNode.Soon);
            writer.U32(Bytes);
            writer.Raw(TestNode.Fresh(Bytes));
        }

        using var content = new ByteArrayContent(writer.ToArray());
        using HttpResponseMessage answer = await node.Http.PostAsync($"v1/namespaces/{TestNetwork.Opaque}/transactions?wait=committed", content);
        JsonElement verdicts = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync()).GetProperty("transactions");
        string[] kinds = [.. verdicts.EnumerateArray().Select(v => v.GetProperty("verdict").GetString()!)];
        accepted.AddRange(verdicts.EnumerateArray().Where(v => v.TryGetProperty("txId", out _)).Select(v => v.GetProperty("txId").GetString()!));
        Assert.All(kinds, kind => Assert.True(kind is "Taken" or nameof(AdmissionRejection.Congested), kind));
        return kinds.All(kind => kind == "Taken");
    }
}
