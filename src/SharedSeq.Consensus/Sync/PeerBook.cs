using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>What is known about one other member: its session, how far it is, and what it may still ask for. Volatile.</summary>
internal sealed class PeerRecord
{
    /// <summary>When any valid frame came by its session. Milliseconds, monotonic.</summary>
    public long HeardAtMs { get; set; }

    public bool IsConnected { get; set; } = true;

    /// <summary>A slot it is known to have entered: it needs no certificate of an earlier one.</summary>
    public Slot Entered { get; set; }

    /// <summary>Slots it led in a row that were skipped, since its last Status (R5).</summary>
    public int SkippedInRow { get; set; }

    public Slot LastSkipped { get; set; }

    public long ProofSentAtMs { get; set; } = long.MinValue / 2;

    /// <summary>When it was asked how the present epoch ended.</summary>
    public long AskedAtMs { get; set; } = long.MinValue / 2;

    public RequestBudget Requests { get; } = new();

    // Counters for status and metrics.
    public ulong SlotsLed { get; set; }

    public ulong SlotsSkipped { get; set; }

    public ulong SlotsTimedOut { get; set; }
}

/// <summary>The members as this replica sees them, by ReplicaId; its own record holds counters only.</summary>
internal sealed class PeerBook
{
    private readonly PeerRecord[] _peers;
    private readonly ReplicaId? _self;

    public PeerBook(int members, ReplicaId? self)
    {
        _self = self;
        _peers = new PeerRecord[members];
        for (int i = 0; i < members; i++) _peers[i] = new PeerRecord();
    }

    public PeerRecord this[ReplicaId id] => _peers[id.Value];

    public void Start(long nowMs)
    {
        foreach (PeerRecord peer in _peers)
        {
            peer.HeardAtMs = nowMs;
            peer.Requests.Start(nowMs);
        }
    }

    public void Heard(ReplicaId id, long nowMs) => _peers[id.Value].HeardAtMs = nowMs;

    /// <summary>A signed statement of this member shows that it is in this slot or a later one.</summary>
    public void Entered(ReplicaId id, Slot slot)
    {
        PeerRecord peer = _peers[id.Value];
        if (slot > peer.Entered) peer.Entered = slot;
    }

    /// <summary>The first certificate of a slot says how its leader did.</summary>
    public void SlotEnded(ReplicaId leader, Slot slot, bool isSkipped)
    {
        PeerRecord peer = _peers[leader.Value];
        if (isSkipped)
        {
            peer.SlotsSkipped++;
            peer.SkippedInRow++;
            if (slot > peer.LastSkipped) peer.LastSkipped = slot;
            return;
        }

        peer.SlotsLed++;
        peer.SkippedInRow = 0;
    }

    /// <summary>
    /// A leader's signed Status gives it the full timer back, if it was made after its last skipped slot: an old one that somebody replays was not.
    /// </summary>
    public void StatusSeen(ReplicaId id, Slot current)
    {
        Entered(id, current);
        PeerRecord peer = _peers[id.Value];
        if (current > peer.LastSkipped) peer.SkippedInRow = 0;
    }

    /// <summary>R5's dead-leader clause: silent for Tbase, or its last two slots skipped and no Status since.</summary>
    public bool IsDead(ReplicaId leader, long nowMs, int silentMs)
    {
        if (leader == _self) return false;
        PeerRecord peer = _peers[leader.Value];
        return nowMs - peer.HeardAtMs >= silentMs || peer.SkippedInRow >= 2;
    }

    /// <summary>Takes one request from the member's budget; false when it asks too often.</summary>
    public bool TryTakeRequest(ReplicaId id, long nowMs) => _peers[id.Value].Requests.TryTake(nowMs);

    /// <summary>Somebody to ask: a connected member of the preferred ones, else any connected one, else anyone; empty when there is nobody else.</summary>
    public ReplicaSet Choose(ReplicaSet preferred, Prng random)
    {
        ReplicaSet others = ReplicaSet.AllBut(_peers.Length, _self);
        ReplicaSet connected = ReplicaSet.Empty;
        foreach (ReplicaId id in others)
        {
            if (_peers[id.Value].IsConnected) connected = connected.With(id);
        }

        var wanted = new ReplicaSet(preferred.Bits & connected.Bits);
        if (wanted.Count == 0) wanted = connected;
        if (wanted.Count == 0) wanted = others;
        if (wanted.Count == 0) return ReplicaSet.Empty;
        int skip = random.Below(wanted.Count);
        foreach (ReplicaId id in wanted)
        {
            if (skip-- == 0) return ReplicaSet.Of(id);
        }

        return ReplicaSet.Empty;
    }
}
