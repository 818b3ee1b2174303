using SharedSeq.Networking;

namespace SharedSeq.Node;

/// <summary>How many pieces of checkpoints one peer is given: a burst, then as many a second as are refilled. Safe for all peers' loops at once.</summary>
internal sealed class ServingBudget
{
    /// <summary>Pieces in a burst. 128, 32 MiB: half of what may wait on a peer's bulk connection.</summary>
    private const int Burst = 128;

    /// <summary>Milliseconds for one more. 5: 50 MiB a second, twice what a member asks of one other.</summary>
    private const int RefillMs = 5;

    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, (int Left, long RefilledAt)> _peers = [];

    /// <summary>Takes some of a peer's pieces; false when it asks too often.</summary>
    public bool TryTake(PeerId peer, int pieces, long nowMs)
    {
        lock (_gate)
        {
            (int left, long refilledAt) = _peers.TryGetValue(peer, out (int, long) known) ? known : (Burst, nowMs);
            long refill = (nowMs - refilledAt) / RefillMs;
            if (refill > 0) (left, refilledAt) = ((int)long.Min(Burst, left + refill), nowMs);
            bool isTaken = left >= pieces;
            _peers[peer] = (isTaken ? left - pieces : left, refilledAt);
            return isTaken;
        }
    }
}
