using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Evidence known to this replica and not yet in a committed block. New evidence is recorded, passed on to all members, and put into own proposals.
/// What waits is sent again every R, and at once to a member whose session begins, until a committed block carries it. What an ended epoch left waiting
/// goes on waiting as long as that epoch's lanes are open (consensus.md 8); what is known of earlier epochs is forgotten at the next boundary, because
/// no block may carry it any more. One item for each charge (offender, epoch and kind) is kept, and one is committed: R4 refuses a second, so that nobody
/// fills blocks with contradictions of its own.
/// </summary>
/// <param name="others">The members to which evidence goes.</param>
public sealed class EvidenceBook(ReplicaSet others)
{
    private readonly SortedSet<(Epoch Epoch, ReplicaId Offender, EvidenceKind Kind)> _known = [];
    private readonly SortedSet<(Epoch Epoch, ReplicaId Offender, EvidenceKind Kind)> _committed = [];
    private readonly List<Evidence> _waiting = [];

    /// <summary>Evidence waiting to be included in a block.</summary>
    public int WaitingCount => _waiting.Count;

    /// <summary>Charges known, waiting or committed.</summary>
    public int KnownCount => _known.Count;

    /// <summary>Whether a block that is delivered carries an item for this charge.</summary>
    public bool IsCommitted((Epoch Epoch, ReplicaId Offender, EvidenceKind Kind) charge) => _committed.Contains(charge);

    /// <summary>Takes verified evidence. Effects: RecordEvidence and Send to all, once for each item.</summary>
    /// <returns>False when the offender is charged with it already.</returns>
    public bool Add(Verified<Evidence> evidence, List<ReplicaEffect> effects)
    {
        Evidence item = evidence.Value;
        if (!_known.Add(item.Charge)) return false;
        _waiting.Add(item);
        effects.Add(new ReplicaEffect.RecordEvidence(evidence));
        effects.Add(new ReplicaEffect.Send(others, item, AfterSync: false));
        return true;
    }

    /// <summary>After a restart: what was recorded before.</summary>
    internal void Recover(IReadOnlyList<RecoveredEvidence> recorded)
    {
        foreach (RecoveredEvidence item in recorded)
        {
            if (item.IsCommitted) OnCommitted([item.Evidence]);
        }

        foreach (RecoveredEvidence item in recorded)
        {
            if (!item.IsCommitted && _known.Add(item.Evidence.Charge)) _waiting.Add(item.Evidence);
        }
    }

    /// <summary>Goes on with what the epoch before knew of epochs that are still open.</summary>
    internal void TakeOver(EvidenceBook before, Predicate<Epoch> isOpen)
    {
        foreach ((Epoch, ReplicaId, EvidenceKind) charge in before._known)
        {
            if (isOpen(charge.Item1)) _known.Add(charge);
        }

        foreach ((Epoch, ReplicaId, EvidenceKind) charge in before._committed)
        {
            if (isOpen(charge.Item1)) _committed.Add(charge);
        }

        _waiting.AddRange(before._waiting.FindAll(item => isOpen(item.Epoch)));
    }

    /// <summary>Forgets what waits and can not be committed any more.</summary>
    internal void Drop(Predicate<Evidence> isLate) => _waiting.RemoveAll(isLate);

    /// <summary>Sends the oldest of what waits: as many as one block takes, the others follow when those are committed.</summary>
    internal void Resend(ReplicaSet to, List<ReplicaEffect> effects)
    {
        for (int i = 0; i < _waiting.Count && i < Payload.MaxEvidence; i++)
            effects.Add(new ReplicaEffect.Send(to, _waiting[i], AfterSync: false));
    }

    /// <summary>Items for an own proposal: the oldest whose charge no undelivered ancestor carries.</summary>
    internal IReadOnlyList<Evidence> PickFor(IReadOnlyList<Block> undeliveredAncestors)
    {
        var picked = new List<Evidence>();
        foreach (Evidence item in _waiting)
        {
            if (picked.Count == Payload.MaxEvidence) break;
            if (!IsIn(undeliveredAncestors, item.Charge)) picked.Add(item);
        }

        return picked;
    }

    /// <summary>A committed block carries these: nothing more of their charges is proposed.</summary>
    internal void OnCommitted(IReadOnlyList<Evidence> included)
    {
        foreach (Evidence item in included)
        {
            _known.Add(item.Charge);
            if (_committed.Add(item.Charge)) _waiting.RemoveAll(waiting => waiting.Charge == item.Charge);
        }
    }

    private static bool IsIn(IReadOnlyList<Block> blocks, (Epoch, ReplicaId, EvidenceKind) charge)
    {
        foreach (Block block in blocks)
        {
            foreach (Evidence item in block.Payload.Evidence)
            {
                if (item.Charge == charge) return true;
            }
        }

        return false;
    }
}
