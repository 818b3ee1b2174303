using System.CommandLine;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>keys: an operator's vote and node keys.</summary>
internal static class KeysCommand
{
    public static Command Create()
    {
        var command = new Command("keys", "Make, show and import operator keys.");
        command.Subcommands.Add(CreateNew());
        command.Subcommands.Add(CreateShow());
        command.Subcommands.Add(CreateImport());
        return command;
    }

    private static Command CreateNew()
    {
        (Argument<string> file, Option<string> kind, Option<string?> password, Option<bool> unprotected) = Options();
        var command = new Command("new", "Make a key. Example: sharedseq keys new vote.json --kind vote --password-file pw")
        {
            file, kind, password, unprotected,
        };
        command.SetAction((result, _) => UserErrors.GuardAsync(() =>
        {
            using P256PrivateKey key = P256PrivateKey.Create();
            return Task.FromResult(Save(
                key, result.GetRequiredValue(file), result.GetRequiredValue(kind), result.GetValue(password), result.GetValue(unprotected)));
        }));
        return command;
    }

    private static Command CreateImport()
    {
        (Argument<string> file, Option<string> kind, Option<string?> password, Option<bool> unprotected) = Options();
        var secret = new Option<string>("--secret-file") { Description = "File with the 32-byte secret as hex.", Required = true };
        var command = new Command("import", "Import a key. Example: sharedseq keys import vote.json --kind vote --secret-file s.hex --password-file pw")
        {
            file, kind, password, unprotected, secret,
        };
        command.SetAction((result, _) => UserErrors.GuardAsync(() =>
        {
            byte[] bytes = Hex(File.ReadAllText(result.GetRequiredValue(secret)).Trim());
            if (!P256PrivateKey.TryImport(bytes, out P256PrivateKey? key))
                throw new CommandException("the secret is not a P-256 key: 32 bytes below the group order");
            using (key)
            {
                return Task.FromResult(Save(
                    key, result.GetRequiredValue(file), result.GetRequiredValue(kind), result.GetValue(password), result.GetValue(unprotected)));
            }
        }));
        return command;
    }

    private static Command CreateShow()
    {
        var file = new Argument<string>("file") { Description = "Key file." };
        var command = new Command("show", "Show a key file's kind and public key. Example: sharedseq keys show vote.json") { file };
        command.SetAction((result, _) => UserErrors.GuardAsync(() =>
        {
            KeyFileInspection found = KeyFile.Inspect(result.GetRequiredValue(file));
            if (found.Rejection != KeyFileRejection.None) throw new CommandException($"{found.Rejection}: {found.Message}");
            Console.WriteLine($"{found.Kind} key {found.PublicKey} {(found.IsProtected ? "encrypted" : "NOT encrypted")}");
            return Task.FromResult(ExitCode.Ok);
        }));
        return command;
    }

    private static (Argument<string> File, Option<string> Kind, Option<string?> Password, Option<bool> Unprotected) Options()
    {
        var kind = new Option<string>("--kind") { Description = "vote or node.", Required = true };
        kind.AcceptOnlyFromAmong("vote", "node");
        return (
            new Argument<string>("file") { Description = "Key file to write; never overwritten." }, kind,
            new Option<string?>("--password-file") { Description = "File with the password." },
            new Option<bool>("--unprotected") { Description = "Store the secret in clear; for development networks only." });
    }

    private static int Save(P256PrivateKey key, string path, string kindName, string? passwordFile, bool isUnprotected)
    {
        KeyKind kind = kindName == "vote" ? KeyKind.Vote : KeyKind.Node;
        if (!isUnprotected && passwordFile is null) throw new CommandException("give --password-file, or --unprotected for a development key");
        KeyFileRejection rejection = isUnprotected
            ? KeyFile.SaveUnprotected(path, key, kind)
            : KeyFile.Save(path, key, kind, File.ReadAllText(passwordFile!).TrimEnd('\r', '\n'));
        if (rejection != KeyFileRejection.None) throw new CommandException($"'{path}': {rejection}");
        Console.WriteLine($"{kind} key {key.PublicKey.Value} in {path}");
        return ExitCode.Ok;
    }

    private static byte[] Hex(string text)
    {
        try
        {
            return Convert.FromHexString(text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text);
        }
        catch (FormatException)
        {
            throw new CommandException("the secret is not hex");
        }
    }
}
