using SharedSeq.Primitives;

namespace SharedSeq.Adapters;

/// <summary>Who attests the execution of a namespace: n operators of which at most f lie.</summary>
public sealed class AttesterSet
{
    private readonly ReplicaId[] _members;

    /// <param name="members">The operators, without repetition.</param>
    /// <param name="f">At most so many lie; n >= 2f + 1, so that the honest ones alone can decide.</param>
    public AttesterSet(IEnumerable<ReplicaId> members, int f)
    {
        _members = [.. members.Order()];
        F = f;
        Invariant.Check(_members.Length > 0, "an attester set has members");
        Invariant.Check(_members.Distinct().Count() == _members.Length, "an attester set has no member twice");
        Invariant.Check(f >= 0 && _members.Length >= (2 * f) + 1, "an attester set has n >= 2f + 1");
    }

    /// <summary>The set with the default f: a third of the others, (n - 1) / 3.</summary>
    public static AttesterSet WithDefaultFaults(IEnumerable<ReplicaId> members)
    {
        ReplicaId[] all = [.. members];
        return new AttesterSet(all, (all.Length - 1) / 3);
    }

    public int N => _members.Length;

    public int F { get; }

    /// <summary>Equal attestations that make a block executed: the least number above (n + f) / 2.</summary>
    public int Threshold => ((N + F) / 2) + 1;

    /// <summary>Equal attestations of which one is honest.</summary>
    public int OneHonest => F + 1;

    /// <summary>Ascending.</summary>
    public IReadOnlyList<ReplicaId> Members => _members;

    /// <summary>The member's place, -1 for an operator that is none.</summary>
    public int IndexOf(ReplicaId id)
    {
        int index = Array.BinarySearch(_members, id);
        return index < 0 ? -1 : index;
    }
}
