using System.Net.Http.Json;
using System.Text.Json;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>What another operator's gateway answered.</summary>
internal readonly record struct PeerAnswer(JsonElement Result, RpcException? Refusal);

/// <summary>
/// Asks the gateways of the present committee's other members when the own execution client can not be asked. A forwarded call says so and is answered by
/// the asked operator's own client or not at all: it never goes in circles.
/// </summary>
internal sealed class PeerGateways : IDisposable
{
    public const string ForwardedHeader = "sharedseq-forwarded";

    /// <summary>Bytes of one answer. 32 MiB, as from an own client.</summary>
    private const int AnswerBytesMax = 32 * 1024 * 1024;

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(3), MaxResponseContentBufferSize = AnswerBytesMax };
    private readonly Genesis _genesis;
    private readonly Func<OperatorRegistry?> _operators;
    private readonly Func<Epoch, ReplicaId?> _seatIn;

    /// <param name="genesis">The network: its document says where its first members are.</param>
    /// <param name="operators">As ordering has them; null before it has begun.</param>
    /// <param name="seatIn">The own seat in an epoch; null for none.</param>
    public PeerGateways(Genesis genesis, Func<OperatorRegistry?> operators, Func<Epoch, ReplicaId?> seatIn)
    {
        _http.DefaultRequestHeaders.Add(ForwardedHeader, "1");
        _genesis = genesis;
        _operators = operators;
        _seatIn = seatIn;
    }

    /// <summary>
    /// Where the other members of the present committee are. Each operator begins with the one after it, so that the load of a failed client does not fall
    /// on one.
    /// </summary>
    internal IReadOnlyList<Uri> Others()
    {
        if (_operators() is not { } registry) return [];
        CommitteeSeats seats = registry.Present;
        int n = seats.Operators.Count;
        ReplicaId? self = _seatIn(seats.Plan.Epoch);
        var others = new List<Uri>();
        for (int i = self is null ? 0 : 1; i < n; i++)
        {
            OperatorId? id = seats.Operators[((self?.Value ?? 0) + i) % n];
            string? rpc = id is { } seated && registry.Find(seated) is { } member ? _genesis.EndpointsOf(member)?.Rpc : null;
            if (Uri.TryCreate(rpc, UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https") others.Add(address);
        }

        return others;
    }

    public void Dispose() => _http.Dispose();

    /// <summary>The first answer of an operator whose client can answer; null when none can.</summary>
    public async Task<PeerAnswer?> AskAsync(NamespaceId ns, string method, JsonElement parameters, CancellationToken cancellation)
    {
        object body = parameters.ValueKind == JsonValueKind.Undefined
            ? new { jsonrpc = "2.0", id = 1, method, @params = Array.Empty<object>() }
            : new { jsonrpc = "2.0", id = 1, method, @params = parameters };
        foreach (Uri other in Others())
        {
            try
            {
                using HttpResponseMessage response = await _http.PostAsJsonAsync(new Uri(other, $"rollups/{ns}"), body, cancellation);
                JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>(cancellation);
                if (answer.ValueKind != JsonValueKind.Object) continue;
                if (answer.TryGetProperty("result", out JsonElement result)) return new PeerAnswer(result, null);
                if (!answer.TryGetProperty("error", out JsonElement error) || error.ValueKind != JsonValueKind.Object) continue;
                int code = error.TryGetProperty("code", out JsonElement given) && given.TryGetInt32(out int known) ? known : RpcError.InternalError.Code;
                if (IsOfOperator(code)) continue;
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

    /// <summary>A refusal that says nothing of the call: another one may answer it.</summary>
    private static bool IsOfOperator(int code) =>
        code == RpcError.ExecutionUnavailable.Code || code == RpcError.NotReady.Code
        || code == RpcError.TooManyCalls.Code || code == RpcError.TooManyConnections.Code;
}
