using System.Globalization;
using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>One call: its method and parameters, with readers that refuse what is missing or malformed by name.</summary>
public sealed class RpcCall(string method, JsonElement parameters, IRpcConnection? connection, CancellationToken cancellation, ClientAddress? from = null)
{
    public string Method { get; } = method;

    public JsonElement Parameters { get; } = parameters;

    /// <summary>The WebSocket the call came by; null over HTTP.</summary>
    public IRpcConnection? Connection { get; } = connection;

    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>Where it came from; null where that is not counted.</summary>
    public ClientAddress? From { get; } = from;

    public int Count => Parameters.ValueKind == JsonValueKind.Array ? Parameters.GetArrayLength() : 0;

    /// <summary>A positional parameter, or null when it is absent or null.</summary>
    public JsonElement? Optional(int index) =>
        index < Count && Parameters[index].ValueKind != JsonValueKind.Null ? Parameters[index] : null;

    public JsonElement Required(int index, string name) => Optional(index) ?? throw Bad(name, "is required");

    public string Text(int index, string name)
    {
        JsonElement value = Required(index, name);
        return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Bad(name, "is a string");
    }

    /// <summary>A number, as JSON number, decimal string or 0x hex string.</summary>
    public ulong Number(int index, string name) => NumberOf(Required(index, name), name);

    public Hash32 Hash(int index, string name) =>
        Hash32.TryParse(Text(index, name), out Hash32 hash) ? hash : throw Bad(name, "is 0x and 64 hex digits");

    public byte[] Bytes(int index, string name) => BytesOf(Text(index, name), name);

    public static byte[] BytesOf(string text, string name)
    {
        if (!text.StartsWith("0x", StringComparison.OrdinalIgnoreCase)) throw Bad(name, "is 0x and hex digits");
        try
        {
            return Convert.FromHexString(text.AsSpan(2));
        }
        catch (FormatException)
        {
            throw Bad(name, "is 0x and an even number of hex digits");
        }
    }

    public static ulong NumberOf(JsonElement value, string name)
    {
        if (value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out ulong number)) return number;
        if (value.ValueKind == JsonValueKind.String)
        {
            string text = value.GetString()!;
            bool isHex = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase);
            if (ulong.TryParse(
                isHex ? text[2..] : text, isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out number))
                return number;
        }

        throw Bad(name, "is a number from 0 to 2^64-1, decimal or 0x hex");
    }

    public static RpcException Bad(string name, string rule) => new(RpcError.InvalidParams, $"parameter '{name}' {rule}", new { parameter = name });
}

/// <summary>A WebSocket connection, as a method sees it that pushes notifications.</summary>
public interface IRpcConnection
{
    /// <summary>Ends with the connection.</summary>
    CancellationToken Closed { get; }

    /// <summary>Sends one notification; waits while the client does not read: back-pressure.</summary>
    ValueTask NotifyAsync(string method, object parameters, CancellationToken cancellation);

    /// <summary>Starts something that pushes until it is unsubscribed or the connection ends; returns its id.</summary>
    string Subscribe(Func<string, CancellationToken, Task> run);

    bool Unsubscribe(string id);
}
