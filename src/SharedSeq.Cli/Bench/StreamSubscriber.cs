using System.Net.WebSockets;
using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>How a subscriber treats what it is sent, until the operator cuts it.</summary>
internal enum SubscriberPace
{
    /// <summary>Takes and acknowledges everything at once.</summary>
    Quick,

    /// <summary>Takes what comes and acknowledges nothing.</summary>
    Unacknowledging,

    /// <summary>Does not read its connection.</summary>
    Unreading,
}

/// <summary>
/// One subscriber of a namespace on a connection of its own. Each block must follow the one before, across connections too. A slow one
/// becomes a quick one once it was cut: it goes on behind the last block it took.
/// </summary>
internal sealed class StreamSubscriber(Uri rpc, NamespaceId ns, SubscriberPace pace)
{
    /// <summary>Blocks taken before a quick subscriber acknowledges: an eighth of the default window.</summary>
    private const ulong AcknowledgedAtOnce = 8;

    /// <summary>Bytes of one message: a namespace block at its largest as hex.</summary>
    private const int MessageBytesMax = 64 * 1024 * 1024;

    /// <summary>How long a subscriber that does not read stays away: longer than the default patience of an operator, 30 s.</summary>
    private static readonly TimeSpan Away = TimeSpan.FromSeconds(35);

    private readonly List<double> _lagsMs = [];
    private string? _lastHash;
    private ulong _next;
    private long _blocks;
    private long _transactions;
    private volatile bool _isMeasuring;

    public SubscriberPace Pace { get; } = pace;

    public NamespaceId Namespace { get; } = ns;

    /// <summary>The number behind the last block taken; 0 before the subscription.</summary>
    public ulong Next => Volatile.Read(ref _next);

    public long Blocks => Interlocked.Read(ref _blocks);

    public long Transactions => Interlocked.Read(ref _transactions);

    /// <summary>Why the operator cut it: the reason it gave, or that the connection ended. Null as long as it was not.</summary>
    public string? CutReason { get; private set; }

    /// <summary>Milliseconds from a block's timestamp, the leader's clock at its height, to its arrival here.</summary>
    public IReadOnlyList<double> LagsMs => _lagsMs;

    /// <summary>From now on lags are kept.</summary>
    public void Measure() => _isMeasuring = true;

    /// <summary>Subscribes from a number on and takes blocks until it is told to stop.</summary>
    /// <exception cref="CommandException">A block is missing, comes twice or does not follow, or the operator refuses.</exception>
    public async Task RunAsync(ulong from, CancellationToken stopping)
    {
        Volatile.Write(ref _next, from);
        try
        {
            if (Pace != SubscriberPace.Quick) CutReason = await FollowAsync(Pace, stopping);
            string end = await FollowAsync(SubscriberPace.Quick, stopping);
            throw new CommandException($"a quick subscriber of namespace {Namespace} was cut at block {Next}: {end}");
        }
        catch (Exception e) when (stopping.IsCancellationRequested && e is OperationCanceledException or WebSocketException)
        {
            // told to stop
        }
    }

    /// <summary>One connection, until the operator ends it.</summary>
    /// <returns>The reason.</returns>
    private async Task<string> FollowAsync(SubscriberPace pace, CancellationToken stopping)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(rpc) { Scheme = rpc.Scheme == "https" ? "wss" : "ws" }.Uri, stopping);
        var messages = new MessageReader(socket, MessageBytesMax, 16 * 1024);
        await CallAsync(socket, "sharedseq_subscribe", ["namespaceBlocks", new { @namespace = Namespace.Value, from = Next }], stopping);
        if (!await messages.ReadAsync(stopping)) return "connection closed";
        string subscription = SubscriptionIn(messages.Message.Span);
        if (pace == SubscriberPace.Unreading) await Task.Delay(Away, stopping);
        try
        {
            while (await messages.ReadAsync(stopping))
            {
                if (Take(messages.Message.Span) is { Length: > 0 } end) return end;
                if (pace == SubscriberPace.Quick && Next % AcknowledgedAtOnce == 0)
                    await CallAsync(socket, "sharedseq_acknowledge", [subscription, Next - 1], stopping);
            }
        }
        catch (WebSocketException) when (pace != SubscriberPace.Quick)
        {
            // a connection that took nothing at all could not be told why
        }

        return "connection closed";
    }

    /// <summary>Takes a message in; the reason when it is the subscription's end.</summary>
    private string Take(ReadOnlySpan<byte> message)
    {
        ulong number = 0, count = 0, timestamp = 0;
        string hash = "", parent = "", ended = "";
        var reader = new Utf8JsonReader(message);

        // The head of a block is enough, and it comes before the transactions: the reader must not be what is measured.
        while (count == 0 && reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName) continue;
            if (reader.ValueTextEquals("number"u8)) number = Number(ref reader);
            else if (reader.ValueTextEquals("timestamp"u8)) timestamp = Number(ref reader);
            else if (reader.ValueTextEquals("hash"u8)) hash = Text(ref reader);
            else if (reader.ValueTextEquals("parentHash"u8)) parent = Text(ref reader);
            else if (reader.ValueTextEquals("ended"u8)) ended = Text(ref reader);
            else if (reader.ValueTextEquals("error"u8)) throw Bad($"refused: {System.Text.Encoding.UTF8.GetString(message)}");
            else if (reader.ValueTextEquals("count"u8)) count = Number(ref reader);
        }

        if (ended.Length > 0) return ended;

        // An answer to an acknowledgement says nothing.
        if (number == 0) return "";
        if (number != Next || (_lastHash is { } last && parent != last)) throw Bad($"block {number} does not follow block {Next - 1}");
        _lastHash = hash;
        Volatile.Write(ref _next, number + 1);
        Interlocked.Increment(ref _blocks);
        Interlocked.Add(ref _transactions, (long)count);
        if (_isMeasuring) _lagsMs.Add((DateTimeOffset.UtcNow - DateTimeOffset.FromUnixTimeMilliseconds((long)timestamp)).TotalMilliseconds);
        return "";
    }

    private CommandException Bad(string what) => BenchRun.NoResult($"a subscriber of namespace {Namespace}: {what}");

    private static ulong Number(ref Utf8JsonReader reader) => reader.Read() ? reader.GetUInt64() : 0;

    private static string Text(ref Utf8JsonReader reader) => reader.Read() ? reader.GetString() ?? "" : "";

    private string SubscriptionIn(ReadOnlySpan<byte> answer)
    {
        using JsonDocument document = JsonDocument.Parse(answer.ToArray());
        return document.RootElement.TryGetProperty("result", out JsonElement id)
            ? id.GetString()!
            : throw Bad($"not subscribed: {document.RootElement}");
    }

    private static Task CallAsync(ClientWebSocket socket, string method, object[] parameters, CancellationToken cancellation)
    {
        byte[] call = JsonSerializer.SerializeToUtf8Bytes(new { jsonrpc = "2.0", id = 1, method, @params = parameters });
        return socket.SendAsync(call, WebSocketMessageType.Text, endOfMessage: true, cancellation);
    }
}
