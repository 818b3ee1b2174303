using SharedSeq.Consensus;

namespace SharedSeq.Simulator;

/// <summary>What a <see cref="SlotModel"/> explores: the thresholds, who lies, and the rules as they are or with one of them broken.</summary>
/// <param name="Quorum">The thresholds; a mutant's are off by one.</param>
public sealed record SlotRules(QuorumParameters Quorum)
{
    /// <summary>Blocks that can get votes in the slot, 1 to <see cref="SlotModel.MaxBlocks"/>.</summary>
    public int Blocks { get; init; } = 2;

    /// <summary>Members that lie; f unless a mutant says otherwise.</summary>
    public int Liars { get; init; } = Quorum.F;

    /// <summary>Honest members that never take part (C9).</summary>
    public int Crashed { get; init; }

    /// <summary>A Final without an own First, as Kudzu has it. R6 and R7 as written cast the First before it.</summary>
    public bool AllowsFinalWithoutFirst { get; init; }

    /// <summary>Broken on purpose: whoever cast a Final without a First casts any First afterwards (C5).</summary>
    public bool AllowsFirstAfterFinal { get; init; }

    /// <summary>Rules that the core breaks on purpose as well.</summary>
    internal ProtocolMutations Mutations { get; init; }

    internal bool Is(ProtocolMutations mutation) => (Mutations & mutation) != 0;
}
