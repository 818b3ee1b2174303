using System.Net;
using SharedSeq.Consensus;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>The two keys that an operator signs statements with, and the network they are of. Whether they have a seat does not matter here.</summary>
internal sealed class OperatorKeys : IDisposable
{
    private readonly P256PrivateKey _voteKey;
    private readonly P256PrivateKey _nodeKey;

    private OperatorKeys(Genesis genesis, P256PrivateKey voteKey, P256PrivateKey nodeKey)
    {
        Genesis = genesis;
        _voteKey = voteKey;
        _nodeKey = nodeKey;
        VoteKey = new P256Signer(voteKey);
        NodeKey = new P256Signer(nodeKey);
    }

    public Genesis Genesis { get; }

    public CommitteeMember Public => new(_voteKey.PublicKey.Value, _nodeKey.PublicKey.Value);

    public ISigner VoteKey { get; }

    public ISigner NodeKey { get; }

    /// <summary>Where a node's configuration has its keys.</summary>
    public static ReplicaSection ReplicaOf(string configPath) =>
        ConfigurationLoader.Load(configPath, new Dictionary<string, string>(StringComparer.Ordinal), []).Replica;

    /// <summary>Where the node of a configuration answers on this machine.</summary>
    /// <exception cref="CommandException">The configuration leaves its port to the system.</exception>
    public static Uri NodeOf(string configPath)
    {
        RpcSection rpc = ConfigurationLoader.Load(configPath, new Dictionary<string, string>(StringComparer.Ordinal), []).Rpc;
        IPEndPoint listen = IPEndPoint.Parse(rpc.Listen);
        if (listen.Port == 0) throw new CommandException($"'{configPath}' leaves rpc.listen's port to the system: give --rpc ADDRESS");
        if (listen.Address.Equals(IPAddress.Any)) listen.Address = IPAddress.Loopback;
        if (listen.Address.Equals(IPAddress.IPv6Any)) listen.Address = IPAddress.IPv6Loopback;
        return new Uri($"http://{listen}");
    }

    /// <summary>Those of a node's configuration.</summary>
    /// <exception cref="CommandException">A key file is refused.</exception>
    public static OperatorKeys Open(string configPath)
    {
        NodeConfiguration configuration = ConfigurationLoader.Load(configPath, new Dictionary<string, string>(StringComparer.Ordinal), []);
        Genesis genesis = GenesisFiles.Read(configuration.Genesis, configuration.GenesisHash);
        return Open(genesis, configuration.Replica, configuration.Replica.VoteKeyFile, configuration.Replica.NodeKeyFile);
    }

    /// <summary>
    /// New keys for the operator of a configuration, under the same password, in a folder of their own; made where they are not there yet. A key that is to
    /// stay may be copied there.
    /// </summary>
    /// <exception cref="CommandException">A key file can not be made, or is refused.</exception>
    public static OperatorKeys OpenOrMakeNew(string configPath, string folder)
    {
        NodeConfiguration configuration = ConfigurationLoader.Load(configPath, new Dictionary<string, string>(StringComparer.Ordinal), []);
        Genesis genesis = GenesisFiles.Read(configuration.Genesis, configuration.GenesisHash);
        Directory.CreateDirectory(folder);
        string vote = Path.Combine(folder, "vote.json");
        string node = Path.Combine(folder, "node.json");
        Make(configuration.Replica, vote, KeyKind.Vote);
        Make(configuration.Replica, node, KeyKind.Node);
        return Open(genesis, configuration.Replica, vote, node);
    }

    public void Dispose()
    {
        _voteKey.Dispose();
        _nodeKey.Dispose();
    }

    private static OperatorKeys Open(Genesis genesis, ReplicaSection options, string voteFile, string nodeFile)
    {
        P256PrivateKey vote = Open(options, voteFile, KeyKind.Vote);
        try
        {
            return new OperatorKeys(genesis, vote, Open(options, nodeFile, KeyKind.Node));
        }
        catch
        {
            vote.Dispose();
            throw;
        }
    }

    private static P256PrivateKey Open(ReplicaSection options, string path, KeyKind kind)
    {
        KeyFileOpening opening = KeyFile.Open(path, kind, PasswordOf(options), options.AllowUnprotectedKeys);
        return opening.Key ?? throw new CommandException($"key file refused ({opening.Rejection}): {opening.Message}");
    }

    private static void Make(ReplicaSection options, string path, KeyKind kind)
    {
        if (File.Exists(path)) return;
        string password = PasswordOf(options);
        if (password.Length == 0 && !options.AllowUnprotectedKeys)
            throw new CommandException("the configuration has no replica.keyPasswordFile for the new keys, and does not allow unprotected ones");
        using P256PrivateKey key = P256PrivateKey.Create();
        KeyFileRejection rejection = password.Length == 0 ? KeyFile.SaveUnprotected(path, key, kind) : KeyFile.Save(path, key, kind, password);
        if (rejection != KeyFileRejection.None) throw new CommandException($"'{path}': {rejection}");
        Console.WriteLine($"{kind} key {key.PublicKey.Value} in {path}");
    }

    private static string PasswordOf(ReplicaSection options)
    {
        if (options.KeyPasswordFile.Length == 0) return "";
        try
        {
            return File.ReadAllText(options.KeyPasswordFile).TrimEnd('\r', '\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException($"password file '{options.KeyPasswordFile}' can not be read: {e.Message}");
        }
    }
}
