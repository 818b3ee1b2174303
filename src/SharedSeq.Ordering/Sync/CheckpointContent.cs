using System;
using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>
/// What the pieces of a checkpoint hold: the batches that its state names, without their authors' signatures, and the state. The same bytes at every
/// member, because the state is and a batch is what its digest says.
/// </summary>
/// <code>count u32 | count times: batch header, body | state, see OrderingMachine.BeginSnapshot</code>
/// <param name="Batches">As many as the state names, in its order once <see cref="Open"/> took it.</param>
/// <param name="State">The snapshot.</param>
public sealed record CheckpointContent(IReadOnlyList<Batch> Batches, ReadOnlyMemory<byte> State)
{
    /// <summary>The bytes one after the other, each span valid until the next is asked for.</summary>
    /// <param name="snapshot">The state.</param>
    /// <param name="hold">Finds a batch and holds its bytes, which are released here; null when it is not here any more.</param>
    /// <exception cref="MissingBatchException">A batch that the state names is not here.</exception>
    public static IEnumerable<ReadOnlyMemory<byte>> Write(OrderingSnapshot snapshot, Func<LaneTip, Batch?> hold)
    {
        var writer = new CanonicalWriter(BatchHeader.Size);
        writer.U32((uint)snapshot.Batches.Count);
        yield return writer.WrittenMemory;
        foreach (LaneTip tip in snapshot.Batches)
        {
            Batch batch = hold(tip) ?? throw new MissingBatchException(tip);
            writer.Reset();
            batch.Header.Write(writer);
            yield return writer.WrittenMemory;
            yield return batch.Body.Bytes;
            batch.Body.Release();
        }

        foreach (ReadOnlyMemory<byte> piece in snapshot.Pieces()) yield return piece;
    }

    /// <summary>Takes the bytes apart without copying them; nothing is compared with a certificate yet.</summary>
    /// <exception cref="DecodeException">They are no checkpoint's.</exception>
    public static CheckpointContent Read(ReadOnlyMemory<byte> bytes)
    {
        var reader = new CanonicalReader(bytes.Span);
        uint count = reader.U32();
        if (count > (uint)(reader.Remaining / BatchHeader.Size)) DecodeException.Throw(DecodeRejection.Truncated, "batches of a checkpoint");
        var batches = new Batch[count];
        for (int i = 0; i < batches.Length; i++)
        {
            BatchHeader header = BatchHeader.Read(ref reader);
            int start = bytes.Length - reader.Remaining;
            reader.Raw(header.BodyBytes);
            BatchBody body = BatchBody.Parse(bytes.Slice(start, header.BodyBytes), header.TransactionCount);
            batches[i] = Batch.Create(header, Height.Zero, default, body);
        }

        return new CheckpointContent(batches, bytes[(bytes.Length - reader.Remaining)..]);
    }

    /// <summary>The machine of this state, for the own network; not compared with a certificate.</summary>
    /// <exception cref="DecodeException">The state is none of this network's machine, or the batches are not those that it names.</exception>
    public OrderingMachine Restore(Genesis genesis, ISignatureScheme scheme)
    {
        var reader = new CanonicalReader(State.Span);
        OrderingMachine machine = OrderingMachine.Restore(genesis, scheme, ref reader);
        reader.End("state of a checkpoint");
        IReadOnlyList<LaneTip> named = machine.NamedBatches();
        if (named.Count != Batches.Count) DecodeException.Throw(DecodeRejection.Malformed, "a checkpoint has the batches that its state names");
        for (int i = 0; i < named.Count; i++)
        {
            if (Batches[i].Tip != named[i]) DecodeException.Throw(DecodeRejection.Malformed, "a checkpoint has the batches that its state names");
        }

        return machine;
    }

    /// <summary>The machine of a checkpoint whose certificate was verified: its root is the certified one, so every part of it is.</summary>
    /// <exception cref="DecodeException">It is not the certified state.</exception>
    public OrderingMachine Open(Genesis genesis, ISignatureScheme scheme, CheckpointOffer offer)
    {
        OrderingMachine machine = Restore(genesis, scheme);
        if (machine.Height != offer.Height || machine.StateRoot() != offer.Certificate.Result.StateRoot)
            DecodeException.Throw(DecodeRejection.Malformed, $"the state of height {machine.Height} does not have the certified root");
        if (machine.Timestamp != offer.Timestamp) DecodeException.Throw(DecodeRejection.Malformed, "the block's time is not that of the state");
        return machine;
    }
}

/// <summary>A batch that a state names is not held any more: its checkpoint can not be written.</summary>
public sealed class MissingBatchException(LaneTip tip) : Exception($"batch {tip.Lane}/{tip.Seq}, of which transactions wait, is not here any more");
