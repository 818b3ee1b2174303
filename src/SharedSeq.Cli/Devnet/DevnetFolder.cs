using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using SharedSeq.Consensus;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>One operator of a devnet: where its files and ports are.</summary>
internal sealed record DevnetOperator(int Index, string Folder, string ConfigFile, int PeerPort, int RpcPort)
{
    public Uri Rpc => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{RpcPort}"));

    public string LogFile => Path.Combine(Folder, "node.log");

    public string DataFolder => Path.Combine(Folder, "data");
}

/// <summary>
/// The files of a devnet: a genesis with fresh keys, and a configuration, keys and ports for each operator. Made once; a second start finds them and
/// resumes.
/// </summary>
internal sealed class DevnetFolder
{
    private const ulong FirstRollup = 9_001;
    private const ulong FirstOpaque = 100_001;
    private static readonly string[] Names = ["alpha", "beta", "gamma", "delta"];
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly List<DevnetOperator> _operators;

    private DevnetFolder(string folder, Genesis genesis, IReadOnlyList<DevnetOperator> operators)
    {
        Folder = folder;
        Genesis = genesis;
        _operators = [.. operators];
    }

    public string Folder { get; }

    public Genesis Genesis { get; }

    public IReadOnlyList<DevnetOperator> Operators => _operators;

    public string GenesisFile => Path.Combine(Folder, "genesis.json");

    /// <summary>What scripts read when the devnet is ready; removed when it stops.</summary>
    public string StateFile => Path.Combine(Folder, "devnet.json");

    /// <summary>Of the L1's state and ports.</summary>
    public string L1Folder => Path.Combine(Folder, "l1");

    public IEnumerable<NamespacePolicy> Rollups => Genesis.Namespaces.Where(ns => ns.Admission == AdmissionKind.Evm);

    /// <summary>Opens an existing devnet or makes a new one.</summary>
    /// <exception cref="ConfigurationException">The folder holds something else, or another number of operators or rollups.</exception>
    public static DevnetFolder OpenOrCreate(DevnetOptions options)
    {
        string folder = Path.GetFullPath(options.DataFolder);
        if (options.IsFresh) Clear(folder);
        return File.Exists(Path.Combine(folder, "genesis.json")) ? Open(folder, options) : Create(folder, options);
    }

    /// <summary>Tells an operator other ways to its peers than the genesis document: by links that can be cut.</summary>
    /// <param name="index">The operator, which must not run yet.</param>
    /// <param name="ports">Port on loopback of every replica as this one is to see it.</param>
    public void SetPeerPorts(int index, IEnumerable<int> ports)
    {
        string path = Operators[index].ConfigFile;
        JsonNode configuration = JsonNode.Parse(File.ReadAllText(path))!;
        configuration["peers"]!["addresses"] =
            new JsonArray([.. ports.Select(port => (JsonNode)string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"))]);
        File.WriteAllText(path, configuration.ToJsonString(Indented));
    }

    /// <summary>Has an operator drive this execution client instead of one of its own, on its first rollup.</summary>
    public void SetExecutionClient(int index, Uri rpc)
    {
        string path = Operators[index].ConfigFile;
        JsonNode configuration = JsonNode.Parse(File.ReadAllText(path))!;
        configuration["adapters"]![0]!["rpc"] = rpc.ToString();
        File.WriteAllText(path, configuration.ToJsonString(Indented));
    }

    /// <summary>Files for one more operator, which has no seat: fresh keys, ports of its own, no execution clients.</summary>
    public DevnetOperator AddOperator()
    {
        int[] ports = FreePorts(2);
        int index = _operators.Count;
        var added = new DevnetOperator(index, OperatorFolder(Folder, index), ConfigPath(Folder, index), ports[0], ports[1]);
        Directory.CreateDirectory(Path.Combine(added.Folder, "keys"));
        SaveNewKey(added, "vote", KeyKind.Vote);
        SaveNewKey(added, "node", KeyKind.Node);
        WriteConfiguration(added, new DevnetOptions { Rollups = 0 });
        _operators.Add(added);
        return added;
    }

    /// <summary>Gives an operator, which must not run yet, the keys of a rotation to come beside its own.</summary>
    public void AddNewKeys(int index)
    {
        SaveNewKey(_operators[index], "new-vote", KeyKind.Vote);
        SaveNewKey(_operators[index], "new-node", KeyKind.Node);
        string path = _operators[index].ConfigFile;
        JsonNode configuration = JsonNode.Parse(File.ReadAllText(path))!;
        configuration["replica"]!["newVoteKeyFile"] = "keys/new-vote.json";
        configuration["replica"]!["newNodeKeyFile"] = "keys/new-node.json";
        File.WriteAllText(path, configuration.ToJsonString(Indented));
    }

    /// <summary>Opens one of an operator's keys by its file's name.</summary>
    public P256PrivateKey OpenKey(int index, string name, KeyKind kind)
    {
        KeyFileOpening opening = KeyFile.Open(Path.Combine(_operators[index].Folder, "keys", name + ".json"), kind, "", allowUnprotected: true);
        return opening.Key ?? throw new CommandException(opening.Message);
    }

    /// <summary>Files for a second process of an operator: its keys, a copy of its data, ports of its own.</summary>
    public DevnetOperator CreateTwin(int index)
    {
        DevnetOperator original = Operators[index];
        int[] ports = FreePorts(2);
        string folder = original.Folder + "-twin";
        var twin = new DevnetOperator(index, folder, Path.Combine(folder, "node.json"), ports[0], ports[1]);
        CopyFolder(original.Folder, folder);
        JsonNode configuration = JsonNode.Parse(File.ReadAllText(twin.ConfigFile))!;
        configuration["peers"]!["listen"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ports[0]}");
        configuration["rpc"]!["listen"] = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{ports[1]}");
        File.WriteAllText(twin.ConfigFile, configuration.ToJsonString(Indented));
        return twin;
    }

    private static void CopyFolder(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (string folder in Directory.EnumerateDirectories(from)) CopyFolder(folder, Path.Combine(to, Path.GetFileName(folder)));
    }

    private static void Clear(string folder)
    {
        if (!Directory.Exists(folder)) return;
        bool isDevnet = File.Exists(ConfigPath(folder, 0)) || !Directory.EnumerateFileSystemEntries(folder).Any();
        if (!isDevnet)
            throw new ConfigurationException(ConfigurationRejection.BadValue,
                $"'{folder}' does not look like a devnet: not removed. Remove it yourself or choose another --data");
        Directory.Delete(folder, recursive: true);
    }

    private static DevnetFolder Open(string folder, DevnetOptions options)
    {
        Genesis genesis = GenesisFiles.Read(Path.Combine(folder, "genesis.json"));
        int rollups = genesis.Namespaces.Count(ns => ns.Admission == AdmissionKind.Evm);
        if (genesis.Quorum.N != options.Operators || rollups != options.Rollups)
        {
            throw new ConfigurationException(
                ConfigurationRejection.BadValue,
                $"'{folder}' holds a devnet of {genesis.Quorum.N} operators and {rollups} rollups; start it so, or use --fresh to begin anew");
        }

        if (genesis.Policy.EpochSeconds != options.EpochSeconds)
        {
            throw new ConfigurationException(
                ConfigurationRejection.BadValue,
                $"'{folder}' holds a devnet with --epoch-seconds {genesis.Policy.EpochSeconds}; start it so, or use --fresh to begin anew");
        }

        var operators = new DevnetOperator[genesis.Quorum.N];
        for (int i = 0; i < operators.Length; i++)
        {
            NodeConfiguration configuration = ConfigurationLoader.Load(ConfigPath(folder, i), new Dictionary<string, string>(StringComparer.Ordinal), []);
            operators[i] = new DevnetOperator(
                i, OperatorFolder(folder, i), ConfigPath(folder, i), IPEndPoint.Parse(configuration.Peers.Listen).Port,
                IPEndPoint.Parse(configuration.Rpc.Listen).Port);
        }

        return new DevnetFolder(folder, genesis, operators);
    }

    private static DevnetFolder Create(string folder, DevnetOptions options)
    {
        int[] ports = FreePorts(2 * options.Operators);
        var operators = new DevnetOperator[options.Operators];
        var members = new CommitteeMember[options.Operators];
        for (int i = 0; i < operators.Length; i++)
        {
            operators[i] = new DevnetOperator(i, OperatorFolder(folder, i), ConfigPath(folder, i), ports[2 * i], ports[(2 * i) + 1]);
            Directory.CreateDirectory(Path.Combine(operators[i].Folder, "keys"));
        }

        // The smaller node key dials: so that the operator of smaller index does, which drills that cut links count on.
        P256PrivateKey[] nodeKeys = [.. operators.Select(_ => P256PrivateKey.Create()).OrderBy(key => key.PublicKey.Value.X)];
        foreach (DevnetOperator o in operators)
        {
            using P256PrivateKey voteKey = P256PrivateKey.Create();
            using P256PrivateKey nodeKey = nodeKeys[o.Index];
            members[o.Index] = new CommitteeMember(SaveKey(o, "vote", KeyKind.Vote, voteKey), SaveKey(o, "node", KeyKind.Node, nodeKey));
        }

        Genesis genesis = Genesis.Create(
            new ChainId(31_337_000), new TimestampMs((ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000 * 1000),
            QuorumParameters.ForMembers(options.Operators), members, options.Policy, Namespaces(options),
            [.. operators.Select(o => new OperatorEndpoints($"operator-{o.Index}", $"127.0.0.1:{o.PeerPort}", o.Rpc.ToString()))]);
        foreach (DevnetOperator o in operators) WriteConfiguration(o, options);

        // The genesis comes last: a folder without it is not a devnet yet and is made anew.
        File.WriteAllText(Path.Combine(folder, "genesis.json"), GenesisJson.Write(genesis));
        return new DevnetFolder(folder, genesis, operators);
    }

    private static List<NamespacePolicy> Namespaces(DevnetOptions options)
    {
        var namespaces = new List<NamespacePolicy>();
        ReplicaSet? attesters = options.AttesterCount == options.Operators ? null : ReplicaSet.All(options.AttesterCount);
        for (int i = 0; i < options.Rollups; i++)
        {
            ulong id = FirstRollup + (ulong)i;
            namespaces.Add(new NamespacePolicy
            {
                Id = new NamespaceId(id),
                Name = i < Names.Length ? Names[i] : $"rollup-{i + 1}",
                Admission = AdmissionKind.Evm,
                EvmChainId = id,
                BlockTimeMs = 200,

                // A devnet that was off for a night does not owe its rollups the empty blocks of that night.
                TimeGaps = TimeGaps.Jump,
                GasCap = 30_000_000,
                Attesters = attesters,
            });
        }

        for (int i = 0; i < options.OpaqueNamespaces; i++)
        {
            namespaces.Add(new NamespacePolicy
            {
                Id = new NamespaceId(FirstOpaque + (ulong)i),
                Name = $"opaque-{i + 1}",
                Admission = AdmissionKind.Opaque,
            });
        }

        return namespaces;
    }

    private static void SaveNewKey(DevnetOperator o, string name, KeyKind kind)
    {
        using P256PrivateKey key = P256PrivateKey.Create();
        SaveKey(o, name, kind, key);
    }

    private static PublicKey64 SaveKey(DevnetOperator o, string name, KeyKind kind, P256PrivateKey key)
    {
        string path = Path.Combine(o.Folder, "keys", name + ".json");
        File.Delete(path);
        KeyFileRejection rejection = KeyFile.SaveUnprotected(path, key, kind);
        if (rejection != KeyFileRejection.None)
            throw new ConfigurationException(ConfigurationRejection.Unreadable, $"key file '{path}' can not be written: {rejection}");
        return key.PublicKey.Value;
    }

    private static void WriteConfiguration(DevnetOperator o, DevnetOptions options)
    {
        bool attests = o.Index < options.AttesterCount;
        var adapters = Enumerable.Range(0, attests ? options.Rollups : 0)
            .Select(i => new { @namespace = FirstRollup + (ulong)i, kind = "evmDev" });
        File.WriteAllText(o.ConfigFile, JsonSerializer.Serialize(
            new
            {
                genesis = "../genesis.json",
                dataDir = "data",
                replica = new { voteKeyFile = "keys/vote.json", nodeKeyFile = "keys/node.json", allowUnprotectedKeys = true },
                peers = new { listen = $"127.0.0.1:{o.PeerPort}" },
                // Benchmarks and drills read whole chains over one connection, and all clients have one address.
                rpc = new
                {
                    listen = $"127.0.0.1:{o.RpcPort}",
                    callsPerSecondMax = 1_000_000,
                    addressCallsPerSecondMax = 1_000_000,
                    addressConnectionsMax = new RpcSection().ConnectionsMax,
                },
                adapters,
            },
            Indented));
    }

    private static string OperatorFolder(string folder, int index) =>
        Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"operator-{index}"));

    private static string ConfigPath(string folder, int index) => Path.Combine(OperatorFolder(folder, index), "node.json");

    /// <summary>Ports nobody listens on now. They are written down, because peers and wallets must find them again after a restart.</summary>
    internal static int[] FreePorts(int count)
    {
        var listeners = new List<TcpListener>();
        try
        {
            for (int i = 0; i < count; i++)
            {
                var listener = new TcpListener(IPAddress.Loopback, 0);
                listener.Start();
                listeners.Add(listener);
            }

            return [.. listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port)];
        }
        finally
        {
            foreach (TcpListener listener in listeners) listener.Dispose();
        }
    }
}
