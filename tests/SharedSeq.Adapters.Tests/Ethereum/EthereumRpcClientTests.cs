using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using SharedSeq.Adapters.Tests.Clients;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.Tests.Ethereum;

public sealed class EthereumRpcClientTests
{
    [Fact]
    public async Task A_result_comes_back_and_parameters_go_out_as_they_were_given()
    {
        JsonNode? seen = null;
        await using StubRpcServer server = await StubRpcServer.StartAsync(async context =>
        {
            seen = await StubRpcServer.ReadAsync(context);
            await StubRpcServer.WriteAsync(context, """{"jsonrpc":"2.0","id":0,"result":"0x1b59"}""");
        });
        using var client = new EthereumRpcClient(server.Endpoint);

        Assert.Equal(7001UL, await client.ChainIdAsync());
        Assert.Equal("""{"jsonrpc":"2.0","id":0,"method":"eth_chainId","params":[]}""", seen!.ToJsonString());
        await client.CallAsync(new EthereumCall("eth_call", "latest", 5, null, true));
        Assert.Equal("""["latest",5,null,true]""", seen["params"]!.ToJsonString());
        using JsonDocument raw = JsonDocument.Parse("""[{"to":"0x1"},"0x2"]""");
        await client.CallAsync(new EthereumCall("eth_call", raw.RootElement));
        Assert.Equal("""[{"to":"0x1"},"0x2"]""", seen["params"]!.ToJsonString());
    }

    [Fact]
    public async Task A_refusal_keeps_code_message_and_data()
    {
        EthereumRpcException e = await FailureOf(
            """{"id":0,"error":{"code":3,"message":"reverted","data":"0x08c379a0"}}""");
        Assert.Equal(EthereumRpcFailure.RpcError, e.Kind);
        Assert.Equal(new EthereumRpcError(3, "reverted", "\"0x08c379a0\""), e.Error);
    }

    [Fact]
    public async Task A_refusal_without_an_id_is_that_of_the_request_alone_or_of_a_batch()
    {
        const string Refusal = """{"jsonrpc":"2.0","id":null,"error":{"code":-32005,"message":"limit exceeded"}}""";
        Assert.Equal(-32005, (await FailureOf(Refusal)).Error!.Code);
        await using StubRpcServer server = await StubRpcServer.StartAsync(context => StubRpcServer.WriteAsync(context, Refusal));
        using var client = new EthereumRpcClient(server.Endpoint);
        EthereumRpcException e = await Assert.ThrowsAsync<EthereumRpcException>(() => client.BatchAsync([new EthereumCall("a"), new EthereumCall("b")]));
        Assert.Equal((EthereumRpcFailure.RpcError, -32005), (e.Kind, e.Error!.Code));
    }

    [Fact]
    public async Task What_a_call_reverted_with_is_told_in_words()
    {
        AbiError error = AbiError.Parse("BondTooSmall(uint256 required)");
        string bytes = "0x" + Convert.ToHexStringLower(error.Selector) + "5".PadLeft(64, '0');
        foreach (string detail in (string[])[$"\"{bytes}\"", $$$"""{"data":"{{{bytes}}}"}"""])
        {
            EthereumRpcException e = await FailureOf($$$"""{"id":0,"error":{"code":3,"message":"execution reverted","data":{{{detail}}}}}""");
            Assert.Equal("BondTooSmall(required: 5)", AbiError.Describe(e.Error!.RevertBytes, [error]));
        }

        foreach (string detail in (string[])["5", "\"0x0\"", "\"0xzz\"", "\"text\"", "null"])
            Assert.Null((await FailureOf($$$"""{"id":0,"error":{"code":3,"message":"execution reverted","data":{{{detail}}}}}""")).Error!.RevertBytes);
    }

    [Fact]
    public async Task A_call_with_a_time_of_its_own_ends_then()
    {
        var never = new TaskCompletionSource();
        await using StubRpcServer server = await StubRpcServer.StartAsync(_ => never.Task);
        using var client = new EthereumRpcClient(server.Endpoint);
        EthereumRpcException e = await Assert.ThrowsAsync<EthereumRpcException>(
            () => client.CallAsync(new EthereumCall("a") { Timeout = TimeSpan.FromMilliseconds(50) }));
        Assert.Equal(EthereumRpcFailure.Timeout, e.Kind);
        never.SetResult();
    }

    [Fact]
    public void An_endpoint_of_another_scheme_is_refused() =>
        Assert.Throws<ArgumentException>(() => new EthereumRpcClient(new Uri("ftp://127.0.0.1")));

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("5")]
    [InlineData("""{"id":0}""")]
    [InlineData("""{"id":0,"error":"no"}""")]
    [InlineData("""{"id":0,"error":{"code":"x"}}""")]
    [InlineData("""{"id":0,"result":7001}""")]
    [InlineData("""{"id":0,"result":"7001"}""")]
    [InlineData("""{"id":0,"result":"0x"}""")]
    [InlineData("""{"id":0,"result":"0x10000000000000000"}""")]
    [InlineData("""{"id":0,"result":null}""")]
    [InlineData("""{"id":1,"result":"0x1"}""")]
    [InlineData("""{"id":"0","result":"0x1"}""")]
    [InlineData("""{"id":null,"result":"0x1"}""")]
    [InlineData("""{"result":"0x1"}""")]
    public async Task An_answer_that_is_no_quantity_of_json_rpc_is_malformed(string answer) =>
        Assert.Equal(EthereumRpcFailure.MalformedAnswer, (await FailureOf(answer)).Kind);

    [Fact]
    public async Task Another_http_status_is_told_with_its_number()
    {
        await using StubRpcServer server = await StubRpcServer.StartAsync(context =>
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        });
        using var client = new EthereumRpcClient(server.Endpoint);
        EthereumRpcException e = await Assert.ThrowsAsync<EthereumRpcException>(() => client.BlockNumberAsync());
        Assert.Equal((EthereumRpcFailure.HttpStatus, 503), (e.Kind, e.StatusCode));
    }

    [Fact]
    public async Task No_server_and_a_broken_connection_are_unreachable()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        int port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        using var nobody = new EthereumRpcClient(new Uri($"http://127.0.0.1:{port}"));
        EthereumRpcException e = await Assert.ThrowsAsync<EthereumRpcException>(() => nobody.BlockNumberAsync());
        Assert.Equal(EthereumRpcFailure.Unreachable, e.Kind);

        await using StubRpcServer server = await StubRpcServer.StartAsync(async context =>
        {
            context.Response.ContentLength = 1000;
            await context.Response.WriteAsync("{");
            context.Abort();
        });
        using var client = new EthereumRpcClient(server.Endpoint);
        e = await Assert.ThrowsAsync<EthereumRpcException>(() => client.BlockNumberAsync());
        Assert.Equal(EthereumRpcFailure.Unreachable, e.Kind);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_a_timeout_and_a_caller_that_gives_up_is_none()
    {
        var never = new TaskCompletionSource();
        await using StubRpcServer server = await StubRpcServer.StartAsync(_ => never.Task);
        using var client = new EthereumRpcClient(
            new EthereumRpcOptions { Endpoint = server.Endpoint, Timeout = TimeSpan.FromMilliseconds(50) });
        EthereumRpcException e = await Assert.ThrowsAsync<EthereumRpcException>(() => client.BlockNumberAsync());
        Assert.Equal(EthereumRpcFailure.Timeout, e.Kind);

        using var caller = new CancellationTokenSource();
        await caller.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.BlockNumberAsync(caller.Token));
        never.SetResult();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_above_the_limit_is_refused_whether_its_length_is_announced_or_not(bool isAnnounced)
    {
        string answer = $$"""{"id":0,"result":"0x{{new string('1', 5000)}}"}""";
        await using StubRpcServer server = await StubRpcServer.StartAsync(async context =>
        {
            if (isAnnounced) context.Response.ContentLength = answer.Length;
            await context.Response.WriteAsync(answer);
        });
        using var client = new EthereumRpcClient(
            new EthereumRpcOptions { Endpoint = server.Endpoint, AnswerBytesMax = 4096 });
        EthereumRpcException e = await Assert.ThrowsAsync<EthereumRpcException>(() => client.BlockNumberAsync());
        Assert.Equal(EthereumRpcFailure.TooLarge, e.Kind);
        Assert.Contains("4096", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Calls_go_in_batches_of_at_most_25_in_order_and_answers_are_matched_by_id()
    {
        var batches = new List<int>();
        var methods = new List<string>();
        await using StubRpcServer server = await StubRpcServer.StartAsync(async context =>
        {
            JsonArray calls = (await StubRpcServer.ReadAsync(context)).AsArray();
            batches.Add(calls.Count);
            methods.AddRange(calls.Select(c => (string)c!["method"]!));
            IEnumerable<string> answers = calls.Reverse().Select(c => (string)c!["method"]! == "m7"
                ? $$$"""{"id":{{{c["id"]}}},"error":{"code":-32003,"message":"no"}}"""
                : $$$"""{"id":{{{c["id"]}}},"result":"{{{c["method"]}}}"}""");
            await StubRpcServer.WriteAsync(context, $"[{string.Join(',', answers)}]");
        });
        using var client = new EthereumRpcClient(server.Endpoint);

        EthereumAnswer[] given = await client.BatchAsync(
            [.. Enumerable.Range(0, 60).Select(i => new EthereumCall($"m{i}"))]);

        Assert.Equal([25, 25, 10], batches);
        Assert.Equal(Enumerable.Range(0, 60).Select(i => $"m{i}"), methods);
        for (int i = 0; i < 60; i++)
        {
            if (i == 7) Assert.Equal(-32003, given[i].Error!.Code);
            else Assert.Equal($"m{i}", given[i].Value.GetString());
        }

        Assert.Equal(EthereumRpcFailure.RpcError, Assert.Throws<EthereumRpcException>(() => given[7].Value).Kind);
    }

    [Theory]
    [InlineData("""[{"id":0,"result":1}]""")]
    [InlineData("""[{"id":0,"result":1},{"id":0,"result":1}]""")]
    [InlineData("""[{"id":0,"result":1},{"id":2,"result":1}]""")]
    [InlineData("""[{"id":0,"result":1},{"id":"1","result":1}]""")]
    [InlineData("""[{"id":0,"result":1},{"result":1}]""")]
    [InlineData("""{"id":0,"result":1}""")]
    public async Task A_batch_whose_answers_do_not_match_its_calls_is_malformed(string answer)
    {
        await using StubRpcServer server = await StubRpcServer.StartAsync(
            context => StubRpcServer.WriteAsync(context, answer));
        using var client = new EthereumRpcClient(server.Endpoint);
        EthereumRpcException e = await Assert.ThrowsAsync<EthereumRpcException>(
            () => client.BatchAsync([new EthereumCall("a"), new EthereumCall("b")]));
        Assert.Equal(EthereumRpcFailure.MalformedAnswer, e.Kind);
    }

    [Fact]
    public void Quantities_are_written_without_leading_zeros_and_read_back()
    {
        Assert.Equal("0x0", EthereumJson.Quantity(0));
        Assert.Equal("0x0", EthereumJson.Quantity(BigInteger.Zero));
        Assert.Equal("0xff", EthereumJson.Quantity(new BigInteger(255)));
        Assert.Equal("0x8000000000000000", EthereumJson.Quantity(1UL << 63));
        BigInteger largest = BigInteger.Pow(2, 256) - 1;
        using JsonDocument text = JsonDocument.Parse($"\"{EthereumJson.Quantity(largest)}\"");
        Assert.Equal(largest, EthereumJson.ReadU256(text.RootElement, "x"));
    }

    private static async Task<EthereumRpcException> FailureOf(string answer)
    {
        await using StubRpcServer server = await StubRpcServer.StartAsync(
            context => StubRpcServer.WriteAsync(context, answer));
        using var client = new EthereumRpcClient(server.Endpoint);
        return await Assert.ThrowsAsync<EthereumRpcException>(() => client.ChainIdAsync());
    }
}
