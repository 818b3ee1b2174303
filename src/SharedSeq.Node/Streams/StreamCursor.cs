namespace SharedSeq.Node;

/// <summary>Where one subscriber is: sent up to Next-1, taken care of up to Acknowledged. Bounds what is under way to it.</summary>
/// <param name="from">Number of the first block to send.</param>
/// <param name="window">Blocks under way at most.</param>
/// <param name="patience">How long the window may stay full: then the subscriber is dropped and may resume.</param>
internal sealed class StreamCursor(ulong from, int window, TimeSpan patience)
{
    /// <summary>Blocks under way when the subscriber does not say. 64: 13 s of an EVM rollup at 200 ms.</summary>
    public const int WindowDefault = 64;

    /// <summary>Largest window. 1,024.</summary>
    public const int WindowMax = 1_024;

    private readonly Lock _gate = new();
    private TaskCompletionSource _room = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ulong _next = from;
    private ulong _acknowledged = from - 1;

    public ulong Next
    {
        get
        {
            lock (_gate) return _next;
        }
    }

    public ulong Acknowledged
    {
        get
        {
            lock (_gate) return _acknowledged;
        }
    }

    public void Sent()
    {
        lock (_gate) _next++;
    }

    public void Acknowledge(ulong number)
    {
        TaskCompletionSource room;
        lock (_gate)
        {
            if (number <= _acknowledged || number >= _next) return;
            _acknowledged = number;
            room = _room;
            _room = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        room.TrySetResult();
    }

    /// <summary>Waits until another block may go out; false when the subscriber did not acknowledge anything for too long.</summary>
    public async Task<bool> WaitForRoomAsync(CancellationToken cancellation)
    {
        while (true)
        {
            Task room;
            lock (_gate)
            {
                if (_next - _acknowledged <= (ulong)window) return true;
                room = _room.Task;
            }

            try
            {
                await room.WaitAsync(patience, cancellation);
            }
            catch (TimeoutException)
            {
                return false;
            }
        }
    }
}
