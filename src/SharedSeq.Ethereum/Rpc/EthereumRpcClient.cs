using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace SharedSeq.Ethereum;

/// <summary>
/// JSON-RPC 2.0 over HTTP to one execution client. The client is untrusted: answers are bounded in size and time and
/// checked before use. Calls may be made concurrently; nothing is retried, because only the caller knows what may be
/// repeated.
/// </summary>
public sealed partial class EthereumRpcClient : IDisposable
{
    private static readonly MediaTypeHeaderValue JsonType = new("application/json");

    private readonly EthereumRpcOptions _options;
    private readonly HttpClient _http;

    public EthereumRpcClient(EthereumRpcOptions options)
    {
        _options = options;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectTimeout = options.ConnectTimeout,
            MaxConnectionsPerServer = options.ConnectionsMax,
            UseCookies = false,
            UseProxy = false,
        };
        _http = new HttpClient(handler, disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public EthereumRpcClient(Uri endpoint)
        : this(new EthereumRpcOptions { Endpoint = endpoint })
    {
    }

    public Uri Endpoint => _options.Endpoint;

    public void Dispose() => _http.Dispose();

    /// <summary>Makes one call and returns its result.</summary>
    /// <exception cref="EthereumRpcException">There is no result; the kind says why.</exception>
    public async Task<JsonElement> CallAsync(EthereumCall call, CancellationToken cancellation = default)
    {
        var body = new ArrayBufferWriter<byte>(512);
        await using (var writer = new Utf8JsonWriter(body)) call.Write(writer, 0);
        JsonElement answer = await ExchangeAsync(body.WrittenMemory, cancellation);
        return ReadAnswer(answer, call).Value;
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
            var body = new ArrayBufferWriter<byte>(512 * count);
            await using (var writer = new Utf8JsonWriter(body))
            {
                writer.WriteStartArray();
                for (int i = 0; i < count; i++) calls[start + i].Write(writer, i);
                writer.WriteEndArray();
            }

            JsonElement answer = await ExchangeAsync(body.WrittenMemory, cancellation);
            ReadBatch(answer, calls, start, answers.AsSpan(start, count));
        }

        return answers;
    }

    private static void ReadBatch(
        JsonElement answer, IReadOnlyList<EthereumCall> calls, int start, Span<EthereumAnswer> answers)
    {
        if (answer.ValueKind != JsonValueKind.Array || answer.GetArrayLength() != answers.Length)
            throw EthereumRpcException.Malformed($"a batch of {answers.Length} has another number of answers");
        foreach (JsonElement item in answer.EnumerateArray())
        {
            JsonElement id = EthereumJson.Field(item, "id");
            if (id.ValueKind != JsonValueKind.Number || !id.TryGetInt32(out int index) || index < 0 ||
                index >= answers.Length)
                throw EthereumRpcException.Malformed("an answer has the id of no call");
            if (answers[index].Method is not null) throw EthereumRpcException.Malformed("two answers have one id");
            answers[index] = ReadAnswer(item, calls[start + index]);
        }
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

    private async Task<JsonElement> ExchangeAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(_options.Timeout);
        try
        {
            using var content = new ReadOnlyMemoryContent(body);
            content.Headers.ContentType = JsonType;
            using var request = new HttpRequestMessage(HttpMethod.Post, _options.Endpoint) { Content = content };
            using HttpResponseMessage response =
                await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            if (response.StatusCode != HttpStatusCode.OK)
            {
                throw new EthereumRpcException(
                    EthereumRpcFailure.HttpStatus, $"{_options.Endpoint} answered {(int)response.StatusCode}")
                {
                    StatusCode = (int)response.StatusCode,
                };
            }

            return EthereumJson.Parse(await ReadBoundedAsync(response.Content, deadline.Token));
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new EthereumRpcException(
                EthereumRpcFailure.Timeout,
                $"{_options.Endpoint} gave no answer in {_options.Timeout.TotalSeconds} s", e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new EthereumRpcException(EthereumRpcFailure.Unreachable, $"{_options.Endpoint}: {e.Message}", e);
        }
    }

    private async Task<byte[]> ReadBoundedAsync(HttpContent content, CancellationToken cancellation)
    {
        if (content.Headers.ContentLength > _options.AnswerBytesMax) throw TooLarge();
        await using Stream stream = await content.ReadAsStreamAsync(cancellation);
        int expected = (int)(content.Headers.ContentLength ?? 4096);
        byte[] buffer = new byte[int.Min(expected, _options.AnswerBytesMax) + 1];
        int length = 0;
        while (true)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellation);
            if (read == 0) break;
            length += read;
            if (length > _options.AnswerBytesMax) throw TooLarge();
            if (length == buffer.Length)
                Array.Resize(ref buffer, (int)long.Min(2L * buffer.Length, _options.AnswerBytesMax + 1L));
        }

        return buffer.AsSpan(0, length).ToArray();
    }

    private EthereumRpcException TooLarge() =>
        EthereumRpcException.Malformed($"the answer has more than {_options.AnswerBytesMax} bytes");
}
