using System.Buffers.Binary;
using System.Numerics;

namespace SharedSeq.Primitives;

/// <summary>
/// Encodes and decodes values of the ABI. Decoding accepts only what encoding gives: padding is checked, every offset
/// must point to where the encoder would have put it, nothing follows the end. Solidity itself encodes so; what a
/// caller of a contract wrote by hand need not be, and is then refused here.
/// </summary>
/// <remarks>Source: docs.soliditylang.org, "Contract ABI Specification", strict mode.</remarks>
public static class AbiCodec
{
    /// <summary>A head's unit.</summary>
    public const int WordBytes = 32;

    /// <summary>
    /// Bytes decoded at once. Default 1 MiB: an L1 transaction's calldata is at most 128 KiB, a log's data costs 8 gas
    /// a byte, and a view call of our contracts answers less.
    /// </summary>
    public const int BytesMax = 1024 * 1024;

    /// <summary>Encodes a value.</summary>
    /// <exception cref="ArgumentException">The value is not one of the type.</exception>
    public static byte[] Encode(AbiType type, AbiValue value)
    {
        byte[] target = new byte[BytesOf(type, value)];
        Write(type, value, target);
        return target;
    }

    /// <summary>Encodes the members of a tuple, as a call's arguments are.</summary>
    /// <exception cref="ArgumentException">A value is not one of its type, or their number is another.</exception>
    public static byte[] EncodeAll(AbiType tuple, params AbiValue[] values) => Encode(tuple, AbiValue.Tuple(values));

    /// <summary>Decodes a value that fills <paramref name="bytes"/> to the end.</summary>
    /// <exception cref="DecodeException">The bytes are not its encoding.</exception>
    public static AbiValue Decode(AbiType type, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > BytesMax) DecodeException.Throw(DecodeRejection.OverLimit, $"{bytes.Length} bytes of ABI, limit {BytesMax}");
        AbiValue value = Read(type, bytes, out int used);
        if (used != bytes.Length) DecodeException.Throw(DecodeRejection.TrailingBytes, $"{type}: {bytes.Length - used} bytes left over");
        return value;
    }

    private static AbiValue Read(AbiType type, ReadOnlySpan<byte> bytes, out int used)
    {
        switch (type.Kind)
        {
            case AbiKind.Tuple:
                return ReadItems([.. type.Members.Select(member => member.Type)], bytes, out used);
            case AbiKind.FixedList:
                return ReadItems(Repeat(type.Element!, type.Size), bytes, out used);
            case AbiKind.List:
                int count = Length(type, bytes, type.Element!.HeadBytes);
                AbiValue list = ReadItems(Repeat(type.Element!, count), bytes[WordBytes..], out used);
                used += WordBytes;
                return list;
            case AbiKind.Bytes or AbiKind.Text:
                int length = Length(type, bytes, itemBytes: 1);
                int padded = Padded(length);
                if (padded > bytes.Length - WordBytes) DecodeException.Throw(DecodeRejection.Truncated, $"{type}");
                used = WordBytes + padded;
                CheckZero(bytes[(WordBytes + length)..used], type);
                byte[] content = bytes.Slice(WordBytes, length).ToArray();
                return type.Kind == AbiKind.Text ? AbiValue.OfUtf8(content) : AbiValue.Of(content);
            default:
                used = WordBytes;
                return ReadWord(type, Word(type, bytes));
        }
    }

    private static AbiValue ReadItems(AbiType[] types, ReadOnlySpan<byte> bytes, out int used)
    {
        int head = 0;
        int tail = types.Sum(type => type.HeadBytes);
        if (tail > bytes.Length) DecodeException.Throw(DecodeRejection.Truncated, $"{types.Length} items");
        var items = new AbiValue[types.Length];
        for (int i = 0; i < types.Length; i++)
        {
            AbiType type = types[i];
            if (type.IsDynamic)
            {
                // One place only is right: an offset elsewhere would let two values share bytes, or hide some between them.
                if (!TryInt(bytes.Slice(head, WordBytes), out int offset) || offset != tail)
                    DecodeException.Throw(DecodeRejection.NotCanonical, $"the offset of a {type}");
                items[i] = Read(type, bytes[tail..], out int length);
                tail += length;
            }
            else
            {
                items[i] = Read(type, bytes[head..], out _);
            }

            head += type.HeadBytes;
        }

        used = tail;
        return AbiValue.Tuple(items);
    }

    private static AbiValue ReadWord(AbiType type, ReadOnlySpan<byte> word)
    {
        switch (type.Kind)
        {
            case AbiKind.Unsigned:
                CheckZero(word[..(WordBytes - (type.Size / 8))], type);
                return new BigInteger(word, isUnsigned: true, isBigEndian: true);
            case AbiKind.Signed:
                int first = WordBytes - (type.Size / 8);
                byte sign = (word[first] & 0x80) == 0 ? (byte)0 : (byte)0xFF;
                if (word[..first].ContainsAnyExcept(sign)) DecodeException.Throw(DecodeRejection.NotCanonical, $"the padding of a {type}");
                return new BigInteger(word, isUnsigned: false, isBigEndian: true);
            case AbiKind.Bool:
                CheckZero(word[..(WordBytes - 1)], type);
                if (word[^1] > 1) DecodeException.Throw(DecodeRejection.NotCanonical, "a bool is 0 or 1");
                return word[^1] == 1;
            case AbiKind.Address:
                CheckZero(word[..(WordBytes - EvmAddress.Size)], type);
                return new EvmAddress(word[^EvmAddress.Size..]);
            default:
                CheckZero(word[type.Size..], type);
                return word[..type.Size].ToArray();
        }
    }

    private static ReadOnlySpan<byte> Word(AbiType type, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < WordBytes) DecodeException.Throw(DecodeRejection.Truncated, $"{type}");
        return bytes[..WordBytes];
    }

    /// <summary>A length that the bytes behind it can hold, so that nothing is allocated for a claim alone.</summary>
    private static int Length(AbiType type, ReadOnlySpan<byte> bytes, int itemBytes)
    {
        bool isInt = TryInt(Word(type, bytes), out int length);
        if (!isInt || (long)length * itemBytes > bytes.Length - WordBytes) DecodeException.Throw(DecodeRejection.Truncated, $"the length of a {type}");
        return length;
    }

    private static bool TryInt(ReadOnlySpan<byte> word, out int value)
    {
        value = BinaryPrimitives.ReadInt32BigEndian(word[^sizeof(int)..]);
        return value >= 0 && !word[..^sizeof(int)].ContainsAnyExcept((byte)0);
    }

    private static void CheckZero(ReadOnlySpan<byte> padding, AbiType type)
    {
        if (padding.ContainsAnyExcept((byte)0)) DecodeException.Throw(DecodeRejection.NotCanonical, $"the padding of a {type}");
    }

    private static int Padded(int length) => (length + WordBytes - 1) / WordBytes * WordBytes;

    private static AbiType[] Repeat(AbiType type, int count)
    {
        var types = new AbiType[count];
        Array.Fill(types, type);
        return types;
    }

    private static int BytesOf(AbiType type, AbiValue value) => type.Kind switch
    {
        AbiKind.Bytes => WordBytes + Padded((value.BytesOrNull() ?? throw Wrong(type, value)).Length),
        AbiKind.Text => WordBytes + Padded((value.Utf8OrNull() ?? throw Wrong(type, value)).Length),
        AbiKind.List => WordBytes + BytesOfItems(TypesOf(type, value), value),
        AbiKind.FixedList or AbiKind.Tuple => BytesOfItems(TypesOf(type, value), value),
        _ => WordBytes,
    };

    private static int BytesOfItems(AbiType[] types, AbiValue value)
    {
        int bytes = 0;
        for (int i = 0; i < types.Length; i++)
            bytes = checked(bytes + types[i].HeadBytes + (types[i].IsDynamic ? BytesOf(types[i], value[i]) : 0));
        return bytes;
    }

    private static AbiType[] TypesOf(AbiType type, AbiValue value)
    {
        AbiValue[] items = value.ItemsOrNull() ?? throw Wrong(type, value);
        AbiType[] types = type.Kind switch
        {
            AbiKind.List => Repeat(type.Element!, items.Length),
            AbiKind.FixedList => Repeat(type.Element!, type.Size),
            _ => [.. type.Members.Select(member => member.Type)],
        };
        return types.Length == items.Length ? types : throw Wrong(type, value);
    }

    /// <summary>Writes a value to the start of a target that is zero; returns the bytes written.</summary>
    private static int Write(AbiType type, AbiValue value, Span<byte> target)
    {
        switch (type.Kind)
        {
            case AbiKind.Tuple or AbiKind.FixedList:
                return WriteItems(TypesOf(type, value), value, target);
            case AbiKind.List:
                BinaryPrimitives.WriteInt32BigEndian(target[(WordBytes - sizeof(int))..], value.Count);
                return WordBytes + WriteItems(TypesOf(type, value), value, target[WordBytes..]);
            case AbiKind.Bytes or AbiKind.Text:
                byte[] content = type.Kind == AbiKind.Text ? value.Utf8OrNull()! : value.BytesOrNull()!;
                BinaryPrimitives.WriteInt32BigEndian(target[(WordBytes - sizeof(int))..], content.Length);
                content.CopyTo(target[WordBytes..]);
                return WordBytes + Padded(content.Length);
            default:
                WriteWord(type, value, target[..WordBytes]);
                return WordBytes;
        }
    }

    private static int WriteItems(AbiType[] types, AbiValue value, Span<byte> target)
    {
        int head = 0;
        int tail = types.Sum(type => type.HeadBytes);
        for (int i = 0; i < types.Length; i++)
        {
            if (types[i].IsDynamic)
            {
                BinaryPrimitives.WriteInt32BigEndian(target[(head + WordBytes - sizeof(int))..], tail);
                tail += Write(types[i], value[i], target[tail..]);
            }
            else
            {
                Write(types[i], value[i], target[head..]);
            }

            head += types[i].HeadBytes;
        }

        return tail;
    }

    private static void WriteWord(AbiType type, AbiValue value, Span<byte> word)
    {
        switch (type.Kind)
        {
            case AbiKind.Unsigned or AbiKind.Signed when value.TryNumber(out BigInteger number) && Fits(type, number):
                word.Fill(number.Sign < 0 ? (byte)0xFF : (byte)0);
                byte[] digits = number.ToByteArray(isUnsigned: type.Kind == AbiKind.Unsigned, isBigEndian: true);
                digits.CopyTo(word[(WordBytes - digits.Length)..]);
                break;
            case AbiKind.Bool when value.TryBool(out bool flag):
                word[^1] = flag ? (byte)1 : (byte)0;
                break;
            case AbiKind.Address when value.TryAddress(out EvmAddress address):
                address.CopyTo(word[^EvmAddress.Size..]);
                break;
            case AbiKind.FixedBytes when value.BytesOrNull() is { } bytes && bytes.Length == type.Size:
                bytes.CopyTo(word);
                break;
            default:
                throw Wrong(type, value);
        }
    }

    private static bool Fits(AbiType type, BigInteger number)
    {
        if (type.Kind == AbiKind.Unsigned) return number.Sign >= 0 && number.GetBitLength() <= type.Size;
        return number.GetBitLength() < type.Size;
    }

    private static ArgumentException Wrong(AbiType type, AbiValue value) => new($"{value} is no {type}", nameof(value));
}
