using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// The run's trace: one line per protocol step and delivery, with the simulated time. Its SHA-256 names the run: equal seeds give equal hashes.
/// </summary>
public sealed class RunTrace(SimulatedSchedule schedule, TextWriter? output) : IDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _length;

    public long LineCount { get; private set; }

    public void Line(NodeId replica, string rule, Slot slot, string text)
    {
        if (output is null && _length + text.Length + 64 < BufferBytes && Ascii(replica, rule, slot, text)) return;
        Line(string.Create(CultureInfo.InvariantCulture, $"{schedule.NowUs} r{replica.Value} {rule} {slot.Value} {text}"));
    }

    public void Line(NodeId replica, string text) =>
        Line(string.Create(CultureInfo.InvariantCulture, $"{schedule.NowUs} r{replica.Value} {text}"));

    public void Line(string text)
    {
        output?.Write(text + "\n");
        LineCount++;
        int bytes = Encoding.UTF8.GetByteCount(text) + 1;
        if (_length + bytes > BufferBytes) Flush();
        if (bytes > BufferBytes)
        {
            _hash.AppendData(Encoding.UTF8.GetBytes(text + "\n"));
            return;
        }

        _length += Encoding.UTF8.GetBytes(text, _buffer.AsSpan(_length));
        _buffer[_length++] = (byte)'\n';
    }

    /// <summary>SHA-256 over all lines so far.</summary>
    public Hash32 Hash()
    {
        Flush();
        return new Hash32(_hash.GetCurrentHash());
    }

    public void Dispose() => _hash.Dispose();

    /// <summary>The same bytes as the general way, without the string in between.</summary>
    private bool Ascii(NodeId replica, string rule, Slot slot, string text)
    {
        if (!Utf8.TryWrite(
            _buffer.AsSpan(_length), CultureInfo.InvariantCulture, $"{schedule.NowUs} r{replica.Value} {rule} {slot.Value} {text}\n",
            out int written))
            return false;
        _length += written;
        LineCount++;
        return true;
    }

    private void Flush()
    {
        _hash.AppendData(_buffer.AsSpan(0, _length));
        _length = 0;
    }
}
