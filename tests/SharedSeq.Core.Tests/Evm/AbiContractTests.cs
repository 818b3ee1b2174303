using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Evm;

public sealed class AbiContractTests
{
    private const string Json =
        """
        [
          {"type":"constructor","inputs":[{"name":"owner","type":"address"}],"stateMutability":"nonpayable"},
          {"type":"function","name":"send","inputs":[{"name":"namespaceId","type":"uint64"},{"name":"legs","type":"tuple[2][]",
            "components":[{"name":"a","type":"uint8"},{"name":"b","type":"bytes"}]}],"outputs":[{"name":"","type":"bool"}]},
          {"type":"function","name":"send","inputs":[{"name":"namespaceId","type":"uint64"}],"outputs":[]},
          {"type":"event","name":"Sent","anonymous":false,"inputs":[{"name":"from","type":"address","indexed":true},
            {"name":"text","type":"string","indexed":true},{"name":"amount","type":"uint256","indexed":false}]},
          {"type":"error","name":"BondTooSmall","inputs":[{"name":"required","type":"uint256"},{"name":"","type":"uint256"}]},
          {"type":"receive"}
        ]
        """;

    [Fact]
    public void The_json_of_a_compiler_gives_functions_events_and_errors_with_their_signatures()
    {
        AbiContract contract = AbiContract.Parse(Json);
        Assert.Equal("(address)", contract.Constructor.ToString());
        Assert.Equal(["send(uint64,(uint8,bytes)[2][])", "send(uint64)"], contract.Functions.Select(f => f.Signature));
        Assert.Equal("(bool)", contract.Function("send(uint64,(uint8,bytes)[2][])").Outputs.ToString());
        Assert.Equal("Sent(address,string,uint256)", contract.Event("Sent").Signature);
        Assert.Equal("BondTooSmall(uint256,uint256)", contract.Error("BondTooSmall").Signature);
        Assert.Throws<KeyNotFoundException>(() => contract.Function("send"));
        Assert.Throws<KeyNotFoundException>(() => contract.Event("send"));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[")]
    [InlineData("[5]")]
    [InlineData("""[{"type":"other"}]""")]
    [InlineData("""[{"type":"function","name":"f","inputs":[{"name":"x","type":"uint7"}]}]""")]
    [InlineData("""[{"type":"function","name":"f","inputs":[{"name":"x","type":"tuple"}]}]""")]
    [InlineData("""[{"type":"function","name":"f","inputs":{}}]""")]
    [InlineData("""[{"type":"event","name":"e","inputs":[],"anonymous":true}]""")]
    public void Json_that_is_no_interface_is_refused(string json) =>
        Assert.Throws<FormatException>(() => AbiContract.Parse(json));

    [Fact]
    public void Logs_are_decoded_to_the_values_that_cast_put_in_in_the_order_of_the_source()
    {
        Assert.NotEmpty(EvmVectors.Abi.Events);
        foreach (AbiEventVector vector in EvmVectors.Abi.Events)
        {
            AbiEvent form = AbiEvent.Parse(vector.Signature);
            var log = new EvmLog(default, [.. vector.Topics.Select(Hash32.Parse)], EvmVectors.Bytes(vector.Data));
            Assert.Equal(log.Topics[0], form.Topic);
            AbiValue values = form.Decode(log);
            for (int i = 0; i < values.Count; i++)
            {
                // A text in a topic is there by its hash.
                AbiType type = form.Parameters[i].Type;
                if (form.Parameters[i].IsIndexed && type.IsDynamic)
                    Assert.Equal(Keccak256.Of(System.Text.Encoding.UTF8.GetBytes(vector.Values[i].GetString()!)), values[i].AsHash());
                else
                    Assert.Equal(AbiCodecTests.FromJson(type, vector.Values[i]).ToString(), values[i].ToString());
            }
        }
    }

    [Fact]
    public void A_log_of_another_event_with_a_topic_too_many_or_with_other_content_is_refused()
    {
        AbiEvent form = AbiEvent.Parse("Sent(address indexed from, uint256 amount)");
        var address = EvmAddress.Parse("0x00000000000000000000000000000000000beef1");
        Hash32 from = Hash32.Parse("000000000000000000000000" + address.ToString()[2..]);
        byte[] content = AbiCodec.Encode(AbiType.Parse("uint256"), 5);
        Assert.Equal("(0x00000000000000000000000000000000000beef1, 5)", form.Decode(new EvmLog(default, [form.Topic, from], content)).ToString());
        (Hash32[] Topics, byte[] Content, DecodeRejection Reason)[] wrong =
        [
            ([], content, DecodeRejection.UnknownValue),
            ([from, from], content, DecodeRejection.UnknownValue),
            ([form.Topic], content, DecodeRejection.Malformed),
            ([form.Topic, from, from], content, DecodeRejection.Malformed),
            ([form.Topic, form.Topic], content, DecodeRejection.NotCanonical),
            ([form.Topic, from], [.. content, 0], DecodeRejection.TrailingBytes),
            ([form.Topic, from], [], DecodeRejection.Truncated),
        ];
        foreach ((Hash32[] topics, byte[] bytes, DecodeRejection reason) in wrong)
            Assert.Equal(reason, Assert.Throws<DecodeException>(() => form.Decode(new EvmLog(default, topics, bytes))).Reason);
        Assert.Throws<FormatException>(() => AbiEvent.Parse("E(bool indexed,bool indexed,bool indexed,bool indexed)"));
    }

    [Fact]
    public void What_a_call_reverted_with_is_told_in_words()
    {
        AbiContract contract = AbiContract.Parse(Json);
        string Describe(string hex) => AbiError.Describe(Convert.FromHexString(hex), contract.Errors);
        string Words(params int[] words) => string.Concat(words.Select(word => word.ToString("x64", System.Globalization.CultureInfo.InvariantCulture)));

        Assert.Equal(
            "BondTooSmall(required: 5, 3)", Describe(Convert.ToHexString(contract.Error("BondTooSmall").Selector) + Words(5, 3)));
        // Both selectors are printed in the documentation of Solidity.
        Assert.Equal(
            "reverted: \"Not enough Ether provided.\"",
            Describe("08c379a0" + Words(0x20, 0x1a) + "4e6f7420656e6f7567682045746865722070726f76696465642e000000000000"));
        Assert.Equal("panicked: arithmetic overflow", Describe("4e487b71" + Words(0x11)));
        Assert.Equal("panicked: an assertion failed", Describe("4e487b71" + Words(1)));
        Assert.Equal("panicked: code 119", Describe("4e487b71" + Words(0x77)));
        Assert.Equal("reverted without a reason", Describe(""));
        Assert.Equal("reverted with 0x4e487b71", Describe("4e487b71"));
        Assert.Equal("reverted with 0x" + new string('1', 256) + "...", Describe(new string('1', 400)));
    }
}
