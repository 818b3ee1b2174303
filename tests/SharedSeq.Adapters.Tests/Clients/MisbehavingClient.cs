using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SharedSeq.Adapters.Tests.Clients;

/// <summary>
/// Stands between an adapter and a real execution client, passes everything on, and can be told to lie: drop, delay or
/// change single answers.
/// </summary>
internal sealed class MisbehavingClient : IAsyncDisposable
{
    private readonly HttpClient _http = new();
    private readonly Func<Uri> _target;
    private StubRpcServer? _server;

    private MisbehavingClient(Func<Uri> target) => _target = target;

    public Uri Endpoint => _server!.Endpoint;

    /// <summary>
    /// Called with a request's methods before it is passed on; false breaks the connection and the client never sees
    /// it.
    /// </summary>
    public Func<IReadOnlyList<string>, Task<bool>>? Before { get; set; }

    /// <summary>
    /// Called with a request's methods after the client acted; false breaks the connection and the caller never sees
    /// the answer.
    /// </summary>
    public Func<IReadOnlyList<string>, Task<bool>>? After { get; set; }

    /// <summary>Called with method and answer object of each call; changes the answer in place.</summary>
    public Action<string, JsonObject>? Rewrite { get; set; }

    /// <param name="target">The real client's endpoint, asked for anew at each request.</param>
    public static async Task<MisbehavingClient> StartAsync(Func<Uri> target)
    {
        var client = new MisbehavingClient(target);
        client._server = await StubRpcServer.StartAsync(client.AnswerAsync);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        _http.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        JsonNode request = await StubRpcServer.ReadAsync(context);
        JsonNode?[] calls = request is JsonArray batch ? [.. batch] : [request];
        string[] methods = [.. calls.Select(call => (string)call!["method"]!)];
        if (Before is { } before && !await before(methods))
        {
            context.Abort();
            return;
        }

        JsonNode answer;
        try
        {
            using var body = new StringContent(request.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
            using HttpResponseMessage response = await _http.PostAsync(_target(), body);
            answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        }
        catch (HttpRequestException)
        {
            context.Abort();
            return;
        }

        if (After is { } after && !await after(methods))
        {
            context.Abort();
            return;
        }

        JsonNode?[] answers = answer is JsonArray list ? [.. list] : [answer];
        if (Rewrite is { } rewrite)
        {
            foreach (JsonNode? one in answers)
            {
                JsonNode? call = calls.Single(c => c!["id"]!.ToJsonString() == one!["id"]!.ToJsonString());
                rewrite((string)call!["method"]!, one!.AsObject());
            }
        }

        await StubRpcServer.WriteAsync(context, answer.ToJsonString());
    }
}
