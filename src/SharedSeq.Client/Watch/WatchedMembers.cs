namespace SharedSeq.Client;

/// <summary>
/// Which operators a watch goes on with when the committee changes: those it was given, and whoever joins; not who leaves. Addresses that are no member's, as
/// far as is known, stay: a watch may reach a member in a way of its own. Pure.
/// </summary>
/// <param name="given">Where the watch begins.</param>
/// <param name="members">Where the members of the first committee are.</param>
public sealed class WatchedMembers(IReadOnlyList<Uri> given, IEnumerable<Uri> members)
{
    private readonly List<Uri> _watched = [.. given];
    private HashSet<Uri> _members = [.. members];

    /// <summary>The members are these now.</summary>
    /// <returns>Who is to be watched besides, and who no more.</returns>
    public (IReadOnlyList<Uri> Joined, IReadOnlyList<Uri> Left) Enter(IReadOnlyList<Uri> members)
    {
        // An answer that names nobody says nothing: a watch that drops all it watches would be blind.
        if (members.Count == 0) return ([], []);
        Uri[] joined = [.. members.Where(address => !_members.Contains(address)).Except(_watched)];
        Uri[] left = [.. _watched.Where(address => _members.Contains(address) && !members.Contains(address))];
        _members = [.. members];
        _watched.RemoveAll(left.Contains);
        _watched.AddRange(joined);
        return (joined, left);
    }
}
