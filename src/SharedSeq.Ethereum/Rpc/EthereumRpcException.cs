using System.Buffers;
using SharedSeq.Primitives;

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
    /// An answer that is no JSON-RPC, misses an id or a field, or has a field of another kind.
    /// </summary>
    MalformedAnswer = 4,

    /// <summary>The execution client refused the call; see <see cref="EthereumRpcException.Error"/>.</summary>
    RpcError = 5,

    /// <summary>An answer above the size limit; no more of it was read.</summary>
    TooLarge = 6,

    /// <summary>
    /// A well-formed answer that is provably not the chain's: a header that does not hash to what it should, receipts
    /// or a proof that do not lead to the header's roots.
    /// </summary>
    FalseAnswer = 7,
}

/// <summary>An error object of JSON-RPC.</summary>
/// <param name="Code">The code, for example -32003 for a refused transaction.</param>
/// <param name="Message">The client's text.</param>
/// <param name="Detail">
/// The error's data as JSON text; null when there is none. For a reverted call it holds the revert bytes.
/// </param>
public sealed record EthereumRpcError(int Code, string Message, string? Detail)
{
    /// <summary>
    /// What a call reverted with, for <see cref="AbiError.Describe"/>; null when the client gave no bytes.
    /// </summary>
    public byte[]? RevertBytes
    {
        get
        {
            // Clients give the bytes as a text, or as a field of an object.
            string text = (Detail ?? "").Trim();
            int start = text.IndexOf("\"0x", StringComparison.Ordinal);
            int end = start < 0 ? -1 : text.IndexOf('"', start + 1);
            if (end < 0 || (end - start) % 2 == 0) return null;
            ReadOnlySpan<char> digits = text.AsSpan((start + 3)..end);
            return digits.ContainsAnyExcept(HexDigits) ? null : Convert.FromHexString(digits);
        }
    }

    private static SearchValues<char> HexDigits { get; } = SearchValues.Create("0123456789abcdefABCDEF");
}

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

    internal static EthereumRpcException TooLarge(int bytesMax) =>
        new(EthereumRpcFailure.TooLarge, $"the answer has more than {bytesMax} bytes");

    internal static EthereumRpcException False(string what) => new(EthereumRpcFailure.FalseAnswer, what);

    internal static EthereumRpcException Malformed(string what, Exception? inner = null) =>
        new(EthereumRpcFailure.MalformedAnswer, what, inner);
}
