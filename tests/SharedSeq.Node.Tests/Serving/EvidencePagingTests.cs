using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Node.Tests.Serving;

/// <summary>However much evidence an operator keeps, an answer is bounded.</summary>
public sealed class EvidencePagingTests : IAsyncLifetime
{
    private readonly ServedNetwork _network = new(Opaque(5));

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _network.DisposeAsync();

    [Fact]
    public async Task All_evidence_is_read_a_hundred_items_at_a_time()
    {
        for (ushort i = 0; i < 230; i++)
        {
            var statement = new SignedStatement(SignedKind.Ack, new[] { (byte)i }, default);
            _network.Ledger.PutEvidence(new Evidence(EvidenceKind.TwoAcks, new Epoch(i), new ReplicaId(1), statement, statement));
        }

        var ids = new HashSet<string>();
        var sizes = new List<int>();
        string? last = null;
        do
        {
            JsonElement page = (await _network.CallAsync("sharedseq_getEvidence", null!, last!)).GetProperty("result");
            JsonElement incidents = (await _network.CallAsync("sharedseq_incidents", last!)).GetProperty("result");
            Assert.Equal(
                page.EnumerateArray().Select(item => item.GetProperty("evidence").GetString()), incidents.EnumerateArray().Select(item => item.GetString()));
            sizes.Add(page.GetArrayLength());
            foreach (JsonElement item in page.EnumerateArray()) Assert.True(ids.Add(last = item.GetProperty("id").GetString()!), "each item once");
        }
        while (sizes[^1] > 0);

        Assert.Equal([100, 100, 30, 0], sizes);
        Assert.Equal(230, ids.Count);
        JsonElement error = (await _network.CallAsync("sharedseq_getEvidence", null!, Hash32.Zero.ToString())).GetProperty("error");
        Assert.Equal(RpcError.NotFound.Code, error.GetProperty("code").GetInt32());
    }
}
