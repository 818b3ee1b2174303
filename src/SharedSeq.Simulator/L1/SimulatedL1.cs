using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>The finalized chain of L1, and the ones that deceived members are shown.</summary>
public sealed class SimulatedL1
{
    /// <summary>Before the first block whose inputs count.</summary>
    public static readonly L1View Start = new(
        9_000, 100, Sha.Of("the network's start on L1"u8), Sha.Of("before it"u8), (ulong)SimulatedClock.StartWallMs / 1_000, Hash32.Zero);

    private readonly L1Settings _settings;
    private readonly ulong _seed;
    private readonly Dictionary<L1Reading, List<L1Block>> _chains = [];

    public SimulatedL1(L1Settings settings, ulong seed)
    {
        _settings = settings;
        _seed = seed;
        foreach (L1Reading reading in Enum.GetValues<L1Reading>()) _chains[reading] = [];
    }

    /// <summary>The newest block finalized at a simulated time.</summary>
    public ulong HeadAt(long nowMs)
    {
        if (_settings.StallsAtMs > 0) nowMs = long.Min(nowMs, _settings.StallsAtMs);
        return Start.Number + (ulong)long.Max(0, nowMs / _settings.BlockMs);
    }

    /// <summary>A block as it is, or as somebody is shown it.</summary>
    public L1Block Block(ulong number, L1Reading reading = L1Reading.True)
    {
        List<L1Block> chain = _chains[reading];
        while ((ulong)chain.Count < number - Start.Number) chain.Add(Next(chain, reading));
        return chain[(int)(number - Start.Number - 1)];
    }

    /// <summary>The true view with this number.</summary>
    public L1View ViewOf(ulong number) => number == Start.Number ? Start : Block(number).View;

    private L1Block Next(List<L1Block> chain, L1Reading reading)
    {
        L1View parent = chain.Count == 0 ? Start : chain[^1].View;
        ulong number = parent.Number + 1;
        bool isLie = reading != L1Reading.True && number >= _settings.LieFrom;
        ulong timestamp = Start.Timestamp + ((number - Start.Number) * (ulong)_settings.BlockMs / 1_000);
        ulong salt = isLie && reading == L1Reading.FalseChain ? 1UL : 0;
        return L1Block.Above(parent, HashOf(number, salt), timestamp, Items(number, isLie));
    }

    private Hash32 HashOf(ulong number, ulong salt)
    {
        var writer = new CanonicalWriter();
        writer.U64(_seed);
        writer.U64(number);
        writer.U64(salt);
        return Sha.Of(writer.Written);
    }

    private byte[] Items(ulong number, bool isLie)
    {
        var random = new Prng(_seed ^ (number << 20) ^ (isLie ? 1UL : 0));
        if (!isLie && !random.Chance(_settings.InputsPerMille)) return [];
        byte[] items = new byte[1 + random.Below(200)];
        for (int i = 0; i < items.Length; i++) items[i] = (byte)random.NextU64();
        return items;
    }
}
