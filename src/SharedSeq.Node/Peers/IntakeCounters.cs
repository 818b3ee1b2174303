using System.Collections.Concurrent;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>Counts what peers send, and every refusal by its reason; read by metrics.</summary>
public sealed class IntakeCounters
{
    private readonly long[] _received = new long[256];
    private readonly ConcurrentDictionary<(PeerId Peer, string Reason), long> _refused = new();

    private readonly ConcurrentDictionary<(PeerId Peer, MessageKind Kind), long> _unserved = new();

    /// <summary>Requests left without an answer because their peer asks for more than it is given, by peer and kind.</summary>
    public IReadOnlyDictionary<(PeerId Peer, MessageKind Kind), long> Unserved => _unserved;

    /// <summary>Refused frames by peer and reason.</summary>
    public IReadOnlyDictionary<(PeerId Peer, string Reason), long> Refused => _refused;

    public long Received(MessageKind kind) => Interlocked.Read(ref _received[(byte)kind]);

    public void CountReceived(MessageKind kind) => Interlocked.Increment(ref _received[(byte)kind]);

    public void CountMalformed(PeerId peer, DecodeRejection reason) => Add(peer, reason.ToString());

    public void CountUnverified(PeerId peer, VerificationRejection reason) => Add(peer, reason.ToString());

    public void CountUnserved(PeerId peer, MessageKind kind) => _unserved.AddOrUpdate((peer, kind), 1, (_, count) => count + 1);

    private void Add(PeerId peer, string reason) => _refused.AddOrUpdate((peer, reason), 1, (_, count) => count + 1);
}
