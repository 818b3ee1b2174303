using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Networking;

namespace SharedSeq.Node.Tests.Serving;

/// <summary>One client address has so many connections and calls and no more, over whatever paths; others are not concerned.</summary>
public sealed class AddressLimitTests : IDisposable
{
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(30));
    private readonly RpcCounters _counters = new();
    private readonly AdmissionCounters _admission = new();

    public void Dispose() => _deadline.Dispose();

    [Fact]
    public async Task Connections_above_the_limit_of_an_address_are_refused_by_type_and_counted_and_others_are_served()
    {
        await using RpcServer server = await StartAsync(new RpcSection { Listen = "127.0.0.1:0", AddressConnectionsMax = 2 });
        Uri webSocket = new UriBuilder(server.Address) { Scheme = "ws" }.Uri;
        using ClientWebSocket first = new(), second = new(), third = new();
        await first.ConnectAsync(webSocket, _deadline.Token);
        await second.ConnectAsync(webSocket, _deadline.Token);
        third.Options.CollectHttpResponseDetails = true;
        await Assert.ThrowsAsync<WebSocketException>(() => third.ConnectAsync(webSocket, _deadline.Token));
        Assert.Equal(HttpStatusCode.TooManyRequests, third.HttpStatusCode);

        using (HttpClient refused = From(IPAddress.Loopback))
        using (HttpResponseMessage answer = await PostAsync(refused, server.Address))
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
            Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter!.Delta);
            JsonElement error = (await answer.Content.ReadFromJsonAsync<JsonElement>(_deadline.Token)).GetProperty("error");
            Assert.Equal(RpcError.TooManyConnections.Code, error.GetProperty("code").GetInt32());
            Assert.Equal(1_000, error.GetProperty("data").GetProperty("retryAfterMs").GetInt32());
        }

        Assert.Equal(2, _counters.Errors[RpcError.TooManyConnections.Name]);
        using HttpClient other = From(IPAddress.Parse("127.0.0.2"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(other, server.Address));

        // The place of a connection that ended is free again.
        await first.CloseAsync(WebSocketCloseStatus.NormalClosure, null, _deadline.Token);
        using HttpClient again = From(IPAddress.Loopback);
        while (await StatusAsync(again, server.Address) != HttpStatusCode.OK) _deadline.Token.ThrowIfCancellationRequested();
    }

    [Fact]
    public async Task Health_is_told_to_an_address_that_has_all_its_connections_and_nothing_else_is_by_the_same_connection()
    {
        await using RpcServer server = await StartAsync(new RpcSection { Listen = "127.0.0.1:0", AddressConnectionsMax = 1 });
        using var taken = new ClientWebSocket();
        await taken.ConnectAsync(new UriBuilder(server.Address) { Scheme = "ws" }.Uri, _deadline.Token);
        foreach (string path in (string[])["healthz", "readyz", "healthz"])
        {
            using HttpClient probe = From(IPAddress.Loopback);
            using HttpResponseMessage answer = await probe.GetAsync(new Uri(server.Address, path), _deadline.Token);
            Assert.Equal((HttpStatusCode.OK, true), (answer.StatusCode, answer.Headers.ConnectionClose));
            Assert.Equal(path, await answer.Content.ReadAsStringAsync(_deadline.Token));
        }

        using HttpClient refused = From(IPAddress.Loopback);
        foreach (string path in (string[])["", "metrics", "healthz2", "healthz?x"])
        {
            using HttpResponseMessage answer = await refused.GetAsync(new Uri(server.Address, path), _deadline.Token);
            Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        }

        // A second request behind a probe: not a probe, whatever the first one asks for.
        Assert.StartsWith("HTTP/1.1 429", await RawAsync(server.Address, "GET /healthz HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n"), StringComparison.Ordinal);
        string raw = await RawAsync(server.Address, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200", raw, StringComparison.Ordinal);
        Assert.DoesNotContain("readyz", raw, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_connections_of_an_address_share_its_calls_a_second_and_another_address_has_its_own()
    {
        await using RpcServer server = await StartAsync(new RpcSection { Listen = "127.0.0.1:0", AddressCallsPerSecondMax = 3 });
        using HttpClient first = From(IPAddress.Loopback), second = From(IPAddress.Loopback), other = From(IPAddress.Parse("127.0.0.2"));
        foreach (HttpClient client in new[] { first, second, first }) Assert.Null(await ErrorAsync(client, server.Address));
        Assert.Equal(RpcError.TooManyCalls.Name, await ErrorAsync(second, server.Address));

        // Nor has a new connection any: closing the old ones gives nothing back.
        first.Dispose();
        second.Dispose();
        using HttpClient third = From(IPAddress.Loopback);
        Assert.Equal(RpcError.TooManyCalls.Name, await ErrorAsync(third, server.Address));
        using var content = new ByteArrayContent([0]);
        using HttpResponseMessage posted = await third.PostAsync(new Uri(server.Address, "v1/namespaces/100001/transactions"), content, _deadline.Token);
        Assert.Equal(HttpStatusCode.TooManyRequests, posted.StatusCode);
        Assert.NotNull(posted.Headers.RetryAfter);
        Assert.Null(await ErrorAsync(other, server.Address));
        Assert.Equal(2, _counters.Errors[RpcError.TooManyCalls.Name]);
        Assert.Equal(1, _admission.RefusedFrames[nameof(SubmissionRejection.TooManyCalls)]);
    }

    [Fact]
    public void An_address_is_forgotten_when_its_calls_are_all_there_again()
    {
        var clock = new HandClock();
        var addresses = new ClientAddresses(new RpcSection { AddressConnectionsMax = 1 }, clock);
        for (byte i = 0; i < 100; i++)
        {
            Assert.True(addresses.TryOpen(new IPAddress([10, 0, 0, i]), out ClientAddress? address));
            addresses.Close(address);
        }

        Assert.Equal(100, addresses.Count);
        clock.Milliseconds += 1_000;
        Assert.True(addresses.TryOpen(IPAddress.Loopback, out _));
        Assert.Equal(1, addresses.Count);
        clock.Milliseconds += 1_000;
        Assert.False(addresses.TryOpen(IPAddress.Loopback, out _));
    }

    [Theory]
    [InlineData("203.0.113.9", "203.0.113.9")]
    [InlineData("::ffff:203.0.113.9", "203.0.113.9")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    [InlineData("2001:db8:1:2::", "2001:db8:1:2::")]
    public void Addresses_that_one_site_is_given_count_as_one(string address, string group) =>
        Assert.Equal(IPAddress.Parse(group), AddressPlaces.GroupOf(IPAddress.Parse(address)));

    private async Task<RpcServer> StartAsync(RpcSection options)
    {
        var committee = new TestCommittee(4, 7, 0);
        var intake = new SubmitIntake(committee.Genesis, null!, null!, () => committee.Genesis.Timestamp, _admission);
        var methods = new Dictionary<string, RpcMethod>(StringComparer.Ordinal) { ["echo"] = call => Task.FromResult<object?>(call.Method) };
        var dispatcher = new RpcDispatcher(methods, 100, _counters, NullLogger.Instance);
        var server = new RpcServer(options, dispatcher, [new SubmitEndpoints(intake, null!, options), new Probes()], new HandClock());
        await server.StartAsync(_deadline.Token);
        return server;
    }

    /// <summary>All that a connection is sent until it ends.</summary>
    private async Task<string> RawAsync(Uri address, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, _deadline.Token);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request), _deadline.Token);
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync(_deadline.Token);
    }

    /// <summary>Says which path was asked.</summary>
    private sealed class Probes : IRpcEndpoints
    {
        public void Map(IEndpointRouteBuilder routes)
        {
            foreach (string path in (string[])["healthz", "readyz", "metrics"])
                routes.MapGet("/" + path, context => context.Response.WriteAsync(path, context.RequestAborted));
        }
    }

    private static HttpClient From(IPAddress address) => new(new SocketsHttpHandler
    {
        MaxConnectionsPerServer = 1,
        ConnectCallback = async (context, cancellation) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, 0));
            await socket.ConnectAsync(context.DnsEndPoint, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });

    private async Task<HttpResponseMessage> PostAsync(HttpClient client, Uri address)
    {
        using var content = new StringContent("""{"jsonrpc":"2.0","id":1,"method":"echo"}""", Encoding.UTF8, "application/json");
        return await client.PostAsync(address, content, _deadline.Token);
    }

    private async Task<HttpStatusCode> StatusAsync(HttpClient client, Uri address)
    {
        using HttpResponseMessage answer = await PostAsync(client, address);
        return answer.StatusCode;
    }

    private async Task<string?> ErrorAsync(HttpClient client, Uri address)
    {
        using HttpResponseMessage answer = await PostAsync(client, address);
        JsonElement body = await answer.Content.ReadFromJsonAsync<JsonElement>(_deadline.Token);
        return body.TryGetProperty("error", out JsonElement error) ? error.GetProperty("data").GetProperty("name").GetString() : null;
    }
}
