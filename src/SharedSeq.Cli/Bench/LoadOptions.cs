namespace SharedSeq.Cli;

/// <summary>What load is put on a network.</summary>
internal sealed record LoadOptions
{
    /// <summary>Connections, spread over the operators.</summary>
    public int Connections { get; init; } = 16;

    /// <summary>Transactions per frame; 1 for single submissions.</summary>
    public int FrameSize { get; init; } = 64;

    /// <summary>Transactions under way over all connections, for a closed loop; 0 for a paced one.</summary>
    public int InFlight { get; init; } = 4_096;

    /// <summary>Transactions a second when paced.</summary>
    public int Rate { get; init; }

    /// <summary>Whether receipts are asked for, too, so that the ledger knows what was accepted and not yet committed.</summary>
    public bool WantsReceipts { get; init; }

    public int PayloadBytes { get; init; } = 512;

    public int WarmUpSeconds { get; init; } = 10;

    public int RunSeconds { get; init; } = 30;
}
