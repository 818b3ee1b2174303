using System.Security.Cryptography;
using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>What scrypt costs.</summary>
/// <param name="Rounds">n: a power of two.</param>
/// <param name="BlockSize">r.</param>
/// <param name="Parallel">p.</param>
internal readonly record struct ScryptCost(int Rounds, int BlockSize, int Parallel)
{
    /// <summary>
    /// Memory that opening a file may take: 128 n r bytes. 512 MiB: twice what geth's files need, so that an edited file
    /// can not exhaust a machine.
    /// </summary>
    private const long BytesMax = 512L * 1024 * 1024;

    /// <summary>Work that opening a file may take, as n r p: four times that of geth's files.</summary>
    private const long WorkMax = 4L * 262_144 * 8;

    public bool IsWithinLimits => Rounds >= 2 && (Rounds & (Rounds - 1)) == 0 && BlockSize is >= 1 and <= 64 && Parallel is >= 1 and <= 64 &&
        128L * Rounds * BlockSize <= BytesMax && (long)Rounds * BlockSize * Parallel <= WorkMax;

    public byte[] Derive(byte[] password, byte[] salt) =>
        Scrypt.Derive(password, salt, this, KeystoreDocument.DerivedBytes);
}

/// <summary>The fields of a keystore file that are used, each of the right form.</summary>
internal sealed class KeystoreDocument
{
    public const string Cipher = "aes-128-ctr";

    /// <summary>Bytes made of the password: 16 for the cipher, 16 for the check.</summary>
    public const int DerivedBytes = 32;

    /// <summary>Most rounds of PBKDF2, so that an edited file can not keep a start busy for minutes.</summary>
    private const int IterationsMax = 10_000_000;

    private ScryptCost? _scrypt;
    private int _iterations;
    private byte[] _salt = [];

    public EvmAddress? Address { get; private set; }

    public byte[] Iv { get; private set; } = [];

    public byte[] Encrypted { get; private set; } = [];

    public byte[] Mac { get; private set; } = [];

    /// <summary>Reads a file's content; null with the fault when it is none, or of another version.</summary>
    public static KeystoreDocument? Read(ReadOnlySpan<byte> json, out KeyFileRejection rejection, out string fault)
    {
        rejection = KeyFileRejection.Corrupted;
        try
        {
            using JsonDocument parsed = JsonDocument.Parse(json.ToArray());
            int version = Field(parsed.RootElement, "version").GetInt32();
            if (version != EthereumKeystore.Version)
            {
                rejection = KeyFileRejection.UnknownVersion;
                fault = $"version {version}, this program reads {EthereumKeystore.Version}";
                return null;
            }

            var document = new KeystoreDocument();
            document.Fill(parsed.RootElement);
            rejection = KeyFileRejection.None;
            fault = "";
            return document;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            fault = $"not a keystore file: {e.Message}";
            return null;
        }
    }

    public byte[] Derive(byte[] password) => _scrypt is { } cost
        ? cost.Derive(password, _salt)
        : Rfc2898DeriveBytes.Pbkdf2(password, _salt, _iterations, HashAlgorithmName.SHA256, DerivedBytes);

    private void Fill(JsonElement root)
    {
        if (root.TryGetProperty("address", out JsonElement named))
            Address = EvmAddress.TryParse(named.GetString(), out EvmAddress address) ? address : throw new FormatException("its address is none");
        // Some programs write the name of this part with a capital.
        JsonElement crypto = root.TryGetProperty("Crypto", out JsonElement capital) ? capital : Field(root, "crypto");
        string? cipher = Field(crypto, "cipher").GetString();
        if (cipher != Cipher) throw new FormatException($"the cipher '{cipher}' is not {Cipher}");
        Iv = Bytes(Field(Field(crypto, "cipherparams"), "iv"), 16);
        Encrypted = Bytes(Field(crypto, "ciphertext"), Hash32.Size);
        Mac = Bytes(Field(crypto, "mac"), Hash32.Size);
        JsonElement cost = Field(crypto, "kdfparams");
        if (Field(cost, "dklen").GetInt32() != DerivedBytes) throw new FormatException($"dklen is not {DerivedBytes}");
        _salt = Convert.FromHexString(Field(cost, "salt").GetString() ?? "");
        switch (Field(crypto, "kdf").GetString())
        {
            case "scrypt":
                _scrypt = new ScryptCost(Field(cost, "n").GetInt32(), Field(cost, "r").GetInt32(), Field(cost, "p").GetInt32());
                if (!_scrypt.Value.IsWithinLimits) throw new FormatException($"{_scrypt} is above what opening a file may cost");
                break;
            case "pbkdf2":
                if (Field(cost, "prf").GetString() != "hmac-sha256") throw new FormatException("prf is not hmac-sha256");
                _iterations = Field(cost, "c").GetInt32();
                if (_iterations is < 1 or > IterationsMax) throw new FormatException($"{_iterations} iterations; 1 to {IterationsMax} are allowed");
                break;
            case var other:
                throw new FormatException($"the kdf '{other}' is neither scrypt nor pbkdf2");
        }
    }

    private static JsonElement Field(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value)
            ? value
            : throw new FormatException($"no field '{name}'");

    private static byte[] Bytes(JsonElement element, int count)
    {
        byte[] bytes = new byte[count];
        return HexText.TryRead(element.GetString(), bytes) ? bytes : throw new FormatException($"a field has not {count} bytes of hex");
    }
}
