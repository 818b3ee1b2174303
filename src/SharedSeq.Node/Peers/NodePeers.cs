using System.Net;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// Whom this node knows as a peer, by node key: the numbers of their keys, and where each is reached. Registered are the members of the present, the next and
/// the last epochs, with old and new keys of whoever rotates them, candidates, whom the configuration names, and, while this node lags behind by epochs, the
/// members of the newest committee that hand-overs lead to. Safe for all threads.
/// </summary>
public sealed class NodePeers
{
    /// <summary>Node keys numbered. 8,192: twice as many as may ever be registered.</summary>
    public const int Max = 8_192;

    /// <summary>Ended epochs whose members stay registered: they serve what they have to members that are behind.</summary>
    private const ulong EndedEpochs = 2;

    private readonly Lock _gate = new();
    private readonly Dictionary<PublicKey64, PeerId> _ids = [];
    private readonly List<PublicKey64> _keys = [];
    private readonly HashSet<PublicKey64> _known = [];
    private readonly Dictionary<PublicKey64, (string Host, int Port)> _places = [];
    private readonly Genesis _genesis;
    private readonly IReadOnlyList<string> _addresses;
    private readonly IReadOnlyList<PublicKey64> _own;
    private Committee? _led;

    /// <param name="genesis">The network: its members are numbered by their seats.</param>
    /// <param name="options">The own ways to others, where they differ from what the document and the registry say, or neither names them.</param>
    /// <param name="own">The own node keys.</param>
    /// <exception cref="ConfigurationException">A member's address is missing or no address.</exception>
    public NodePeers(Genesis genesis, PeersSection options, IReadOnlyList<PublicKey64> own)
    {
        _genesis = genesis;
        _addresses = options.Addresses;
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

        foreach (KnownPeer peer in options.Known.Select(text => KnownPeer.Parse(text)!.Value))
        {
            if (own.Contains(peer.NodeKey)) continue;
            Number(peer.NodeKey);
            _places[peer.NodeKey] = (peer.Host, peer.Port);
            _known.Add(peer.NodeKey);
        }
    }

    /// <summary>The number of another operator's node key; null for an own key, and for that of an empty seat.</summary>
    public PeerId? IdOf(PublicKey64 nodeKey)
    {
        if (nodeKey == default || _own.Contains(nodeKey)) return null;
        lock (_gate) return Number(nodeKey);
    }

    /// <summary>The node key of a number that was given.</summary>
    public PublicKey64 KeyOf(PeerId peer)
    {
        lock (_gate) return _keys[peer.Value];
    }

    /// <summary>Hand-overs led to this committee, of a later epoch than the own newest one: its members may come.</summary>
    public void Lead(Committee committee)
    {
        lock (_gate) _led = committee;
    }

    /// <summary>Everybody who may have a session now.</summary>
    /// <param name="operators">As ordering has them.</param>
    /// <param name="epochs">The committees.</param>
    public IReadOnlyList<PeerEndpoint> Registered(OperatorRegistry operators, NodeEpochs epochs)
    {
        lock (_gate)
        {
            var keys = new List<PublicKey64>(_known);
            void Add(CommitteeMember member, OperatorId id, string? peer)
            {
                keys.Add(member.NodeKey);
                string? address = string.IsNullOrEmpty(peer) ? AddressOf((int)id.Value) : peer;
                if (address is not null && !_known.Contains(member.NodeKey) && Parse(address) is { } place) _places[member.NodeKey] = place;
            }

            foreach (Operator item in operators.Operators)
            {
                Add(item.Keys, item.Id, item.Endpoints?.Peer);
                if (item.NewKeys is { } next) Add(next, item.Id, item.Endpoints?.Peer);
            }

            // Whoever rotates serves the present epoch by its old keys until it ends, but is an operator by the new ones from its first height on.
            for (int i = 0; i < operators.Present.Operators.Count; i++)
            {
                if (operators.Present.Operators[i] is { } id && operators.Find(id) is { } seated)
                    Add(operators.Present.Plan.Members[i], id, seated.Endpoints?.Peer);
            }

            ulong newest = epochs.Newest.Epoch.Value;
            for (ulong epoch = newest - ulong.Min(newest, EndedEpochs); epoch <= newest; epoch++)
            {
                if (epochs.Of(new Epoch(epoch)) is not { } part) continue;
                for (int i = 0; i < part.Committee.Count; i++)
                {
                    CommitteeMember member = part.Committee[new ReplicaId((ushort)i)];
                    keys.Add(member.NodeKey);

                    // Those that left are in no registry any more.
                    if (i < part.Places.Count && part.Places[i] is { Operator: { } id } seat && !_places.ContainsKey(member.NodeKey))
                        Add(member, id, seat.Peer);
                }
            }

            for (int i = 0; i < _led?.Count && _led.Epoch.Value > newest; i++) keys.Add(_led[new ReplicaId((ushort)i)].NodeKey);
            return [.. keys.Distinct().Where(key => key != default && !_own.Contains(key)).Select(EndpointOf)];
        }
    }

    /// <summary>
    /// Whether this node was an operator and will be none any more by the keys it has: they are used up and nobody's, because its operator left, or took new
    /// ones that are not named here. Members still have sessions with it for some epochs.
    /// </summary>
    public bool HasLeft(OperatorRegistry operators)
    {
        bool IsOwn(CommitteeMember? keys) => keys is { } some && _own.Contains(some.NodeKey);
        return _own.Any(operators.IsUsed)
            && !operators.Operators.Any(item => IsOwn(item.Keys) || IsOwn(item.NewKeys))
            && !operators.Present.Plan.Members.Any(member => IsOwn(member))
            && operators.Next?.Plan.Members.Any(member => IsOwn(member)) != true;
    }

    /// <summary>Where somebody is whom hand-overs alone named is not known here: it may come by itself.</summary>
    private PeerEndpoint EndpointOf(PublicKey64 key) => _places.TryGetValue(key, out (string Host, int Port) place)
        ? new PeerEndpoint(Number(key), key, place.Host, place.Port)
        : new PeerEndpoint(Number(key), key, "", 0);

    private string? AddressOf(int seat) => _addresses.Count > seat ? _addresses[seat] : _genesis.Endpoints.Count > seat ? _genesis.Endpoints[seat].Peer : null;

    private PeerId Number(PublicKey64 key)
    {
        if (_ids.TryGetValue(key, out PeerId known)) return known;
        Invariant.Check(_ids.Count < Max, "fewer keys are ever registered than are numbered");
        _keys.Add(key);
        return _ids[key] = new PeerId((ushort)(_keys.Count - 1));
    }

    internal static (string Host, int Port)? Parse(string address)
    {
        int colon = address.LastIndexOf(':');
        return colon > 0 && int.TryParse(address.AsSpan(colon + 1), out int port) && port is > 0 and <= IPEndPoint.MaxPort
            ? (address[..colon], port)
            : null;
    }
}

/// <summary>A peer that the configuration names by its node key and address.</summary>
public readonly record struct KnownPeer(PublicKey64 NodeKey, string Host, int Port)
{
    /// <summary>Reads nodeKey@host:port, the key as 0x and 128 hex digits; null when it is something else.</summary>
    public static KnownPeer? Parse(string? text)
    {
        if (text?.Split('@') is not [{ Length: 2 + (2 * PublicKey64.Size) } key, { } address] || !key.StartsWith("0x", StringComparison.Ordinal)) return null;
        byte[] bytes = new byte[PublicKey64.Size];
        if (Convert.FromHexString(key.AsSpan(2), bytes, out _, out _) != System.Buffers.OperationStatus.Done) return null;
        return NodePeers.Parse(address) is { } place ? new KnownPeer(PublicKey64.From(bytes), place.Host, place.Port) : null;
    }
}

/// <summary>Keeps who may have a session up to date with ordering, and with the committees that hand-overs led to.</summary>
/// <param name="peers">Who that is.</param>
/// <param name="epochs">The committees.</param>
/// <param name="sender">Is told.</param>
/// <param name="operators">As ordering has them at the start.</param>
internal sealed class PeerRegistration(NodePeers peers, NodeEpochs epochs, PeerSender sender, OperatorRegistry operators) : IOrderedFollower
{
    private readonly Lock _gate = new();
    private OperatorRegistry _operators = operators;

    public ValueTask OnOrderedAsync(OrderedHeight height, CancellationToken cancellation)
    {
        OrderingResult result = height.Result;
        if (result.Statements.Count > 0 || result.FixedCommittee is not null) Register(() => _operators = result.Operators);
        return ValueTask.CompletedTask;
    }

    /// <summary>Hand-overs led to a committee.</summary>
    public void Lead(Committee committee) => Register(() => peers.Lead(committee));

    public void OnCertified(ResultCertificate certificate)
    {
    }

    public void OnDiverged(Divergence divergence)
    {
    }

    /// <summary>One at a time: the last list that is told is the newest.</summary>
    private void Register(Action change)
    {
        lock (_gate)
        {
            change();
            sender.SetPeers(peers.Registered(_operators, epochs), peers.HasLeft(_operators));
        }
    }
}
