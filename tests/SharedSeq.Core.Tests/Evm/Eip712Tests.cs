using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Evm;

/// <summary>Expected values are of ethers (Evm/Vectors/README.md); the first text is EIP-712's own example.</summary>
public sealed class Eip712Tests
{
    [Fact]
    public void The_example_of_the_eip_has_the_hashes_printed_there()
    {
        var person = Eip712Struct.Parse("Person(string name,address wallet)");
        var mail = Eip712Struct.Parse("Mail(Person from,Person to,string contents)", person);
        var domain = new Eip712Domain("Ether Mail", "1", 1, EvmAddress.Parse("0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"));
        AbiValue from = AbiValue.Tuple("Cow", EvmAddress.Parse("0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"));
        AbiValue to = AbiValue.Tuple("Bob", EvmAddress.Parse("0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"));
        Assert.Equal("0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f", domain.ComputeSeparator().ToString());
        Assert.Equal("0xc52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e", mail.HashOf(from, to, "Hello, Bob!").ToString());
        Assert.Equal("0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2", mail.DigestOf(domain, from, to, "Hello, Bob!").ToString());
        // Signed in the EIP by the secret that is the hash of "cow".
        EvmSignature signature = Secp256k1.Sign(mail.DigestOf(domain, from, to, "Hello, Bob!"), Keccak256.Of("cow"u8).ToArray());
        Assert.Equal("0x4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d", signature.R.ToString());
        Assert.Equal("0x07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562", signature.S.ToString());
        Assert.Equal(28 - 27, signature.Parity);
    }

    [Fact]
    public void Typed_texts_hash_and_sign_as_by_ethers()
    {
        Assert.Equal(3, EvmVectors.TypedTexts.Length);
        foreach (TypedTextVector vector in EvmVectors.TypedTexts)
        {
            Eip712Struct form = StructOf(vector, vector.PrimaryType);
            Assert.Equal(vector.TypeText, form.TypeText);
            JsonElement domain = vector.Domain;
            var whom = new Eip712Domain(
                domain.GetProperty("name").GetString()!, domain.GetProperty("version").GetString()!, domain.GetProperty("chainId").GetUInt64(),
                domain.TryGetProperty("verifyingContract", out JsonElement contract) ? EvmAddress.Parse(contract.GetString()!) : null);
            AbiValue[] values = [.. ValuesOf(vector, vector.PrimaryType, vector.Message).Items];
            Assert.Equal(Hash32.Parse(vector.Separator), whom.ComputeSeparator());
            Assert.Equal(Hash32.Parse(vector.StructHash), form.HashOf(values));
            Hash32 digest = form.DigestOf(whom, values);
            Assert.Equal(Hash32.Parse(vector.Digest), digest);
            EvmSignature signature = Secp256k1.Sign(digest, EvmVectors.Bytes(vector.Secret));
            Assert.Equal(vector.Signature, $"{signature.R}{signature.S.ToString()[2..]}{27 + signature.Parity:x2}");
        }
    }

    [Theory]
    [InlineData("Mail")]
    [InlineData("Mail(")]
    [InlineData("(uint8 a)")]
    [InlineData("Mail(uint8)")]
    [InlineData("Mail(Person from)")]
    [InlineData("Mail(uint7 a)")]
    [InlineData("Mail(uint8[0] a)")]
    public void A_text_that_is_no_struct_is_refused(string text) => Assert.Throws<FormatException>(() => Eip712Struct.Parse(text));

    [Fact]
    public void Values_of_other_types_or_counts_are_not_hashed()
    {
        var form = Eip712Struct.Parse("A(uint8 a,bool[2] b)");
        Assert.Throws<ArgumentException>(() => form.HashOf(1));
        Assert.Throws<ArgumentException>(() => form.HashOf(256, AbiValue.List(true, false)));
        Assert.Throws<ArgumentException>(() => form.HashOf(1, AbiValue.List(true)));
        Assert.NotEqual(form.HashOf(1, AbiValue.List(true, false)), form.HashOf(1, AbiValue.List(false, true)));
    }

    private static Eip712Struct StructOf(TypedTextVector vector, string name)
    {
        TypedMember[] members = vector.Types[name];
        Eip712Struct[] known = [.. members.Select(member => member.Type.Split('[')[0]).Where(vector.Types.ContainsKey).Distinct(StringComparer.Ordinal)
            .Select(used => StructOf(vector, used))];
        return Eip712Struct.Parse($"{name}({string.Join(',', members.Select(member => $"{member.Type} {member.Name}"))})", known);
    }

    private static AbiValue ValuesOf(TypedTextVector vector, string type, JsonElement value)
    {
        if (type.EndsWith(']'))
        {
            string element = type[..type.LastIndexOf('[')];
            return AbiValue.List([.. value.EnumerateArray().Select(item => ValuesOf(vector, element, item))]);
        }

        if (vector.Types.TryGetValue(type, out TypedMember[]? members))
            return AbiValue.Tuple([.. members.Select(member => ValuesOf(vector, member.Type, value.GetProperty(member.Name)))]);
        return value.ValueKind == JsonValueKind.Number ? value.GetInt32() : AbiCodecTests.FromJson(AbiType.Parse(type), value);
    }
}
