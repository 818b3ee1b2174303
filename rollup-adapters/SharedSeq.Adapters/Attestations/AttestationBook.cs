using SharedSeq.Primitives;

namespace SharedSeq.Adapters;

/// <summary>What became of an attestation handed to the book.</summary>
public enum AttestationVerdict : byte
{
    /// <summary>Counted.</summary>
    Recorded = 1,

    /// <summary>Counted before.</summary>
    Duplicate = 2,

    /// <summary>Counted in place of the attester's other one for the block: it corrected itself.</summary>
    Replaced = 3,

    /// <summary>
    /// Refused: contradicts the attester's own, after the block was decided. Worth an alarm: a correct client does not
    /// do that.
    /// </summary>
    Contradicts = 4,

    /// <summary>Refused: not of this namespace's attester set.</summary>
    NotAnAttester = 5,

    /// <summary>Refused: of another namespace.</summary>
    WrongNamespace = 6,

    /// <summary>Refused: below what is kept of this attester.</summary>
    TooOld = 7,
}

/// <summary>What changed when an attestation was added.</summary>
/// <param name="Verdict">What became of it.</param>
/// <param name="Executed">The block that it made executed, null otherwise.</param>
/// <param name="IsNewSplit">Whether it made two values of its block stand with f + 1 attesters each.</param>
/// <param name="NewlyDeviant">Attesters whose own value turned out not to be the executed one.</param>
public sealed record AttestationChange(
    AttestationVerdict Verdict, Attestation? Executed, bool IsNewSplit, IReadOnlyList<ReplicaId> NewlyDeviant);

/// <summary>
/// Collects one namespace's attestations and says what they amount to: executed, split, or an operator whose client
/// deviates and is to be quarantined. Pure. Memory is bounded by keeping the newest <c>blocksKept</c> of each attester:
/// nobody can displace another's.
/// </summary>
public sealed class AttestationBook
{
    /// <summary>
    /// Blocks kept per attester. Default 1,024: over three minutes at the devnet's 200 ms, far above any honest lag
    /// that matters.
    /// </summary>
    public const int DefaultBlocksKept = 1_024;

    private readonly NamespaceId _namespace;
    private readonly AttesterSet _attesters;
    private readonly int _blocksKept;
    private readonly SortedDictionary<ulong, Attestation>[] _newest;
    private readonly SortedDictionary<ulong, Attestation> _decided = [];
    private readonly SortedSet<ulong> _splits = [];
    private readonly bool[] _deviant;

    public AttestationBook(NamespaceId ns, AttesterSet attesters, int blocksKept = DefaultBlocksKept)
    {
        Invariant.Check(blocksKept > 0, "a book keeps at least one block");
        _namespace = ns;
        _attesters = attesters;
        _blocksKept = blocksKept;
        _newest = [.. attesters.Members.Select(_ => new SortedDictionary<ulong, Attestation>())];
        _deviant = new bool[attesters.N];
    }

    /// <summary>
    /// The highest executed block; null before the first. An execution client's block hash covers its chain, so
    /// everything below is executed too.
    /// </summary>
    public Attestation? Executed { get; private set; }

    /// <summary>
    /// Blocks for which two values have f + 1 attesters each, ascending: the namespace is degraded and nothing of it is
    /// posted.
    /// </summary>
    public IReadOnlyCollection<ulong> Splits => _splits;

    /// <summary>
    /// Attesters whose newest value of a decided block is not the executed one, ascending: their clients are to be
    /// quarantined.
    /// </summary>
    public IReadOnlyList<ReplicaId> Deviant => [.. _attesters.Members.Where((_, i) => _deviant[i])];

    /// <summary>Attestations held: at most attesters times blocks kept.</summary>
    public int Count => _newest.Sum(own => own.Count);

    /// <summary>Whether an operator's client is out of line with the executed blocks.</summary>
    public bool IsDeviant(ReplicaId operatorId)
    {
        int index = _attesters.IndexOf(operatorId);
        return index >= 0 && _deviant[index];
    }

    /// <summary>The value by which a block was decided, while it is kept.</summary>
    public bool TryGetExecuted(ulong number, out Attestation? attestation) =>
        _decided.TryGetValue(number, out attestation);

    /// <summary>Attesters of a block with what they say, ascending by operator.</summary>
    public IReadOnlyList<(ReplicaId Attester, Attestation Value)> Of(ulong number)
    {
        var found = new List<(ReplicaId, Attestation)>();
        for (int i = 0; i < _newest.Length; i++)
        {
            if (_newest[i].TryGetValue(number, out Attestation? value)) found.Add((_attesters.Members[i], value));
        }

        return found;
    }

    /// <summary>
    /// The book to go on with when other operators have the attesters' places: what is decided stays; what is not is to be said again, or one
    /// that changed its place would be counted twice.
    /// </summary>
    public AttestationBook For(AttesterSet attesters)
    {
        var next = new AttestationBook(_namespace, attesters, _blocksKept) { Executed = Executed };
        foreach ((ulong number, Attestation decided) in _decided) next._decided.Add(number, decided);
        return next;
    }

    /// <summary>Adds an attestation whose signature was checked.</summary>
    public AttestationChange Add(ReplicaId attester, Attestation attestation)
    {
        int index = _attesters.IndexOf(attester);
        AttestationVerdict verdict = index < 0 ? AttestationVerdict.NotAnAttester : Record(index, attestation);
        if (verdict is not (AttestationVerdict.Recorded or AttestationVerdict.Replaced))
            return new AttestationChange(verdict, null, IsNewSplit: false, []);
        Attestation? executed = Decide(attestation);
        bool split = executed is null && !_decided.ContainsKey(attestation.Number) && FindSplit(attestation.Number);
        return new AttestationChange(verdict, executed, split, FindDeviant(attestation.Number));
    }

    private AttestationVerdict Record(int index, Attestation attestation)
    {
        if (attestation.Namespace != _namespace) return AttestationVerdict.WrongNamespace;
        SortedDictionary<ulong, Attestation> own = _newest[index];
        if (own.TryGetValue(attestation.Number, out Attestation? earlier))
        {
            if (earlier == attestation) return AttestationVerdict.Duplicate;
            bool isCorrection =
                !_decided.TryGetValue(attestation.Number, out Attestation? decided) || attestation == decided;
            if (!isCorrection) return AttestationVerdict.Contradicts;
            own[attestation.Number] = attestation;
            return AttestationVerdict.Replaced;
        }

        if (own.Count == _blocksKept)
        {
            ulong lowest = own.First().Key;
            if (attestation.Number < lowest) return AttestationVerdict.TooOld;
            own.Remove(lowest);
        }

        own.Add(attestation.Number, attestation);
        return AttestationVerdict.Recorded;
    }

    private Attestation? Decide(Attestation attestation)
    {
        if (_decided.ContainsKey(attestation.Number) || CountOf(attestation) < _attesters.Threshold) return null;
        _decided.Add(attestation.Number, attestation);
        if (_decided.Count > _blocksKept) _decided.Remove(_decided.First().Key);
        _splits.Remove(attestation.Number);
        if (Executed is null || attestation.Number > Executed.Number) Executed = attestation;
        return attestation;
    }

    private bool FindSplit(ulong number)
    {
        int strong = Of(number).GroupBy(item => item.Value).Count(group => group.Count() >= _attesters.OneHonest);
        if (strong < 2) return false;
        bool isNew = _splits.Add(number);
        if (_splits.Count > _blocksKept) _splits.Remove(_splits.Min);
        return isNew;
    }

    private List<ReplicaId> FindDeviant(ulong number)
    {
        var found = new List<ReplicaId>();
        if (!_decided.TryGetValue(number, out Attestation? decided)) return found;
        for (int i = 0; i < _newest.Length; i++)
        {
            if (!_newest[i].TryGetValue(number, out Attestation? value)) continue;
            bool was = _deviant[i];
            // One decided block in line does not excuse another that is not.
            _deviant[i] = value != decided || (was && HasDeviation(i));
            if (_deviant[i] && !was) found.Add(_attesters.Members[i]);
        }

        return found;
    }

    private bool HasDeviation(int index) =>
        _newest[index].Any(own => _decided.TryGetValue(own.Key, out Attestation? decided) && decided != own.Value);

    private int CountOf(Attestation attestation) =>
        _newest.Count(own => own.TryGetValue(attestation.Number, out Attestation? value) && value == attestation);
}
