using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Asks for certificates that a rule waits for (C6): pieces of at most 64 slots, several per round, another member each round.
/// Rules name the span they miss while they are evaluated; only slots without what is needed are asked for.
/// </summary>
internal sealed class CertificateRepair(ReplicaState state)
{
    private Slot _first;
    private Slot _last;
    private bool _isWanted;
    private bool _needsOthers;
    private ReplicaSet _holders;
    private long _askAtMs = long.MinValue;
    private int _rounds;

    public long NextDeadlineMs => _isWanted ? long.Max(_askAtMs, state.NowMs + 1) : long.MaxValue;

    /// <summary>Forgets what was wanted: the rules say it again when they are evaluated.</summary>
    public void Begin() => _isWanted = false;

    /// <param name="first">Lowest slot of which a certificate is missing.</param>
    /// <param name="last">Highest such slot.</param>
    /// <param name="needsOthers">A further certificate is needed even where one is held: a proposal builds below it, or on another value.</param>
    /// <param name="holders">Members that should have them; asked first.</param>
    public void Want(Slot first, Slot last, bool needsOthers, ReplicaSet holders)
    {
        if (_isWanted)
        {
            if (first < _first) _first = first;
            if (last > _last) _last = last;
            _needsOthers |= needsOthers;
            _holders = new ReplicaSet(_holders.Bits | holders.Bits);
            return;
        }

        _isWanted = true;
        (_first, _last, _needsOthers, _holders) = (first, last, needsOthers, holders);
    }

    public void Flush()
    {
        if (!_isWanted || _askAtMs > state.NowMs) return;
        _askAtMs = state.NowMs + state.FetchRetryMs;
        // Every second round asks anyone: those who should have them may be the faulty ones.
        ReplicaSet holders = _rounds++ % 2 == 0 ? _holders : ReplicaSet.Empty;
        ReplicaSet to = state.Peers.Choose(holders, state.Random);
        Slot slot = _first > state.LastFinalSlot ? _first : state.LastFinalSlot.Next();
        for (int sent = 0; sent < ConsensusLimits.RepairRequestsPerRound && slot <= _last;)
        {
            if (!IsMissing(slot))
            {
                slot = slot.Next();
                continue;
            }

            Slot end = slot.Plus(CertificateRequest.MaxSlots - 1);
            if (end > _last) end = _last;
            state.Send(to, new CertificateRequest(state.Committee.Epoch, slot, end));
            sent++;
            slot = end.Next();
        }
    }

    private bool IsMissing(Slot slot)
    {
        SlotState? held = state.Slots.Find(slot);
        return held is null || held.Certificates.Count == 0 || _needsOthers;
    }
}
