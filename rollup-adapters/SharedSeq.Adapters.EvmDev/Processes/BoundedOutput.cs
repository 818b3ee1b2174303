using System.Text;

namespace SharedSeq.Adapters.EvmDev;

/// <summary>Keeps the end of what a process prints, for the message when it fails. Safe for concurrent use.</summary>
internal sealed class BoundedOutput(int bytesMax)
{
    private readonly Lock _lock = new();
    private readonly byte[] _kept = new byte[bytesMax];
    private long _written;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            if (bytes.Length > _kept.Length)
            {
                _written += bytes.Length - _kept.Length;
                bytes = bytes[^_kept.Length..];
            }

            int at = (int)(_written % _kept.Length);
            int first = int.Min(bytes.Length, _kept.Length - at);
            bytes[..first].CopyTo(_kept.AsSpan(at));
            bytes[first..].CopyTo(_kept);
            _written += bytes.Length;
        }
    }

    /// <summary>Reads a stream to its end.</summary>
    public async Task DrainAsync(Stream stream, CancellationToken cancellation)
    {
        byte[] buffer = new byte[4096];
        int read;
        while ((read = await stream.ReadAsync(buffer, cancellation)) > 0) Append(buffer.AsSpan(0, read));
    }

    public override string ToString()
    {
        lock (_lock)
        {
            if (_written <= _kept.Length) return Encoding.UTF8.GetString(_kept, 0, (int)_written);
            int at = (int)(_written % _kept.Length);
            return Encoding.UTF8.GetString([.. _kept.AsSpan(at), .. _kept.AsSpan(0, at)]);
        }
    }
}
