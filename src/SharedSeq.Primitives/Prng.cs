namespace SharedSeq.Primitives;

/// <summary>A small seeded generator (SplitMix64): the only source of randomness in deterministic code. Not for keys.</summary>
public sealed class Prng(ulong seed)
{
    private ulong _state = seed;

    public ulong NextU64()
    {
        ulong z = _state += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }

    /// <summary>Uniform in [0, bound); bound must be positive.</summary>
    public int Below(int bound)
    {
        Invariant.Check(bound > 0, "Prng.Below needs a positive bound");
        return (int)(((UInt128)NextU64() * (ulong)bound) >> 64);
    }

    /// <summary>Uniform in [low, high], both ends included.</summary>
    public long Between(long low, long high)
    {
        Invariant.Check(low <= high, "Prng.Between needs low <= high");
        return low + (long)(((UInt128)NextU64() * ((ulong)(high - low) + 1)) >> 64);
    }

    /// <summary>True with probability <paramref name="perMille"/> / 1000.</summary>
    public bool Chance(int perMille) => Below(1000) < perMille;

    /// <summary>An independent generator, so that one consumer's draws do not shift another's.</summary>
    public Prng Fork() => new(NextU64());

    public void Shuffle<T>(Span<T> items)
    {
        for (int i = items.Length - 1; i > 0; i--)
        {
            int j = Below(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }
}
