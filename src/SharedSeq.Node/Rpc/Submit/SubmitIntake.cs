using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>Admits the transactions of submitted frames and hands what is admitted to the lane as one submission.</summary>
public sealed class SubmitIntake(
    Genesis genesis, LaneActor lane, LaneBacklog backlog, Func<TimestampMs> committedTime, AdmissionCounters counters)
{
    /// <summary>Reads a frame's transactions, admits each, and writes the admitted ones as batch records.</summary>
    /// <returns>Records in pooled memory for <see cref="SubmitAsync"/>, how many, and what was refused by index and reason.</returns>
    public (ReadOnlyMemory<byte> Records, int Count, List<(ushort Index, byte Reason)> Refused) Admit(NamespaceId id, int count, ref CanonicalReader reader)
    {
        NamespacePolicy? ns = genesis.Find(id);
        TimestampMs now = committedTime();
        ulong pending = backlog.Of(id);
        Memory<byte> records = BufferPool.Instance.Rent(reader.Remaining + (count * (BatchBody.RecordOverhead - 12))).Memory;
        Span<byte> target = records.Span;
        int used = 0;
        int admitted = 0;
        List<(ushort, byte)> refused = [];
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> payload = SubmitRequest.ReadTransaction(ref reader, out ulong validUntil, BatchBody.MaxBytes);
            AdmissionRejection? rejection = Check(ns, id, validUntil, payload, now)
                ?? Admission.CheckLane(genesis.Policy, genesis.Quorum.N, pending + (ulong)used, payload.Length);
            if (rejection is not null)
            {
                counters.Count(rejection.Value);
                refused.Add(((ushort)i, (byte)rejection.Value));
                continue;
            }

            used += BatchBody.WriteRecord(target[used..], id, validUntil, payload);
            admitted++;
        }

        reader.End("submit frame");
        return (records[..used], admitted, refused);
    }

    /// <summary>Admits one transaction; a refusal is counted.</summary>
    public AdmissionVerdict Admit(NamespaceId id, ulong validUntil, ReadOnlyMemory<byte> payload)
    {
        AdmissionVerdict verdict = Admission.Check(genesis.Policy, genesis.Find(id), id, validUntil, payload, committedTime());
        if (verdict.IsAdmitted)
            verdict = verdict with { Rejection = Admission.CheckLane(genesis.Policy, genesis.Quorum.N, backlog.Of(id), payload.Length) };
        if (verdict.Rejection is { } rejection) counters.Count(rejection);
        return verdict;
    }

    /// <summary>Counts a submission refused before its transactions were looked at.</summary>
    public void CountRefused(SubmissionRejection reason) => counters.CountFrame(reason);

    /// <summary>Hands one admitted transaction over, as <see cref="SubmitAsync"/> does.</summary>
    public ValueTask SubmitOneAsync(
        NamespaceId ns, ulong validUntil, ReadOnlyMemory<byte> payload, ISubmissionObserver observer, CancellationToken cancellation)
    {
        byte[] record = new byte[BatchBody.RecordOverhead + payload.Length];
        BatchBody.WriteRecord(record, ns, validUntil, payload.Span);
        return SubmitAsync(ns, record, 1, observer, cancellation);
    }

    /// <summary>Hands admitted records over; waits while the lane's mailbox is full, which slows the submitter.</summary>
    public async ValueTask SubmitAsync(
        NamespaceId ns, ReadOnlyMemory<byte> records, int count, ISubmissionObserver observer, CancellationToken cancellation)
    {
        counters.CountAdmitted(count);
        backlog.Add(ns, records.Length);
        var submission = new DoorSubmission(observer, counters, backlog, ns, records.Length);
        try
        {
            await lane.TellAsync(new LaneMessage.Submit(new Submission(records, count, submission)), cancellation);
        }
        catch
        {
            // The submitter went away while it waited.
            backlog.Remove(ns, records.Length);
            throw;
        }
    }

    /// <summary>An opaque transaction is judged by its size and time alone, without copying it; an EVM one is decoded and its sender recovered.</summary>
    private AdmissionRejection? Check(NamespacePolicy? ns, NamespaceId id, ulong validUntil, ReadOnlySpan<byte> payload, TimestampMs now)
    {
        ReadOnlyMemory<byte> kept = ns is { Admission: AdmissionKind.Evm } || payload.Length > BatchBody.MaxPayloadBytes
            ? payload.ToArray()
            : Placeholder[..payload.Length];
        return Admission.Check(genesis.Policy, ns, id, validUntil, kept, now).Rejection;
    }

    private static readonly ReadOnlyMemory<byte> Placeholder = new byte[BatchBody.MaxPayloadBytes];
}
