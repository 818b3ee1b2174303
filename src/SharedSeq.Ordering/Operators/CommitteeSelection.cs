using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>
/// Who serves the next epoch: the present committee with as many of the changes that wait as are safe (docs/protocol/ordering.md). A change is a seat
/// taken, left, dropped or with new keys; at most f of them, empty seats counted in, happen from one committee to the next, so that a quorum of those that
/// were there before goes on whatever becomes of the others. The rest waits.
/// </summary>
internal sealed class CommitteeSelection
{
    /// <summary>Below it f would be 0: members stay.</summary>
    public const int LeastMembers = 4;

    private readonly Genesis _genesis;
    private readonly SortedDictionary<uint, Operator> _operators = [];
    private readonly List<OperatorId?> _seats;
    private readonly CommitteeMutations _mutations;
    private readonly int _faults;
    private int _empty;
    private int _changes;

    private CommitteeSelection(Genesis genesis, CommitteeSeats present, IReadOnlyList<Operator> operators, CommitteeMutations mutations)
    {
        _genesis = genesis;
        _mutations = mutations;
        foreach (Operator item in operators) _operators[item.Id.Value] = item;
        _seats = [.. present.Operators];
        _faults = present.Plan.Quorum.F;
        _empty = present.EmptyCount;
    }

    /// <summary>The committee after the present one, and the operators as they stand when it is fixed.</summary>
    public static (CommitteeSeats Next, IReadOnlyList<Operator> Operators) Select(
        Genesis genesis, CommitteeSeats present, IReadOnlyList<Operator> operators, CommitteeMutations mutations = CommitteeMutations.None)
    {
        var selection = new CommitteeSelection(genesis, present, operators, mutations);
        selection.EmptySeats();
        selection.FillSeats();
        selection.DropEmptySeats();
        selection.Leave();
        selection.Rotate();
        selection.Join();
        return selection.Finish(present.Plan.Epoch.Next());
    }

    /// <summary>Thresholds of a committee of n: those of genesis for its size, else the default ones.</summary>
    public static QuorumParameters QuorumOf(Genesis genesis, int n) => n == genesis.Quorum.N ? genesis.Quorum : QuorumParameters.ForMembers(n);

    private bool HasRoom => _changes + _empty < _faults || _mutations.HasFlag(CommitteeMutations.AnyNumberOfChanges);

    private int Least => _mutations.HasFlag(CommitteeMutations.ThreeMembers) ? LeastMembers - 1 : LeastMembers;

    private int Occupied => _seats.Count - _empty;

    /// <summary>Offenders first, as many as may be missing.</summary>
    private void EmptySeats()
    {
        for (int i = 0; i < _seats.Count && _empty < _faults; i++)
        {
            if (OperatorAt(i) is not { State: OperatorState.Offender }) continue;
            _seats[i] = null;
            _empty++;
        }
    }

    /// <summary>An empty seat goes to a candidate: one that may be missing for another, so there is room for it always.</summary>
    private void FillSeats()
    {
        for (int i = 0; i < _seats.Count; i++)
        {
            if (_seats[i] is not null || NextCandidate() is not { } candidate) continue;
            _seats[i] = Seat(candidate);
            _empty--;
            _changes++;
        }
    }

    /// <summary>A seat that nobody takes costs the committee a fault for nothing.</summary>
    private void DropEmptySeats()
    {
        for (int i = _seats.Count - 1; i >= 0; i--)
        {
            if (_seats[i] is not null || !CanShrink(_empty - 1)) continue;
            _seats.RemoveAt(i);
            _empty--;
            _changes++;
        }
    }

    private void Leave()
    {
        for (int i = 0; i < _seats.Count && HasRoom; i++)
        {
            if (OperatorAt(i) is not { State: OperatorState.Leaving } || Occupied <= Least || !CanShrink(_empty)) continue;
            _seats.RemoveAt(i);
            _changes++;
            i--;
        }
    }

    private void Rotate()
    {
        for (int i = 0; i < _seats.Count && HasRoom; i++)
        {
            if (OperatorAt(i) is not { NewKeys: { } keys } member) continue;
            _operators[member.Id.Value] = member with { Keys = keys, NewKeys = null };
            _changes++;
        }
    }

    private void Join()
    {
        while (HasRoom && _seats.Count < _genesis.Policy.MembersMax && QuorumOf(_genesis, _seats.Count + 1).F >= _empty)
        {
            if (NextCandidate() is not { } candidate) return;
            _seats.Add(Seat(candidate));
            _changes++;
        }
    }

    /// <summary>Whether one seat less leaves a committee that stands so many empty ones.</summary>
    private bool CanShrink(int empty) => _seats.Count > Least && QuorumOf(_genesis, _seats.Count - 1).F >= empty;

    private Operator? OperatorAt(int seat) => _seats[seat] is { } id ? _operators[id.Value] : null;

    /// <summary>The ready one that joined first.</summary>
    private Operator? NextCandidate()
    {
        foreach (Operator item in _operators.Values)
        {
            if (item.State == OperatorState.Ready) return item;
        }

        return null;
    }

    private OperatorId Seat(Operator candidate)
    {
        _operators[candidate.Id.Value] = candidate with { State = OperatorState.Member };
        return candidate.Id;
    }

    private (CommitteeSeats Next, IReadOnlyList<Operator> Operators) Finish(Epoch epoch)
    {
        var members = new CommitteeMember[_seats.Count];
        for (int i = 0; i < members.Length; i++) members[i] = OperatorAt(i)?.Keys ?? CommitteeMember.Empty;
        QuorumParameters quorum = QuorumOf(_genesis, members.Length);
        Invariant.Check(_empty <= quorum.F, "a committee stands its empty seats");
        return (new CommitteeSeats(new CommitteePlan(epoch, quorum, members), _seats), [.. _operators.Values]);
    }
}
