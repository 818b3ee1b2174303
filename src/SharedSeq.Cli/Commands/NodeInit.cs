using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>node init: the files of a new operator, to be completed with the network's genesis document.</summary>
internal static class NodeInit
{
    public static int Run(string folder, string? passwordFile, bool isUnprotected)
    {
        if (!isUnprotected && passwordFile is null) throw new CommandException("give --password-file, or --unprotected for a development operator");
        string config = Path.Combine(folder, "node.json");
        if (File.Exists(config)) throw new CommandException($"'{config}' exists; nothing was changed");
        Directory.CreateDirectory(Path.Combine(folder, "keys"));
        string password = passwordFile is null ? "" : File.ReadAllText(passwordFile).TrimEnd('\r', '\n');
        foreach ((string name, KeyKind kind) in (ReadOnlySpan<(string, KeyKind)>)[("vote", KeyKind.Vote), ("node", KeyKind.Node)])
        {
            string path = Path.Combine(folder, "keys", name + ".json");
            using P256PrivateKey key = P256PrivateKey.Create();
            KeyFileRejection rejection = isUnprotected ? KeyFile.SaveUnprotected(path, key, kind) : KeyFile.Save(path, key, kind, password);
            if (rejection != KeyFileRejection.None) throw new CommandException($"'{path}': {rejection}");
            Console.WriteLine($"{kind} key {key.PublicKey.Value} in {path}");
        }

        File.WriteAllText(
            config,
            $$"""
            {
              // The network's genesis document: what this node trusts. Get it from the network, and its hash from somebody you trust.
              "genesis": "genesis.json",
              "genesisHash": "",
              "dataDir": "data",
              "replica": {
                "voteKeyFile": "keys/vote.json",
                "nodeKeyFile": "keys/node.json",
                "keyPasswordFile": "{{(passwordFile is null ? "" : Path.GetFullPath(passwordFile))}}",
                "allowUnprotectedKeys": {{(isUnprotected ? "true" : "false")}},
                // Best on another disk than dataDir: it tells a rolled-back disk.
                "voteGuardFile": "vote-guard"
              },
              "peers": { "listen": "0.0.0.0:7700" },
              "rpc": { "listen": "127.0.0.1:8700" }
            }

            """);
        Console.WriteLine($"configuration in {config}; next: put the genesis document beside it and run: sharedseq node doctor --config {config}");
        return ExitCode.Ok;
    }
}
