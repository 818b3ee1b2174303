using System.Numerics;
using System.Text;
using Org.BouncyCastle.Crypto.Digests;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Evm;

public sealed class KeccakAndRlpTests
{
    [Fact]
    public void Keccak_of_known_texts()
    {
        Assert.Equal("0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470", Keccak256.Of([]).ToString());
        Assert.Equal(
            "0x4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45", Keccak256.Of("abc"u8).ToString());
    }

    [Fact]
    public void Keccak_equals_an_independent_implementation_at_every_length_around_the_block_size()
    {
        byte[] text = new byte[600], expected = new byte[32];
        new Random(7).NextBytes(text);
        for (int length = 0; length <= text.Length; length++)
        {
            var other = new KeccakDigest(256);
            other.BlockUpdate(text, 0, length);
            other.DoFinal(expected, 0);
            Assert.Equal(new Hash32(expected), Keccak256.Of(text.AsSpan(0, length)));
        }
    }

    [Fact]
    public void The_examples_of_the_rlp_specification_encode_as_it_says()
    {
        Assert.Equal("83646F67", Hex(new RlpWriter().Bytes("dog"u8)));
        Assert.Equal("C88363617483646F67", Hex(new RlpWriter().List(new RlpWriter().Bytes("cat"u8).Bytes("dog"u8))));
        Assert.Equal("80", Hex(new RlpWriter().Bytes([])));
        Assert.Equal("C0", Hex(new RlpWriter().List(new RlpWriter())));
        Assert.Equal("80", Hex(new RlpWriter().Number(0)));
        Assert.Equal("0F", Hex(new RlpWriter().Number(15)));
        Assert.Equal("820400", Hex(new RlpWriter().Number(new BigInteger(1024))));
        Assert.Equal("00", Hex(new RlpWriter().Bytes([0])));
        byte[] lorem = Encoding.ASCII.GetBytes("Lorem ipsum dolor sit amet, consectetur adipisicing elit");
        Assert.Equal("B838" + Convert.ToHexString(lorem), Hex(new RlpWriter().Bytes(lorem)));
    }

    [Fact]
    public void What_is_written_is_read_back_at_every_length()
    {
        for (int length = 0; length < 700; length++)
        {
            byte[] text = new byte[length];
            new Random(length).NextBytes(text);
            byte[] encoded = new RlpWriter().List(new RlpWriter().Bytes(text).Number((ulong)length)).ToArray();
            var reader = new RlpReader(encoded);
            Assert.True(reader.TryList(out RlpReader items));
            Assert.True(items.TryBytes(out ReadOnlySpan<byte> read));
            Assert.True(read.SequenceEqual(text));
            Assert.True(items.TryU64(out ulong number));
            Assert.Equal((ulong)length, number);
            Assert.True(items.AtEnd && reader.AtEnd);
        }
    }

    [Theory]
    [InlineData("", DecodeRejection.Truncated)]
    [InlineData("83646F", DecodeRejection.Truncated)]
    [InlineData("B8", DecodeRejection.Truncated)]
    [InlineData("BFFFFFFFFFFFFFFFFF", DecodeRejection.Truncated)]
    [InlineData("8100", DecodeRejection.NotCanonical)]
    [InlineData("817F", DecodeRejection.NotCanonical)]
    [InlineData("B80100", DecodeRejection.NotCanonical)]
    [InlineData("B90038", DecodeRejection.NotCanonical)]
    [InlineData("C0", DecodeRejection.Malformed)]
    public void A_string_that_is_not_the_one_encoding_is_refused_with_the_reason(string hex, DecodeRejection reason)
    {
        var reader = new RlpReader(Convert.FromHexString(hex));
        Assert.False(reader.TryBytes(out _));
        Assert.Equal(reason, reader.Failure);
    }

    [Fact]
    public void Random_bytes_never_throw_and_accepted_ones_encode_to_the_same_bytes()
    {
        var random = new Random(99);
        int accepted = 0;
        for (int i = 0; i < 200_000; i++)
        {
            byte[] bytes = new byte[random.Next(1, 12)];
            random.NextBytes(bytes);
            var reader = new RlpReader(bytes);
            if (!reader.TryBytes(out ReadOnlySpan<byte> payload) || !reader.AtEnd) continue;
            accepted++;
            Assert.Equal(bytes, new RlpWriter().Bytes(payload).ToArray());
        }

        Assert.True(accepted > 1000, $"only {accepted} random strings were accepted");
    }

    [Fact]
    public void An_address_prints_and_parses_with_the_capitals_of_eip_55()
    {
        string[] examples =
        [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
            "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
        ];
        foreach (string text in examples)
        {
            EvmAddress address = EvmAddress.Parse(text);
            Assert.Equal(text, address.ToChecksumString());
            Assert.Equal(text.ToLowerInvariant(), address.ToString());
            Assert.Equal(address, new EvmAddress(address.ToArray()));
        }

        Assert.False(EvmAddress.TryParse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", out _));
        Assert.False(EvmAddress.TryParse("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg", out _));
        Assert.False(EvmAddress.TryParse(null, out _));
    }

    private static string Hex(RlpWriter writer) => Convert.ToHexString(writer.Written);
}
