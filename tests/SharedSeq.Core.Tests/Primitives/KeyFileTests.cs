using System.Text;
using System.Text.Json.Nodes;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Primitives;

public sealed class KeyFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sharedseq-keyfile-");
    private readonly P256PrivateKey _key = P256PrivateKey.Create();

    private string FilePath => Path.Combine(_folder.FullName, "vote.json");

    public void Dispose()
    {
        _key.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public void A_protected_key_opens_with_its_password_only()
    {
        Assert.Equal(KeyFileRejection.None, KeyFile.Save(FilePath, _key, KeyKind.Vote, "correct horse"));
        KeyFileOpening opening = KeyFile.Open(FilePath, KeyKind.Vote, "correct horse");
        Assert.Equal(KeyFileRejection.None, opening.Rejection);
        Assert.Equal(KeyFileWarnings.None, opening.Warnings);
        Assert.True(_key.PublicKey.Verify([1], opening.Key!.Sign([1])));
        Assert.Equal(KeyFileRejection.WrongPassword, KeyFile.Open(FilePath, KeyKind.Vote, "correct horsf").Rejection);
        Assert.Equal(KeyFileRejection.NoPassword, KeyFile.Open(FilePath, KeyKind.Vote, "").Rejection);
        byte[] secret = new byte[32];
        _key.ExportSecret(secret);
        Assert.DoesNotContain(Convert.ToHexStringLower(secret), File.ReadAllText(FilePath), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_of_the_other_kind_is_refused()
    {
        KeyFile.SaveUnprotected(FilePath, _key, KeyKind.Node);
        KeyFileOpening opening = KeyFile.Open(FilePath, KeyKind.Vote, "", allowUnprotected: true);
        Assert.Equal(KeyFileRejection.WrongKind, opening.Rejection);
        Assert.Null(opening.Key);
    }

    [Fact]
    public void A_node_key_cannot_be_renamed_to_a_vote_key_even_with_a_fresh_checksum()
    {
        KeyFile.Save(FilePath, _key, KeyKind.Node, "p");
        KeyFileDocument document = KeyFileDocument.Read(File.ReadAllBytes(FilePath), out _, out _)!;
        File.WriteAllBytes(FilePath, (document with { Kind = "vote" }).WithChecksum().ToJson());
        Assert.Equal(KeyFileRejection.WrongPassword, KeyFile.Open(FilePath, KeyKind.Vote, "p").Rejection);
    }

    [Fact]
    public void An_unprotected_key_opens_only_where_that_is_allowed_and_warns()
    {
        KeyFile.SaveUnprotected(FilePath, _key, KeyKind.Vote);
        Assert.Contains("\"protection\": \"none\"", File.ReadAllText(FilePath), StringComparison.Ordinal);
        Assert.Equal(KeyFileRejection.Unprotected, KeyFile.Open(FilePath, KeyKind.Vote, "").Rejection);
        KeyFileOpening opening = KeyFile.Open(FilePath, KeyKind.Vote, "", allowUnprotected: true);
        Assert.Equal(KeyFileRejection.None, opening.Rejection);
        Assert.Equal(KeyFileWarnings.Unprotected, opening.Warnings);
        Assert.Equal(_key.PublicKey, opening.Key!.PublicKey);
    }

    [Fact]
    public void The_public_part_can_be_read_without_a_password()
    {
        KeyFile.Save(FilePath, _key, KeyKind.Node, "p");
        KeyFileInspection inspection = KeyFile.Inspect(FilePath);
        KeyFileInspection expected = new(KeyFileRejection.None, FilePath, KeyKind.Node, _key.PublicKey.Value, true);
        Assert.Equal(expected, inspection);
    }

    [Fact]
    public void Files_are_for_their_owner_only_and_wider_permissions_are_warned_of()
    {
        if (OperatingSystem.IsWindows()) return;
        KeyFile.SaveUnprotected(FilePath, _key, KeyKind.Vote);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(FilePath));
        File.SetUnixFileMode(FilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        KeyFileOpening opening = KeyFile.Open(FilePath, KeyKind.Vote, "", allowUnprotected: true);
        Assert.Equal(KeyFileRejection.None, opening.Rejection);
        Assert.Equal(KeyFileWarnings.Unprotected | KeyFileWarnings.PermissionsTooOpen, opening.Warnings);
    }

    [Fact]
    public void An_existing_key_is_never_overwritten_and_no_other_file_is_left_behind()
    {
        Assert.Equal(KeyFileRejection.None, KeyFile.SaveUnprotected(FilePath, _key, KeyKind.Vote));
        byte[] before = File.ReadAllBytes(FilePath);
        Assert.Equal(KeyFileRejection.AlreadyExists, KeyFile.SaveUnprotected(FilePath, _key, KeyKind.Node));
        Assert.Equal(before, File.ReadAllBytes(FilePath));
        Assert.Single(_folder.GetFiles());
    }

    [Fact]
    public void Missing_files_and_folders_and_empty_passwords_are_typed_refusals()
    {
        string nowhere = Path.Combine(_folder.FullName, "none", "key.json");
        Assert.Equal(KeyFileRejection.NotFound, KeyFile.Open(FilePath, KeyKind.Vote, "p").Rejection);
        Assert.Equal(KeyFileRejection.NotFound, KeyFile.Inspect(nowhere).Rejection);
        Assert.Equal(KeyFileRejection.NotWritable, KeyFile.SaveUnprotected(nowhere, _key, KeyKind.Vote));
        Assert.Equal(KeyFileRejection.NoPassword, KeyFile.Save(FilePath, _key, KeyKind.Vote, ""));
        Assert.Equal(KeyFileRejection.Unreadable, KeyFile.Open(_folder.FullName, KeyKind.Vote, "p").Rejection);
    }

    [Fact]
    public void Every_changed_byte_is_refused_or_means_the_same()
    {
        KeyFile.SaveUnprotected(FilePath, _key, KeyKind.Vote);
        byte[] good = File.ReadAllBytes(FilePath);
        for (int at = 0; at < good.Length; at++)
        {
            byte[] changed = MerkleTreeTests.Changed(good, at, (byte)(good[at] ^ 1));
            File.WriteAllBytes(FilePath, changed);
            KeyFileOpening opening = KeyFile.Open(FilePath, KeyKind.Vote, "", allowUnprotected: true);
            if (opening.Rejection == KeyFileRejection.None)
                Assert.True(char.IsWhiteSpace((char)good[at]), $"byte {at}");
        }
    }

    [Fact]
    public void Every_cut_file_is_corrupted()
    {
        KeyFile.SaveUnprotected(FilePath, _key, KeyKind.Vote);
        byte[] good = File.ReadAllBytes(FilePath);
        int end = Encoding.UTF8.GetString(good).LastIndexOf('}');
        for (int length = 0; length <= end; length += 7)
        {
            File.WriteAllBytes(FilePath, good[..length]);
            Assert.Equal(KeyFileRejection.Corrupted, KeyFile.Open(FilePath, KeyKind.Vote, "", true).Rejection);
        }
    }

    [Theory]
    [InlineData("version", 2, KeyFileRejection.UnknownVersion)]
    [InlineData("version", "1", KeyFileRejection.Corrupted)]
    [InlineData("kind", "master", KeyFileRejection.Corrupted)]
    [InlineData("protection", "rot13", KeyFileRejection.Corrupted)]
    [InlineData("comment", "mine", KeyFileRejection.Corrupted)]
    [InlineData("salt", "0x00", KeyFileRejection.Corrupted)]
    [InlineData("secret", "0x00", KeyFileRejection.Corrupted)]
    [InlineData("checksum", null, KeyFileRejection.Corrupted)]
    public void A_field_out_of_form_is_refused(string name, object? value, KeyFileRejection expected)
    {
        KeyFile.SaveUnprotected(FilePath, _key, KeyKind.Vote);
        JsonObject json = JsonNode.Parse(File.ReadAllText(FilePath))!.AsObject();
        json[name] = value switch { int number => number, string text => text, _ => null };
        File.WriteAllText(FilePath, json.ToJsonString());
        Assert.Equal(expected, KeyFile.Open(FilePath, KeyKind.Vote, "", allowUnprotected: true).Rejection);
    }

    [Theory]
    [InlineData("iterations", 599_999)]
    [InlineData("iterations", 10_000_001)]
    [InlineData("kdf", "md5")]
    [InlineData("cipher", "aes-128-cbc")]
    [InlineData("tag", null)]
    public void A_weakened_or_damaged_protection_is_refused(string name, object? value)
    {
        KeyFile.Save(FilePath, _key, KeyKind.Vote, "p");
        JsonObject json = JsonNode.Parse(File.ReadAllText(FilePath))!.AsObject();
        json[name] = value switch { int number => number, string text => text, _ => null };
        File.WriteAllText(FilePath, json.ToJsonString());
        Assert.Equal(KeyFileRejection.Corrupted, KeyFile.Open(FilePath, KeyKind.Vote, "p").Rejection);
    }

    [Fact]
    public void A_public_key_that_is_not_the_secrets_is_refused()
    {
        using P256PrivateKey other = P256PrivateKey.Create();
        KeyFile.SaveUnprotected(FilePath, _key, KeyKind.Vote);
        KeyFileDocument document = KeyFileDocument.Read(File.ReadAllBytes(FilePath), out _, out _)!;
        KeyFileDocument mixed = document with { PublicKey = other.PublicKey.ToString() };
        File.WriteAllBytes(FilePath, mixed.WithChecksum().ToJson());
        KeyFileOpening opening = KeyFile.Open(FilePath, KeyKind.Vote, "", allowUnprotected: true);
        Assert.Equal(KeyFileRejection.Corrupted, opening.Rejection);
    }

    [Fact]
    public void A_file_far_too_large_is_refused_before_it_is_read()
    {
        File.WriteAllText(FilePath, new string(' ', KeyFile.FileBytesMax + 1));
        Assert.Equal(KeyFileRejection.Corrupted, KeyFile.Open(FilePath, KeyKind.Vote, "p").Rejection);
    }
}
