using System;
using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Evidence known to this replica and not yet in a committed block. New evidence is recorded, passed on to all members once, and put into own
/// proposals.
/// </summary>
public sealed class EvidenceBook(ReplicaId self, int members)
{
    private readonly int[] _perOffender = new int[members];
    private readonly Lookup<Hash32, Evidence> _known = new();
    private readonly List<Evidence> _waiting = [];

    /// <summary>Evidence waiting to be included in a block.</summary>
    public int WaitingCount => _waiting.Count;

    /// <summary>Takes verified evidence. Effects: RecordEvidence and Send to all, once for each item.</summary>
    /// <returns>False when it is known already, or the offender has enough against it.</returns>
    public bool Add(Verified<Evidence> evidence, List<ReplicaEffect> effects)
    {
        Evidence item = evidence.Value;
        ref int count = ref _perOffender[item.Offender.Value];
        Hash32 key = KeyOf(item);
        if (count >= ConsensusLimits.EvidencePerOffender || !_known.TryAdd(key, item)) return false;
        count++;
        _waiting.Add(item);
        effects.Add(new ReplicaEffect.RecordEvidence(evidence));
        effects.Add(new ReplicaEffect.Send(ReplicaSet.All(members).Without(self), item, AfterSync: false));
        return true;
    }

    /// <summary>Items for an own proposal: the oldest that no undelivered ancestor carries.</summary>
    internal IReadOnlyList<Evidence> PickFor(IReadOnlyList<Block> undeliveredAncestors)
    {
        if (_waiting.Count == 0) return [];
        var picked = new List<Evidence>();
        foreach (Evidence item in _waiting)
        {
            if (picked.Count == Payload.MaxEvidence) break;
            if (!IsIn(undeliveredAncestors, KeyOf(item))) picked.Add(item);
        }

        return picked;
    }

    /// <summary>A committed block carries these: they are not proposed again.</summary>
    internal void OnCommitted(IReadOnlyList<Evidence> included)
    {
        foreach (Evidence item in included)
        {
            Hash32 key = KeyOf(item);
            _waiting.RemoveAll(waiting => KeyOf(waiting) == key);
            ref int count = ref _perOffender[item.Offender.Value];
            if (count < ConsensusLimits.EvidencePerOffender && _known.TryAdd(key, item)) count++;
        }
    }

    private static bool IsIn(IReadOnlyList<Block> blocks, Hash32 key)
    {
        foreach (Block block in blocks)
        {
            foreach (Evidence item in block.Payload.Evidence)
            {
                if (KeyOf(item) == key) return true;
            }
        }

        return false;
    }

    /// <summary>One key for one offence: signatures are left out, because an offender could make any number of them for the same two statements.</summary>
    private static Hash32 KeyOf(Evidence item)
    {
        var writer = new CanonicalWriter();
        writer.Byte((byte)item.EvidenceKind);
        writer.U64(item.Epoch.Value);
        writer.U16(item.Offender.Value);
        bool isSwapped = item.First.Content.Span.SequenceCompareTo(item.Second.Content.Span) > 0;
        writer.Bytes((isSwapped ? item.Second : item.First).Content.Span);
        writer.Bytes((isSwapped ? item.First : item.Second).Content.Span);
        return Sha.Of(writer.Written);
    }
}
