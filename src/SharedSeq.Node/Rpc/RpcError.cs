namespace SharedSeq.Node;

/// <summary>One way a call can be refused: a stable code and name, what it means and what the caller can do.</summary>
public sealed record RpcError(int Code, string Name, string Meaning, string Remedy)
{
    public static readonly RpcError ParseError = new(-32700, "ParseError", "The request is not JSON.", "Send one JSON-RPC 2.0 object or an array of them.");
    public static readonly RpcError InvalidRequest = new(-32600, "InvalidRequest", "Not a JSON-RPC 2.0 request.", "Send jsonrpc, id, method and params.");
    public static readonly RpcError MethodNotFound = new(-32601, "MethodNotFound", "The method does not exist or is not allowed here.", "See rpc.discover.");
    public static readonly RpcError InvalidParams = new(-32602, "InvalidParams", "A parameter is missing or malformed.", "The message names it.");
    public static readonly RpcError InternalError = new(-32603, "InternalError", "A fault of this node.", "Try another operator; report the error id.");
    public static readonly RpcError RequestTooLarge = new(-32001, "RequestTooLarge", "The request or batch is above its limit.", "Send less at once.");
    public static readonly RpcError NotReady = new(-32002, "NotReady", "The node is starting, stopping or behind.", "Try again or another operator.");
    public static readonly RpcError TransactionRefused = new(-32003, "TransactionRefused", "The transaction was not admitted.", "data.reason says why.");
    public static readonly RpcError LaneFull = new(-32004, "LaneFull", "This operator's lane is full.", "Try again soon or at another operator.");
    public static readonly RpcError NotFound = new(-32005, "NotFound", "Nothing known by that id or number.", "It may not be committed yet.");
    public static readonly RpcError Pruned = new(-32006, "Pruned", "Below what this operator keeps.", "data.oldest is the oldest kept.");
    public static readonly RpcError BeyondHead = new(-32007, "BeyondHead", "Above the newest block.", "data.head is the newest.");
    public static readonly RpcError TooManySubscriptions = new(-32008, "TooManySubscriptions", "The connection's limit is reached.", "Unsubscribe first.");
    public static readonly RpcError Timeout = new(-32009, "Timeout", "It did not happen within the time asked for.", "Ask for the status later.");
    public static readonly RpcError UnknownNamespace = new(-32010, "UnknownNamespace", "The namespace is not registered.", "See sharedseq_getPolicy.");
    public static readonly RpcError BadProof = new(-32011, "BadProof", "A proof or receipt did not verify.", "data.reason says why.");
    public static readonly RpcError TooManyCalls =
        new(-32014, "TooManyCalls", "The connection's, or its address', limit of calls a second is reached.",
            "data.retryAfterMs says when there is room again.");

    public static readonly RpcError TooManyConnections =
        new(-32016, "TooManyConnections", "The client's address has as many connections as it may.",
            "Use those that are open, or again after data.retryAfterMs.");

    public static readonly RpcError ExecutionUnavailable =
        new(-32012, "ExecutionUnavailable", "No execution client of this rollup answers.", "Try another operator.");

    public static readonly RpcError Diverged = new(
        -32013, "Diverged", "This operator's results differ from the certified ones at these heights.", "Ask another operator.");

    public static readonly RpcError StatementRefused = new(
        -32015, "StatementRefused", "The operator statement would not take effect.", "data.reason says why.");

    /// <summary>All of them, for rpc.discover and the documentation.</summary>
    public static readonly IReadOnlyList<RpcError> All =
    [
        ParseError, InvalidRequest, MethodNotFound, InvalidParams, InternalError, RequestTooLarge, NotReady, TransactionRefused, LaneFull,
        NotFound, Pruned, BeyondHead, TooManySubscriptions, Timeout, UnknownNamespace, BadProof, ExecutionUnavailable, Diverged,
        TooManyCalls, StatementRefused, TooManyConnections,
    ];
}

/// <summary>A call refused with one of the listed errors; an expected outcome, not a fault.</summary>
public sealed class RpcException(RpcError error, string message, object? details = null) : Exception(message)
{
    public RpcError Error { get; } = error;

    /// <summary>The error's data member: serialized as JSON, or absent.</summary>
    public object? Details { get; } = details;
}
