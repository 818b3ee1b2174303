namespace SharedSeq.Consensus;

/// <summary>How often one peer may still ask: a burst, then as many a second as it is refilled (R11).</summary>
internal sealed class RequestBudget
{
    private int _left = ConsensusLimits.RequestBurst;
    private long _refilledAtMs;

    public void Start(long nowMs) => _refilledAtMs = nowMs;

    /// <summary>Takes one request; false when the peer asks too often.</summary>
    public bool TryTake(long nowMs)
    {
        long refill = (nowMs - _refilledAtMs) / ConsensusLimits.RequestRefillMs;
        if (refill > 0)
        {
            _left = (int)long.Min(ConsensusLimits.RequestBurst, _left + refill);
            _refilledAtMs = nowMs;
        }

        if (_left == 0) return false;
        _left--;
        return true;
    }
}
