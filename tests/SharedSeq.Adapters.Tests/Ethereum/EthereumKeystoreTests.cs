using System.Text;
using System.Text.Json.Nodes;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.Tests.Ethereum;

/// <summary>The files are the test vectors of the Web3 Secret Storage Definition (ethereum.org).</summary>
public sealed class EthereumKeystoreTests
{
    private const string Secret = "0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
    private const string Password = "testpassword";

    private const string Pbkdf2File =
        """
        {"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
         "ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2",
         "kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
         "mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}
        """;

    private const string ScryptFile =
        """
        {"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},
         "ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c","kdf":"scrypt",
         "kdfparams":{"dklen":32,"n":262144,"p":8,"r":1,"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},
         "mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},"id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}
        """;

    [Theory]
    [InlineData(Pbkdf2File)]
    [InlineData(ScryptFile)]
    public void The_files_of_the_definition_open_with_their_password(string file)
    {
        KeystoreOpening opening = EthereumKeystore.Read(Encoding.UTF8.GetBytes(file), Password);
        Assert.True(opening.Rejection == KeyFileRejection.None, opening.Message);
        Assert.Equal(Secret, opening.Wallet!.ExportSecret());
        Assert.Equal("0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b", opening.Wallet.Address.ToString());
    }

    [Theory]
    [InlineData("", "", 16, 1, 1,
        "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906")]
    [InlineData("password", "NaCl", 1024, 8, 16,
        "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640")]
    [InlineData("pleaseletmein", "SodiumChloride", 16384, 8, 1,
        "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887")]
    public void Scrypt_gives_the_vectors_of_rfc_7914(string password, string salt, int n, int r, int p, string expected) => Assert.Equal(
        expected, Convert.ToHexStringLower(Scrypt.Derive(Encoding.ASCII.GetBytes(password), Encoding.ASCII.GetBytes(salt), new ScryptCost(n, r, p), 64)));

    [Fact]
    public void Another_password_none_and_a_damaged_file_are_told_apart_from_a_file_that_is_none()
    {
        Assert.Equal(KeyFileRejection.WrongPassword, Open(Pbkdf2File, "Testpassword").Rejection);
        Assert.Equal(KeyFileRejection.NoPassword, Open(Pbkdf2File, "").Rejection);
        Assert.Equal(KeyFileRejection.WrongPassword, Open(Pbkdf2File.Replace("5318b4", "5318b5", StringComparison.Ordinal)).Rejection);
        Assert.Equal(KeyFileRejection.UnknownVersion, Open(Pbkdf2File.Replace("\"version\":3", "\"version\":4", StringComparison.Ordinal)).Rejection);
        KeystoreOpening other = Open(
            Pbkdf2File.Replace("{\"crypto\"", "{\"address\":\"00000000000000000000000000000000000beef1\",\"crypto\"", StringComparison.Ordinal));
        Assert.Equal(KeyFileRejection.Corrupted, other.Rejection);
        Assert.Contains("0x008aeeda", other.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("5")]
    [InlineData("""{"version":"3"}""")]
    [InlineData("""{"version":3}""")]
    [InlineData("""{"version":3,"crypto":5}""")]
    public void Json_that_is_no_keystore_file_is_refused(string json) =>
        Assert.Equal(KeyFileRejection.Corrupted, Open(json).Rejection);

    [Theory]
    [InlineData("crypto/cipher", "\"aes-256-ctr\"")]
    [InlineData("crypto/cipherparams/iv", "\"00\"")]
    [InlineData("crypto/ciphertext", "\"00\"")]
    [InlineData("crypto/mac", "5")]
    [InlineData("crypto/kdf", "\"argon2\"")]
    [InlineData("crypto/kdfparams/dklen", "64")]
    [InlineData("crypto/kdfparams/n", "262143")]
    [InlineData("crypto/kdfparams/n", "1073741824")]
    [InlineData("crypto/kdfparams/n", "\"262144\"")]
    [InlineData("crypto/kdfparams/r", "0")]
    [InlineData("crypto/kdfparams/p", "65")]
    [InlineData("crypto/kdfparams/salt", "\"zz\"")]
    public void A_field_that_is_wrong_or_would_cost_too_much_is_refused_before_any_work(string path, string value)
    {
        JsonNode file = JsonNode.Parse(ScryptFile)!;
        string[] steps = path.Split('/');
        JsonNode parent = steps[..^1].Aggregate(file, (node, step) => node[step]!);
        parent[steps[^1]] = JsonNode.Parse(value);
        Assert.Equal(KeyFileRejection.Corrupted, Open(file.ToJsonString()).Rejection);
    }

    [Fact]
    public void What_is_written_opens_again_and_no_two_files_are_equal()
    {
        EvmWallet wallet = EvmWallet.FromMnemonic("test test test test test test test test test test test junk", 3);
        byte[] first = EthereumKeystore.Write(wallet, "pass", rounds: 1024), second = EthereumKeystore.Write(wallet, "pass", rounds: 1024);
        Assert.NotEqual(first, second);
        Assert.DoesNotContain(wallet.ExportSecret()[2..], Encoding.UTF8.GetString(first), StringComparison.Ordinal);
        Assert.Equal(wallet.Address, EthereumKeystore.Read(first, "pass").Wallet!.Address);
        Assert.Equal(KeyFileRejection.WrongPassword, EthereumKeystore.Read(first, "Pass").Rejection);
        Assert.Throws<ArgumentException>(() => EthereumKeystore.Write(wallet, ""));
    }

    [Fact]
    public void A_file_opens_by_its_path_and_one_that_is_missing_or_too_large_is_told()
    {
        string path = Path.Combine(Path.GetTempPath(), $"sharedseq-keystore-{Guid.NewGuid():N}.json");
        try
        {
            Assert.Equal(KeyFileRejection.NotFound, EthereumKeystore.Open(path, Password).Rejection);
            File.WriteAllText(path, Pbkdf2File);
            KeystoreOpening opening = EthereumKeystore.Open(path, Password);
            Assert.Equal((KeyFileRejection.None, Secret), (opening.Rejection, opening.Wallet!.ExportSecret()));
            Assert.Contains(path, opening.Message, StringComparison.Ordinal);
            File.WriteAllText(path, new string(' ', EthereumKeystore.FileBytesMax + 1));
            Assert.Equal(KeyFileRejection.Corrupted, EthereumKeystore.Open(path, Password).Rejection);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static KeystoreOpening Open(string json, string password = Password) => EthereumKeystore.Read(Encoding.UTF8.GetBytes(json), password);
}
