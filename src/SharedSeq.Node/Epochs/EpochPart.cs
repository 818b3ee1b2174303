using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>One epoch as this node has to do with it. Never changes; any thread may use it.</summary>
public sealed class EpochPart
{
    private readonly PeerId?[] _peers;
    private readonly Dictionary<PeerId, ReplicaId> _seats = [];

    /// <param name="genesis">The block it began from.</param>
    /// <param name="start">That block's resolved timestamp.</param>
    /// <param name="committee">Who serves.</param>
    /// <param name="self">The own seat; null for a node that has none.</param>
    /// <param name="verifier">Checks what was signed in it.</param>
    /// <param name="peerOf">The number of a node key; null for an own one and for an empty seat's.</param>
    public EpochPart(
        BlockId genesis, TimestampMs start, Committee committee, ReplicaId? self, MessageVerifier verifier, Func<PublicKey64, PeerId?> peerOf)
    {
        Genesis = genesis;
        Start = start;
        Committee = committee;
        Self = self;
        Verifier = verifier;
        _peers = new PeerId?[committee.Count];
        for (int i = 0; i < _peers.Length; i++)
        {
            var seat = new ReplicaId((ushort)i);
            _peers[i] = peerOf(committee[seat].NodeKey);
            if (_peers[i] is { } peer) _seats[peer] = seat;
        }
    }

    public BlockId Genesis { get; }

    public TimestampMs Start { get; }

    public Committee Committee { get; }

    public ReplicaId? Self { get; }

    public MessageVerifier Verifier { get; }

    public Epoch Epoch => Committee.Epoch;

    /// <summary>See EpochStart.Places.</summary>
    public IReadOnlyList<SeatPlace> Places { get; init; } = [];

    public EpochSeat Seat => new(Committee, Self);

    /// <summary>The peer that has a seat; null for the own one and for an empty one.</summary>
    public PeerId? PeerOf(ReplicaId seat) => seat.Value < _peers.Length ? _peers[seat.Value] : null;

    /// <summary>The seat that a peer has; null for one that has none.</summary>
    public ReplicaId? SeatOf(PeerId peer) => _seats.TryGetValue(peer, out ReplicaId seat) ? seat : null;

    /// <summary>All other members.</summary>
    public ReplicaSet Others => ReplicaSet.AllBut(Committee.Count, Self);
}
