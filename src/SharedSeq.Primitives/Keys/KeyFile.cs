using System.Security.Cryptography;
using System.Text;

namespace SharedSeq.Primitives;

/// <summary>What an operator's key signs; both kinds are P-256.</summary>
public enum KeyKind
{
    /// <summary>Proposals, votes and result votes, nothing else.</summary>
    Vote = 1,

    /// <summary>Batches, acks, L1 view reports, statuses, attestations and TLS.</summary>
    Node = 2,
}

/// <summary>Why a key file was not opened or not written.</summary>
public enum KeyFileRejection
{
    None = 0,

    /// <summary>There is no file at the path.</summary>
    NotFound = 1,

    /// <summary>The system does not let this process read the file.</summary>
    Unreadable = 2,

    /// <summary>Damaged, edited, or not a key file.</summary>
    Corrupted = 3,

    /// <summary>Made by a newer program.</summary>
    UnknownVersion = 4,

    /// <summary>A vote key where a node key is wanted, or the other way round.</summary>
    WrongKind = 5,

    /// <summary>The file is sound, the password is not the one it was written with.</summary>
    WrongPassword = 6,

    /// <summary>The secret is in clear and the caller did not allow that.</summary>
    Unprotected = 7,

    /// <summary>A password is needed and none, or an empty one, was given.</summary>
    NoPassword = 8,

    /// <summary>A file is there already; keys are never overwritten.</summary>
    AlreadyExists = 9,

    /// <summary>The system does not let this process write there, or the disk is full.</summary>
    NotWritable = 10,
}

/// <summary>What is wrong with a file that was opened all the same.</summary>
[Flags]
public enum KeyFileWarnings
{
    None = 0,

    /// <summary>Others than the owner may read or write the file.</summary>
    PermissionsTooOpen = 1,

    /// <summary>The secret is in clear.</summary>
    Unprotected = 2,
}

/// <summary>The outcome of opening a key file: the key, or the reason and a message for the operator.</summary>
public sealed record KeyFileOpening(
    KeyFileRejection Rejection, string Message, P256PrivateKey? Key =
        null, KeyFileWarnings Warnings = KeyFileWarnings.None);

/// <summary>The outcome of reading a key file's public part.</summary>
public sealed record KeyFileInspection(
    KeyFileRejection Rejection, string Message, KeyKind Kind =
        default, PublicKey64 PublicKey = default, bool IsProtected = false);

/// <summary>
/// A private key in a file: JSON, the secret under AES-256-GCM with a key derived from a password by PBKDF2-SHA256, the
/// public key and the kind in clear but authenticated. The unprotected form is for devnets, says so in the file, and
/// opens only when the caller allows it. Files are written whole or not at all, readable by their owner only.
/// </summary>
public static class KeyFile
{
    /// <summary>
    /// Rounds of the password derivation for new files, about 0.2 s: what OWASP asks for PBKDF2-SHA256.
    /// </summary>
    public const int IterationsMin = 600_000;

    /// <summary>Most rounds that are accepted, so that an edited file cannot keep a start busy for minutes.</summary>
    public const int IterationsMax = 10_000_000;

    /// <summary>Largest file that is read, in bytes; a real one has about 700.</summary>
    public const int FileBytesMax = 16 * 1024;

    /// <summary>Writes a new file protected by a password.</summary>
    public static KeyFileRejection Save(string path, P256PrivateKey key, KeyKind kind, ReadOnlySpan<char> password)
    {
        if (password.IsEmpty) return KeyFileRejection.NoPassword;
        byte[] salt = RandomNumberGenerator.GetBytes(KeyFileDocument.SaltBytes);
        byte[] nonce = RandomNumberGenerator.GetBytes(KeyFileDocument.NonceBytes);
        KeyFileDocument document = new()
        {
            Version = KeyFileDocument.CurrentVersion,
            Kind = KeyFileDocument.NameOf(kind),
            PublicKey = key.PublicKey.ToString(),
            Protection = KeyFileDocument.PasswordProtection,
            KdfName = KeyFileDocument.Kdf,
            Iterations = IterationsMin,
            Salt = KeyFileDocument.Hex(salt),
            CipherName = KeyFileDocument.Cipher,
            Nonce = KeyFileDocument.Hex(nonce),
            Secret = "",
        };
        Span<byte> secret = stackalloc byte[P256PrivateKey.SecretSize];
        key.ExportSecret(secret);
        byte[] encrypted = new byte[secret.Length];
        byte[] tag = new byte[KeyFileDocument.TagBytes];
        byte[] derived = Derive(password, salt, IterationsMin);
        using (AesGcm cipher = new(derived, KeyFileDocument.TagBytes))
        {
            cipher.Encrypt(nonce, secret, encrypted, tag, document.AuthenticatedText());
        }
        CryptographicOperations.ZeroMemory(secret);
        CryptographicOperations.ZeroMemory(derived);
        return Write(path, document with { Secret = KeyFileDocument.Hex(encrypted), Tag = KeyFileDocument.Hex(tag) });
    }

    /// <summary>Writes a new file with the secret in clear. For devnets and tests.</summary>
    public static KeyFileRejection SaveUnprotected(string path, P256PrivateKey key, KeyKind kind)
    {
        byte[] secret = new byte[P256PrivateKey.SecretSize];
        key.ExportSecret(secret);
        KeyFileRejection rejection = Write(path, new KeyFileDocument
        {
            Version = KeyFileDocument.CurrentVersion,
            Kind = KeyFileDocument.NameOf(kind),
            PublicKey = key.PublicKey.ToString(),
            Protection = KeyFileDocument.NoProtection,
            Secret = KeyFileDocument.Hex(secret),
        });
        CryptographicOperations.ZeroMemory(secret);
        return rejection;
    }

    /// <summary>Opens a key of the wanted kind.</summary>
    /// <param name="path">The file.</param>
    /// <param name="kind">The kind the caller is going to use it as.</param>
    /// <param name="password">The password; not looked at when the file is unprotected.</param>
    /// <param name="allowUnprotected">Whether a secret in clear is acceptable; true on devnets only.</param>
    public static KeyFileOpening Open(
        string path, KeyKind kind, ReadOnlySpan<char> password, bool allowUnprotected = false)
    {
        if (Read(path, out KeyFileRejection rejection, out string fault) is not { } document)
            return new KeyFileOpening(rejection, $"{path}: {fault}");
        if (document.KindOrNull() != kind)
            return new KeyFileOpening(
                KeyFileRejection.WrongKind, $"{path}: a {document.Kind} key, not a {KeyFileDocument.NameOf(kind)} key");
        if (document.Protection == KeyFileDocument.NoProtection && !allowUnprotected)
            return new KeyFileOpening(
                KeyFileRejection.Unprotected, $"{path}: the secret is in clear, which only a devnet may use");

        byte[] secret = KeyFileDocument.Bytes(document.Secret);
        KeyFileWarnings warnings = WarningsOf(path);
        if (document.Protection == KeyFileDocument.NoProtection) warnings |= KeyFileWarnings.Unprotected;
        else if (password.IsEmpty)
            return new KeyFileOpening(KeyFileRejection.NoPassword, $"{path}: a password is needed");
        else if (!TryDecrypt(document, password, secret))
            return new KeyFileOpening(KeyFileRejection.WrongPassword, $"{path}: wrong password");

        bool isKey = P256PrivateKey.TryImport(secret, out P256PrivateKey? key);
        CryptographicOperations.ZeroMemory(secret);
        if (isKey && key!.PublicKey.ToString() == document.PublicKey)
            return new KeyFileOpening(KeyFileRejection.None, path, key, warnings);
        key?.Dispose();
        return new KeyFileOpening(KeyFileRejection.Corrupted, $"{path}: secret and public key do not belong together");
    }

    /// <summary>Reads kind and public key without a password.</summary>
    public static KeyFileInspection Inspect(string path)
    {
        if (Read(path, out KeyFileRejection rejection, out string fault) is not { } document)
            return new KeyFileInspection(rejection, $"{path}: {fault}");
        PublicKey64 publicKey = PublicKey64.From(KeyFileDocument.Bytes(document.PublicKey));
        bool isProtected = document.Protection == KeyFileDocument.PasswordProtection;
        return new KeyFileInspection(KeyFileRejection.None, path, document.KindOrNull()!.Value, publicKey, isProtected);
    }

    private static KeyFileDocument? Read(string path, out KeyFileRejection rejection, out string fault)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            if (file.Length > FileBytesMax)
            {
                rejection = KeyFileRejection.Corrupted;
                fault = "too large for a key file";
                return null;
            }
            byte[] json = new byte[file.Length];
            file.ReadExactly(json);
            return KeyFileDocument.Read(json, out rejection, out fault);
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            rejection = KeyFileRejection.NotFound;
            fault = "no such file";
        }
        catch (Exception system) when (system is IOException or UnauthorizedAccessException)
        {
            rejection = KeyFileRejection.Unreadable;
            fault = system.Message;
        }
        return null;
    }

    private static bool TryDecrypt(KeyFileDocument document, ReadOnlySpan<char> password, byte[] secret)
    {
        byte[] derived = Derive(password, KeyFileDocument.Bytes(document.Salt), document.Iterations!.Value);
        try
        {
            using AesGcm cipher = new(derived, KeyFileDocument.TagBytes);
            byte[] nonce = KeyFileDocument.Bytes(document.Nonce);
            byte[] tag = KeyFileDocument.Bytes(document.Tag);
            cipher.Decrypt(nonce, (byte[])secret.Clone(), tag, secret, document.AuthenticatedText());
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(derived);
        }
    }

    private static byte[] Derive(ReadOnlySpan<char> password, byte[] salt, int iterations)
    {
        byte[] text = new byte[Encoding.UTF8.GetByteCount(password)];
        Encoding.UTF8.GetBytes(password, text);
        byte[] derived = Rfc2898DeriveBytes.Pbkdf2(text, salt, iterations, HashAlgorithmName.SHA256, 32);
        CryptographicOperations.ZeroMemory(text);
        return derived;
    }

    private static KeyFileWarnings WarningsOf(string path)
    {
        if (OperatingSystem.IsWindows()) return KeyFileWarnings.None;
        UnixFileMode others =
            UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        return (File.GetUnixFileMode(path) & others) == UnixFileMode.None
            ? KeyFileWarnings.None
            : KeyFileWarnings.PermissionsTooOpen;
    }

    /// <summary>Through a temporary file beside it: a crash leaves the whole file or none.</summary>
    private static KeyFileRejection Write(string path, KeyFileDocument document)
    {
        if (File.Exists(path)) return KeyFileRejection.AlreadyExists;
        string temporary = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}.tmp";
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            using (FileStream file = new(temporary, options))
            {
                file.Write(document.WithChecksum().ToJson());
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: false);
            return KeyFileRejection.None;
        }
        catch (Exception system) when (system is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            return File.Exists(path) ? KeyFileRejection.AlreadyExists : KeyFileRejection.NotWritable;
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception system) when (system is IOException or UnauthorizedAccessException)
        {
            // The write itself has failed and is reported; nothing more can be done about its remains.
        }
    }
}
