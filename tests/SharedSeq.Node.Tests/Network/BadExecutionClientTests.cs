using System.Text.Json;
using Microsoft.AspNetCore.Http;
using SharedSeq.Adapters.Tests.Clients;

namespace SharedSeq.Node.Tests.Network;

/// <summary>An execution client that is no help: reads say so, it is counted, and the order goes on.</summary>
[Collection("nodes")]
public sealed class BadExecutionClientTests : IAsyncLifetime
{
    private readonly TestNetwork _network = TestNetwork.Create(1);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _network.DisposeAsync();

    [Theory]
    [InlineData("down")]
    [InlineData("no JSON")]
    [InlineData("another chain")]
    public async Task A_client_that_is_down_or_answers_wrongly_stops_reads_and_nothing_else(string fault)
    {
        await using StubRpcServer stub = await StubRpcServer.StartAsync(fault == "no JSON" ? AnswerNonsenseAsync : AnswerAsync);
        Uri endpoint = stub.Endpoint;
        if (fault == "down") await stub.DisposeAsync();
        NodeConfiguration configuration = _network.ConfigurationOf(0);
        TestNode node = await _network.StartAsync(0, configuration with
        {
            Adapters = [new AdapterSection { Namespace = TestNetwork.Evm, Rpc = endpoint.ToString() }],
        });
        await node.CommitAsync();
        await node.UntilMetricAsync($"sharedseq_rollup_client_failures_total{{namespace=\"{TestNetwork.Evm}\"}}", 2);

        string unavailable = $"sharedseq_rollup_unavailable_total{{namespace=\"{TestNetwork.Evm}\"}}";
        double before = await node.MetricAsync(unavailable);
        const string Balance = """{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x0000000000000000000000000000000000000001","latest"]}""";
        (_, JsonElement answer) = await node.PostAsync(Balance, $"rollups/{TestNetwork.Evm}");
        Assert.Equal(RpcError.ExecutionUnavailable.Code, answer.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(before + 1, await node.MetricAsync(unavailable));

        using HttpResponseMessage ready = await node.Http.GetAsync("readyz");
        Assert.Equal(503, (int)ready.StatusCode);
        Assert.Contains($"execution client of namespace {TestNetwork.Evm}", await ready.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await node.CommitAsync();
    }

    private static Task AnswerNonsenseAsync(HttpContext context) => StubRpcServer.WriteAsync(context, "<html>busy</html>");

    private static async Task AnswerAsync(HttpContext context)
    {
        JsonElement call = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body);
        IEnumerable<JsonElement> calls = call.ValueKind == JsonValueKind.Array ? call.EnumerateArray() : [call];
        string answers = string.Join(',', calls.Select(c => $$"""{"jsonrpc":"2.0","id":{{c.GetProperty("id")}},"result":"0x1"}"""));
        await StubRpcServer.WriteAsync(context, call.ValueKind == JsonValueKind.Array ? $"[{answers}]" : answers);
    }
}
