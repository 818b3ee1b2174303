using System.Globalization;
using System.Numerics;
using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Evm;

/// <summary>Expected bytes are cast's (Evm/Vectors/README.md) or those printed in the ABI specification.</summary>
public sealed class AbiCodecTests
{
    [Fact]
    public void Calls_are_encoded_to_the_bytes_of_cast_and_decoded_to_their_values()
    {
        Assert.InRange(EvmVectors.Abi.Calls.Length, 150, 1000);
        foreach (AbiCallVector vector in EvmVectors.Abi.Calls)
        {
            AbiFunction function = AbiFunction.Parse(vector.Signature);
            Assert.Equal(vector.Signature, function.Signature);
            AbiValue values = FromJson(function.Inputs, vector.Values);
            byte[] call = function.EncodeCall([.. values.Items]);
            Assert.Equal(vector.Selector + vector.Encoded[2..], "0x" + Convert.ToHexStringLower(call));
            Assert.Equal(values.ToString(), function.DecodeCall(call).ToString());
        }
    }

    [Fact]
    public void A_changed_bit_is_refused_or_another_value_and_a_missing_or_added_byte_is_refused()
    {
        foreach (AbiCallVector vector in EvmVectors.Abi.Calls)
        {
            AbiType type = AbiFunction.Parse(vector.Signature).Inputs;
            byte[] encoded = EvmVectors.Bytes(vector.Encoded);
            Assert.Throws<DecodeException>(() => AbiCodec.Decode(type, [.. encoded, 0]));
            if (encoded.Length == 0) continue;
            Assert.Throws<DecodeException>(() => AbiCodec.Decode(type, encoded.AsSpan(..^1)));
            Assert.Throws<DecodeException>(() => AbiCodec.Decode(type, encoded.AsSpan(..^32)));
            Assert.Throws<DecodeException>(() => AbiCodec.Decode(type, [.. encoded, .. new byte[32]]));
            for (int bit = 0; bit < 8 * encoded.Length; bit += 7)
            {
                byte[] changed = [.. encoded];
                changed[bit / 8] ^= (byte)(1 << (bit % 8));
                AssertRefusedOrAnother(type, changed);
            }
        }
    }

    [Theory]
    [InlineData("(uint64[])", "an offset that is not the next place",
        "0000000000000000000000000000000000000000000000000000000000000040" +
        "0000000000000000000000000000000000000000000000000000000000000000" +
        "0000000000000000000000000000000000000000000000000000000000000000", DecodeRejection.NotCanonical)]
    [InlineData("(bytes,bytes)", "two values in one place",
        "0000000000000000000000000000000000000000000000000000000000000040" +
        "0000000000000000000000000000000000000000000000000000000000000040" +
        "0000000000000000000000000000000000000000000000000000000000000000", DecodeRejection.NotCanonical)]
    [InlineData("(uint64[])", "an offset of more than 31 bits",
        "0000000000000000000000000000000000000000000000010000000000000020" +
        "0000000000000000000000000000000000000000000000000000000000000000", DecodeRejection.NotCanonical)]
    [InlineData("(uint64[])", "a length that the bytes can not hold",
        "0000000000000000000000000000000000000000000000000000000000000020" +
        "000000000000000000000000000000000000000000000000000000007fffffff", DecodeRejection.Truncated)]
    [InlineData("(bytes)", "a length of 256 bits",
        "0000000000000000000000000000000000000000000000000000000000000020" +
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", DecodeRejection.Truncated)]
    [InlineData("(bytes)", "a byte in the padding behind",
        "0000000000000000000000000000000000000000000000000000000000000020" +
        "0000000000000000000000000000000000000000000000000000000000000001" +
        "aa00000000000000000000000000000000000000000000000000000000000001", DecodeRejection.NotCanonical)]
    [InlineData("(bool)", "a bool of 2",
        "0000000000000000000000000000000000000000000000000000000000000002", DecodeRejection.NotCanonical)]
    [InlineData("(uint8)", "a uint8 of 256",
        "0000000000000000000000000000000000000000000000000000000000000100", DecodeRejection.NotCanonical)]
    [InlineData("(int8)", "an int8 of 128",
        "0000000000000000000000000000000000000000000000000000000000000080", DecodeRejection.NotCanonical)]
    [InlineData("(address)", "an address of 21 bytes",
        "0000000000000000000000010000000000000000000000000000000000000000", DecodeRejection.NotCanonical)]
    [InlineData("(bytes4)", "a fifth byte",
        "0000000001000000000000000000000000000000000000000000000000000000", DecodeRejection.NotCanonical)]
    [InlineData("(address)", "nothing", "", DecodeRejection.Truncated)]
    public void Bytes_that_no_encoder_writes_are_refused(string type, string what, string hex, DecodeRejection reason)
    {
        DecodeException e = Assert.Throws<DecodeException>(
            () => AbiCodec.Decode(AbiType.Parse(type), Convert.FromHexString(hex)));
        Assert.True(reason == e.Reason, $"{what}: {e.Message}");
    }

    [Fact]
    public void More_bytes_than_the_limit_are_refused_unread() =>
        Assert.Equal(DecodeRejection.OverLimit, Assert.Throws<DecodeException>(
            () => AbiCodec.Decode(AbiType.Parse("bytes"), new byte[AbiCodec.BytesMax + 1])).Reason);

    [Fact]
    public void The_examples_of_the_specification_are_encoded_as_printed()
    {
        Assert.Equal(
            "0xcdcd77c000000000000000000000000000000000000000000000000000000000000000450000000000000000000000000000000000000000000000000000000000000001",
            Hex(AbiFunction.Parse("baz(uint32 x, bool y) external pure returns (bool r)").EncodeCall(69, true)));
        Assert.Equal(
            "0xfce353f661626300000000000000000000000000000000000000000000000000000000006465660000000000000000000000000000000000000000000000000000000000",
            Hex(AbiFunction.Parse("bar(bytes3[2] memory)").EncodeCall(AbiValue.List("abc"u8.ToArray(), "def"u8.ToArray()))));
        Assert.Equal(
            "0xa5643bf2" + Words("60", "1", "a0", "4") + "64617665".PadRight(64, '0') + Words("3", "1", "2", "3"),
            Hex(AbiFunction.Parse("sam(bytes,bool,uint256[])").EncodeCall("dave"u8.ToArray(), true, AbiValue.List(1, 2, 3))));
    }

    [Theory]
    [InlineData("uint7")]
    [InlineData("uint264")]
    [InlineData("uint08")]
    [InlineData("int0")]
    [InlineData("bytes0")]
    [InlineData("bytes33")]
    [InlineData("fixed128x18")]
    [InlineData("function")]
    [InlineData("()")]
    [InlineData("bool[0]")]
    [InlineData("bool[257]")]
    [InlineData("bool[-1]")]
    [InlineData("bool[")]
    [InlineData("(bool")]
    [InlineData("(bool,)")]
    [InlineData("bool]")]
    [InlineData("bool[][][][][][][][]")]
    [InlineData("bytes32[256][256][256]")]
    [InlineData("")]
    public void A_type_that_is_none_is_refused(string text) => Assert.Throws<FormatException>(() => AbiType.Parse(text));

    [Fact]
    public void Types_nested_too_deep_are_refused_before_they_are_built()
    {
        string deep = new string('(', 100_000) + "bool" + new string(')', 100_000);
        Assert.Throws<FormatException>(() => AbiType.Parse(deep));
    }

    [Fact]
    public void A_value_of_another_type_is_not_encoded()
    {
        (string Type, AbiValue Value)[] wrong =
        [
            ("uint8", 256), ("uint8", -1), ("int8", 128), ("int8", -129), ("uint256", BigInteger.Pow(2, 256)),
            ("bool", 1), ("address", new byte[20]), ("bytes4", new byte[5]), ("bytes4", new byte[3]), ("bytes", "text"),
            ("string", new byte[1]), ("bool[2]", AbiValue.List(true)), ("bool[]", true), ("(bool,bool)", AbiValue.Tuple(true)),
        ];
        foreach ((string type, AbiValue value) in wrong)
            Assert.Throws<ArgumentException>(() => AbiCodec.Encode(AbiType.Parse(type), value));
    }

    [Fact]
    public void A_text_that_is_no_utf8_is_decoded_and_refused_where_it_is_read_as_text()
    {
        AbiType type = AbiType.Parse("(string)");
        byte[] encoded = AbiCodec.EncodeAll(type, "ab");
        encoded[64] = 0xFF;
        AbiValue value = AbiCodec.Decode(type, encoded)[0];
        Assert.Equal([0xFF, (byte)'b'], value.AsBytes());
        Assert.Equal("0xff62", value.ToString());
        Assert.Equal(DecodeRejection.Malformed, Assert.Throws<DecodeException>(value.AsText).Reason);
        Assert.Equal("ab", AbiCodec.Decode(type, AbiCodec.EncodeAll(type, "ab"))[0].AsText());
    }

    [Fact]
    public void A_number_above_64_bits_is_refused_where_it_is_read_as_one_of_64()
    {
        AbiValue value = BigInteger.Pow(2, 64);
        Assert.Equal(DecodeRejection.OverLimit, Assert.Throws<DecodeException>(() => value.AsU64()).Reason);
        Assert.Equal(ulong.MaxValue, ((AbiValue)ulong.MaxValue).AsU64());
        Assert.Throws<InvalidOperationException>(() => value.AsBool());
    }

    internal static AbiValue FromJson(AbiType type, JsonElement json) => type.Kind switch
    {
        AbiKind.Unsigned or AbiKind.Signed => BigInteger.Parse(json.GetString()!, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture),
        AbiKind.Bool => json.GetBoolean(),
        AbiKind.Address => EvmAddress.Parse(json.GetString()!),
        AbiKind.FixedBytes or AbiKind.Bytes => EvmVectors.Bytes(json.GetString()!),
        AbiKind.Text => json.GetString()!,
        AbiKind.Tuple => AbiValue.Tuple([.. type.Members.Zip(json.EnumerateArray(), (member, item) => FromJson(member.Type, item))]),
        _ => AbiValue.List([.. json.EnumerateArray().Select(item => FromJson(type.Element!, item))]),
    };

    private static string Words(params string[] digits) => string.Concat(digits.Select(word => word.PadLeft(64, '0')));

    private static string Hex(byte[] bytes) => "0x" + Convert.ToHexStringLower(bytes);

    private static void AssertRefusedOrAnother(AbiType type, byte[] changed)
    {
        try
        {
            AbiValue value = AbiCodec.Decode(type, changed);
            // What is accepted has this one encoding.
            Assert.Equal(changed, AbiCodec.Encode(type, value));
        }
        catch (DecodeException)
        {
            // Refused is right too.
        }
    }
}
