using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>The outcome of opening a keystore file: the wallet, or the reason and a message for the operator.</summary>
public sealed record KeystoreOpening(KeyFileRejection Rejection, string Message, EvmWallet? Wallet = null);

/// <summary>
/// Ethereum's encrypted key files, version 3, as geth, clef and wallets write them: scrypt or PBKDF2 makes a key of the
/// password, AES-128-CTR encrypts the secret, a Keccak-256 tells a wrong password from a right one.
/// </summary>
/// <remarks>Source: "Web3 Secret Storage Definition", ethereum.org.</remarks>
public static class EthereumKeystore
{
    /// <summary>The version that is read and written.</summary>
    public const int Version = 3;

    /// <summary>Largest file that is read, in bytes; a real one has about 500.</summary>
    public const int FileBytesMax = 16 * 1024;

    /// <summary>Opens a file.</summary>
    public static KeystoreOpening Open(string path, string password)
    {
        byte[] json;
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists) return new KeystoreOpening(KeyFileRejection.NotFound, $"there is no file {path}");
            if (file.Length > FileBytesMax)
                return new KeystoreOpening(KeyFileRejection.Corrupted, $"{path} has {file.Length} bytes, a keystore file has at most {FileBytesMax}");
            json = File.ReadAllBytes(path);
        }
        catch (Exception system) when (system is IOException or UnauthorizedAccessException)
        {
            return new KeystoreOpening(KeyFileRejection.Unreadable, $"{path}: {system.Message}");
        }

        KeystoreOpening opening = Read(json, password);
        return opening with { Message = $"{path}: {opening.Message}" };
    }

    /// <summary>Reads a file's content.</summary>
    public static KeystoreOpening Read(ReadOnlySpan<byte> json, string password)
    {
        if (password.Length == 0) return new KeystoreOpening(KeyFileRejection.NoPassword, "a keystore file needs its password");
        KeystoreDocument? document = KeystoreDocument.Read(json, out KeyFileRejection rejection, out string fault);
        if (document is null) return new KeystoreOpening(rejection, fault);
        byte[] derived = document.Derive(Encoding.UTF8.GetBytes(password));
        if (!CryptographicOperations.FixedTimeEquals(document.Mac, MacOf(derived, document.Encrypted)))
            return new KeystoreOpening(KeyFileRejection.WrongPassword, "the password is not the one the file was written with, or the file is damaged");
        byte[] secret = Crypt(derived.AsSpan(0, 16), document.Iv, document.Encrypted);
        if (!Secp256k1.IsScalar(new Hash32(secret)))
            return new KeystoreOpening(KeyFileRejection.Corrupted, "what is encrypted is no secret key");
        var wallet = new EvmWallet(secret);
        return document.Address is { } address && address != wallet.Address
            ? new KeystoreOpening(KeyFileRejection.Corrupted, $"the file names {address}, its secret is of {wallet.Address}")
            : new KeystoreOpening(KeyFileRejection.None, $"opened for {wallet.Address}", wallet);
    }

    /// <summary>Encrypts a wallet's secret with scrypt, at the cost that geth uses (seconds, and 256 MiB of memory).</summary>
    public static byte[] Write(EvmWallet wallet, string password) => Write(wallet, password, rounds: 1 << 18);

    /// <summary>As <see cref="Write(EvmWallet, string)"/>, at another cost.</summary>
    internal static byte[] Write(EvmWallet wallet, string password, int rounds)
    {
        if (password.Length == 0) throw new ArgumentException("a keystore file needs a password", nameof(password));
        byte[] iv = RandomNumberGenerator.GetBytes(16), salt = RandomNumberGenerator.GetBytes(32);
        var cost = new ScryptCost(rounds, 8, 1);
        byte[] derived = cost.Derive(Encoding.UTF8.GetBytes(password), salt);
        byte[] encrypted = Crypt(derived.AsSpan(0, 16), iv, Convert.FromHexString(wallet.ExportSecret().AsSpan(2)));
        return JsonSerializer.SerializeToUtf8Bytes(new
        {
            address = wallet.Address.ToString()[2..],
            crypto = new
            {
                cipher = KeystoreDocument.Cipher,
                cipherparams = new { iv = Convert.ToHexStringLower(iv) },
                ciphertext = Convert.ToHexStringLower(encrypted),
                kdf = "scrypt",
                kdfparams = new
                {
                    dklen = KeystoreDocument.DerivedBytes,
                    n = cost.Rounds,
                    r = cost.BlockSize,
                    p = cost.Parallel,
                    salt = Convert.ToHexStringLower(salt),
                },
                mac = Convert.ToHexStringLower(MacOf(derived, encrypted)),
            },
            id = Guid.NewGuid().ToString(),
            version = Version,
        });
    }

    private static byte[] MacOf(byte[] derived, byte[] encrypted) => Keccak256.Of([.. derived.AsSpan(16, 16), .. encrypted]).ToArray();

    /// <summary>AES-128 in counter mode: encrypting and decrypting are the same.</summary>
    private static byte[] Crypt(ReadOnlySpan<byte> key, byte[] iv, byte[] text)
    {
        using var aes = Aes.Create();
        aes.Key = key.ToArray();
        byte[] counter = [.. iv], pad = new byte[16], result = new byte[text.Length];
        for (int at = 0; at < text.Length; at++)
        {
            if (at % 16 == 0)
            {
                aes.EncryptEcb(counter, pad, PaddingMode.None);
                for (int i = 15; i >= 0 && ++counter[i] == 0; i--)
                {
                    // The carry goes on to the next digit.
                }
            }

            result[at] = (byte)(text[at] ^ pad[at % 16]);
        }

        return result;
    }
}
