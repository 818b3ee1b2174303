namespace SharedSeq.Simulator;

/// <summary>How the network behaves for a while. Every fault is a named number; zero means it does not exist in this run.</summary>
public sealed record NetworkConditions
{
    /// <summary>Least one-way delay, microseconds.</summary>
    public required int DelayMinUs { get; init; }

    /// <summary>Longest ordinary one-way delay, microseconds.</summary>
    public required int DelayMaxUs { get; init; }

    /// <summary>Messages that take up to ten times the longest ordinary delay, per mille.</summary>
    public int StragglerPerMille { get; init; }

    /// <summary>Messages that never arrive, per mille.</summary>
    public int LossPerMille { get; init; }

    /// <summary>
    /// Final votes and commit proofs that never arrive, per mille, and of First votes two thirds as many: blocks are notarized and not committed, and an
    /// epoch goes on in tails.
    /// </summary>
    public int CommitLossPerMille { get; init; }

    /// <summary>Messages that arrive twice, per mille.</summary>
    public int DuplicatePerMille { get; init; }

    /// <summary>A member that everything reaches late; null when there is none.</summary>
    public NodeId? Laggard { get; init; }

    /// <summary>How many times the ordinary delay messages to the laggard take.</summary>
    public int LaggardFactor { get; init; } = 1;

    /// <summary>Messages on one link may overtake each other.</summary>
    public bool Reorders { get; init; }
}
