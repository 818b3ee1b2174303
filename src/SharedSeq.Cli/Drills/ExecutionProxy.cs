using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SharedSeq.Cli;

/// <summary>Stands between an operator and its execution client, passes everything on, and lies when it is told to.</summary>
internal sealed class ExecutionProxy : IAsyncDisposable
{
    private readonly HttpClient _http = new();
    private readonly Uri _target;
    private WebApplication? _server;

    private ExecutionProxy(Uri target) => _target = target;

    /// <summary>Where the operator finds its client.</summary>
    public Uri Endpoint { get; private set; } = new("http://127.0.0.1:0");

    /// <summary>Changes the answer to one call in place; null tells the truth.</summary>
    public Func<string, JsonObject, Task>? Lie { get; set; }

    public static async Task<ExecutionProxy> StartAsync(Uri target)
    {
        var proxy = new ExecutionProxy(target);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(System.Net.IPAddress.Loopback, 0);
            options.Limits.MaxRequestBodySize = null;
        });
        proxy._server = builder.Build();
        proxy._server.Run(proxy.AnswerAsync);
        await proxy._server.StartAsync();
        proxy.Endpoint = new Uri(proxy._server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return proxy;
    }

    /// <summary>Asks the client itself.</summary>
    public async Task<JsonNode?> AskAsync(string method, params JsonNode[] parameters)
    {
        var call = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = method, ["params"] = new JsonArray(parameters) };
        return (await PassOnAsync(call))["result"];
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await _server!.StopAsync(limit.Token);
        await _server.DisposeAsync();
        _http.Dispose();
    }

    private async Task<JsonNode> PassOnAsync(JsonNode request)
    {
        using var body = new StringContent(request.ToJsonString(), Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _http.PostAsync(_target, body);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        try
        {
            JsonNode request = (await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted))!;
            JsonNode answer = await PassOnAsync(request);
            if (Lie is { } lie)
            {
                JsonNode?[] calls = request is JsonArray batch ? [.. batch] : [request];
                foreach (JsonNode? one in answer is JsonArray answers ? [.. answers] : (JsonNode?[])[answer])
                {
                    JsonNode? call = Array.Find(calls, c => c!["id"]!.ToJsonString() == one!["id"]!.ToJsonString());
                    if (call is not null) await lie((string)call["method"]!, one!.AsObject());
                }
            }

            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync(answer.ToJsonString(), context.RequestAborted);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            context.Abort();
        }
    }
}
