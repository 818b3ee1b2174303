using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SharedSeq.Node;

/// <summary>What a part of the node adds to the public listener.</summary>
public interface IRpcEndpoints
{
    void Map(IEndpointRouteBuilder routes);
}

/// <summary>
/// The public listener: JSON-RPC over HTTP and WebSocket on /, and whatever other parts map (submit streams, rollup gateways, health, metrics).
/// </summary>
public sealed class RpcServer : IAsyncDisposable
{
    /// <summary>Bytes above the limit that are read and thrown away, so that whoever sends a little too much sees the refusal and not a reset
    /// connection. 1 MiB.</summary>
    private const int OverrunBytesMax = 1024 * 1024;

    /// <summary>Milliseconds that a connection above its address' limit may take to send its request before it is told and closed. 100: it has one of the
    /// places of all meanwhile.</summary>
    private const int RefusedReadMs = 100;

    /// <summary>Milliseconds that a probe above its address' limit may take in all. 2,000: as long as whoever probes waits at most.</summary>
    private const int ProbeMs = 2_000;

    /// <summary>Bytes of a request whose path is a probe's, up to the path's end.</summary>
    private static readonly byte[][] Probes =
        [.. new[] { HealthEndpoints.Live, HealthEndpoints.Ready }.Select(path => Encoding.ASCII.GetBytes($"GET {path} "))];

    /// <summary>Milliseconds after which a refused address may find room. 1,000: connections end as their clients like.</summary>
    private const int RefusedRetryMs = 1_000;

    private const Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols Http1 = Microsoft.AspNetCore.Server.Kestrel.Core.HttpProtocols.Http1;

    private readonly WebApplication _application;
    private readonly RpcSection _options;
    private readonly RpcDispatcher _dispatcher;
    private readonly TimeProvider _clock;
    private readonly ClientAddresses _addresses;
    private readonly CancellationTokenSource _stop = new();

    /// <param name="options">Where it listens and what it takes.</param>
    /// <param name="dispatcher">Answers the calls on /.</param>
    /// <param name="endpoints">What else is served.</param>
    /// <param name="clock">What calls a second are measured by; the system's when it is left out.</param>
    public RpcServer(RpcSection options, RpcDispatcher dispatcher, IReadOnlyList<IRpcEndpoints> endpoints, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        _addresses = new ClientAddresses(options, _clock);
        _options = options;
        _dispatcher = dispatcher;
        // Empty: the settings file and environment of the host are none of this node's, and watching its folder for
        // changes of them would see every write of the logs.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = options.RequestBytesMax + OverrunBytesMax;
            kestrel.Limits.MaxConcurrentConnections = options.ConnectionsMax;

            // Connections that became WebSockets are counted apart, without a limit of their own by default.
            kestrel.Limits.MaxConcurrentUpgradedConnections = options.ConnectionsMax;
            kestrel.AddServerHeader = false;

            // One request of a connection at a time: what a client has in flight is bounded by its connections.
            kestrel.Listen(IPEndPoint.Parse(options.Listen), listen =>
            {
                listen.Protocols = Http1;
                listen.Use(next => connection => ServeAsync(connection, next));
            });
        });
        builder.Services.AddRoutingCore();
        _application = builder.Build();
        _application.UseWebSockets(new WebSocketOptions { KeepAliveInterval = TimeSpan.FromSeconds(20) });
        _application.Use(BeginAnswerAsync);
        _application.MapPost("/", HandleHttpAsync);
        _application.MapGet("/", HandleGetAsync);
        foreach (IRpcEndpoints part in endpoints) part.Map(_application);
    }

    /// <summary>http://address:port with the port the system chose.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1:0");

    /// <exception cref="ConfigurationException">The port is in use.</exception>
    public async Task StartAsync(CancellationToken cancellation)
    {
        try
        {
            await _application.StartAsync(cancellation);
        }
        catch (IOException e)
        {
            throw new ConfigurationException(ConfigurationRejection.PortInUse, $"rpc.listen {_options.Listen}: {e.Message}", e);
        }

        Address = new Uri(
            _application.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _application.DisposeAsync();
        _stop.Dispose();
    }

    /// <summary>Opens a WebSocket; null, and answered with 503, when there are rpc.connectionsMax of them.</summary>
    public static async Task<WebSocket?> AcceptAsync(HttpContext context)
    {
        try
        {
            return await context.WebSockets.AcceptWebSocketAsync();
        }
        catch (InvalidOperationException) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return null;
        }
    }

    /// <summary>Reads a request body up to the limit; null when it is larger.</summary>
    public static async Task<ReadOnlyMemory<byte>?> ReadBodyAsync(HttpContext context, int bytesMax)
    {
        if (context.Request.ContentLength > bytesMax) return null;
        var buffer = new ArrayBufferWriter<byte>(int.Max(256, (int)(context.Request.ContentLength ?? 0)));
        while (true)
        {
            int read;
            try
            {
                read = await context.Request.Body.ReadAsync(buffer.GetMemory(4096), context.RequestAborted);
            }
            catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
            {
                return null;
            }

            if (read == 0) return buffer.WrittenMemory;
            buffer.Advance(read);
            if (buffer.WrittenCount > bytesMax) return null;
        }
    }

    /// <summary>Answers a JSON-RPC request body with a dispatcher.</summary>
    public static async Task AnswerAsync(HttpContext context, RpcDispatcher dispatcher, RpcSection options, TimeProvider? clock = null)
    {
        int bytesMax = options.RequestBytesMax;
        ReadOnlyMemory<byte>? body = await ReadBodyAsync(context, bytesMax);
        if (body is null) context.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
        CallRate rate = RateOf(context, options, clock);
        ReadOnlyMemory<byte> answer =
            body is null
                ? dispatcher.RefuseTooLarge(bytesMax, rate)
                : await dispatcher.HandleAsync(body.Value, null, context.RequestAborted, rate);
        if (answer.IsEmpty)
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        context.Response.ContentType = "application/json";
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer, context.RequestAborted);
    }

    /// <summary>The rate of the connection that a request came by, whichever path it asks.</summary>
    internal static CallRate RateOf(HttpContext context, RpcSection options, TimeProvider? clock = null)
    {
        IDictionary<object, object?> items = context.Features.GetRequiredFeature<IConnectionItemsFeature>().Items;
        if (items.TryGetValue(typeof(CallRate), out object? known) && known is CallRate rate) return rate;
        var address = items.TryGetValue(typeof(ClientAddress), out object? from) ? from as ClientAddress : null;
        rate = new CallRate(options.CallsPerSecondMax, clock ?? TimeProvider.System, address);
        items[typeof(CallRate)] = rate;
        return rate;
    }

    /// <summary>A connection within the limit of its address; WebSockets and submit streams are such, too. Above it, health alone is told: an operator whose
    /// clients all come from the address that probes it must not be restarted because they are many.</summary>
    private async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        IPAddress from = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        if (!_addresses.TryOpen(from, out ClientAddress? address))
        {
            if (await IsProbeAsync(connection)) await AnswerProbeAsync(connection, next);
            else await RefuseAsync(connection);
            return;
        }

        try
        {
            connection.Items[typeof(ClientAddress)] = address;
            await next(connection);
        }
        finally
        {
            _addresses.Close(address);
        }
    }

    /// <summary>
    /// Whether what a connection sends first is a whole request for health, which is left unread. Anything else is read: a connection that is closed with
    /// unread bytes is reset, and its client would not see why it is refused.
    /// </summary>
    private async Task<bool> IsProbeAsync(ConnectionContext connection)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, connection.ConnectionClosed);
        deadline.CancelAfter(RefusedReadMs);
        try
        {
            PipeReader input = connection.Transport.Input;
            ReadResult read = await input.ReadAsync(deadline.Token);
            bool isProbe = IsProbe(read.Buffer);
            input.AdvanceTo(isProbe ? read.Buffer.Start : read.Buffer.End);
            return isProbe;
        }
        catch (OperationCanceledException)
        {
            // It sends nothing: it is told all the same.
            return false;
        }
    }

    private static bool IsProbe(ReadOnlySequence<byte> sent)
    {
        ReadOnlySpan<byte> request = sent.IsSingleSegment ? sent.FirstSpan : sent.ToArray();
        foreach (byte[] probe in Probes)
        {
            if (request.StartsWith(probe) && request.EndsWith("\r\n\r\n"u8)) return true;
        }

        return false;
    }

    /// <summary>One answer, then it ends; no place of the address is held for longer than that takes.</summary>
    private static async Task AnswerProbeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        connection.Items[typeof(HealthEndpoints)] = true;
        using var deadline = new CancellationTokenSource(ProbeMs);
        await using CancellationTokenRegistration ending = deadline.Token.Register(() => connection.Abort());
        await next(connection);
    }

    private async Task RefuseAsync(ConnectionContext connection)
    {
        ReadOnlyMemory<byte> body = _dispatcher.RefuseConnection(_options.AddressConnectionsMax, RefusedRetryMs);
        string head = string.Create(
            CultureInfo.InvariantCulture,
            $"HTTP/1.1 429 Too Many Requests\r\nRetry-After: {RefusedRetryMs / 1_000}\r\nContent-Type: application/json\r\n"
            + $"Content-Length: {body.Length}\r\nConnection: close\r\n\r\n");
        await connection.Transport.Output.WriteAsync(Encoding.ASCII.GetBytes(head), _stop.Token);
        await connection.Transport.Output.WriteAsync(body, _stop.Token);
    }

    private Task HandleHttpAsync(HttpContext context) => AnswerAsync(context, _dispatcher, _options, _clock);

    private async Task HandleGetAsync(HttpContext context)
    {
        if (context.WebSockets.IsWebSocketRequest)
        {
            using WebSocket? socket = await AcceptAsync(context);
            if (socket is null) return;
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, context.RequestAborted);
            var connection = new RpcSocket(socket, _dispatcher, _options, RateOf(context, _options, _clock));
            await connection.RunAsync(stop.Token);
            return;
        }

        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync(
            "SharedSeq operator. JSON-RPC 2.0: POST here or open a WebSocket; rpc.discover lists the methods. "
            + "Rollups: /rollups/{namespace}. Health: /healthz, /readyz. Metrics: /metrics.\n",
            context.RequestAborted);
    }

    private async Task BeginAnswerAsync(HttpContext context, RequestDelegate next)
    {
        IHeaderDictionary headers = context.Response.Headers;
        if (context.Features.GetRequiredFeature<IConnectionItemsFeature>().Items.ContainsKey(typeof(HealthEndpoints))) headers.Connection = "close";
        if (_options.CorsOrigins.Length > 0) headers.AccessControlAllowOrigin = _options.CorsOrigins;
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            headers.AccessControlAllowMethods = "POST, GET, OPTIONS";
            headers.AccessControlAllowHeaders = "content-type";
            headers.AccessControlMaxAge = "86400";
            context.Response.StatusCode = StatusCodes.Status204NoContent;
            return;
        }

        await next(context);
    }
}
