using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// The rollups of this node: an adapter for each configured execution client, the attestations of all, and the Ethereum endpoint
/// /rollups/{namespace} of each. The order does not depend on any of it.
/// </summary>
public sealed class RollupServices : IRpcEndpoints, IAsyncDisposable
{
    private readonly NodeRuntime _node;
    private readonly Dictionary<NamespaceId, RollupGateway> _gateways = [];
    private readonly List<Rollup> _rollups = [];
    private readonly List<AdapterActor> _adapters = [];
    private readonly AttestationActor _attestations;
    private readonly PeerGateways _peers;
    private readonly CancellationTokenSource _stop = new();

    /// <exception cref="ConfigurationException">An adapter's namespace or kind is none.</exception>
    public RollupServices(NodeRuntime node, PublicMethods methods, ILogger logger)
    {
        _node = node;
        _peers = new PeerGateways(node.Genesis, () => node.Progress.Operators, epoch => node.Epochs.Of(epoch)?.Self);
        foreach (AdapterSection section in node.Configuration.Adapters) Check(node, section);
        List<AttestedRollup> attested = [];
        EpochPart present = node.Epochs.Present;
        CommitteeSeats seats = node.Progress.Operators?.SeatsOf(present.Epoch)
            ?? throw new InvariantException("ordering is recovered and knows who has the seats of the present epoch");
        foreach (NamespacePolicy policy in node.Genesis.Namespaces.Where(ns => ns.Admission == AdmissionKind.Evm))
        {
            bool hasAdapter = node.Configuration.Adapters.Any(a => a.Namespace == policy.Id.Value);
            var rollup = new Rollup(policy, node.Feeds.Of(policy.Id), hasAdapter);
            _rollups.Add(rollup);
            attested.Add(new AttestedRollup(rollup, seats));
            _gateways.Add(policy.Id, new RollupGateway(node, rollup, methods, _peers, logger));
        }

        _attestations = new AttestationActor(node, present, attested, logger);
        foreach (AdapterSection section in node.Configuration.Adapters)
        {
            AttestedRollup own = attested.Single(r => r.Rollup.Policy.Id.Value == section.Namespace);
            var adapter = new AdapterActor(node, own.Rollup, section, _attestations, logger);
            own.Deviated = number => adapter.TryTell(new Deviation(number));
            _adapters.Add(adapter);
        }
    }

    public IReadOnlyList<Rollup> All => _rollups;

    /// <summary>Messages that were no attestation of their sender.</summary>
    public long AttestationsRefused => _attestations.BadSignatures;

    /// <summary>Starts the actors; the clients open on their own time.</summary>
    public void Start()
    {
        _attestations.Start();
        _node.Shell.OnAttestation = (from, message) => _attestations.TryTell(new AttestationInput.PeerSaid(from, message));
        foreach (AdapterActor adapter in _adapters) adapter.Start();
    }

    /// <summary>Own execution clients that serve no reads, and why.</summary>
    public IEnumerable<string> Reasons() => _rollups.Where(r => r.HasAdapter)
        .Select(r => (r.Policy.Id, Why: r.Unreadable())).Where(r => r.Why.Length > 0)
        .Select(r => string.Create(CultureInfo.InvariantCulture, $"execution client of namespace {r.Id}: {r.Why}"));

    /// <summary>How the rollups do here, for sharedseq_health.</summary>
    public object HealthOf() => _rollups.Select(r => new
    {
        @namespace = r.Policy.Id.Value,
        closed = r.Feed.Head,
        head = r.Head,
        executed = r.Executed?.Number ?? 0,
        state = !r.HasAdapter ? "none" : r.Unreadable() is { Length: > 0 } why ? why : "following",
        quarantined = r.Quarantine is not null,
        split = r.Counters.Splits > 0,
    });

    /// <summary>The transaction id of a transaction that a gateway here took, by its keccak hash.</summary>
    public Hash32? IdOfPending(Hash32 keccak)
    {
        foreach (Rollup rollup in _rollups)
        {
            if (rollup.Pending.Find(keccak) is { } tx) return Consensus.BatchBody.IdOf(rollup.Policy.Id, 0, tx.Raw.Span).Value;
        }

        return null;
    }

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/rollups/{id}", HandlePostAsync);
        routes.MapGet("/rollups/{id}", HandleGetAsync);
    }

    public async ValueTask DisposeAsync()
    {
        _node.Shell.OnAttestation = null;
        await _stop.CancelAsync();
        await Task.WhenAll(_adapters.Select(a => a.DisposeAsync().AsTask()));
        await _attestations.DisposeAsync();
        foreach (Rollup rollup in _rollups) rollup.Dispose();
        _peers.Dispose();
        _stop.Dispose();
    }

    private static void Check(NodeRuntime node, AdapterSection section)
    {
        if (section.Kind != "evmDev")
            throw new ConfigurationException(ConfigurationRejection.BadValue, $"adapters: kind '{section.Kind}' is not known; known is evmDev");
        if (node.Genesis.Find(new NamespaceId(section.Namespace)) is not { Admission: AdmissionKind.Evm })
            throw new ConfigurationException(ConfigurationRejection.BadValue, $"adapters: {section.Namespace} is no EVM namespace of the genesis");
        if (section.Rpc.Length > 0 && !Uri.TryCreate(section.Rpc, UriKind.Absolute, out _))
            throw new ConfigurationException(ConfigurationRejection.BadValue, $"adapters: rpc '{section.Rpc}' is no address");
        if (node.Configuration.Adapters.Count(a => a.Namespace == section.Namespace) > 1)
            throw new ConfigurationException(ConfigurationRejection.BadValue, $"adapters: namespace {section.Namespace} is named twice");
    }

    private async Task HandlePostAsync(HttpContext context)
    {
        if (GatewayOf(context) is not { } gateway)
        {
            await RefuseAsync(context);
            return;
        }

        bool isForwarded = context.Request.Headers.ContainsKey(PeerGateways.ForwardedHeader);
        await RpcServer.AnswerAsync(context, isForwarded ? gateway.OwnOnly : gateway.Dispatcher, _node.Configuration.Rpc);
    }

    private async Task HandleGetAsync(HttpContext context)
    {
        if (GatewayOf(context) is not { } gateway)
        {
            await RefuseAsync(context);
            return;
        }

        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync("An Ethereum JSON-RPC endpoint: POST here or open a WebSocket.\n", context.RequestAborted);
            return;
        }

        using var socket = await RpcServer.AcceptAsync(context);
        if (socket is null) return;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, context.RequestAborted);
        RpcSection options = _node.Configuration.Rpc;
        await new RpcSocket(socket, gateway.Dispatcher, options, RpcServer.RateOf(context, options)).RunAsync(stop.Token);
    }

    private RollupGateway? GatewayOf(HttpContext context) =>
        ulong.TryParse(context.Request.RouteValues["id"] as string, NumberStyles.None, CultureInfo.InvariantCulture, out ulong id)
            ? _gateways.GetValueOrDefault(new NamespaceId(id))
            : null;

    private static Task RefuseAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return context.Response.WriteAsJsonAsync(
            new
            {
                jsonrpc = "2.0",
                id = (object?)null,
                error = new { code = RpcError.UnknownNamespace.Code, message = "no EVM namespace of this number is registered" },
            },
            context.RequestAborted);
    }
}
