using System.Buffers;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>A method's implementation; the result is serialized as JSON.</summary>
public delegate Task<object?> RpcMethod(RpcCall call);

/// <summary>
/// JSON-RPC 2.0: parses single calls and batches, finds methods, answers every refusal with a typed error. One bad item
/// of a batch harms no other.
/// </summary>
public sealed class RpcDispatcher(IReadOnlyDictionary<string, RpcMethod> methods, int batchItemsMax, RpcCounters counters, ILogger logger)
{
    /// <summary>Bytes of a batch's answers after which its other calls are refused. 16 MiB: a hundred small calls are far below it, and whoever wants a
    /// hundred large blocks asks for them one after the other.</summary>
    private const int BatchAnswerBytesMax = 16 * 1024 * 1024;

    /// <summary>camelCase, no escaping of plain text, bytes and hashes as the methods wrote them.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        Converters = { new RawJsonConverter() },
    };

    public IEnumerable<string> MethodNames => methods.Keys.Order(StringComparer.Ordinal);

    /// <summary>Answers one request body; empty when nothing is to be answered (notifications only).</summary>
    /// <param name="body">JSON: a call or an array of them.</param>
    /// <param name="connection">The WebSocket it came by; null over HTTP.</param>
    /// <param name="cancellation">Ends with the connection.</param>
    /// <param name="rate">What the client's connection may ask; null for any number of calls.</param>
    public async Task<ReadOnlyMemory<byte>> HandleAsync(
        ReadOnlyMemory<byte> body, IRpcConnection? connection, CancellationToken cancellation, CallRate? rate = null)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 32 });
        }
        catch (JsonException e)
        {
            return Refuse(rate, RpcError.ParseError, $"not JSON: {e.Message}");
        }

        using (document)
        {
            if (!JsonText.IsUnicode(body.Span)) return Refuse(rate, RpcError.ParseError, "not JSON: a string is not Unicode");
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Array)
            {
                object? single = await HandleOneAsync(root, connection, rate, cancellation);
                return single is null ? default : Serialize(single);
            }

            int count = root.GetArrayLength();
            if (count == 0) return Refuse(rate, RpcError.InvalidRequest, "an empty batch");
            if (count > batchItemsMax) return Refuse(rate, RpcError.RequestTooLarge, $"{count} calls in a batch, limit {batchItemsMax}");
            return await HandleBatchAsync(root, connection, rate, cancellation);
        }
    }

    private async Task<ReadOnlyMemory<byte>> HandleBatchAsync(
        JsonElement batch, IRpcConnection? connection, CallRate? rate, CancellationToken cancellation)
    {
        var buffer = new ArrayBufferWriter<byte>(4096);
        await using var writer = new Utf8JsonWriter(buffer, WriterOptions);
        writer.WriteStartArray();
        bool isAnswered = false;
        foreach (JsonElement item in batch.EnumerateArray())
        {
            // Each answer is encoded at once: what a batch costs is what it is answered.
            bool isFull = writer.BytesCommitted + writer.BytesPending > BatchAnswerBytesMax;
            if (await HandleOneAsync(item, connection, rate, cancellation, isFull) is not { } answer) continue;
            JsonSerializer.Serialize(writer, answer, NullKeepingJson);
            isAnswered = true;
        }

        writer.WriteEndArray();
        await writer.FlushAsync(cancellation);
        return isAnswered ? buffer.WrittenMemory : default;
    }

    /// <summary>Answers, and counts, a request that was too large to be read.</summary>
    public ReadOnlyMemory<byte> RefuseTooLarge(int bytesMax, CallRate rate)
    {
        counters.CountCall();
        return Refuse(rate, RpcError.RequestTooLarge, $"a request has at most {bytesMax} bytes");
    }

    /// <summary>Answers, and counts, a connection that is refused because its address has too many.</summary>
    public ReadOnlyMemory<byte> RefuseConnection(int connectionsMax, int retryAfterMs) => Serialize(ErrorOf(
        null, RpcError.TooManyConnections, $"an address has at most {connectionsMax} connections",
        new { name = RpcError.TooManyConnections.Name, retryAfterMs }));

    private async Task<object?> HandleOneAsync(
        JsonElement request, IRpcConnection? connection, CallRate? rate, CancellationToken cancellation, bool isFull = false)
    {
        counters.CountCall();
        object? tooMany = null;
        bool isRequest = IsRequest(request, out string method, out JsonElement parameters, out JsonElement? id);
        if (rate is not null && !rate.TryTake(out int retryAfterMs)) tooMany = TooMany(id, retryAfterMs);
        if (!isRequest) return tooMany ?? ErrorOf(id, RpcError.InvalidRequest, "not a JSON-RPC 2.0 request", null);
        if (tooMany is not null) return id is null ? null : tooMany;
        object answer;
        try
        {
            if (isFull)
                throw new RpcException(RpcError.RequestTooLarge, $"the batch's answers have more than {BatchAnswerBytesMax} bytes; call this again");
            if (!methods.TryGetValue(method, out RpcMethod? run))
                throw new RpcException(RpcError.MethodNotFound, $"the method {method} does not exist/is not available");
            object? result = await run(new RpcCall(method, parameters, connection, cancellation, rate?.Address));
            answer = new Dictionary<string, object?>(StringComparer.Ordinal) { ["jsonrpc"] = "2.0", ["id"] = id, ["result"] = result };
        }
        catch (RpcException e)
        {
            answer = ErrorOf(id, e.Error, e.Message, e.Details);
        }
        catch (SubmissionException e)
        {
            RpcError error = e.Reason is SubmissionRejection.NotReady or SubmissionRejection.StorageFailed ? RpcError.NotReady : RpcError.LaneFull;
            answer = ErrorOf(id, error, e.Message, new { reason = e.Reason.ToString() });
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            answer = ErrorOf(id, RpcError.NotReady, "the node or the connection is stopping", null);
        }
        catch (Exception e)
        {
            string errorId = Guid.NewGuid().ToString("n")[..12];
            logger.RpcFailed(method, errorId, e);
            answer = ErrorOf(id, RpcError.InternalError, $"internal error {errorId}", new { errorId });
        }

        return id is null ? null : answer;
    }

    private static bool IsRequest(JsonElement request, out string method, out JsonElement parameters, out JsonElement? id)
    {
        method = "";
        parameters = default;
        id = null;
        if (request.ValueKind != JsonValueKind.Object) return false;
        if (request.TryGetProperty("id", out JsonElement given))
        {
            if (given.ValueKind is not (JsonValueKind.String or JsonValueKind.Number or JsonValueKind.Null)) return false;
            id = given;
        }

        if (!request.TryGetProperty("jsonrpc", out JsonElement version) || version.ValueKind != JsonValueKind.String
            || !version.ValueEquals("2.0")) return false;
        if (!request.TryGetProperty("method", out JsonElement name) || name.ValueKind != JsonValueKind.String) return false;
        method = name.GetString()!;
        if (request.TryGetProperty("params", out parameters) && parameters.ValueKind is not (JsonValueKind.Array or JsonValueKind.Object)) return false;
        return true;
    }

    /// <summary>The answer to a body that holds no call: it cost its reading, so it takes a call of the rate, too.</summary>
    private ReadOnlyMemory<byte> Refuse(CallRate? rate, RpcError error, string message) =>
        Serialize(rate is not null && !rate.TryTake(out int retryAfterMs) ? TooMany(null, retryAfterMs) : ErrorOf(null, error, message, null));

    private Dictionary<string, object?> TooMany(JsonElement? id, int retryAfterMs) => ErrorOf(
        id, RpcError.TooManyCalls, $"too many calls a second by this connection or its address; again in {retryAfterMs} ms",
        new { name = RpcError.TooManyCalls.Name, retryAfterMs });

    private Dictionary<string, object?> ErrorOf(JsonElement? id, RpcError error, string message, object? details)
    {
        counters.CountError(error);
        return new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["jsonrpc"] = "2.0",
            ["id"] = id,
            ["error"] = new { code = error.Code, message, data = details ?? new { name = error.Name } },
        };
    }

    private static ReadOnlyMemory<byte> Serialize(object value)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var writer = new Utf8JsonWriter(buffer, WriterOptions);
        JsonSerializer.Serialize(writer, value, NullKeepingJson);
        writer.Flush();
        return buffer.WrittenMemory;
    }

    private static JsonWriterOptions WriterOptions => new() { Encoder = Json.Encoder };

    /// <summary>An answer's id and result must stay when they are null.</summary>
    private static readonly JsonSerializerOptions NullKeepingJson = new(Json)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.Never,
    };
}
