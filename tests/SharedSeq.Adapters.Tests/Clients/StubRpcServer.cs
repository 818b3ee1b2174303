using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SharedSeq.Adapters.Tests.Clients;

/// <summary>An HTTP server on the loopback interface whose answers a test decides.</summary>
internal sealed class StubRpcServer : IAsyncDisposable
{
    private readonly WebApplication _server;

    private StubRpcServer(WebApplication server, Uri endpoint)
    {
        _server = server;
        Endpoint = endpoint;
    }

    public Uri Endpoint { get; }

    public static async Task<StubRpcServer> StartAsync(RequestDelegate answer)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(System.Net.IPAddress.Loopback, 0);
            options.Limits.MaxRequestBodySize = null;
        });
        WebApplication server = builder.Build();
        server.Run(answer);
        await server.StartAsync();
        string address =
            server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new StubRpcServer(server, new Uri(address));
    }

    /// <summary>Reads the request's JSON: one call or a batch.</summary>
    public static async Task<JsonNode> ReadAsync(HttpContext context) =>
        await JsonNode.ParseAsync(context.Request.Body) ?? throw new InvalidDataException("the request has no body");

    public static Task WriteAsync(HttpContext context, string json)
    {
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(json);
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        await _server.StopAsync(limit.Token);
        await _server.DisposeAsync();
    }
}
