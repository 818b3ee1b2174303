using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace SharedSeq.Primitives;

/// <summary>
/// The JSON form of a key file, version 1. Unknown, missing, repeated and contradicting fields are refused; binary
/// fields are lower-case hex with 0x.
/// </summary>
internal sealed record KeyFileDocument
{
    public const int CurrentVersion = 1;
    public const string PasswordProtection = "password";
    public const string NoProtection = "none";
    public const string Kdf = "pbkdf2-sha256";
    public const string Cipher = "aes-256-gcm";
    public const int SaltBytes = 16;
    public const int NonceBytes = 12;
    public const int TagBytes = 16;

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    internal static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false,
        WriteIndented = true,
    };

    public required int Version { get; init; }

    /// <summary>"vote" or "node".</summary>
    public required string Kind { get; init; }

    /// <summary>64 bytes, in clear, so that a file can be told from another without its password.</summary>
    public required string PublicKey { get; init; }

    /// <summary>"password", or "none" for a file anybody who can read it can use.</summary>
    public required string Protection { get; init; }

    [JsonPropertyName("kdf")]
    public string? KdfName { get; init; }

    public int? Iterations { get; init; }

    public string? Salt { get; init; }

    [JsonPropertyName("cipher")]
    public string? CipherName { get; init; }

    public string? Nonce { get; init; }

    /// <summary>The 32-byte secret: encrypted, or in clear with protection "none".</summary>
    public required string Secret { get; init; }

    public string? Tag { get; init; }

    /// <summary>SHA-256 over everything else: tells a damaged file from a wrong password.</summary>
    public string? Checksum { get; init; }

    public KeyFileDocument WithChecksum() => this with { Checksum = ComputeChecksum().ToString() };

    public byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, Json), (byte)'\n'];

    /// <summary>
    /// Reads a document whose fields are all of the right form and whose checksum holds; null with the fault otherwise.
    /// </summary>
    public static KeyFileDocument? Read(ReadOnlySpan<byte> json, out KeyFileRejection rejection, out string fault)
    {
        rejection = KeyFileRejection.Corrupted;
        try
        {
            using (JsonDocument any = JsonDocument.Parse(json.ToArray()))
            {
                int number = 0;
                bool has = any.RootElement.TryGetProperty("version", out JsonElement version);
                if (!has || !version.TryGetInt32(out number))
                {
                    fault = "there is no version number";
                    return null;
                }
                if (number != CurrentVersion)
                {
                    rejection = KeyFileRejection.UnknownVersion;
                    fault = $"version {number}, this program reads {CurrentVersion}";
                    return null;
                }
            }
            KeyFileDocument document = JsonSerializer.Deserialize<KeyFileDocument>(json, Json)!;
            fault = document.FaultOfForm() ?? "";
            if (fault.Length > 0) return null;
            rejection = KeyFileRejection.None;
            return document;
        }
        catch (Exception notOurs) when (notOurs is JsonException or InvalidOperationException or FormatException)
        {
            fault = $"not a key file: {notOurs.Message}";
            return null;
        }
    }

    public KeyKind? KindOrNull() => Kind switch { "vote" => KeyKind.Vote, "node" => KeyKind.Node, _ => null };

    public static string NameOf(KeyKind kind) => kind == KeyKind.Vote ? "vote" : "node";

    public static string Hex(ReadOnlySpan<byte> bytes) => "0x" + Convert.ToHexStringLower(bytes);

    /// <summary>The bytes of a hex field that <see cref="Read"/> has checked.</summary>
    public static byte[] Bytes(string? hex) => Convert.FromHexString(hex.AsSpan(2));

    /// <summary>
    /// What the encryption authenticates beside the secret: nobody can pass a node key off as a vote key.
    /// </summary>
    public byte[] AuthenticatedText()
    {
        CanonicalWriter writer = new();
        writer.Raw("SharedSeq.keyfile"u8);
        writer.U32((uint)Version);
        writer.Bytes(System.Text.Encoding.UTF8.GetBytes(Kind));
        writer.Bytes(Bytes(PublicKey));
        writer.Bytes(System.Text.Encoding.UTF8.GetBytes(Protection));
        if (Protection == NoProtection) return writer.ToArray();
        writer.U32((uint)Iterations!.Value);
        writer.Bytes(Bytes(Salt));
        writer.Bytes(Bytes(Nonce));
        return writer.ToArray();
    }

    private Hash32 ComputeChecksum()
    {
        CanonicalWriter writer = new();
        writer.Bytes(AuthenticatedText());
        writer.Bytes(Bytes(Secret));
        if (Protection == PasswordProtection) writer.Bytes(Bytes(Tag));
        return Sha.Of(writer.Written);
    }

    private string? FaultOfForm()
    {
        if (KindOrNull() is null) return "kind is neither vote nor node";
        if (!IsHex(PublicKey, PublicKey64.Size)) return "publicKey is not 64 bytes of hex";
        if (!IsHex(Secret, P256PrivateKey.SecretSize)) return "secret is not 32 bytes of hex";
        if (!IsHex(Checksum, Hash32.Size)) return "checksum is not 32 bytes of hex";
        string? fault = Protection switch
        {
            PasswordProtection => FaultOfProtection(),
            NoProtection => HasCipherFields ? "protection none, but fields of an encryption are there" : null,
            _ => "protection is neither password nor none",
        };
        if (fault is not null) return fault;
        bool holds = CryptographicOperations.FixedTimeEquals(Bytes(Checksum), ComputeChecksum().ToArray());
        return holds ? null : "the checksum does not hold: the file was damaged or edited";
    }

    private bool HasCipherFields =>
        KdfName is not null || Iterations is not null || Salt is not null
        || CipherName is not null || Nonce is not null || Tag is not null;

    private string? FaultOfProtection()
    {
        if (KdfName != Kdf) return $"kdf is not {Kdf}";
        if (CipherName != Cipher) return $"cipher is not {Cipher}";
        if (Iterations is not (>= KeyFile.IterationsMin and <= KeyFile.IterationsMax))
            return "iterations are out of range";
        if (!IsHex(Salt, SaltBytes)) return "salt is not 16 bytes of hex";
        if (!IsHex(Nonce, NonceBytes)) return "nonce is not 12 bytes of hex";
        return IsHex(Tag, TagBytes) ? null : "tag is not 16 bytes of hex";
    }

    private static bool IsHex(string? text, int bytes)
    {
        if (text is null || text.Length != 2 + 2 * bytes || !text.StartsWith("0x", StringComparison.Ordinal))
            return false;
        return text.AsSpan(2).IndexOfAnyExcept(HexDigits) < 0;
    }
}
