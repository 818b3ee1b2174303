namespace SharedSeq.Ethereum;

/// <summary>One provider with its state: what it showed, how fast, how far it is trusted.</summary>
internal sealed class L1Provider(L1ProviderOptions options, EthereumRpcClient client, L1Options limits, TimeProvider time)
{
    /// <summary>Weight of the newest latency: the last ten or so make the mean.</summary>
    private const double NewestWeight = 0.125;

    private double _latencyMeanMs;
    private double _latencyVarianceMs2;
    private bool _hasLatency;
    private int _agreements;
    private DateTimeOffset? _lastAgreement;
    private DateTimeOffset? _quarantinedUntil;
    private L1Fault _lastFault;

    public string Name => options.Name;

    public EthereumRpcClient Client => client;

    public L1ProviderState State { get; private set; } = L1ProviderState.Healthy;

    public EthereumHeader? Latest { get; set; }

    public EthereumHeader? Safe { get; set; }

    public EthereumHeader? Finalized { get; set; }

    /// <summary>The mean time of its answers; null before the first.</summary>
    public double? LatencyMeanMs => _hasLatency ? _latencyMeanMs : null;

    /// <summary>The number of its block at the configured tag; null while it has none.</summary>
    public ulong? TagNumber => limits.Tag switch
    {
        L1Tag.Finalized => Finalized?.Number,
        L1Tag.Safe => Safe?.Number,
        _ => Latest is { } latest && latest.Number >= (ulong)limits.Depth ? latest.Number - (ulong)limits.Depth : null,
    };

    /// <summary>The header at the tag, when it is known without asking for it.</summary>
    public EthereumHeader? TagHeader => limits.Tag switch
    {
        L1Tag.Finalized => Finalized,
        L1Tag.Safe => Safe,
        _ => limits.Depth == 0 ? Latest : null,
    };

    /// <summary>Its quarantine ends when its time is over: it is then suspect.</summary>
    public void EndProbation(List<L1Event> events)
    {
        if (State != L1ProviderState.Quarantined || time.GetUtcNow() < _quarantinedUntil) return;
        _quarantinedUntil = null;
        Change(L1ProviderState.Suspect, L1Fault.None, events);
    }

    /// <summary>It did something wrong: a lie quarantines at once, anything else makes it suspect.</summary>
    public void OnFault(L1Fault fault, string detail, List<L1Event> events)
    {
        _lastFault = fault;
        _agreements = 0;
        events.Add(new L1ProviderFailed(Name, fault, detail));
        if (fault.IsLie())
        {
            _quarantinedUntil = time.GetUtcNow() + limits.Probation;
            Change(L1ProviderState.Quarantined, fault, events);
        }
        else if (State == L1ProviderState.Healthy)
        {
            Change(L1ProviderState.Suspect, fault, events);
        }
    }

    /// <summary>It agreed in a whole poll.</summary>
    public void OnAgreement(List<L1Event> events)
    {
        _lastAgreement = time.GetUtcNow();
        if (State == L1ProviderState.Suspect && ++_agreements >= limits.AgreementsToHeal)
            Change(L1ProviderState.Healthy, L1Fault.None, events);
    }

    /// <summary>How long its answer took.</summary>
    public void OnLatency(TimeSpan latency)
    {
        double ms = latency.TotalMilliseconds;
        double difference = _hasLatency ? ms - _latencyMeanMs : 0;
        _latencyMeanMs = _hasLatency ? _latencyMeanMs + (NewestWeight * difference) : ms;
        _latencyVarianceMs2 = (1 - NewestWeight) * (_latencyVarianceMs2 + (NewestWeight * difference * difference));
        _hasLatency = true;
    }

    public L1ProviderStatus ToStatus() => new(
        Name, State, _lastFault, Latest, Safe, Finalized, _latencyMeanMs, Math.Sqrt(_latencyVarianceMs2), _lastAgreement, _quarantinedUntil);

    private void Change(L1ProviderState to, L1Fault reason, List<L1Event> events)
    {
        if (State == to) return;
        events.Add(new L1ProviderChanged(Name, State, to, reason));
        State = to;
        _agreements = 0;
    }
}
