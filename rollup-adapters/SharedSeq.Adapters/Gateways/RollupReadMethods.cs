using System.Collections.Frozen;

namespace SharedSeq.Adapters;

/// <summary>What the gateway of a rollup does with an Ethereum method.</summary>
public enum RollupMethodHandling
{
    /// <summary>Answered by the gateway itself; the execution client never sees it.</summary>
    Gateway = 1,

    /// <summary>Read-only: passed to the execution client as it is.</summary>
    PassThrough = 2,

    /// <summary>Answered as an unknown method (-32601).</summary>
    Refused = 3,
}

/// <summary>
/// The fixed list of Ethereum methods of the endpoint /rollups/{namespace}. What is not listed is refused: execution
/// clients have methods that sign with keys of their own, mine, or rewrite state, and one such call could wipe a chain.
/// </summary>
public static class RollupReadMethods
{
    /// <summary>Read-only methods that are passed to the execution client.</summary>
    public static readonly FrozenSet<string> PassedThrough = new[]
    {
        "eth_blobBaseFee", "eth_blockNumber", "eth_call", "eth_createAccessList", "eth_estimateGas", "eth_feeHistory",
        "eth_gasPrice", "eth_getBalance", "eth_getBlockByHash", "eth_getBlockByNumber", "eth_getBlockReceipts",
        "eth_getBlockTransactionCountByHash", "eth_getBlockTransactionCountByNumber", "eth_getCode",
        "eth_getHeaderByHash", "eth_getHeaderByNumber", "eth_getLogs", "eth_getProof", "eth_getRawTransactionByHash",
        "eth_getStorageAt", "eth_getTransactionByBlockHashAndIndex", "eth_getTransactionByBlockNumberAndIndex",
        "eth_getTransactionReceipt", "eth_getUncleByBlockHashAndIndex", "eth_getUncleByBlockNumberAndIndex",
        "eth_getUncleCountByBlockHash", "eth_getUncleCountByBlockNumber", "eth_maxPriorityFeePerGas",
        "eth_protocolVersion", "net_listening", "net_peerCount", "web3_clientVersion", "web3_sha3",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Methods that the gateway answers from what it knows of the order.</summary>
    public static readonly FrozenSet<string> AnsweredByGateway = new[]
    {
        "eth_accounts", "eth_chainId", "eth_getTransactionByHash", "eth_getTransactionCount", "eth_sendRawTransaction",
        "eth_subscribe", "eth_syncing", "eth_unsubscribe", "net_version",
    }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>
    /// Methods and families that must never be passed, whatever else changes: listed so that a test can hold the lists
    /// above to it. A name that ends in an underscore stands for the whole family.
    /// </summary>
    public static readonly IReadOnlyList<string> Forbidden =
    [
        "admin_", "anvil_", "clique_", "debug_", "engine_", "evm_", "hardhat_", "miner_", "ots_", "personal_",
        "tenderly_", "trace_", "txpool_", "wallet_",
        "eth_coinbase", "eth_getFilterChanges", "eth_getFilterLogs", "eth_getWork", "eth_hashrate", "eth_mining",
        "eth_newBlockFilter", "eth_newFilter", "eth_newPendingTransactionFilter", "eth_sendTransaction",
        "eth_sendTransactionSync", "eth_sendRawTransactionSync", "eth_sendUnsignedTransaction", "eth_sign",
        "eth_signTransaction", "eth_signTypedData", "eth_signTypedData_v3", "eth_signTypedData_v4",
        "eth_submitHashrate", "eth_submitWork", "eth_uninstallFilter",
    ];

    public static RollupMethodHandling Of(string method)
    {
        if (PassedThrough.Contains(method)) return RollupMethodHandling.PassThrough;
        return AnsweredByGateway.Contains(method) ? RollupMethodHandling.Gateway : RollupMethodHandling.Refused;
    }
}
