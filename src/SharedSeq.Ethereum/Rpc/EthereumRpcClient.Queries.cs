using System.Numerics;
using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>The calls that adapters, gateways and tests make, with typed results.</summary>
public sealed partial class EthereumRpcClient
{
    public async Task<ulong> ChainIdAsync(CancellationToken cancellation = default) =>
        EthereumJson.ReadU64(await CallAsync(new EthereumCall("eth_chainId"), cancellation), "chain id");

    public async Task<ulong> BlockNumberAsync(CancellationToken cancellation = default) =>
        EthereumJson.ReadU64(await CallAsync(new EthereumCall("eth_blockNumber"), cancellation), "block number");

    /// <summary>A block by number; null when the client has none.</summary>
    public async Task<EthereumBlock?> BlockAsync(ulong number, CancellationToken cancellation = default) =>
        EthereumBlock.Read(await CallAsync(EthereumBlock.ByNumber(number), cancellation));

    /// <summary>The newest block.</summary>
    public async Task<EthereumBlock> LatestBlockAsync(CancellationToken cancellation = default) =>
        EthereumBlock.Read(await CallAsync(EthereumBlock.Latest, cancellation))
            ?? throw EthereumRpcException.Malformed("there is no latest block");

    /// <summary>The receipt of an executed transaction; null before.</summary>
    public async Task<EthereumReceipt?> ReceiptAsync(
        Hash32 transactionHash, CancellationToken cancellation = default) =>
        EthereumReceipt.Read(
            await CallAsync(new EthereumCall("eth_getTransactionReceipt", transactionHash.ToString()), cancellation));

    /// <summary>A transaction that the client knows; null otherwise.</summary>
    public async Task<EthereumTransaction?> TransactionAsync(
        Hash32 transactionHash, CancellationToken cancellation = default) =>
        EthereumTransaction.Read(
            await CallAsync(new EthereumCall("eth_getTransactionByHash", transactionHash.ToString()), cancellation));

    /// <summary>Wei at a block.</summary>
    /// <param name="address">The account.</param>
    /// <param name="block">A number as quantity, or a tag such as latest.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    public async Task<BigInteger> BalanceAsync(
        EvmAddress address, string block = "latest", CancellationToken cancellation = default) =>
        EthereumJson.ReadU256(
            await CallAsync(new EthereumCall("eth_getBalance", address.ToString(), block), cancellation), "balance");

    /// <summary>Transactions that the account has sent up to a block: the nonce of its next one.</summary>
    public async Task<ulong> NonceAsync(
        EvmAddress address, string block = "latest", CancellationToken cancellation = default) =>
        EthereumJson.ReadU64(
            await CallAsync(new EthereumCall("eth_getTransactionCount", address.ToString(), block), cancellation),
            "nonce");

    /// <summary>Contract code at a block, empty for accounts without.</summary>
    public async Task<byte[]> CodeAsync(
        EvmAddress address, string block = "latest", CancellationToken cancellation = default) =>
        EthereumJson.ReadBytes(
            await CallAsync(new EthereumCall("eth_getCode", address.ToString(), block), cancellation), "code");

    /// <summary>Hands over a signed transaction and returns the hash the endpoint answers.</summary>
    public async Task<Hash32> SendRawTransactionAsync(
        ReadOnlyMemory<byte> raw, CancellationToken cancellation = default) =>
        EthereumJson.ReadHash(
            await CallAsync(new EthereumCall("eth_sendRawTransaction", EthereumJson.Bytes(raw.Span)), cancellation),
            "transaction hash");

    /// <summary>Whether the client is still following its chain.</summary>
    public async Task<bool> IsSyncingAsync(CancellationToken cancellation = default)
    {
        JsonElement answer = await CallAsync(new EthereumCall("eth_syncing"), cancellation);
        return answer.ValueKind switch
        {
            JsonValueKind.False => false,
            JsonValueKind.True or JsonValueKind.Object => true,
            _ => throw EthereumRpcException.Malformed("eth_syncing answers neither false nor a state"),
        };
    }
}
