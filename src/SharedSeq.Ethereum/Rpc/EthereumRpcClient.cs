using System.Buffers;
using System.Text.Json;

namespace SharedSeq.Ethereum;

/// <summary>
/// JSON-RPC 2.0 over HTTP or WebSocket to one execution client. The client is untrusted: answers are bounded in size and
/// time and checked before use. Calls may be made concurrently; nothing is retried, because only the caller knows what
/// may be repeated.
/// </summary>
public sealed partial class EthereumRpcClient : IDisposable
{
    private readonly EthereumRpcOptions _options;
    private readonly IEthereumTransport _transport;

    /// <param name="options">Endpoint and limits; the endpoint's scheme (http, https, ws, wss) decides the transport.</param>
    /// <exception cref="ArgumentException">The endpoint has another scheme.</exception>
    public EthereumRpcClient(EthereumRpcOptions options)
        : this(options, options.Endpoint.Scheme switch
        {
            "http" or "https" => new HttpTransport(options),
            "ws" or "wss" => new WebSocketTransport(options),
            _ => throw new ArgumentException($"an endpoint of scheme {options.Endpoint.Scheme}; http, https, ws and wss are spoken", nameof(options)),
        })
    {
    }

    public EthereumRpcClient(Uri endpoint)
        : this(new EthereumRpcOptions { Endpoint = endpoint })
    {
    }

    internal EthereumRpcClient(EthereumRpcOptions options, IEthereumTransport transport)
    {
        _options = options;
        _transport = transport;
    }

    public Uri Endpoint => _options.Endpoint;

    public void Dispose() => _transport.Dispose();

    /// <summary>Makes one call and returns its result.</summary>
    /// <exception cref="EthereumRpcException">There is no result; the kind says why.</exception>
    public async Task<JsonElement> CallAsync(EthereumCall call, CancellationToken cancellation = default)
    {
        var body = new ArrayBufferWriter<byte>(512);
        int id = _transport.NextId(1);
        await using (var writer = new Utf8JsonWriter(body)) call.Write(writer, id);
        JsonElement answer = await ExchangeAsync(body.WrittenMemory, call.Timeout ?? _options.Timeout, cancellation);
        return Read(() =>
        {
            EthereumAnswer read = ReadAnswer(answer, call);
            // A client that could not read the request has no id to answer with.
            bool isRefusalOfAll = read.Error is not null && (!answer.TryGetProperty("id", out JsonElement none) || none.ValueKind == JsonValueKind.Null);
            if (!isRefusalOfAll && ReadId(answer) != id) throw EthereumRpcException.Malformed($"the answer to {call.Method} has the id of another call");
            return read;
        }).Value;
    }

    /// <summary>
    /// Makes calls in order, in batches of at most <see cref="EthereumRpcOptions.BatchCallsMax"/>, one batch after
    /// another. Each call has its own answer; a refusal is in its answer and stops nothing.
    /// </summary>
    /// <exception cref="EthereumRpcException">
    /// A batch gave no answers; calls of it and of earlier ones may have taken effect.
    /// </exception>
    public async Task<EthereumAnswer[]> BatchAsync(
        IReadOnlyList<EthereumCall> calls, CancellationToken cancellation = default)
    {
        var answers = new EthereumAnswer[calls.Count];
        for (int start = 0; start < calls.Count; start += _options.BatchCallsMax)
        {
            int count = int.Min(_options.BatchCallsMax, calls.Count - start);
            int first = _transport.NextId(count);
            TimeSpan timeout = _options.Timeout;
            var body = new ArrayBufferWriter<byte>(512 * count);
            await using (var writer = new Utf8JsonWriter(body))
            {
                writer.WriteStartArray();
                for (int i = 0; i < count; i++)
                {
                    EthereumCall call = calls[start + i];
                    if (call.Timeout > timeout) timeout = call.Timeout.Value;
                    call.Write(writer, first + i);
                }

                writer.WriteEndArray();
            }

            JsonElement answer = await ExchangeAsync(body.WrittenMemory, timeout, cancellation);
            EthereumAnswer[] read = Read(() => ReadBatch(answer, calls, start, count, first));
            read.CopyTo(answers, start);
        }

        return answers;
    }

    private static EthereumAnswer[] ReadBatch(
        JsonElement answer, IReadOnlyList<EthereumCall> calls, int start, int count, int firstId)
    {
        // Instead of a list, one refusal of the batch as a whole.
        if (answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("error", out JsonElement error))
            throw new EthereumRpcException(calls[start].Method, ReadError(error, calls[start]));
        if (answer.ValueKind != JsonValueKind.Array || answer.GetArrayLength() != count)
            throw EthereumRpcException.Malformed($"a batch of {count} has another number of answers");
        var answers = new EthereumAnswer[count];
        foreach (JsonElement item in answer.EnumerateArray())
        {
            int index = ReadId(item) - firstId;
            if (index < 0 || index >= count) throw EthereumRpcException.Malformed("an answer has the id of no call");
            if (answers[index].Method is not null) throw EthereumRpcException.Malformed("two answers have one id");
            answers[index] = ReadAnswer(item, calls[start + index]);
        }

        return answers;
    }

    private static int ReadId(JsonElement answer)
    {
        JsonElement id = EthereumJson.Field(answer, "id");
        return id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out int number) && number >= 0
            ? number
            : throw EthereumRpcException.Malformed("an answer has the id of no call");
    }

    private static EthereumAnswer ReadAnswer(JsonElement answer, EthereumCall call)
    {
        if (answer.ValueKind != JsonValueKind.Object)
            throw EthereumRpcException.Malformed($"the answer to {call.Method} is no object");
        if (answer.TryGetProperty("error", out JsonElement error) && error.ValueKind != JsonValueKind.Null)
            return new EthereumAnswer(call.Method, default, ReadError(error, call));
        return answer.TryGetProperty("result", out JsonElement result)
            ? new EthereumAnswer(call.Method, result, null)
            : throw EthereumRpcException.Malformed($"the answer to {call.Method} has neither result nor error");
    }

    private static EthereumRpcError ReadError(JsonElement error, EthereumCall call)
    {
        JsonElement code = EthereumJson.Field(error, "code");
        if (code.ValueKind != JsonValueKind.Number || !code.TryGetInt32(out int number))
            throw EthereumRpcException.Malformed($"the error of {call.Method} has no code");
        string message = error.TryGetProperty("message", out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()!
            : "";
        bool hasDetail = error.TryGetProperty("data", out JsonElement data) && data.ValueKind != JsonValueKind.Null;
        string? detail = hasDetail ? data.GetRawText() : null;
        return new EthereumRpcError(number, message, detail);
    }

    private T Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (EthereumRpcException e) when (e.Kind == EthereumRpcFailure.MalformedAnswer)
        {
            _transport.Distrust();
            throw;
        }
    }

    private async Task<JsonElement> ExchangeAsync(
        ReadOnlyMemory<byte> body, TimeSpan timeout, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(timeout);
        try
        {
            return EthereumJson.Parse(await _transport.ExchangeAsync(body, deadline.Token));
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new EthereumRpcException(
                EthereumRpcFailure.Timeout, $"{_options.Endpoint} gave no answer in {timeout.TotalSeconds} s", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new EthereumRpcException(EthereumRpcFailure.Unreachable, $"{_options.Endpoint}: {e.Message}", e);
        }
    }
}
