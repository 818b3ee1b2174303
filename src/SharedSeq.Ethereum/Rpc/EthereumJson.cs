using System.Globalization;
using System.Numerics;
using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>
/// Reads and writes the hex forms of Ethereum's JSON. Whatever a field should not be is an <see
/// cref="EthereumRpcException"/>.
/// </summary>
public static class EthereumJson
{
    /// <summary>A quantity: hex without leading zeros.</summary>
    public static string Quantity(ulong value) => "0x" + value.ToString("x", CultureInfo.InvariantCulture);

    /// <inheritdoc cref="Quantity(ulong)"/>
    public static string Quantity(BigInteger value)
    {
        if (value.Sign < 0) throw new ArgumentOutOfRangeException(nameof(value), "a quantity is not negative");
        string digits = value.ToString("x", CultureInfo.InvariantCulture).TrimStart('0');
        return digits.Length == 0 ? "0x0" : "0x" + digits;
    }

    public static string Bytes(ReadOnlySpan<byte> value) => "0x" + Convert.ToHexStringLower(value);

    /// <summary>An answer's text: JSON whose strings and names are Unicode.</summary>
    /// <exception cref="EthereumRpcException">It is not.</exception>
    public static JsonElement Parse(ReadOnlyMemory<byte> answer)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(answer);
            if (!JsonText.IsUnicode(answer.Span)) throw EthereumRpcException.Malformed("a text in the answer is not Unicode");
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw EthereumRpcException.Malformed("the answer is no JSON", e);
        }
    }

    public static ulong ReadU64(JsonElement element, string what)
    {
        ReadOnlySpan<char> digits = Digits(element, what);
        bool isParsed = ulong.TryParse(
            digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value);
        return isParsed && digits.Length <= 16
            ? value
            : throw EthereumRpcException.Malformed($"{what} is no quantity of 64 bits");
    }

    /// <summary>A place in a list: a quantity of 31 bits.</summary>
    public static int ReadIndex(JsonElement element, string what) =>
        ReadU64(element, what) is <= int.MaxValue and ulong value
            ? (int)value
            : throw EthereumRpcException.Malformed($"{what} is no place in a list");

    /// <summary>A quantity of at most 256 bits.</summary>
    public static BigInteger ReadU256(JsonElement element, string what)
    {
        ReadOnlySpan<char> digits = Digits(element, what);
        // A zero in front keeps the parser from reading the first digit as a sign.
        bool isParsed = BigInteger.TryParse(
            $"0{digits}", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out BigInteger value);
        return isParsed && digits.Length is > 0 and <= 64
            ? value
            : throw EthereumRpcException.Malformed($"{what} is no quantity of 256 bits");
    }

    public static Hash32 ReadHash(JsonElement element, string what) =>
        element.ValueKind == JsonValueKind.String && Hash32.TryParse(element.GetString(), out Hash32 value)
            ? value
            : throw EthereumRpcException.Malformed($"{what} is no hash");

    public static EvmAddress ReadAddress(JsonElement element, string what) =>
        element.ValueKind == JsonValueKind.String && EvmAddress.TryParse(element.GetString(), out EvmAddress value)
            ? value
            : throw EthereumRpcException.Malformed($"{what} is no address");

    public static byte[] ReadBytes(JsonElement element, string what)
    {
        try
        {
            return Convert.FromHexString(Digits(element, what));
        }
        catch (FormatException e)
        {
            throw EthereumRpcException.Malformed($"{what} is no hex", e);
        }
    }

    /// <summary>A field of an object.</summary>
    public static JsonElement Field(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value)
            ? value
            : throw EthereumRpcException.Malformed($"no field '{name}'");

    private static ReadOnlySpan<char> Digits(JsonElement element, string what)
    {
        string? text = element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        return text is not null && text.StartsWith("0x", StringComparison.Ordinal)
            ? text.AsSpan(2)
            : throw EthereumRpcException.Malformed($"{what} is no hex");
    }
}
