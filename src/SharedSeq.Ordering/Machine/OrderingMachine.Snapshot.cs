using System;
using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>The whole state as bytes: checkpoints commit to it, a restart or a new member continues from it.</summary>
public sealed partial class OrderingMachine
{
    private static ReadOnlySpan<byte> SnapshotTag => "SharedSeq.ordering.v3"u8;

    /// <summary>
    /// SHA-256("SharedSeq.state" || state, with the remembered ids by their digests): what the result of a checkpoint certifies. A restored machine that
    /// has the certified root has the certified state.
    /// </summary>
    public Hash32 StateRoot()
    {
        _writer.Reset();
        _writer.Raw("SharedSeq.state"u8);
        WriteState(_writer);
        _duplicates.WriteSummary(_writer);
        return Sha.Of(_writer.Written);
    }

    /// <summary>
    /// Everything a machine needs to continue, to be written while this one goes on. Equal states give equal bytes, however they came about. Taking it
    /// costs as much as the waiting transactions, not as the remembered ids. To be ended when it is written.
    /// </summary>
    public OrderingSnapshot BeginSnapshot()
    {
        var writer = new CanonicalWriter(4096);
        writer.Raw(SnapshotTag);
        WriteState(writer);
        return new OrderingSnapshot(Height, writer.WrittenMemory, _duplicates.BeginView(), NamedBatches());
    }

    /// <summary>A snapshot of this machine is not read any more.</summary>
    public void EndSnapshot() => _duplicates.EndView();

    /// <summary>The machine as it was when the snapshot was written.</summary>
    /// <exception cref="DecodeException">The bytes are not a snapshot of this network's machine.</exception>
    public static OrderingMachine Restore(Genesis genesis, ISignatureScheme scheme, ref CanonicalReader reader) =>
        Restore(genesis, scheme, CommitteeMutations.None, ref reader);

    internal static OrderingMachine Restore(Genesis genesis, ISignatureScheme scheme, CommitteeMutations mutations, ref CanonicalReader reader)
    {
        if (!reader.Raw(SnapshotTag.Length).SequenceEqual(SnapshotTag))
            DecodeException.Throw(DecodeRejection.UnknownValue, "not a snapshot of ordering");
        var machine = new OrderingMachine(genesis, scheme, mutations);
        machine.ReadState(ref reader);
        machine._duplicates.Restore(ref reader);
        return machine;
    }

    /// <summary>The batches whose transactions this state names: a machine that goes on from it needs them, wherever the cut is.</summary>
    public IReadOnlyList<LaneTip> NamedBatches()
    {
        var named = new List<LaneTip>();
        var known = new Lookup<LaneTip, bool>();
        foreach (NamespaceState ns in _namespaces)
        {
            foreach (BatchSegment segment in ns.Open.Content.Segments.Span)
            {
                if (known.TryAdd(segment.Batch, true)) named.Add(segment.Batch);
            }

            int slot = -1;
            for (int i = 0; i < ns.Queue.Count; i++)
            {
                if (ns.Queue[i].Batch == slot) continue;
                slot = ns.Queue[i].Batch;
                if (known.TryAdd(_slots[slot], true)) named.Add(_slots[slot]);
            }
        }

        return named;
    }

    private void WriteState(CanonicalWriter writer)
    {
        writer.Hash(_genesis.Hash);
        writer.U64(Height.Value);
        writer.U64(Timestamp.Value);
        writer.U64(Epoch.Value);
        writer.U64(_span.EndsAt.Value);
        writer.U64(_span.Boundary?.Value ?? 0);
        writer.Hash(EffectsRoot);
        Operators.Write(writer);
        writer.U32((uint)_namespaces.Length);
        foreach (NamespaceState ns in _namespaces) ns.Write(writer, _slots);
    }

    private void ReadState(ref CanonicalReader reader)
    {
        if (reader.Hash() != _genesis.Hash) DecodeException.Throw(DecodeRejection.Malformed, "a snapshot of another network");
        Height = new Height(reader.U64());
        Timestamp = new TimestampMs(reader.U64());
        Epoch = new Epoch(reader.U64());
        var endsAt = new TimestampMs(reader.U64());
        ulong boundary = reader.U64();
        _span = _span with { EndsAt = endsAt, Boundary = boundary == 0 ? null : new Height(boundary) };
        EffectsRoot = reader.Hash();
        Operators = OperatorRegistry.Read(_genesis, _mutations, ref reader);
        if (Operators.Present.Plan.Epoch != Epoch || Operators.Next is null != (Height.Value == 0))
            DecodeException.Throw(DecodeRejection.Malformed, "committees of a snapshot");
        if (reader.U32() != (uint)_namespaces.Length) DecodeException.Throw(DecodeRejection.Malformed, "namespaces of a snapshot");
        foreach (NamespaceState ns in _namespaces)
        {
            ns.Restore(ref reader, _slots, _policy.MembersMax);
            if (ns.Queue.Count > 0) _queued.Add(ns);
            _heads.Set(ns.Policy.Id.Value, ns.UpdateHead().Value);
        }

        _nextDueMs = EarliestDue();
    }
}
