using System.Net;
using System.Net.Http.Headers;

namespace SharedSeq.Ethereum;

/// <summary>JSON-RPC over HTTP: one POST for a request, so that answers can not be mixed up.</summary>
internal sealed class HttpTransport : IEthereumTransport
{
    private static readonly MediaTypeHeaderValue JsonType = new("application/json");

    private readonly EthereumRpcOptions _options;
    private readonly HttpClient _http;

    public HttpTransport(EthereumRpcOptions options)
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

    public int NextId(int calls) => 0;

    public async Task<ReadOnlyMemory<byte>> ExchangeAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        using var content = new ReadOnlyMemoryContent(body);
        content.Headers.ContentType = JsonType;
        using var request = new HttpRequestMessage(HttpMethod.Post, _options.Endpoint) { Content = content };
        using HttpResponseMessage response =
            await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw new EthereumRpcException(
                EthereumRpcFailure.HttpStatus, $"{_options.Endpoint} answered {(int)response.StatusCode}")
            {
                StatusCode = (int)response.StatusCode,
            };
        }

        return await ReadBoundedAsync(response.Content, cancellation);
    }

    public void Distrust()
    {
        // The next request has an answer of its own.
    }

    public void Dispose() => _http.Dispose();

    private async Task<ReadOnlyMemory<byte>> ReadBoundedAsync(HttpContent content, CancellationToken cancellation)
    {
        if (content.Headers.ContentLength > _options.AnswerBytesMax) throw EthereumRpcException.TooLarge(_options.AnswerBytesMax);
        await using Stream stream = await content.ReadAsStreamAsync(cancellation);
        int expected = (int)(content.Headers.ContentLength ?? 4096);
        byte[] buffer = new byte[int.Min(expected, _options.AnswerBytesMax) + 1];
        int length = 0;
        while (true)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(length), cancellation);
            if (read == 0) return buffer.AsMemory(0, length);
            length += read;
            if (length > _options.AnswerBytesMax) throw EthereumRpcException.TooLarge(_options.AnswerBytesMax);
            if (length == buffer.Length)
                Array.Resize(ref buffer, (int)long.Min(2L * buffer.Length, _options.AnswerBytesMax + 1L));
        }
    }
}
