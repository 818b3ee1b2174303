using System.Buffers.Binary;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>One secret of one member. Who holds the object can sign; attackers are handed their own only.</summary>
public sealed class SimulatedKey : ISigner
{
    private readonly ulong _key0;
    private readonly ulong _key1;

    internal SimulatedKey(Prng random, ulong number)
    {
        _key0 = random.NextU64();
        _key1 = random.NextU64();
        Span<byte> bytes = stackalloc byte[Hash32.Size];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, number);
        Public = new PublicKey64(new Hash32(bytes), Hash32.Zero);
    }

    public PublicKey64 Public { get; }

    public Signature64 Sign(ReadOnlySpan<byte> text)
    {
        (ulong high, ulong low) = KeyedHash.Of(_key0, _key1, text);
        Span<byte> bytes = stackalloc byte[Hash32.Size];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, high);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], low);
        return new Signature64(new Hash32(bytes), Hash32.Zero);
    }
}

/// <summary>A seat's two secrets.</summary>
public sealed record SimulatedKeys(SimulatedKey Vote, SimulatedKey Node);

/// <summary>
/// Signatures of a simulated network: keyed hashes under secrets drawn from the seed. Verifying means computing it again with the secret that
/// belongs to the public key, which only this table knows: nobody in a run can forge one.
/// </summary>
public sealed class SimulatedSignatures : ISignatureScheme
{
    /// <summary>Keys of a kind that a node may use one after the other.</summary>
    public const int Generations = 8;

    private readonly SimulatedKey[] _keys;

    public SimulatedSignatures(int nodes, Prng random)
    {
        // Numbers from 1 on: the all-zero key is nobody's.
        _keys = new SimulatedKey[1 + (2 * nodes * Generations)];
        for (int i = 0; i < _keys.Length; i++) _keys[i] = new SimulatedKey(random, (ulong)i);
    }

    /// <summary>The keys of a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="vote">How often it rotated its vote key before.</param>
    /// <param name="own">How often it rotated its node key before.</param>
    public SimulatedKeys KeysOf(NodeId node, int vote = 0, int own = 0)
    {
        int first = 1 + (2 * node.Value * Generations);
        return new SimulatedKeys(_keys[first + (2 * vote)], _keys[first + (2 * own) + 1]);
    }

    /// <summary>Whose seat has these keys; null for an empty one, and for keys that no two secrets of one node make.</summary>
    public SimulatedSeat? SeatWith(CommitteeMember member)
    {
        int vote = NumberOf(member.VoteKey);
        int own = NumberOf(member.NodeKey);
        int node = (vote - 1) / (2 * Generations);
        if (vote == 0 || own == 0 || (own - 1) / (2 * Generations) != node) return null;
        return new SimulatedSeat(new NodeId(node), new SimulatedKeys(_keys[vote], _keys[own]));
    }

    /// <summary>The secret of a public key of this run.</summary>
    public SimulatedKey SecretOf(PublicKey64 key) => _keys[NumberOf(key)];

    private int NumberOf(PublicKey64 key)
    {
        ulong number = key.X.Prefix;
        return number < (ulong)_keys.Length && _keys[number].Public == key ? (int)number : 0;
    }

    public bool Verify(PublicKey64 key, ReadOnlySpan<byte> text, Signature64 signature)
    {
        ulong number = key.X.Prefix;
        return number > 0 && number < (ulong)_keys.Length && _keys[number].Public == key && _keys[number].Sign(text) == signature;
    }
}
