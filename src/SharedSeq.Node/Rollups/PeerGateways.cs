using System.Net.Http.Json;
using System.Text.Json;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>What another operator's gateway answered.</summary>
internal readonly record struct PeerAnswer(JsonElement Result, RpcException? Refusal);

/// <summary>
/// Asks the other operators' gateways when the own execution client can not be asked. A forwarded call says so and is answered by the asked
/// operator's own client or not at all: it never goes in circles.
/// </summary>
internal sealed class PeerGateways : IDisposable
{
    public const string ForwardedHeader = "sharedseq-forwarded";

    /// <summary>Bytes of one answer. 32 MiB, as from an own client.</summary>
    private const int AnswerBytesMax = 32 * 1024 * 1024;

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(3), MaxResponseContentBufferSize = AnswerBytesMax };
    private readonly Uri[] _others;

    public PeerGateways(Genesis genesis, ReplicaId self)
    {
        _http.DefaultRequestHeaders.Add(ForwardedHeader, "1");

        // Each operator begins with the one after it, so that the load of a failed client does not fall on one.
        int n = genesis.Endpoints.Count;
        _others =
        [
            .. Enumerable.Range(1, int.Max(n - 1, 0)).Select(i => genesis.Endpoints[(self.Value + i) % n].Rpc)
                .Select(rpc => Uri.TryCreate(rpc, UriKind.Absolute, out Uri? uri) ? uri : null).OfType<Uri>(),
        ];
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The first answer of an operator whose client can answer; null when none can.</summary>
    public async Task<PeerAnswer?> AskAsync(NamespaceId ns, string method, JsonElement parameters, CancellationToken cancellation)
    {
        object body = parameters.ValueKind == JsonValueKind.Undefined
            ? new { jsonrpc = "2.0", id = 1, method, @params = Array.Empty<object>() }
            : new { jsonrpc = "2.0", id = 1, method, @params = parameters };
        foreach (Uri other in _others)
        {
            try
            {
                using HttpResponseMessage response = await _http.PostAsJsonAsync(new Uri(other, $"rollups/{ns}"), body, cancellation);
                JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>(cancellation);
                if (answer.ValueKind != JsonValueKind.Object) continue;
                if (answer.TryGetProperty("result", out JsonElement result)) return new PeerAnswer(result, null);
                if (!answer.TryGetProperty("error", out JsonElement error) || error.ValueKind != JsonValueKind.Object) continue;
                int code = error.TryGetProperty("code", out JsonElement given) && given.TryGetInt32(out int known) ? known : RpcError.InternalError.Code;
                if (code == RpcError.ExecutionUnavailable.Code || code == RpcError.NotReady.Code) continue;
                string message = error.TryGetProperty("message", out JsonElement text) ? text.ToString() : "";
                object? details = error.TryGetProperty("data", out JsonElement data) ? data : null;
                return new PeerAnswer(default, new RpcException(RollupGateway.ClientError(code), message, details));
            }
            catch (Exception e) when (e is HttpRequestException or JsonException or InvalidOperationException
                || (e is TaskCanceledException && !cancellation.IsCancellationRequested))
            {
                // that one can not be asked either
            }
        }

        return null;
    }
}
