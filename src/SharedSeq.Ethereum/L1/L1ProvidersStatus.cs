namespace SharedSeq.Ethereum;

/// <summary>An L1 provider as of the last poll.</summary>
/// <param name="Name">Its name.</param>
/// <param name="State">How far it is trusted.</param>
/// <param name="LastFault">Its last fault; none when it had none.</param>
/// <param name="Latest">The newest block it named.</param>
/// <param name="Safe">Its safe block.</param>
/// <param name="Finalized">Its finalized block.</param>
/// <param name="LatencyMeanMs">The mean time of its answers, weighted to the last ten or so.</param>
/// <param name="LatencyDeviationMs">Their standard deviation, weighted alike.</param>
/// <param name="LastAgreement">When it last agreed with the chain; null when it never did.</param>
/// <param name="QuarantinedUntil">When it is asked again; null when it is not quarantined.</param>
public sealed record L1ProviderStatus(
    string Name, L1ProviderState State, L1Fault LastFault, EthereumHeader? Latest, EthereumHeader? Safe, EthereumHeader? Finalized,
    double LatencyMeanMs, double LatencyDeviationMs, DateTimeOffset? LastAgreement, DateTimeOffset? QuarantinedUntil);

/// <summary>The providers of L1 as of the last poll.</summary>
/// <param name="Head">The last block of the verified chain.</param>
/// <param name="Healthy">Healthy providers.</param>
/// <param name="Quorum">Those needed.</param>
/// <param name="IsDegraded">Whether too few are healthy, so that the view is frozen.</param>
/// <param name="Halt">The conflict that halted the advance; null while it goes on.</param>
/// <param name="HeadSpread">Blocks between the highest and the lowest newest block of providers that are not quarantined.</param>
/// <param name="LatencyVarianceMs2">The variance of the providers' mean latencies, ms squared.</param>
/// <param name="Providers">Each of them, in the order of the configuration.</param>
public sealed record L1ProvidersStatus(
    L1BlockId Head, int Healthy, int Quorum, bool IsDegraded, L1Conflict? Halt, ulong HeadSpread, double LatencyVarianceMs2,
    IReadOnlyList<L1ProviderStatus> Providers);

/// <summary>What a poll gave.</summary>
/// <param name="Blocks">Blocks that follow the head before, or the common block of a reorganisation among the events.</param>
/// <param name="Events">What happened, in order.</param>
/// <param name="Status">How things are now.</param>
public sealed record L1Poll(IReadOnlyList<VerifiedL1Block> Blocks, IReadOnlyList<L1Event> Events, L1ProvidersStatus Status);
