namespace SharedSeq.Adapters.EvmDev;

/// <summary>How a dev chain is driven.</summary>
public sealed record EvmDevOptions
{
    /// <summary>The execution client's JSON-RPC endpoint; its methods anvil_* and evm_* must be reachable.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The rollup's EVM chain id.</summary>
    public required ulong ChainId { get; init; }

    /// <summary>The genesis block's time in seconds: a client with another one is not this rollup's.</summary>
    public required ulong GenesisTimestampSeconds { get; init; }

    /// <summary>Time for one exchange with the client. Default 10 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}
