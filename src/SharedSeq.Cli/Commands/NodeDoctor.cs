using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Storage;

namespace SharedSeq.Cli;

/// <summary>node doctor: tries everything a start needs, in its order, and says what is missing.</summary>
internal static class NodeDoctor
{
    public static async Task<int> RunAsync(string configPath, CancellationToken cancellation)
    {
        int faults = 0;
        NodeConfiguration configuration = ConfigurationLoader.Load(configPath, new Dictionary<string, string>(StringComparer.Ordinal), []);
        Say(true, "configuration", "every key known and in range");
        Genesis? genesis = null;
        faults += Try("genesis", () =>
        {
            genesis = GenesisFiles.Read(configuration.Genesis, configuration.GenesisHash);
            return $"chain {genesis.Chain}, {genesis.Quorum.N} operators, {genesis.Namespaces.Count} namespaces, hash {genesis.Hash}"
                + (configuration.GenesisHash.Length == 0 ? " (not pinned: set genesisHash)" : "");
        });
        if (genesis is not null)
        {
            faults += Try("limits", () =>
            {
                NodeLimits.Check(configuration, genesis);
                return "the network's policy and the configuration fit together";
            });
            faults += Try("keys", () =>
            {
                using NodeKeys keys = NodeKeys.Open(configuration.Replica, genesis);
                return keys.SeatIn(genesis.Committee) is { } seat ? $"seat {seat} of the genesis"
                    : "no seat in the genesis: this node observes until it joins";
            });
        }

        if (genesis is not null) faults += await AskNetworkAsync(configuration.Replica, genesis, cancellation);
        faults += Try("data folder", () => Writable(configuration.DataDir));
        bool runs = IsHeld(configuration.DataDir);
        if (runs)
        {
            Say(true, "peers.listen, rpc.listen", "a node runs on this data folder: its ports are its own");
        }
        else
        {
            faults += Try("peers.listen", () => Bind(configuration.Peers.Listen));
            faults += Try("rpc.listen", () => Bind(configuration.Rpc.Listen));
        }

        faults += Try("checkpoint", () => Checkpoint(configuration));
        Console.WriteLine(faults > 0 ? $"{faults} to mend" : runs ? "running" : "ready to run");
        return faults == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    /// <summary>What the members say of this operator: whether it may serve, and what is missing. Before the network runs there is nobody to ask.</summary>
    private static async Task<int> AskNetworkAsync(ReplicaSection replica, Genesis genesis, CancellationToken cancellation)
    {
        foreach (OperatorEndpoints endpoints in genesis.Endpoints)
        {
            if (endpoints.Rpc is null) continue;
            try
            {
                using var client = new OperatorClient(UserErrors.AddressOf(endpoints.Rpc), TimeSpan.FromSeconds(3));
                JsonElement answer = await client.CallAsync("sharedseq_getOperators", [], cancellation);
                (string? advice, string? missing) = UserErrors.Understand(client.Rpc, "sharedseq_getOperators", () => OperatorAdvice.About(answer, replica));
                Say(advice is not null, "operator", advice ?? OperatorAdvice.NotRegistered);
                if (missing is not null) Say(false, "operator's keys", missing);
                return advice is null || missing is not null ? 1 : 0;
            }
            catch (Exception e) when (e is HttpRequestException or OperatorException or CommandException)
            {
                // No answer, or none that makes sense: the next one.
            }
        }

        Say(true, "operator", "no member of the genesis could be asked where this operator stands");
        return 0;
    }

    private static int Try(string what, Func<string> check)
    {
        try
        {
            Say(true, what, check());
            return 0;
        }
        catch (Exception e) when (e is ConfigurationException or StorageException or IOException or UnauthorizedAccessException or SocketException)
        {
            Say(false, what, e.Message);
            return 1;
        }
    }

    /// <summary>Whether a process has the vote log open. Its folder is not made where there is none.</summary>
    private static bool IsHeld(string dataFolder)
    {
        string votes = Path.Combine(dataFolder, "votes");
        if (!Directory.Exists(votes)) return false;
        try
        {
            FolderLock.Take(votes, DiskFileLayer.Instance).Dispose();
            return false;
        }
        catch (StorageException e) when (e.Reason == StorageRejection.FolderInUse)
        {
            return true;
        }
    }

    private static string Bind(string endpoint)
    {
        using var listener = new TcpListener(IPEndPoint.Parse(endpoint));
        listener.Start();
        return $"{endpoint} is free";
    }

    private static string Writable(string folder)
    {
        Directory.CreateDirectory(folder);
        string probe = Path.Combine(folder, ".probe");
        File.WriteAllBytes(probe, [1]);
        File.Delete(probe);
        return $"{folder} is writable, {new DriveInfo(Path.GetFullPath(folder)).AvailableFreeSpace >> 30} GiB free";
    }

    private static string Checkpoint(NodeConfiguration configuration)
    {
        var folder = new CheckpointFolder(configuration.DataDir);
        if (folder.HasNext) return "one of others waits: the next start installs it";
        return folder.BaseHeight() is { } height ? $"the archive begins with that of height {height}, by state sync" : "none: it begins with the genesis";
    }

    private static void Say(bool isGood, string what, string text) => Console.WriteLine($"{(isGood ? "ok  " : "FAIL")}  {what}: {text}");
}
