using System.Collections.Concurrent;
using SharedSeq.Ordering;

namespace SharedSeq.Node;

/// <summary>Transactions admitted and refused at this gateway, by reason; read by metrics.</summary>
public sealed class AdmissionCounters
{
    private readonly long[] _refused = new long[256];
    private readonly ConcurrentDictionary<string, long> _refusedFrames = new(StringComparer.Ordinal);
    private long _admitted;

    public long Admitted => Interlocked.Read(ref _admitted);

    public long Refused(AdmissionRejection reason) => Interlocked.Read(ref _refused[(byte)reason]);

    /// <summary>Frames refused as a whole, by reason: malformed, too large, or not taken by the lane.</summary>
    public IReadOnlyDictionary<string, long> RefusedFrames => _refusedFrames;

    public void CountAdmitted(int count) => Interlocked.Add(ref _admitted, count);

    public void Count(AdmissionRejection reason) => Interlocked.Increment(ref _refused[(byte)reason]);

    public void CountFrame(SubmissionRejection reason) => _refusedFrames.AddOrUpdate(reason.ToString(), 1, static (_, count) => count + 1);
}
