using System.Net;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// Whom this node knows as a peer, by node key: the numbers of their keys, and where each is reached. Registered are the members of the present, the next and
/// the last epochs, with old and new keys of whoever rotates them, and candidates. Safe for all threads.
/// </summary>
public sealed class NodePeers
{
    /// <summary>Node keys numbered. 8,192: twice as many as may ever be registered.</summary>
    public const int Max = 8_192;

    /// <summary>Ended epochs whose members stay registered: they serve what they have to members that are behind.</summary>
    private const ulong EndedEpochs = 2;

    private readonly Lock _gate = new();
    private readonly Dictionary<PublicKey64, PeerId> _ids = [];
    private readonly Dictionary<PublicKey64, (string Host, int Port)> _places = [];
    private readonly Genesis _genesis;
    private readonly IReadOnlyList<string> _addresses;
    private readonly IReadOnlyList<PublicKey64> _own;

    /// <param name="genesis">The network: its members are numbered by their seats.</param>
    /// <param name="addresses">host:port of its members by seat where the own ways to them differ from the document's; else empty.</param>
    /// <param name="own">The own node keys.</param>
    /// <exception cref="ConfigurationException">A member's address is missing or no address.</exception>
    public NodePeers(Genesis genesis, IReadOnlyList<string> addresses, IReadOnlyList<PublicKey64> own)
    {
        _genesis = genesis;
        _addresses = addresses;
        _own = own;
        for (int i = 0; i < genesis.Members.Count; i++)
        {
            PublicKey64 key = genesis.Members[i].NodeKey;
            Number(key);
            if (own.Contains(key)) continue;
            string address = AddressOf(i)
                ?? throw new ConfigurationException(ConfigurationRejection.BadValue, "peers.addresses: the genesis document names no endpoints");
            _places[key] = Parse(address)
                ?? throw new ConfigurationException(ConfigurationRejection.BadValue, $"peers.addresses: '{address}' is not host:port");
        }
    }

    /// <summary>The number of another operator's node key; null for an own key, and for that of an empty seat.</summary>
    public PeerId? IdOf(PublicKey64 nodeKey)
    {
        if (nodeKey == default || _own.Contains(nodeKey)) return null;
        lock (_gate) return Number(nodeKey);
    }

    /// <summary>Everybody who may have a session now.</summary>
    /// <param name="operators">As ordering has them.</param>
    /// <param name="epochs">The committees.</param>
    public IReadOnlyList<PeerEndpoint> Registered(OperatorRegistry operators, NodeEpochs epochs)
    {
        lock (_gate)
        {
            var keys = new List<PublicKey64>();
            void Add(CommitteeMember member, Operator item)
            {
                keys.Add(member.NodeKey);
                string? address = item.Endpoints?.Peer ?? AddressOf((int)item.Id.Value);
                if (address is not null && Parse(address) is { } place) _places[member.NodeKey] = place;
            }

            foreach (Operator item in operators.Operators)
            {
                Add(item.Keys, item);
                if (item.NewKeys is { } next) Add(next, item);
            }

            // Whoever rotates serves the present epoch by its old keys until it ends, but is an operator by the new ones from its first height on.
            for (int i = 0; i < operators.Present.Operators.Count; i++)
            {
                if (operators.Present.Operators[i] is { } id && operators.Find(id) is { } seated) Add(operators.Present.Plan.Members[i], seated);
            }

            ulong newest = epochs.Newest.Epoch.Value;
            for (ulong epoch = newest - ulong.Min(newest, EndedEpochs); epoch <= newest; epoch++)
            {
                if (epochs.Of(new Epoch(epoch)) is not { } part) continue;
                for (int i = 0; i < part.Committee.Count; i++) keys.Add(part.Committee[new ReplicaId((ushort)i)].NodeKey);
            }

            return [.. keys.Distinct().Where(key => key != default && !_own.Contains(key)).Select(EndpointOf)];
        }
    }

    /// <summary>
    /// Whether this node was an operator and will be none any more: its keys are used up and nobody's. Members still have sessions with it for some epochs.
    /// </summary>
    public bool HasLeft(OperatorRegistry operators)
    {
        bool IsOwn(CommitteeMember? keys) => keys is { } some && _own.Contains(some.NodeKey);
        return _own.Any(operators.IsUsed)
            && !operators.Operators.Any(item => IsOwn(item.Keys) || IsOwn(item.NewKeys))
            && !operators.Present.Plan.Members.Any(member => IsOwn(member))
            && operators.Next?.Plan.Members.Any(member => IsOwn(member)) != true;
    }

    /// <summary>Where those are that left before this start nobody remembers: they may come by themselves.</summary>
    private PeerEndpoint EndpointOf(PublicKey64 key) => _places.TryGetValue(key, out (string Host, int Port) place)
        ? new PeerEndpoint(Number(key), key, place.Host, place.Port)
        : new PeerEndpoint(Number(key), key, "", 0);

    private string? AddressOf(int seat) => _addresses.Count > seat ? _addresses[seat] : _genesis.Endpoints.Count > seat ? _genesis.Endpoints[seat].Peer : null;

    private PeerId Number(PublicKey64 key)
    {
        if (_ids.TryGetValue(key, out PeerId known)) return known;
        Invariant.Check(_ids.Count < Max, "fewer keys are ever registered than are numbered");
        return _ids[key] = new PeerId((ushort)_ids.Count);
    }

    private static (string Host, int Port)? Parse(string address)
    {
        int colon = address.LastIndexOf(':');
        return colon > 0 && int.TryParse(address.AsSpan(colon + 1), out int port) && port is > 0 and <= IPEndPoint.MaxPort
            ? (address[..colon], port)
            : null;
    }
}

/// <summary>Keeps who may have a session up to date with ordering.</summary>
internal sealed class PeerRegistration(NodePeers peers, NodeEpochs epochs, PeerSender sender) : IOrderedFollower
{
    public ValueTask OnOrderedAsync(OrderedHeight height, CancellationToken cancellation)
    {
        OrderingResult result = height.Result;
        if (result.Statements.Count > 0 || result.FixedCommittee is not null)
            sender.SetPeers(peers.Registered(result.Operators, epochs), peers.HasLeft(result.Operators));
        return ValueTask.CompletedTask;
    }

    public void OnCertified(ResultCertificate certificate)
    {
    }

    public void OnDiverged(Divergence divergence)
    {
    }
}
