using System.Globalization;
using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Network;

/// <summary>One running node of a <see cref="TestNetwork"/>, asked as clients ask it.</summary>
internal sealed class TestNode(NodeHost host) : IAsyncDisposable
{
    private static long _payload = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
    private readonly HttpClient _http = new() { BaseAddress = host.Rpc, Timeout = TimeSpan.FromSeconds(30) };

    public NodeHost Host { get; } = host;

    public OperatorClient Client { get; } = new(host.Rpc);

    public HttpClient Http => _http;

    /// <summary>A validUntil that admission takes now.</summary>
    public static ulong Soon => (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 30;

    /// <summary>A payload never sent before.</summary>
    public static byte[] Fresh(int bytes = 8)
    {
        byte[] payload = new byte[bytes];
        BitConverter.TryWriteBytes(payload, Interlocked.Increment(ref _payload));
        return payload;
    }

    public Task ReadyAsync() => TestNetwork.UntilAsync($"operator {Host.Runtime.Self} is ready", async () =>
    {
        using HttpResponseMessage answer = await _http.GetAsync("readyz");
        return answer.IsSuccessStatusCode;
    });

    /// <summary>A figure of /metrics by its name and labels as they stand there; 0 when it is not there.</summary>
    public async Task<double> MetricAsync(string name)
    {
        foreach (string line in (await _http.GetStringAsync("metrics")).Split('\n'))
        {
            int space = line.LastIndexOf(' ');
            if (space > 0 && line.AsSpan(0, space).SequenceEqual(name)) return double.Parse(line[space..], CultureInfo.InvariantCulture);
        }

        return 0;
    }

    public Task UntilMetricAsync(string name, double least) => TestNetwork.UntilAsync(
        $"{name} is at least {least} at operator {Host.Runtime.Self}", async () => await MetricAsync(name) >= least);

    /// <summary>Sends a transaction and waits for it to be committed; gives its id.</summary>
    public async Task<string> CommitAsync(NamespaceId? ns = null, int bytes = 8) =>
        (await Client.SendTransactionAsync(ns ?? TestNetwork.Opaque, Fresh(bytes), Soon, "committed")).GetProperty("txId").GetString()!;

    /// <summary>Waits until this node has ordered a transaction.</summary>
    public Task UntilOrderedAsync(string id) => TestNetwork.UntilAsync($"{id} is ordered at operator {Host.Runtime.Self}", async () =>
    {
        try
        {
            return (await Client.CallAsync("sharedseq_getTransaction", [id])).GetProperty("status").GetString() == "committed";
        }
        catch (OperatorException e) when (e.Code == RpcError.NotFound.Code)
        {
            return false;
        }
    });

    /// <summary>Posts a body as it is and reads the answer.</summary>
    public async Task<(int Status, JsonElement Answer)> PostAsync(string body, string path = "")
    {
        using var content = new StringContent(body);
        using HttpResponseMessage answer = await _http.PostAsync(path, content);
        return ((int)answer.StatusCode, JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync()));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        _http.Dispose();
        await Host.DisposeAsync();
    }
}
