using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// The sharedseq_ methods. Answers say what the network decided, not what this node is: two operators at the same height give the same bytes, so
/// that anybody can compare them.
/// </summary>
public sealed partial class PublicMethods(NodeRuntime node)
{
    public IReadOnlyDictionary<string, RpcMethod> All()
    {
        var methods = new Dictionary<string, RpcMethod>(StringComparer.Ordinal)
        {
            ["sharedseq_sendTransaction"] = SendTransactionAsync,
            ["sharedseq_sendTransactions"] = SendTransactionsAsync,
            ["sharedseq_getTransaction"] = Sync(GetTransaction),
            ["sharedseq_getReceipt"] = Sync(GetReceipt),
            ["sharedseq_relayReceipt"] = Sync(RelayReceipt),
            ["sharedseq_getBlock"] = Sync(GetBlock),
            ["sharedseq_getNamespaceBlock"] = Sync(GetNamespaceBlock),
            ["sharedseq_getHead"] = Sync(GetHead),
            ["sharedseq_getResult"] = Sync(GetResult),
            ["sharedseq_getProof"] = Sync(GetProof),
            ["sharedseq_getCommittee"] = Sync(GetCommittee),
            ["sharedseq_getHandOvers"] = Sync(GetHandOvers),
            ["sharedseq_getOperators"] = Sync(GetOperators),
            ["sharedseq_submitOperatorStatement"] = SubmitOperatorStatementAsync,
            ["sharedseq_getPolicy"] = Sync(GetPolicy),
            ["sharedseq_getGenesis"] = Sync(_ => new { genesisHash = node.Genesis.Hash.ToString(), document = GenesisJson.Write(node.Genesis) }),
            ["sharedseq_getL1View"] = Sync(_ => L1ViewOf()),
            ["sharedseq_health"] = Sync(_ => HealthOf()),
            ["sharedseq_getEvidence"] = Sync(GetEvidence),
            ["sharedseq_incidents"] = Sync(call => EvidencePage(call, 0).Select(item => Encode(item.Evidence.Write))),
            ["sharedseq_subscribe"] = Sync(Subscribe),
            ["sharedseq_unsubscribe"] = Sync(call => Connection(call).Unsubscribe(call.Text(0, "subscription"))),
            ["sharedseq_acknowledge"] = Sync(Acknowledge),
        };
        methods["rpc.discover"] = Sync(_ => Discover(methods.Keys));
        return methods;
    }

    private static RpcMethod Sync(Func<RpcCall, object?> method) => call => Task.FromResult(method(call));

    private static string Hex(byte[] bytes) => "0x" + Convert.ToHexStringLower(bytes);

    private static string Hex(ReadOnlyMemory<byte> bytes) => "0x" + Convert.ToHexStringLower(bytes.Span);

    private static string Encode(Action<CanonicalWriter> write)
    {
        var writer = new CanonicalWriter(512);
        write(writer);
        return "0x" + Convert.ToHexStringLower(writer.Written);
    }

    private static object Discover(IEnumerable<string> names) => new
    {
        openrpc = "1.3.2",
        info = new { title = "SharedSeq operator", version = ProtocolVersion.Current.ToString() },
        methods = names.Order(StringComparer.Ordinal).Select(name => new { name, @params = Array.Empty<object>(), result = new { name = "result" } }),
        components = new { errors = RpcError.All.Select(e => new { code = e.Code, message = e.Name, data = new { e.Meaning, e.Remedy } }) },
    };

    private object GetPolicy(RpcCall call) => new
    {
        version = node.Genesis.Policy.Version,
        hash = node.Genesis.Policy.Hash.ToString(),
        policy = node.Genesis.Policy,
        namespaces = node.Genesis.Namespaces.Select(ns => new
        {
            id = ns.Id.Value,
            ns.Name,
            admission = ns.Admission == AdmissionKind.Evm ? "evm" : "opaque",
            ns.EvmChainId,
            ns.BlockTimeMs,
            ns.ByteCap,
            ns.GasCap,
            ns.Share,
        }),
    };

    private object L1ViewOf() => new { number = 0, hash = L1View.None.Hash.ToString(), note = "this network follows no L1" };

    private object HealthOf()
    {
        ReplicaView? view = node.Progress.View;
        return new
        {
            ready = node.IsReady(),
            replica = node.Self?.Value,
            epoch = node.Epochs.Present.Epoch.Value,
            epochBoundary = node.Epochs.Boundary?.Value,
            slot = view?.Current.Value,
            leader = view?.Leader.Value,
            finalHeight = node.Progress.Final.Height.Value,
            orderedHeight = node.Progress.Ordered.Value,
            certifiedHeight = node.Feeds.Newest?.Result.Height.Value ?? 0,
            committedTime = node.Progress.CommittedTime.Value,
            fastCommits = view?.FastCommits,
            slowCommits = view?.SlowCommits,
            halted = view?.IsHalted ?? false,
            oldestHeight = node.Logs.FirstBlock.Value,
            sync = node.Sync.View.Text,
            divergedAbove = node.Progress.Divergence?.Agreed.Value,
            members = view?.Members.Select(m => new
            {
                replica = m.Member.Value,
                m.SlotsLed,
                m.SlotsSkipped,
                m.SlotsTimedOut,
                isConnected = node.IsConnected(m.Member),
            }),
            actors = node.Actors.Select(a => new { a.Name, health = a.Health.ToString(), a.Depth }),
            rollups = node.Rollups?.HealthOf(),
        };
    }

    /// <summary>Refuses what this node made of a height (of the newest ones, when none is given) whose certified result is another.</summary>
    private void RefuseDiverged(Height? height = null)
    {
        if (node.Progress.Divergence is not { } divergence || height <= divergence.Agreed) return;
        throw new RpcException(
            RpcError.Diverged, $"this operator's results above height {divergence.Agreed} are not the certified ones",
            new { name = RpcError.Diverged.Name, agreed = divergence.Agreed.Value });
    }

    private NamespacePolicy NamespaceOf(RpcCall call, int index)
    {
        var id = new NamespaceId(call.Number(index, "namespace"));
        return node.Genesis.Find(id) ?? throw new RpcException(RpcError.UnknownNamespace, $"namespace {id} is not registered");
    }

    private static IRpcConnection Connection(RpcCall call) =>
        call.Connection ?? throw new RpcException(RpcError.MethodNotFound, $"{call.Method} needs a WebSocket");

    private static bool Flag(RpcCall call, int index, string name) =>
        call.Optional(index) is { ValueKind: System.Text.Json.JsonValueKind.Object } options && options.TryGetProperty(name, out var value)
        && value.ValueKind == System.Text.Json.JsonValueKind.True;
}
