using System.Collections.Concurrent;

namespace SharedSeq.Node;

/// <summary>JSON-RPC calls and errors at all endpoints of this node, errors by their name; read by metrics.</summary>
public sealed class RpcCounters
{
    private readonly ConcurrentDictionary<string, long> _errors = new(StringComparer.Ordinal);
    private long _calls;

    public long Calls => Interlocked.Read(ref _calls);

    public IReadOnlyDictionary<string, long> Errors => _errors;

    public void CountCall() => Interlocked.Increment(ref _calls);

    public void CountError(RpcError error) => _errors.AddOrUpdate(error.Name, 1, static (_, count) => count + 1);
}
