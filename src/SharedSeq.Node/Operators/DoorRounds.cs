namespace SharedSeq.Node;

/// <summary>
/// In which order members' doors are tried: each round begins with the one after the last that was tried, so that a member that says yes and does nothing
/// takes one round of as many as there are members, whatever it answers.
/// </summary>
internal sealed class DoorRounds
{
    private int _next;

    /// <summary>Every door once; whoever stops in the middle goes on there the next time.</summary>
    public IEnumerable<Uri> Next(IReadOnlyList<Uri> doors)
    {
        for (int tried = 0; tried < doors.Count; tried++)
        {
            int at = _next % doors.Count;
            _next = at + 1;
            yield return doors[at];
        }
    }
}
