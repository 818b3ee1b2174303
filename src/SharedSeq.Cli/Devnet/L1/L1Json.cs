using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>The hex of JSON answers, as far as lies need it.</summary>
internal static class L1Json
{
    private const string Digits = "0123456789abcdef";

    /// <summary>A quantity; 0 for what is none.</summary>
    public static ulong NumberOf(string? text) =>
        text is ['0', 'x', .. string digits] && ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value)
            ? value
            : 0;

    /// <summary>A quantity of up to 256 bits.</summary>
    public static BigInteger QuantityOf(string text) => BigInteger.Parse("0" + text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    public static byte[] BytesOf(JsonNode? node) => Convert.FromHexString(((string?)node ?? "0x").AsSpan(2));

    /// <summary>Another value of the same length, and the first one again for the second.</summary>
    public static string Flip(string hex) => hex[..^1] + Digits[Digits.IndexOf(char.ToLowerInvariant(hex[^1]), StringComparison.Ordinal) ^ 1];

    /// <summary>Every object within a value, the outermost first: a list of its own, so that they can be changed.</summary>
    public static List<JsonObject> ObjectsIn(JsonNode? node)
    {
        var objects = new List<JsonObject>();
        Collect(node);
        return objects;

        void Collect(JsonNode? within)
        {
            if (within is JsonObject found)
            {
                objects.Add(found);
                foreach ((_, JsonNode? field) in found) Collect(field);
            }
            else if (within is JsonArray list)
            {
                foreach (JsonNode? item in list) Collect(item);
            }
        }
    }

    public static bool IsHeader(JsonObject found) => found["parentHash"] is not null && found["stateRoot"] is not null;

    /// <summary>The 2,048 bits that a header or receipt keeps of its logs: three for each address and topic.</summary>
    public static string BloomOf(IEnumerable<JsonNode?> logs)
    {
        byte[] bloom = new byte[256];
        foreach (JsonNode? log in logs)
        {
            Add(BytesOf(log!["address"]));
            foreach (JsonNode? topic in log["topics"]!.AsArray()) Add(BytesOf(topic));
        }

        return EthereumJson.Bytes(bloom);

        void Add(byte[] value)
        {
            byte[] digest = Keccak256.Of(value).ToArray();
            for (int i = 0; i < 6; i += 2)
            {
                int bit = ((digest[i] << 8) | digest[i + 1]) & 2047;
                bloom[255 - (bit / 8)] |= (byte)(1 << (bit % 8));
            }
        }
    }
}
