namespace SharedSeq.Client;

/// <summary>How patient a watch-tower is.</summary>
public sealed record WatchOptions
{
    /// <summary>The operators' slot timer. Default 300 ms, theirs. No progress for twice as long is an alert.</summary>
    public TimeSpan SlotTimeout { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How long an operator may give no answer, or be behind the others. Default 5 s: a restart of a process is longer, a pause shorter.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a member may lead no block while the network moves on. Default 60 s.</summary>
    public TimeSpan LeadSpan { get; init; } = TimeSpan.FromSeconds(60);
}
