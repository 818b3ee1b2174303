using System.Text.Json.Nodes;
using SharedSeq.Adapters.Tests.Clients;
using SharedSeq.Ethereum;

namespace SharedSeq.Adapters.Tests.Ethereum;

public sealed class ExternalSignerTests
{
    private static readonly EvmWallet Wallet = EvmWallet.FromMnemonic("test test test test test test test test test test test junk", 1);

    private static readonly EvmTransactionRequest Request = new()
    {
        ChainId = 31_337,
        Nonce = 7,
        To = Wallet.Address,
        Value = 5,
        Data = new byte[] { 1, 2 },
        GasLimit = 50_000,
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_transaction_asked_for_comes_back_signed_as_bytes_or_in_an_object(bool isObject)
    {
        JsonNode? asked = null;
        byte[] raw = await SignAsync(Request, request =>
        {
            asked = request;
            string signed = EthereumJson.Bytes(Wallet.Sign(Request));
            return isObject ? new JsonObject { ["raw"] = signed, ["tx"] = new JsonObject() } : signed;
        });
        Assert.Equal(Wallet.Sign(Request), raw);
        Assert.Equal(await ((IEvmSigner)Wallet).SignAsync(Request), raw);
        Assert.Equal("eth_signTransaction", (string)asked!["method"]!);
        Assert.Equal(
            $$"""{"from":"{{Wallet.Address}}","chainId":"0x7a69","nonce":"0x7","gas":"0xc350","maxFeePerGas":"0x174876e800",""" +
            $"\"maxPriorityFeePerGas\":\"0x3b9aca00\",\"value\":\"0x5\",\"data\":\"0x0102\",\"to\":\"{Wallet.Address}\"}}",
            asked["params"]![0]!.ToJsonString());
    }

    [Fact]
    public async Task A_creation_is_asked_for_without_a_receiver()
    {
        EvmTransactionRequest creation = Request with { To = null, GasLimit = 100_000 };
        byte[] raw = await SignAsync(creation, request =>
        {
            Assert.False(request["params"]![0]!.AsObject().ContainsKey("to"));
            return EthereumJson.Bytes(Wallet.Sign(creation));
        });
        Assert.Equal(Wallet.Sign(creation), raw);
    }

    [Fact]
    public async Task Another_transaction_or_another_account_is_never_handed_on()
    {
        EvmWallet other = EvmWallet.FromMnemonic("test test test test test test test test test test test junk", 2);
        (string What, byte[] Raw, EthereumRpcFailure Kind)[] lies =
        [
            ("account", other.Sign(Request), EthereumRpcFailure.FalseAnswer),
            ("receiver", Wallet.Sign(Request with { To = other.Address }), EthereumRpcFailure.FalseAnswer),
            ("value", Wallet.Sign(Request with { Value = 6 }), EthereumRpcFailure.FalseAnswer),
            ("nonce", Wallet.Sign(Request with { Nonce = 8 }), EthereumRpcFailure.FalseAnswer),
            ("chain", Wallet.Sign(Request with { ChainId = 1 }), EthereumRpcFailure.FalseAnswer),
            ("data", Wallet.Sign(Request with { Data = new byte[] { 1, 3 } }), EthereumRpcFailure.FalseAnswer),
            ("gas", Wallet.Sign(Request with { GasLimit = 50_001 }), EthereumRpcFailure.FalseAnswer),
            ("fee", Wallet.Sign(Request with { MaxFeePerGas = 1_000_000_001 }), EthereumRpcFailure.FalseAnswer),
            ("tip", Wallet.Sign(Request with { MaxPriorityFeePerGas = 2 }), EthereumRpcFailure.FalseAnswer),
            ("type", Wallet.SignLegacy(Request), EthereumRpcFailure.FalseAnswer),
            ("nothing", [], EthereumRpcFailure.MalformedAnswer),
        ];
        foreach ((string what, byte[] raw, EthereumRpcFailure kind) in lies)
        {
            EthereumRpcException e = await Assert.ThrowsAsync<EthereumRpcException>(() => SignAsync(Request, _ => EthereumJson.Bytes(raw)));
            Assert.True(kind == e.Kind, $"{what}: {e.Message}");
        }
    }

    private static async Task<byte[]> SignAsync(EvmTransactionRequest request, Func<JsonNode, JsonNode> answer)
    {
        await using StubRpcServer server = await StubRpcServer.StartAsync(async context =>
        {
            JsonNode asked = await StubRpcServer.ReadAsync(context);
            await StubRpcServer.WriteAsync(
                context, new JsonObject { ["jsonrpc"] = "2.0", ["id"] = asked["id"]!.DeepClone(), ["result"] = answer(asked) }.ToJsonString());
        });
        using var client = new EthereumRpcClient(server.Endpoint);
        return await new ExternalSigner(client, Wallet.Address).SignAsync(request);
    }
}
