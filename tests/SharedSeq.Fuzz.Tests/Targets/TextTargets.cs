using System.Text;
using System.Text.Json;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Ethereum;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Fuzz.Tests;

/// <summary>Documents that people write, key files, and what Ethereum speaks.</summary>
internal static class TextTargets
{
    private static readonly Dictionary<string, string> NoEnvironment = new(StringComparer.Ordinal);

    public static IEnumerable<FuzzTarget> All()
    {
        byte[] written = Encoding.UTF8.GetBytes(GenesisJson.Write(RealKeys()));
        yield return new("genesis json", [Plain(Samples.TestFile("config", "genesis.json")), written], Genesis)
        {
            Mutate = JsonMutations.Mutate,
            IsRefusal = static e => e is GenesisException,
            FixedBytesMax = 256 * 1024,
            BytesPerByteMax = 128,
            Cases = 15_000,
        };
        yield return new("configuration json", [Plain(Samples.TestFile("config", "operator.json"))], Configuration)
        {
            Mutate = JsonMutations.Mutate,
            IsRefusal = static e => e is ConfigurationException,
            FixedBytesMax = 256 * 1024,
            BytesPerByteMax = 128,
            Cases = 20_000,
        };
        yield return new("key file", [.. KeyFiles()], KeyFileBytes)
        {
            Mutate = JsonMutations.Mutate,
            IsRefusal = static e => e is RefusedException,
            Repair = WithKeyChecksum,
            FixedBytesMax = 128 * 1024,
            BytesPerByteMax = 64,
        };
        yield return new("ethereum transaction", [.. Transactions(isValid: true)], Transaction)
        {
            Mutate = RlpMutations.Mutate,
            IsRefusal = static e => e is RefusedException,
            Cases = 40_000,
        };
        yield return Answer("ethereum block", Block, element => EthereumBlock.Read(element));
        yield return Answer("ethereum receipt", Receipt, element => EthereumReceipt.Read(element));
        yield return Answer("ethereum transaction answer", Reported, element => EthereumTransaction.Read(element));
    }

    /// <summary>Transactions that the vectors refuse: they are refused here, too, and by the same words.</summary>
    public static IEnumerable<byte[]> Refused() => Transactions(isValid: false);

    private const string Hash = "\"0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"";

    private const string Address = "\"0x00000000000000000000000000000000000beef1\"";

    private const string Block =
        $$"""
        {"number":"0x1","hash":{{Hash}},"parentHash":{{Hash}},"stateRoot":{{Hash}},"timestamp":"0x5","gasLimit":"0x1c9c380","gasUsed":"0x5208",
        "baseFeePerGas":"0x3b9aca00","transactions":[{{Hash}},{{Hash}}]}
        """;

    private const string Receipt =
        $$"""
        {"transactionHash":{{Hash}},"blockHash":{{Hash}},"blockNumber":"0x1","transactionIndex":"0x0","status":"0x1","gasUsed":"0x5208",
        "contractAddress":{{Address}}}
        """;

    private const string Reported =
        $$"""
        {"hash":{{Hash}},"nonce":"0x0","from":{{Address}},"to":{{Address}},"value":"0x1","blockNumber":"0x1","blockHash":{{Hash}},
        "transactionIndex":"0x0"}
        """;

    private static FuzzTarget Answer(string name, string sample, Action<JsonElement> read) =>
        new(name, [Encoding.UTF8.GetBytes(sample)], input =>
        {
            read(EthereumJson.Parse(input));
            return null;
        })
        {
            Mutate = JsonMutations.Mutate,
            IsRefusal = static e => e is EthereumRpcException,
            BytesPerByteMax = 64,
            Cases = 30_000,
        };

    /// <summary>Without the comments, most of what would be changed otherwise.</summary>
    private static byte[] Plain(byte[] json)
    {
        var options = new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
        using JsonDocument document = JsonDocument.Parse(json, options);
        return JsonSerializer.SerializeToUtf8Bytes(document.RootElement);
    }

    /// <summary>Written out and read again, it is the same network.</summary>
    private static byte[]? Genesis(byte[] input)
    {
        Genesis genesis = GenesisJson.Read(Encoding.UTF8.GetString(input));
        Assert.Equal(genesis.Hash, GenesisJson.Read(GenesisJson.Write(genesis)).Hash);
        return null;
    }

    private static Genesis RealKeys() =>
        new TestCommittee(4, 7, 0, OrderingBench.Opaque(5), OrderingBench.EvmNs(9, 200)).Genesis;

    private static byte[]? Configuration(byte[] input)
    {
        ConfigurationLoader.Read(Encoding.UTF8.GetString(input), "/etc/sharedseq/operator.json", NoEnvironment, []);
        return null;
    }

    private static IEnumerable<byte[]> KeyFiles() =>
        new[] { "keyfile-v1-password.json", "keyfile-v1-unprotected.json" }
            .Select(name => Samples.TestFile("tests", "SharedSeq.Core.Tests", "Vectors", name));

    private static byte[]? KeyFileBytes(byte[] input)
    {
        if (KeyFileDocument.Read(input, out _, out string fault) is not { } document) throw new RefusedException(fault);
        KeyFileDocument.Bytes(document.PublicKey);
        return null;
    }

    /// <summary>A document whose form is right gets the checksum that belongs to it.</summary>
    private static byte[] WithKeyChecksum(byte[] input)
    {
        try
        {
            return JsonSerializer.Deserialize<KeyFileDocument>(input, KeyFileDocument.Json)!.WithChecksum().ToJson();
        }
        catch (Exception)
        {
            return input;
        }
    }

    private static IEnumerable<byte[]> Transactions(bool isValid)
    {
        using JsonDocument vectors = JsonDocument.Parse(
            Samples.TestFile("tests", "SharedSeq.Core.Tests", "Evm", "Vectors", "transactions.json"));
        return [.. vectors.RootElement.GetProperty(isValid ? "valid" : "refused").EnumerateArray()
            .Select(item => Convert.FromHexString(item.GetProperty("raw").GetString()!.AsSpan(2)))];
    }

    /// <summary>The gas limit is readable exactly when all but the signature holds.</summary>
    private static byte[]? Transaction(byte[] input)
    {
        bool isReadable = EvmTransaction.TryReadGasLimit(input, out ulong gas);
        if (EvmTransaction.TryDecode(input, out EvmTransaction? transaction, out EvmRejection rejection))
        {
            Assert.True(isReadable);
            Assert.Equal(gas, transaction.GasLimit);
            Assert.Equal(Keccak256.Of(input), transaction.Hash);
            Assert.True(transaction.MaxCost.Sign >= 0);
            return null;
        }

        bool isSignature = rejection is EvmRejection.BadParity or EvmRejection.SignatureOutOfRange or EvmRejection.HighS or EvmRejection.NotRecoverable;
        Assert.Equal(isSignature, isReadable);
        throw new RefusedException(rejection.ToString());
    }
}
