using SharedSeq.Adapters;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>What this operator says of a block, and what its client made of it.</summary>
internal sealed record OwnAttestation(Attestation Attestation, ExecutionOutcome Outcome);

/// <summary>One rollup as the attestation actor sees it. Belongs to that actor's loop.</summary>
internal sealed class AttestedRollup
{
    private readonly SortedDictionary<ulong, OwnAttestation> _own = [];
    private readonly SortedSet<ulong> _uncertified = [];
    private CommitteeSeats _seats;

    public AttestedRollup(Rollup rollup, CommitteeSeats seats)
    {
        Rollup = rollup;
        _seats = seats;
        Attesters = AttestersOf(rollup.Policy, seats);
        Book = new AttestationBook(rollup.Policy.Id, Attesters);
    }

    public Rollup Rollup { get; }

    /// <summary>The seats that attest: those of the operators that the policy names, all where none of them has a seat.</summary>
    public AttesterSet Attesters { get; private set; }

    public AttestationBook Book { get; private set; }

    /// <summary>Tells the own adapter that a block was executed differently by the others.</summary>
    public Action<ulong>? Deviated { get; set; }

    /// <summary>Goes on with the attesters of a committee; false when its seats are had by the same node keys as before.</summary>
    public bool TryEnter(CommitteeSeats seats)
    {
        bool isSame = seats.Plan.Members.Select(member => member.NodeKey).SequenceEqual(_seats.Plan.Members.Select(member => member.NodeKey));
        _seats = seats;
        if (isSame) return false;
        Attesters = AttestersOf(Rollup.Policy, seats);
        Book = Book.For(Attesters);
        return true;
    }

    /// <summary>What the own client made of a block, while it is kept.</summary>
    public Attestation? Own(ulong number) => _own.GetValueOrDefault(number)?.Attestation;

    public void AddOwn(OwnAttestation own)
    {
        _own[own.Attestation.Number] = own;
        if (_own.Count > AttestationBook.DefaultBlocksKept) _own.Remove(_own.First().Key);
    }

    /// <summary>From a block on the own client was wrong: what it said is not to be said again.</summary>
    public void TakeBackOwn(ulong from)
    {
        foreach (ulong number in _own.Keys.Where(n => n >= from).ToArray()) _own.Remove(number);
    }

    public void AddUncertified(ulong number) => _uncertified.Add(number);

    /// <summary>A block hash covers its chain: with one block certified, so is everything below.</summary>
    public IReadOnlyList<ulong> TakeUncertified(ulong upTo)
    {
        var taken = new List<ulong>();
        while (_uncertified.Count > 0 && _uncertified.Min <= upTo)
        {
            taken.Add(_uncertified.Min);
            _uncertified.Remove(_uncertified.Min);
        }

        return taken;
    }

    /// <summary>The newest own attestations, the newest always: a peer that was away may know none of them.</summary>
    public IReadOnlyList<OwnAttestation> ToResend(int max)
    {
        if (_own.Count == 0) return [];
        ulong executed = Book.Executed?.Number ?? 0;
        ulong newest = _own.Keys.Last();
        return [.. _own.Values.Reverse().Take(max).Where(own => own.Attestation.Number == newest || own.Attestation.Number > executed)];
    }

    private static AttesterSet AttestersOf(NamespacePolicy policy, CommitteeSeats seats)
    {
        ReplicaId[] members =
            [.. Enumerable.Range(0, seats.Operators.Count).Where(i => seats.Operators[i] is not null).Select(i => new ReplicaId((ushort)i))];
        ReplicaId[] chosen = [.. members.Where(seat => policy.Attests(seats.Operators[seat.Value]!.Value))];
        return AttesterSet.WithDefaultFaults(chosen.Length > 0 ? chosen : members);
    }
}
