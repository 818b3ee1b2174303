using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Evidence known to this replica and not yet in a committed block. New evidence is recorded, passed on to all members, and put into own proposals.
/// What waits is sent again every R, and at once to a member whose session begins, until a committed block carries it. What an ended epoch left waiting
/// goes on waiting as long as that epoch's lanes are open (consensus.md 8); what is known of earlier epochs is forgotten at the next boundary, because
/// no block may carry it any more.
/// </summary>
/// <param name="others">The members to which evidence goes.</param>
public sealed class EvidenceBook(ReplicaSet others)
{
    private readonly SortedDictionary<(ulong Epoch, ushort Offender), int> _perOffender = [];
    private readonly SortedDictionary<Hash32, Evidence> _known = [];
    private readonly List<Evidence> _waiting = [];

    /// <summary>Evidence waiting to be included in a block.</summary>
    public int WaitingCount => _waiting.Count;

    /// <summary>Items known, waiting or committed.</summary>
    public int KnownCount => _known.Count;

    /// <summary>Takes verified evidence. Effects: RecordEvidence and Send to all, once for each item.</summary>
    /// <returns>False when it is known already, or the offender has enough against it.</returns>
    public bool Add(Verified<Evidence> evidence, List<ReplicaEffect> effects)
    {
        Evidence item = evidence.Value;
        if (!Note(item)) return false;
        _waiting.Add(item);
        effects.Add(new ReplicaEffect.RecordEvidence(evidence));
        effects.Add(new ReplicaEffect.Send(others, item, AfterSync: false));
        return true;
    }

    /// <summary>After a restart: what was recorded before.</summary>
    internal void Recover(IReadOnlyList<RecoveredEvidence> recorded)
    {
        // What waits comes first: committed items, which others may have recorded, must not use up the bound of an offender.
        foreach (RecoveredEvidence item in recorded)
        {
            if (!item.IsCommitted && Note(item.Evidence)) _waiting.Add(item.Evidence);
        }

        foreach (RecoveredEvidence item in recorded)
        {
            if (item.IsCommitted) Note(item.Evidence);
        }
    }

    /// <summary>Goes on with what the epoch before knew of epochs that are still open.</summary>
    internal void TakeOver(EvidenceBook before, Predicate<Epoch> isOpen)
    {
        foreach (((ulong Epoch, ushort) offender, int count) in before._perOffender)
        {
            if (isOpen(new Epoch(offender.Epoch))) _perOffender[offender] = count;
        }

        foreach ((Hash32 id, Evidence item) in before._known)
        {
            if (isOpen(item.Epoch)) _known[id] = item;
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

    /// <summary>Items for an own proposal: the oldest that no undelivered ancestor carries.</summary>
    internal IReadOnlyList<Evidence> PickFor(IReadOnlyList<Block> undeliveredAncestors)
    {
        if (_waiting.Count == 0) return [];
        var picked = new List<Evidence>();
        foreach (Evidence item in _waiting)
        {
            if (picked.Count == Payload.MaxEvidence) break;
            if (!IsIn(undeliveredAncestors, item.Id)) picked.Add(item);
        }

        return picked;
    }

    /// <summary>A committed block carries these: they are not proposed again.</summary>
    internal void OnCommitted(IReadOnlyList<Evidence> included)
    {
        foreach (Evidence item in included)
        {
            Hash32 key = item.Id;
            _waiting.RemoveAll(waiting => waiting.Id == key);
            Note(item);
        }
    }

    /// <summary>Counts an item that is new, within its offender's bound.</summary>
    private bool Note(Evidence item)
    {
        (ulong, ushort) offender = (item.Epoch.Value, item.Offender.Value);
        int count = _perOffender.TryGetValue(offender, out int known) ? known : 0;
        if (count >= ConsensusLimits.EvidencePerOffender || !_known.TryAdd(item.Id, item)) return false;
        _perOffender[offender] = count + 1;
        return true;
    }

    private static bool IsIn(IReadOnlyList<Block> blocks, Hash32 key)
    {
        foreach (Block block in blocks)
        {
            foreach (Evidence item in block.Payload.Evidence)
            {
                if (item.Id == key) return true;
            }
        }

        return false;
    }
}
