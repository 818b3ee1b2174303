namespace SharedSeq.Simulator;

/// <summary>How a member's quorum of providers stands to L1. Values appear in JSON.</summary>
public enum L1Reading
{
    /// <summary>Shows the true chain, a while later. One provider of it that lies changes nothing: the quorum outvotes it.</summary>
    True = 0,

    /// <summary>So many of its providers lie that from some block on it shows another chain. The member is honest and counts as faulty.</summary>
    FalseChain = 1,

    /// <summary>From some block on it shows the true blocks and reads other inputs in them. The member is honest and counts as faulty.</summary>
    FalseInputs = 2,
}

/// <summary>How one node reads L1.</summary>
/// <param name="Reading">What it is shown.</param>
/// <param name="LagMs">How much later than the fastest.</param>
/// <param name="FrozenFromMs">Its quorum is lost at this time; 0 for never.</param>
/// <param name="FrozenToMs">It is back.</param>
public sealed record L1Reader(L1Reading Reading, int LagMs, int FrozenFromMs, int FrozenToMs);

/// <summary>The L1 of a run, and who reads it how. Times in simulated milliseconds.</summary>
public sealed record L1Settings
{
    /// <summary>Time between finalized blocks.</summary>
    public required int BlockMs { get; init; }

    /// <summary>No block is finalized after this; 0 for never.</summary>
    public required int StallsAtMs { get; init; }

    /// <summary>From this time on nobody's providers answer, for good; 0 for never.</summary>
    public required int DownAtMs { get; init; }

    /// <summary>Block from which on deceived readers are shown something else.</summary>
    public required ulong LieFrom { get; init; }

    /// <summary>Blocks with inputs, per mille.</summary>
    public required int InputsPerMille { get; init; }

    /// <summary>By node.</summary>
    public required IReadOnlyList<L1Reader> Readers { get; init; }

    public bool IsDeceived(NodeId node) => Readers[node.Value].Reading != L1Reading.True;
}
