using System;

namespace SharedSeq.Consensus;

/// <summary>The right to read a batch's bytes until it is disposed of, once. Ids stay readable without it.</summary>
public readonly struct BodyLease : IDisposable
{
    private readonly bool _isHeld;

    private BodyLease(BatchBody body, bool isHeld)
    {
        Body = body;
        _isHeld = isHeld;
    }

    public BatchBody Body { get; }

    /// <summary>A lease on a body whose memory is the garbage collector's.</summary>
    public static BodyLease Of(BatchBody body) => new(body, isHeld: false);

    /// <summary>A lease on a body that may be given up at any time; false when it was.</summary>
    public static bool TryTake(BatchBody body, out BodyLease lease)
    {
        lease = body.TryHold() ? new BodyLease(body, isHeld: true) : default;
        return lease._isHeld;
    }

    public void Dispose()
    {
        if (_isHeld) Body.Release();
    }
}
