using System.Buffers;

namespace SharedSeq.Storage;

/// <summary>A record in pooled memory: dispose once, and use nothing of it afterwards.</summary>
public readonly struct RecordLease : IDisposable
{
    private readonly byte[]? _buffer;
    private readonly int _headLength;
    private readonly int _length;

    internal RecordLease(byte[] buffer, byte kind, long position, int headLength, int length)
    {
        _buffer = buffer;
        _headLength = headLength;
        _length = length;
        Kind = kind;
        Position = position;
    }

    public byte Kind { get; }

    public long Position { get; }

    public ReadOnlyMemory<byte> Head => _buffer.AsMemory(SegmentFormat.RecordHeaderBytes, _headLength);

    public ReadOnlyMemory<byte> Body =>
        _buffer.AsMemory(SegmentFormat.RecordHeaderBytes + _headLength, _length - _headLength);

    public void Dispose()
    {
        if (_buffer is not null) ArrayPool<byte>.Shared.Return(_buffer);
    }
}
