using System.Globalization;
using System.Numerics;
using System.Text;

namespace SharedSeq.Primitives;

/// <summary>
/// A value of the ABI: a number, a boolean, an address, bytes, text, or items of a list or tuple. Which type it has is
/// said where it is encoded or decoded; a number serves every width it fits into, bytes serve bytes and bytesN.
/// </summary>
public sealed class AbiValue
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly object _held;

    private AbiValue(object held) => _held = held;

    /// <summary>How many items a list or tuple has.</summary>
    public int Count => Items.Count;

    /// <summary>The items of a list or tuple in order.</summary>
    public IReadOnlyList<AbiValue> Items => Held<AbiValue[]>("items");

    /// <summary>An item of a list or tuple.</summary>
    public AbiValue this[int index] => Held<AbiValue[]>("items")[index];

    public static AbiValue Of(BigInteger value) => new(value);

    public static AbiValue Of(bool value) => new(value);

    public static AbiValue Of(EvmAddress value) => new(value);

    /// <summary>Bytes of a bytesN or of bytes.</summary>
    public static AbiValue Of(byte[] value) => new(value);

    /// <summary>Text, held as UTF-8.</summary>
    public static AbiValue Of(string value) => new(new Utf8(StrictUtf8.GetBytes(value)));

    public static AbiValue List(params AbiValue[] items) => new(items);

    public static AbiValue Tuple(params AbiValue[] members) => new(members);

    public static implicit operator AbiValue(ulong value) => Of(new BigInteger(value));

    public static implicit operator AbiValue(int value) => Of(new BigInteger(value));

    public static implicit operator AbiValue(BigInteger value) => Of(value);

    public static implicit operator AbiValue(bool value) => Of(value);

    public static implicit operator AbiValue(EvmAddress value) => Of(value);

    public static implicit operator AbiValue(Hash32 value) => Of(value.ToArray());

    public static implicit operator AbiValue(byte[] value) => Of(value);

    public static implicit operator AbiValue(string value) => Of(value);

    /// <summary>The number as it is.</summary>
    public BigInteger AsNumber() => Held<BigInteger>("a number");

    /// <summary>The number in 64 bits.</summary>
    /// <exception cref="DecodeException">It does not fit: the contract says more than is handled here.</exception>
    public ulong AsU64()
    {
        BigInteger value = AsNumber();
        if (value.Sign < 0 || value > ulong.MaxValue) DecodeException.Throw(DecodeRejection.OverLimit, $"{value} has more than 64 bits");
        return (ulong)value;
    }

    public bool AsBool() => Held<bool>("a boolean");

    public EvmAddress AsAddress() => Held<EvmAddress>("an address");

    /// <summary>The bytes of bytes and bytesN; of a text, as they came.</summary>
    public byte[] AsBytes() => _held is Utf8 text ? text.Bytes : Held<byte[]>("bytes");

    /// <summary>The 32 bytes of a bytes32.</summary>
    public Hash32 AsHash()
    {
        byte[] bytes = Held<byte[]>("bytes");
        return bytes.Length == Hash32.Size
            ? new Hash32(bytes)
            : throw new InvalidOperationException($"{bytes.Length} bytes are no bytes32");
    }

    /// <summary>The text.</summary>
    /// <exception cref="DecodeException">
    /// It is no UTF-8: contracts do not look, so whoever sent the transaction may have put anything there.
    /// </exception>
    public string AsText()
    {
        try
        {
            return StrictUtf8.GetString(Held<Utf8>("text").Bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new DecodeException(DecodeRejection.Malformed, $"{DecodeRejection.Malformed}: a text is no UTF-8");
        }
    }

    /// <summary>The value for people; bytes that are no UTF-8 show as hex.</summary>
    public override string ToString() => _held switch
    {
        BigInteger number => number.ToString(CultureInfo.InvariantCulture),
        bool flag => flag ? "true" : "false",
        byte[] bytes => "0x" + Convert.ToHexStringLower(bytes),
        Utf8 text => text.ToString(),
        AbiValue[] items => $"({string.Join(", ", items.Select(item => item.ToString()))})",
        _ => _held.ToString()!,
    };

    internal static AbiValue OfUtf8(byte[] bytes) => new(new Utf8(bytes));

    internal bool TryNumber(out BigInteger value) => TryHeld(out value);

    internal bool TryBool(out bool value) => TryHeld(out value);

    internal bool TryAddress(out EvmAddress value) => TryHeld(out value);

    internal byte[]? BytesOrNull() => _held as byte[];

    internal byte[]? Utf8OrNull() => (_held as Utf8)?.Bytes;

    internal AbiValue[]? ItemsOrNull() => _held as AbiValue[];

    private bool TryHeld<T>(out T value)
        where T : struct
    {
        value = _held is T held ? held : default;
        return _held is T;
    }

    private T Held<T>(string what) => _held is T held
        ? held
        : throw new InvalidOperationException($"{this} is not {what}: the signature it was decoded with has another type there");

    private sealed record Utf8(byte[] Bytes)
    {
        public override string ToString()
        {
            try
            {
                return $"\"{StrictUtf8.GetString(Bytes)}\"";
            }
            catch (DecoderFallbackException)
            {
                return "0x" + Convert.ToHexStringLower(Bytes);
            }
        }
    }
}
