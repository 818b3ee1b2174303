using System.CommandLine;
using SharedSeq.Client;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Cli;

/// <summary>store check|rebuild: the logs are the truth, the ledger a view of them.</summary>
internal static class StoreCommand
{
    public static Command Create()
    {
        var command = new Command("store", "Check an operator's store, or rebuild its ledger from the logs. The node must not run.");
        command.Subcommands.Add(CreateCheck());
        command.Subcommands.Add(CreateRebuild());
        return command;
    }

    private static Command CreateCheck()
    {
        Option<string?> config = new("--config") { Description = "Configuration file of the node: its heights are applied too." };
        Option<string?> data = new("--data") { Description = "Data folder of the node: its records are verified." };
        var command = new Command(
            "check", "Read every record of both logs; with --config apply every height too. Example: sharedseq store check --data DIR")
        {
            config, data,
        };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            string? path = result.GetValue(config);
            string folder = result.GetValue(data) ?? (path is null ? "" : Load(path).DataDir);
            if (folder.Length == 0) throw new CommandException("name the data folder (--data DIR) or the node's configuration (--config FILE)");
            if (!VerifyRecords(folder)) return ExitCode.Failed;
            if (path is null) return ExitCode.Ok;
            string scratch = Directory.CreateTempSubdirectory("sharedseq-check-").FullName;
            try
            {
                RebuiltLedger rebuilt = await ReplayAsync(path, scratch, null, cancellation);
                Console.WriteLine($"both logs are whole; {rebuilt.Machine.Height} heights apply, effects root {rebuilt.Machine.EffectsRoot}");
                return ExitCode.Ok;
            }
            finally
            {
                Directory.Delete(scratch, recursive: true);
            }
        }));
        return command;
    }

    /// <summary>Prints what each log holds; false when one is damaged.</summary>
    private static bool VerifyRecords(string dataFolder)
    {
        bool isSound = true;
        IReadOnlyList<LogReport> logs = [.. StoreCheck.Run(dataFolder)];
        if (logs.All(log => log.Segments == 0)) throw new CommandException($"there are no logs in '{dataFolder}': nothing was checked");
        foreach (LogReport log in logs)
        {
            Console.WriteLine(
                $"{log.Kind}: {log.Records} intact records in {log.Segments} segments{(log.ClosedInOrder ? ", closed in order" : "")}");
            if (log.TornBytes > 0)
                Console.WriteLine($"  a write torn by a crash at {log.TornFile}:{log.TornOffset}, never acknowledged; the next start cuts it");
            if (log.Damage is not { } damage) continue;
            isSound = false;
            Console.WriteLine($"  DAMAGED {damage.Reason} at {damage.File}:{damage.Offset}: {damage.Message}");
        }

        return isSound;
    }

    private static Command CreateRebuild()
    {
        Option<string> config = Config();
        var command = new Command("rebuild", "Make the ledger anew from the logs. Example: sharedseq store rebuild --config node.json") { config };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            string path = result.GetRequiredValue(config);
            NodeConfiguration configuration = Load(path);
            string old = NodeLedger.FolderOf(configuration.DataDir);
            string fresh = configuration.DataDir + ".rebuilt";
            if (Directory.Exists(fresh)) Directory.Delete(fresh, recursive: true);
            string states = Path.Combine(configuration.DataDir, "snapshots"), freshStates = Path.Combine(fresh, "snapshots");
            RebuiltLedger rebuilt = await ReplayAsync(path, fresh, new SnapshotFiles(freshStates), cancellation);

            // The old ledger goes only when the new one is complete; states that the old one may have led to go with it.
            if (Directory.Exists(old)) Directory.Delete(old, recursive: true);
            new SnapshotFiles(states).Clear();
            Directory.CreateDirectory(states);
            Directory.Move(NodeLedger.FolderOf(fresh), old);
            if (Directory.Exists(freshStates))
            {
                foreach (string state in Directory.GetFiles(freshStates)) File.Move(state, Path.Combine(states, Path.GetFileName(state)));
            }

            Directory.Delete(fresh, recursive: true);
            WriteEpochs(configuration.DataDir, rebuilt.Epochs);
            new DivergenceFile(configuration.DataDir).Delete();
            Console.WriteLine($"ledger rebuilt up to height {rebuilt.Machine.Height}");
            return ExitCode.Ok;
        }));
        return command;
    }

    /// <summary>
    /// They are all since the genesis, or as many as are kept, from a checkpoint's hand-overs and the archive: what the file held is not needed for it, and may
    /// be what is damaged.
    /// </summary>
    internal static void WriteEpochs(string dataFolder, IReadOnlyList<EpochStart> starts)
    {
        if (starts.Count > 0) new EpochFile(dataFolder).Write(starts);
    }

    private static Option<string> Config() => new("--config") { Description = "Configuration file of the node.", Required = true };

    private static NodeConfiguration Load(string path) =>
        ConfigurationLoader.Load(path, new Dictionary<string, string>(StringComparer.Ordinal), []);

    /// <summary>Applies all heights of the logs into a ledger below a folder, and writes the state after the last one if that is wanted.</summary>
    private static async Task<RebuiltLedger> ReplayAsync(string configPath, string folder, SnapshotFiles? snapshots, CancellationToken cancellation)
    {
        NodeConfiguration configuration = Load(configPath);
        Genesis genesis = GenesisFiles.Read(configuration.Genesis, configuration.GenesisHash);
        using var logs = new NodeLogs(configuration, _ => { });
        logs.Recover(genesis, out _);
        RebuiltLedger rebuilt = await LedgerRebuild.RunAsync(genesis, logs, folder, BaseOf(configuration, genesis), cancellation);
        if (rebuilt.DiffersAt is { } height)
        {
            throw new CommandException(
                $"the result of height {height} computed from these logs is not the certified one: nothing was changed. Use another version, or a peer's logs");
        }

        if (rebuilt.Machine.Height > Height.Zero) snapshots?.Write(rebuilt.Machine.BeginSnapshot(), new BatchStore(logs.ReadBatch).Hold);
        return rebuilt;
    }

    /// <summary>
    /// The checkpoint that the archive begins with, if state sync made it so. Who signed it was looked at when it was installed; where it leads is compared
    /// with what was certified since.
    /// </summary>
    private static CertifiedCheckpoint? BaseOf(NodeConfiguration configuration, Genesis genesis)
    {
        try
        {
            return new CheckpointFolder(configuration.DataDir).ReadBase(genesis, new P256Scheme(), _ => true);
        }
        catch (DecodeException e)
        {
            throw CheckpointFolder.Damaged(e);
        }
    }
}
