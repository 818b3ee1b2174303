using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>Which block of L1 is taken.</summary>
public enum L1Tag : byte
{
    /// <summary>What L1's validators finalized: for anything that mints or forces.</summary>
    Finalized = 1,

    /// <summary>What L1's validators justified: may be reorganised in theory.</summary>
    Safe = 2,

    /// <summary>A number of blocks below the newest: for devnets.</summary>
    Depth = 3,
}

/// <summary>One endpoint of L1. Those of one view should have different operators and different client programs.</summary>
/// <param name="Name">What it is called in status, metrics and alerts.</param>
/// <param name="Rpc">Endpoint and limits.</param>
public sealed record L1ProviderOptions(string Name, EthereumRpcOptions Rpc);

/// <summary>What <see cref="L1Providers"/> follows, and its limits.</summary>
public sealed record L1Options
{
    /// <summary>Providers at least: with fewer no majority outvotes one that lies.</summary>
    public const int ProvidersMin = 3;

    /// <summary>Providers at most: each costs a request at every poll.</summary>
    public const int ProvidersMax = 15;

    /// <summary>The chain that every provider must be on.</summary>
    public required ulong ChainId { get; init; }

    public required IReadOnlyList<L1ProviderOptions> Providers { get; init; }

    /// <summary>The number of a block that is trusted, as the block of the contracts' creation is by configuration.</summary>
    public required ulong StartNumber { get; init; }

    /// <summary>The hash of that block: the first one given out has it as its parent.</summary>
    public required Hash32 StartHash { get; init; }

    /// <summary>The contracts whose logs are read.</summary>
    public required IReadOnlyList<EvmAddress> Contracts { get; init; }

    public L1Tag Tag { get; init; } = L1Tag.Finalized;

    /// <summary>Blocks below the newest, for <see cref="L1Tag.Depth"/>. Default 2: devnets mine without forks.</summary>
    public int Depth { get; init; } = 2;

    /// <summary>
    /// Blocks taken over in one poll. Default 64: two epochs of L1, so that an hour's gap closes in five polls.
    /// </summary>
    public int BlocksPerPollMax { get; init; } = 64;

    /// <summary>
    /// Blocks kept below the head, and the deepest reorganisation that is followed. Default 256; a finalized head has none.
    /// </summary>
    public int BlocksKept { get; init; } = 256;

    /// <summary>
    /// Blocks that a provider's newest may be behind that of a quorum before it is suspect. Default 16: three minutes.
    /// </summary>
    public int LagBlocksMax { get; init; } = 16;

    /// <summary>Polls in a row with agreement that make a suspect provider healthy. Default 2: one that flaps stays suspect.</summary>
    public int AgreementsToHeal { get; init; } = 2;

    /// <summary>Time for which a provider that told a lie is not asked. Default 10 min: time for its operator to see it.</summary>
    public TimeSpan Probation { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Providers that must agree: more than half of those configured.</summary>
    public int Quorum => (Providers.Count / 2) + 1;

    /// <exception cref="ArgumentException">A value is out of its range, or two providers have one name.</exception>
    internal void Check()
    {
        if (Providers.Count is < ProvidersMin or > ProvidersMax)
            throw new ArgumentException($"{Providers.Count} L1 providers; {ProvidersMin} to {ProvidersMax} are needed", nameof(Providers));
        if (Providers.Select(provider => provider.Name).Distinct(StringComparer.Ordinal).Count() != Providers.Count)
            throw new ArgumentException("two L1 providers have one name", nameof(Providers));
        if (Providers.Select(provider => provider.Rpc.Endpoint).Distinct().Count() != Providers.Count)
            throw new ArgumentException("two L1 providers have one endpoint: they would be one voice that counts twice", nameof(Providers));
        if (Depth < 0 || BlocksPerPollMax < 1 || BlocksKept < 1 || LagBlocksMax < 1 || AgreementsToHeal < 1 || Probation <= TimeSpan.Zero)
            throw new ArgumentException("a limit of the L1 providers is not positive", nameof(Providers));
    }
}
