namespace SharedSeq.Simulator;

/// <summary>How the committee of a run changes from epoch to epoch.</summary>
/// <param name="Joiners">Nodes beyond the first committee: they start empty at any time and observe until they are seated.</param>
/// <param name="PerMille">Boundaries at which something changes, per mille.</param>
/// <param name="EpochsAfter">Epochs that a run goes on for after stabilisation.</param>
public sealed record CommitteeChanges(int Joiners, int PerMille, int EpochsAfter)
{
    /// <summary>Every epoch has the first committee.</summary>
    public static readonly CommitteeChanges None = new(0, 0, 1);

    /// <summary>
    /// Operators ask for the changes by signed statements, and ordering decides. Otherwise they are drawn from the seed, among them what no statement asks for,
    /// a member in another seat for instance.
    /// </summary>
    public bool IsOrdered { get; init; }

    /// <summary>A committee that is drawn grows to this size at most.</summary>
    public const int MembersMax = 8;
}
