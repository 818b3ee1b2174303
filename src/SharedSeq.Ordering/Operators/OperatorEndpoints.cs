using System;
using System.Globalization;
using System.Text;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>
/// Where an operator can be reached. Those of the first members are not part of the genesis hash: an operator that moves does not make another network.
/// </summary>
/// <param name="Name">Shown to people.</param>
/// <param name="Peer">host:port of its peer sessions.</param>
/// <param name="Rpc">Base URL of its JSON-RPC, or null when it is not offered.</param>
public sealed record OperatorEndpoints(string Name, string Peer, string? Rpc)
{
    /// <summary>Characters of a name.</summary>
    public const int MaxNameBytes = 64;

    /// <summary>Bytes of host and port: the longest DNS name, a colon and five digits.</summary>
    public const int MaxPeerBytes = 253 + 6;

    /// <summary>Bytes of a URL.</summary>
    public const int MaxRpcBytes = 256;

    /// <summary>Why nobody could use them; null when they are well formed.</summary>
    public string? Fault()
    {
        if (Name.Length is 0 or > MaxNameBytes || !IsPrintable(Name)) return $"a name has 1 to {MaxNameBytes} printable ASCII characters";
        if (Peer.Length > MaxPeerBytes || !IsHostAndPort(Peer)) return "the peer address is host:port";
        if (Rpc is null) return null;
        if (Rpc.Length > MaxRpcBytes || !IsUrl(Rpc)) return $"the RPC address is an http or https URL of at most {MaxRpcBytes} characters";
        return null;
    }

    /// <summary>Name, peer, RPC; each a u32 length and ASCII, an empty RPC for none.</summary>
    public void Write(CanonicalWriter writer)
    {
        writer.Bytes(Encoding.Latin1.GetBytes(Name));
        writer.Bytes(Encoding.Latin1.GetBytes(Peer));
        writer.Bytes(Encoding.Latin1.GetBytes(Rpc ?? ""));
    }

    /// <exception cref="DecodeException">The bytes do not begin with usable endpoints.</exception>
    public static OperatorEndpoints Read(ref CanonicalReader reader)
    {
        string name = Text(reader.Bytes(MaxNameBytes, "operator's name"));
        string peer = Text(reader.Bytes(MaxPeerBytes, "operator's peer address"));
        string rpc = Text(reader.Bytes(MaxRpcBytes, "operator's RPC address"));
        var endpoints = new OperatorEndpoints(name, peer, rpc.Length == 0 ? null : rpc);
        if (endpoints.Fault() is { } fault) DecodeException.Throw(DecodeRejection.Malformed, fault);
        return endpoints;
    }

    /// <summary>Each byte a character of its own; those that no text here may have are found by <see cref="Fault"/>.</summary>
    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    private static bool IsPrintable(string text)
    {
        foreach (char c in text)
        {
            if (c is < ' ' or > '~') return false;
        }

        return true;
    }

    private static bool IsHostAndPort(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon <= 0) return false;
        foreach (char c in text.AsSpan(0, colon))
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '-' or '_' or ':' or '[' or ']')) return false;
        }

        // One text for one port: no sign, no leading zero.
        ReadOnlySpan<char> port = text.AsSpan(colon + 1);
        return port.Length is > 0 and <= 5 && port[0] is >= '1' and <= '9'
            && ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _);
    }

    private static bool IsUrl(string text)
    {
        int start = text.StartsWith("http://", StringComparison.Ordinal) ? 7 : text.StartsWith("https://", StringComparison.Ordinal) ? 8 : 0;
        if (start == 0 || text.Length == start) return false;
        foreach (char c in text)
        {
            if (c is <= ' ' or > '~' or '"' or '\\' or '<' or '>') return false;
        }

        return true;
    }
}
