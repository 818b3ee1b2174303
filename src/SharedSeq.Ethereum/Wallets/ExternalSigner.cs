using System.Text.Json.Nodes;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>
/// A signer that keeps the secret elsewhere and is asked by <c>eth_signTransaction</c>, as Web3Signer and clef are. What
/// it gives back is decoded and compared: another transaction than the one asked for is never sent.
/// </summary>
/// <param name="client">The signer's JSON-RPC.</param>
/// <param name="address">The account; the signer holds its secret.</param>
public sealed class ExternalSigner(EthereumRpcClient client, EvmAddress address) : IEvmSigner
{
    public EvmAddress Address { get; } = address;

    /// <inheritdoc/>
    public async Task<byte[]> SignAsync(EvmTransactionRequest request, CancellationToken cancellation = default)
    {
        var asked = new JsonObject
        {
            ["from"] = Address.ToString(),
            ["chainId"] = EthereumJson.Quantity(request.ChainId),
            ["nonce"] = EthereumJson.Quantity(request.Nonce),
            ["gas"] = EthereumJson.Quantity(request.GasLimit),
            ["maxFeePerGas"] = EthereumJson.Quantity(request.MaxFeePerGas),
            ["maxPriorityFeePerGas"] = EthereumJson.Quantity(request.MaxPriorityFeePerGas),
            ["value"] = EthereumJson.Quantity(request.Value),
            ["data"] = EthereumJson.Bytes(request.Data.Span),
        };
        if (request.To is { } to) asked["to"] = to.ToString();
        System.Text.Json.JsonElement answer = await client.CallAsync(new EthereumCall("eth_signTransaction", asked), cancellation);
        // Web3Signer answers the bytes, clients an object that has them as "raw".
        if (answer.ValueKind == System.Text.Json.JsonValueKind.Object) answer = EthereumJson.Field(answer, "raw");
        byte[] raw = EthereumJson.ReadBytes(answer, "a signed transaction");
        if (!EvmTransaction.TryDecode(raw, out EvmTransaction? signed, out EvmRejection rejection))
            throw EthereumRpcException.Malformed($"the signer answers with no transaction: {rejection}");
        if (signed.Sender != Address) throw EthereumRpcException.False($"the signer signed for {signed.Sender}, not for {Address}");
        return IsOf(signed, request) ? raw : throw EthereumRpcException.False("the signer signed another transaction than it was asked to");
    }

    private static bool IsOf(EvmTransaction signed, EvmTransactionRequest request) =>
        signed.Type == EvmTransactionType.DynamicFee && signed.ChainId == request.ChainId && signed.Nonce == request.Nonce &&
        signed.GasLimit == request.GasLimit && signed.MaxFeePerGas == request.MaxFeePerGas &&
        signed.MaxPriorityFeePerGas == request.MaxPriorityFeePerGas && signed.To == request.To && signed.Value == request.Value &&
        signed.Data.Span.SequenceEqual(request.Data.Span);
}
