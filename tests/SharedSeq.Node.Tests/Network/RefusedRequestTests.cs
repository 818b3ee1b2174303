using System.Net.WebSockets;
using System.Numerics;
using System.Text;
using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Ethereum;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Network;

/// <summary>One operator that is a network by itself, ready for clients; shared by the tests of a class.</summary>
public sealed class OneNode : IAsyncLifetime
{
    private TestNetwork? _network;

    internal TestNode Node => _network![0];

    public async Task InitializeAsync() => _network = await TestNetwork.StartAsync(1);

    public async Task DisposeAsync() => await _network!.DisposeAsync();
}

/// <summary>What clients must not get through with: every refusal has its reason, is counted, and harms nothing beside it.</summary>
[Collection("nodes")]
public sealed class RefusedRequestTests(OneNode one) : IClassFixture<OneNode>
{
    private static readonly EvmWallet Wallet = new(Sha.Of("a wallet of the refused request tests"u8).ToArray());

    private TestNode Node => one.Node;

    [Theory]
    [InlineData("sharedseq", "BadSignature")]
    [InlineData("sharedseq", "WrongChainId")]
    [InlineData("sharedseq", "Malformed")]
    [InlineData("gateway", "BadSignature")]
    [InlineData("gateway", "WrongChainId")]
    [InlineData("gateway", "Malformed")]
    public async Task An_EVM_transaction_that_is_none_of_its_rollup_is_refused_and_counted(string door, string reason)
    {
        byte[] raw = reason switch
        {
            "BadSignature" => WithSignatureOutOfRange(Signed(TestNetwork.Evm)),
            "WrongChainId" => Signed(TestNetwork.Evm + 1),
            _ => Signed(TestNetwork.Evm)[..^1],
        };
        string metric = $"sharedseq_admission_refused_total{{reason=\"{reason}\"}}";
        double before = await Node.MetricAsync(metric);
        string hex = "0x" + Convert.ToHexStringLower(raw);
        JsonElement error;
        if (door == "gateway")
        {
            error = (await Node.PostAsync(Call("eth_sendRawTransaction", hex), $"rollups/{TestNetwork.Evm}")).Answer.GetProperty("error");
            Assert.Equal(-32000, error.GetProperty("code").GetInt32());
            string said = reason == "WrongChainId" ? "invalid chain id for signer: have 9002 want 9001" : "failed to decode signed transaction: ";
            Assert.StartsWith(said, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        }
        else
        {
            error = (await Node.PostAsync(Call("sharedseq_sendTransaction", TestNetwork.Evm, hex))).Answer.GetProperty("error");
            Assert.Equal(RpcError.TransactionRefused.Code, error.GetProperty("code").GetInt32());
            Assert.Equal(reason, error.GetProperty("data").GetProperty("reason").GetString());
        }

        Assert.Equal(before + 1, await Node.MetricAsync(metric));
    }

    [Theory]
    [InlineData(100_001UL, 0, 30, AdmissionRejection.Empty)]
    [InlineData(100_001UL, (128 * 1024) + 1, 30, AdmissionRejection.TooLarge)]
    [InlineData(100_001UL, 10, 0, AdmissionRejection.ValidUntilRequired)]
    [InlineData(100_001UL, 10, -5, AdmissionRejection.Expired)]
    [InlineData(100_001UL, 10, 600, AdmissionRejection.TooFarAhead)]
    [InlineData(77UL, 10, 30, AdmissionRejection.UnknownNamespace)]
    [InlineData(0UL, 10, 30, AdmissionRejection.SystemNamespace)]
    [InlineData(9_001UL, 10, 30, AdmissionRejection.ValidUntilNotAllowed)]
    public async Task A_transaction_that_can_not_be_ordered_is_counted_by_its_reason_at_every_door(
        ulong ns, int bytes, int validForSeconds, AdmissionRejection reason)
    {
        ulong validUntil = validForSeconds == 0 ? 0 : (ulong)(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + validForSeconds);
        string metric = $"sharedseq_admission_refused_total{{reason=\"{reason}\"}}";
        double before = await Node.MetricAsync(metric);
        OperatorException e = await Assert.ThrowsAsync<OperatorException>(
            () => Node.Client.SendTransactionAsync(new NamespaceId(ns), new byte[bytes], validUntil, "accepted"));
        Assert.Equal(reason.ToString(), e.Reason);

        await using SubmitConnection connection = await SubmitConnection.OpenAsync(Node.Host.Rpc, CancellationToken.None);
        SubmitTransaction[] frame = [new(validUntil, new byte[bytes])];
        await connection.SendAsync(new NamespaceId(ns), SubmitWait.Accepted, frame, CancellationToken.None);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var refused = Assert.IsType<SubmitReply.Refused>(Assert.Single(await connection.ReceiveAsync(deadline.Token)));
        Assert.Equal((0, (byte)reason), refused.Transactions.Single());
        Assert.Equal(before + 2, await Node.MetricAsync(metric));
    }

    [Fact]
    public async Task One_bad_item_of_a_JSON_RPC_batch_harms_no_other_and_is_counted()
    {
        double before = await Node.MetricAsync("sharedseq_rpc_errors_total{error=\"InvalidRequest\"}");
        string good = "0x" + Convert.ToHexStringLower(TestNode.Fresh());
        string send = Call("sharedseq_sendTransaction", TestNetwork.Opaque.Value, good, new { validUntil = TestNode.Soon, wait = "committed" });
        JsonElement answers = (await Node.PostAsync($"[{Call("sharedseq_health")},17,{send},{Call("sharedseq_noSuchMethod")}]")).Answer;
        Assert.Equal(4, answers.GetArrayLength());
        Assert.True(answers[0].GetProperty("result").GetProperty("ready").GetBoolean());
        Assert.Equal(RpcError.InvalidRequest.Code, answers[1].GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal("committed", answers[2].GetProperty("result").GetProperty("status").GetString());
        Assert.Equal(RpcError.MethodNotFound.Code, answers[3].GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(before + 1, await Node.MetricAsync("sharedseq_rpc_errors_total{error=\"InvalidRequest\"}"));
    }

    [Theory]
    [InlineData("", "not json", "ParseError")]
    [InlineData("", "[]", "InvalidRequest")]
    [InlineData("", "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"sharedseq_health\"}", "InvalidRequest")]
    [InlineData("", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sharedseq_getHead\",\"params\":[]}", "InvalidParams")]
    [InlineData("", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sharedseq_getHead\",\"params\":[5]}", "UnknownNamespace")]
    [InlineData("rollups/9001", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"anvil_reset\",\"params\":[]}", "MethodNotFound")]
    [InlineData("rollups/9001", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_getBalance\",\"params\":[]}", "ExecutionUnavailable")]
    public async Task A_request_that_makes_no_sense_is_counted_by_the_name_of_its_error(string path, string body, string name)
    {
        string metric = $"sharedseq_rpc_errors_total{{error=\"{name}\"}}";
        double before = await Node.MetricAsync(metric);
        JsonElement error = (await Node.PostAsync(body, path)).Answer.GetProperty("error");
        Assert.Equal(RpcError.All.Single(e => e.Name == name).Code, error.GetProperty("code").GetInt32());
        Assert.Equal(before + 1, await Node.MetricAsync(metric));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("", false)]
    [InlineData("rollups/9001", true)]
    public async Task A_body_above_the_limit_is_answered_with_413_and_counted_whether_its_length_is_announced_or_not(string path, bool isAnnounced)
    {
        const string Metric = "sharedseq_rpc_errors_total{error=\"RequestTooLarge\"}";
        double before = await Node.MetricAsync(Metric);
        using var content = new StreamContent(new MemoryStream(new byte[(2 * 1024 * 1024) + 1]));
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        request.Headers.TransferEncodingChunked = !isAnnounced;
        using HttpResponseMessage answer = await Node.Http.SendAsync(request);
        Assert.Equal(413, (int)answer.StatusCode);
        JsonElement body = JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync());
        Assert.Equal(RpcError.RequestTooLarge.Code, body.GetProperty("error").GetProperty("code").GetInt32());
        Assert.Equal(before + 1, await Node.MetricAsync(Metric));
        await Node.CommitAsync();
    }

    [Fact]
    public async Task A_JSON_RPC_batch_above_its_limit_is_refused_whole()
    {
        string body = "[" + string.Join(',', Enumerable.Repeat(Call("sharedseq_health"), 101)) + "]";
        JsonElement error = (await Node.PostAsync(body)).Answer.GetProperty("error");
        Assert.Equal(RpcError.RequestTooLarge.Code, error.GetProperty("code").GetInt32());
    }

    [Theory]
    [InlineData(2_097_153, 413, "TooLarge")]
    [InlineData(7, 400, "Malformed")]
    public async Task A_submission_that_can_not_be_read_is_refused_whole_and_counted(int bytes, int status, string reason)
    {
        string metric = $"sharedseq_submissions_refused_total{{reason=\"{reason}\"}}";
        double before = await Node.MetricAsync(metric);
        using var content = new ByteArrayContent(new byte[bytes]);
        using HttpResponseMessage answer = await Node.Http.PostAsync($"v1/namespaces/{TestNetwork.Opaque}/transactions", content);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(before + 1, await Node.MetricAsync(metric));
    }

    [Fact]
    public async Task A_garbage_frame_on_the_submit_stream_closes_it_and_is_counted()
    {
        const string Metric = "sharedseq_submissions_refused_total{reason=\"Malformed\"}";
        double before = await Node.MetricAsync(Metric);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(new Uri(Node.Host.Rpc, "v1/submit")) { Scheme = "ws" }.Uri, CancellationToken.None);
        await socket.SendAsync(new byte[] { 9, 9, 9 }, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        Assert.Equal(WebSocketCloseStatus.InvalidPayloadData, (await socket.ReceiveAsync(new byte[100], deadline.Token)).CloseStatus);
        Assert.Equal(before + 1, await Node.MetricAsync(Metric));
    }

    [Theory]
    [InlineData("100001", "999999", "BeyondHead")]
    [InlineData("100001", "0", "InvalidParams")]
    [InlineData("100001", "-1", "InvalidParams")]
    [InlineData("77", "1", "UnknownNamespace")]
    public async Task A_subscription_that_can_not_start_says_why_and_the_connection_goes_on(string ns, string from, string name)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(Node.Host.Rpc) { Scheme = "ws" }.Uri, CancellationToken.None);
        JsonElement answer = await AskAsync(
            socket, $$"""{"jsonrpc":"2.0","id":1,"method":"sharedseq_subscribe","params":["namespaceBlocks",{"namespace":{{ns}},"from":{{from}}}]}""");
        JsonElement error = answer.GetProperty("error");
        Assert.Equal(RpcError.All.Single(e => e.Name == name).Code, error.GetProperty("code").GetInt32());
        if (name == "BeyondHead") Assert.True(error.GetProperty("data").TryGetProperty("head", out _));
        Assert.True((await AskAsync(socket, Call("sharedseq_health"))).TryGetProperty("result", out _));
    }

    private static async Task<JsonElement> AskAsync(ClientWebSocket socket, string call)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await socket.SendAsync(Encoding.UTF8.GetBytes(call), WebSocketMessageType.Text, endOfMessage: true, deadline.Token);
        byte[] buffer = new byte[64 * 1024];
        int used = 0;
        while (true)
        {
            WebSocketReceiveResult received = await socket.ReceiveAsync(new ArraySegment<byte>(buffer, used, buffer.Length - used), deadline.Token);
            used += received.Count;
            if (received.EndOfMessage) return JsonSerializer.Deserialize<JsonElement>(buffer.AsSpan(0, used));
        }
    }

    private static string Call(string method, params object[] parameters) =>
        JsonSerializer.Serialize(new { jsonrpc = "2.0", id = 1, method, @params = parameters });

    private static byte[] Signed(ulong chain) => Wallet.Sign(new EvmTransactionRequest
    {
        ChainId = chain,
        Nonce = 0,
        To = Wallet.Address,
        Value = BigInteger.One,
    });

    /// <summary>The signature's last number is the transaction's last 32 bytes.</summary>
    private static byte[] WithSignatureOutOfRange(byte[] raw)
    {
        raw.AsSpan(^32..).Fill(0xff);
        return raw;
    }
}
