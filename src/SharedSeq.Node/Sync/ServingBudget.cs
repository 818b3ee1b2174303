using SharedSeq.Networking;

namespace SharedSeq.Node;

/// <summary>What each peer may ask a node to read for it: a burst, then as much a second as is refilled. Safe for all peers' loops at once.</summary>
/// <param name="burst">Units in a burst.</param>
/// <param name="perSecond">Units refilled in a second.</param>
internal sealed class ServingBudget(int burst, int perSecond)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerId, (long Left, long RefilledAt)> _peers = [];

    /// <summary>Takes some of a peer's units; false when it asks too often.</summary>
    public bool TryTake(PeerId peer, int units, long nowMs)
    {
        lock (_gate)
        {
            (long left, long refilledAt) = Refilled(peer, nowMs);
            bool isTaken = left >= units;
            _peers[peer] = (isTaken ? left - units : left, refilledAt);
            return isTaken;
        }
    }

    /// <summary>What serving it cost besides, known only now: a peer that got much waits until it is refilled.</summary>
    public void Charge(PeerId peer, int units, long nowMs)
    {
        lock (_gate)
        {
            (long left, long refilledAt) = Refilled(peer, nowMs);
            _peers[peer] = (left - units, refilledAt);
        }
    }

    private (long Left, long RefilledAt) Refilled(PeerId peer, long nowMs)
    {
        if (!_peers.TryGetValue(peer, out (long Left, long RefilledAt) known)) return (burst, nowMs);
        long refill = (nowMs - known.RefilledAt) * perSecond / 1_000;
        return refill > 0 ? (long.Min(burst, known.Left + refill), nowMs) : known;
    }
}
