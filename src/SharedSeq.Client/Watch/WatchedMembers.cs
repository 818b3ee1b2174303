using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>
/// Which operators a watch goes on with when the committee changes: those it was given, and whoever joins; not who leaves. Where members are reached is an
/// operator's word, so what one says alone changes nothing: f+1 of those watched must name an address, or leave it out, as many as one honest operator is
/// among. Addresses that are no member's, as far as is known, stay: a watch may reach a member in a way of its own. Pure.
/// </summary>
/// <param name="given">Where the watch begins.</param>
/// <param name="members">Where the members of the first committee are.</param>
public sealed class WatchedMembers(IReadOnlyList<Uri> given, IEnumerable<Uri> members)
{
    private readonly List<Uri> _watched = [.. given.Distinct()];
    private readonly HashSet<Uri> _members = [.. members];

    /// <summary>What those watched say of the newest epoch; each has one word.</summary>
    private readonly Dictionary<Uri, HashSet<Uri>> _told = [];
    private Epoch _epoch = Epoch.Zero;

    /// <summary>An operator says where an epoch's members are reached.</summary>
    /// <param name="from">Who says it.</param>
    /// <param name="epoch">The newest epoch; of an older one nothing is taken.</param>
    /// <param name="oneHonest">f+1 of its committee. All that are watched, where those are fewer.</param>
    /// <param name="members">The addresses.</param>
    /// <returns>Who is to be watched besides, and who no more.</returns>
    public (IReadOnlyList<Uri> Joined, IReadOnlyList<Uri> Left) Tell(Uri from, Epoch epoch, int oneHonest, IReadOnlyList<Uri> members)
    {
        // An answer that names nobody says nothing: a watch that drops all it watches would be blind.
        if (epoch < _epoch || members.Count == 0 || !_watched.Contains(from)) return ([], []);
        if (epoch > _epoch) _told.Clear();
        _epoch = epoch;
        _told[from] = [.. members];
        int needed = int.Min(oneHonest, _watched.Count);
        HashSet<Uri> present = [.. _told.Values.SelectMany(named => named).Where(address => _told.Values.Count(named => named.Contains(address)) >= needed)];
        HashSet<Uri> gone =
            [.. _members.Where(address => !present.Contains(address) && _told.Values.Count(named => !named.Contains(address)) >= needed)];
        Uri[] joined = [.. present.Where(address => !_members.Contains(address)).Except(_watched)];
        Uri[] left = [.. _watched.Where(gone.Contains)];
        _members.UnionWith(present);
        _members.ExceptWith(gone);
        _watched.RemoveAll(gone.Contains);
        _watched.AddRange(joined);
        foreach (Uri address in left) _told.Remove(address);
        return (joined, left);
    }
}
