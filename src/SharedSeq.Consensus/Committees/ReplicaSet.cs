using System;
using System.Numerics;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>A set of replicas of one committee, as a 128-bit bitmap (bit i is replica i).</summary>
public readonly record struct ReplicaSet(UInt128 Bits)
{
    public static readonly ReplicaSet Empty;

    public int Count => BitOperations.PopCount((ulong)Bits) + BitOperations.PopCount((ulong)(Bits >> 64));

    public static ReplicaSet Of(ReplicaId id) => new(UInt128.One << id.Value);

    public static ReplicaSet All(int n) => new(n == 128 ? UInt128.MaxValue : (UInt128.One << n) - 1);

    /// <summary>All members but one; all when it is null.</summary>
    public static ReplicaSet AllBut(int n, ReplicaId? id) => id is { } one ? All(n).Without(one) : All(n);

    public bool Has(ReplicaId id) => (Bits >> id.Value & 1) != 0;

    public ReplicaSet With(ReplicaId id) => new(Bits | (UInt128.One << id.Value));

    public ReplicaSet Without(ReplicaId id) => new(Bits & ~(UInt128.One << id.Value));

    public ReplicaSet Except(ReplicaSet other) => new(Bits & ~other.Bits);

    /// <summary>The members in ascending order.</summary>
    public Enumerator GetEnumerator() => new(Bits);

    /// <summary>Walks the set bits upwards.</summary>
    public struct Enumerator(UInt128 bits)
    {
        private UInt128 _rest = bits;

        public ReplicaId Current { get; private set; }

        public bool MoveNext()
        {
            if (_rest == 0) return false;
            int index = (int)UInt128.TrailingZeroCount(_rest);
            _rest &= _rest - 1;
            Current = new ReplicaId((ushort)index);
            return true;
        }
    }
}
