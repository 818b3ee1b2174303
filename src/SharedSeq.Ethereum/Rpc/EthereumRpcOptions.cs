namespace SharedSeq.Ethereum;

/// <summary>Limits of one <see cref="EthereumRpcClient"/>.</summary>
public sealed record EthereumRpcOptions
{
    /// <summary>Where the client answers JSON-RPC: http, https, ws or wss.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>
    /// Time for one exchange, batch or single. Default 10 s: mining a full block of heavy calls takes seconds.
    /// </summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time to connect. Default 2 s: execution clients are near.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Bytes of one answer. Default 32 MiB: a block of 30 M gas with its full transactions has about 4 MiB.
    /// </summary>
    public int AnswerBytesMax { get; init; } = 32 * 1024 * 1024;

    /// <summary>Calls in one batch request; longer lists are sent in several, one after another. Default 25: anvil
    /// keeps the order of a batch up to there.</summary>
    public int BatchCallsMax { get; init; } = 25;

    /// <summary>HTTP connections kept open; a WebSocket is one. Default 8.</summary>
    public int ConnectionsMax { get; init; } = 8;
}
