namespace SharedSeq.Consensus;

/// <summary>Bounds of the slot machinery that no policy changes. Each with its unit and reason.</summary>
internal static class ConsensusLimits
{
    /// <summary>Slots whose own votes and certificates are re-sent at once, oldest first: about 200 small messages, and the oldest unblock the rest.</summary>
    public const int ResendSlots = 64;

    /// <summary>Slots in which R2 votes at once. A forged history can not make a gap, but a stale certificate can make a long one look open.</summary>
    public const int GapSlotsPerPass = 64;

    /// <summary>Heights handed to the lanes ahead of what is archived: bounds what waits for batches during a catch-up.</summary>
    public const int OrderAhead = 1024;

    /// <summary>Blocks of the final chain kept in memory while walking back; above it only every 256th id is kept and the rest is fetched again.</summary>
    public const int ChainBlocksMax = 16 * 1024;

    /// <summary>Body bytes of one BlockResponse: it shares a connection with votes and must not hold them up.</summary>
    public const int BlockResponseBytes = 256 * 1024;

    /// <summary>Missing blocks asked for at a time, besides the final chain: two values per slot of a few slots.</summary>
    public const int WantedBlocksMax = 64;

    /// <summary>Pieces of a certificate gap asked for in one round: 256 slots.</summary>
    public const int RepairRequestsPerRound = 4;

    /// <summary>Milliseconds between two commit proofs sent to one member that seems behind (R11): a late vote is normal, and one answer serves many.</summary>
    public const int StaleAnswerMs = 100;

    /// <summary>Requests a peer may make in a burst; refilled by one each <see cref="RequestRefillMs"/>.</summary>
    public const int RequestBurst = 32;

    /// <summary>Milliseconds per further request: 100 a second answer a catch-up of 25,000 heights a second.</summary>
    public const int RequestRefillMs = 10;
}
