namespace SharedSeq.Networking;

/// <summary>Token buckets of one connection: frames and bytes per second with one second of burst. Above them reading pauses, nothing is lost.</summary>
internal sealed class ReceivePace(PeerLimits limits)
{
    private double _frames = limits.FramesPerSecond;
    private double _bytes = limits.BytesPerSecond;
    private long _last = Environment.TickCount64;

    public ValueTask WaitAsync(int bytes, CancellationToken cancellation)
    {
        _frames--;
        _bytes -= bytes;
        if (_frames >= 0 && _bytes >= 0) return ValueTask.CompletedTask;
        return RefillAsync(cancellation);
    }

    private async ValueTask RefillAsync(CancellationToken cancellation)
    {
        while (true)
        {
            long now = Environment.TickCount64;
            double seconds = (now - _last) / 1000.0;
            _last = now;
            _frames = double.Min(limits.FramesPerSecond, _frames + (seconds * limits.FramesPerSecond));
            _bytes = double.Min(limits.BytesPerSecond, _bytes + (seconds * limits.BytesPerSecond));
            if (_frames >= 0 && _bytes >= 0) return;
            await Task.Delay(5, cancellation);
        }
    }
}
