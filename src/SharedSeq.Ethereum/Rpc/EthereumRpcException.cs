namespace SharedSeq.Ethereum;

/// <summary>What went wrong with a call. Pinned: labels of metrics.</summary>
public enum EthereumRpcFailure : byte
{
    /// <summary>No connection, or it broke.</summary>
    Unreachable = 1,

    /// <summary>No answer in time.</summary>
    Timeout = 2,

    /// <summary>An HTTP status other than success.</summary>
    HttpStatus = 3,

    /// <summary>
    /// An answer that is no JSON-RPC, misses an id or a field, has a field of another kind, or is above the size limit.
    /// </summary>
    MalformedAnswer = 4,

    /// <summary>The execution client refused the call; see <see cref="EthereumRpcException.Error"/>.</summary>
    RpcError = 5,
}

/// <summary>An error object of JSON-RPC.</summary>
/// <param name="Code">The code, for example -32003 for a refused transaction.</param>
/// <param name="Message">The client's text.</param>
/// <param name="Detail">
/// The error's data as JSON text; null when there is none. For a reverted call it holds the revert bytes.
/// </param>
public sealed record EthereumRpcError(int Code, string Message, string? Detail);

/// <summary>
/// A call to an execution client gave no result; <see cref="Kind"/> says why. The only exception of the client besides
/// cancellation.
/// </summary>
public sealed class EthereumRpcException : Exception
{
    public EthereumRpcException(EthereumRpcFailure kind, string message, Exception? inner = null)
        : base($"{kind}: {message}", inner) => Kind = kind;

    public EthereumRpcException(string method, EthereumRpcError error)
        : base($"{EthereumRpcFailure.RpcError}: {method}: {error.Code} {error.Message}")
    {
        Kind = EthereumRpcFailure.RpcError;
        Error = error;
    }

    public EthereumRpcFailure Kind { get; }

    /// <summary>Set when <see cref="Kind"/> is <see cref="EthereumRpcFailure.RpcError"/>.</summary>
    public EthereumRpcError? Error { get; }

    /// <summary>The HTTP status; 0 unless <see cref="Kind"/> is <see cref="EthereumRpcFailure.HttpStatus"/>.</summary>
    public int StatusCode { get; init; }

    internal static EthereumRpcException Malformed(string what, Exception? inner = null) =>
        new(EthereumRpcFailure.MalformedAnswer, what, inner);
}
