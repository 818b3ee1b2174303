using System.Numerics;

namespace SharedSeq.Primitives;

/// <summary>
/// Reads recursive length prefix encoding strictly: the shortest length form only, integers without leading zeros only,
/// nothing read beyond the end. A refused read returns false and leaves its reason in <see cref="Failure"/>; no
/// exception, because the bytes are a stranger's and floods of bad ones must be cheap to refuse.
/// </summary>
public ref struct RlpReader(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>Why the last read returned false.</summary>
    public DecodeRejection Failure { get; private set; }

    public readonly bool AtEnd => _rest.IsEmpty;

    /// <summary>Bytes not yet read.</summary>
    public readonly int Remaining => _rest.Length;

    /// <summary>Whether the next item is a list.</summary>
    public readonly bool IsAtList => !_rest.IsEmpty && _rest[0] >= 0xC0;

    /// <summary>Reads an item of either kind as it is encoded, with its header.</summary>
    public bool TryEncoded(out ReadOnlySpan<byte> encoded)
    {
        ReadOnlySpan<byte> before = _rest;
        bool read = TryItem(IsAtList, out _);
        encoded = before[..(before.Length - _rest.Length)];
        return read;
    }

    /// <summary>Reads a byte string.</summary>
    public bool TryBytes(out ReadOnlySpan<byte> payload) => TryItem(expectList: false, out payload);

    /// <summary>Reads a list; its items are read from <paramref name="items"/>.</summary>
    public bool TryList(out RlpReader items)
    {
        bool read = TryItem(expectList: true, out ReadOnlySpan<byte> payload);
        items = new RlpReader(payload);
        return read;
    }

    /// <summary>Reads a byte string of exactly <paramref name="length"/> bytes.</summary>
    public bool TryFixed(int length, out ReadOnlySpan<byte> payload) =>
        TryBytes(out payload) && (payload.Length == length || Fail(DecodeRejection.Malformed));

    /// <summary>Reads an integer below 2^64.</summary>
    public bool TryU64(out ulong value)
    {
        value = 0;
        if (!TryInteger(sizeof(ulong), out ReadOnlySpan<byte> digits)) return false;
        foreach (byte digit in digits) value = (value << 8) | digit;
        return true;
    }

    /// <summary>Reads an integer below 2^256.</summary>
    public bool TryU256(out BigInteger value)
    {
        bool read = TryInteger(Hash32.Size, out ReadOnlySpan<byte> digits);
        value = new BigInteger(digits, isUnsigned: true, isBigEndian: true);
        return read;
    }

    /// <summary>Reads an integer below 2^256 into its 32-byte form.</summary>
    public bool TryWord(out Hash32 value)
    {
        value = default;
        if (!TryInteger(Hash32.Size, out ReadOnlySpan<byte> digits)) return false;
        Span<byte> word = stackalloc byte[Hash32.Size];
        word.Clear();
        digits.CopyTo(word[(Hash32.Size - digits.Length)..]);
        value = new Hash32(word);
        return true;
    }

    private bool TryInteger(int bytesMax, out ReadOnlySpan<byte> digits)
    {
        if (!TryBytes(out digits)) return false;
        if (digits.Length > 0 && digits[0] == 0) return Fail(DecodeRejection.NotCanonical);
        return digits.Length <= bytesMax || Fail(DecodeRejection.OverLimit);
    }

    private bool TryItem(bool expectList, out ReadOnlySpan<byte> payload)
    {
        payload = default;
        if (_rest.IsEmpty) return Fail(DecodeRejection.Truncated);
        byte first = _rest[0];
        bool isList = first >= 0xC0;
        if (isList != expectList) return Fail(DecodeRejection.Malformed);
        if (first < 0x80)
        {
            payload = _rest[..1];
            _rest = _rest[1..];
            return true;
        }

        int shortLength = first - (isList ? 0xC0 : 0x80);
        int headerBytes = 1;
        ulong length = (ulong)shortLength;
        if (shortLength > 55)
        {
            int lengthBytes = shortLength - 55;
            headerBytes += lengthBytes;
            if (_rest.Length < headerBytes) return Fail(DecodeRejection.Truncated);
            if (_rest[1] == 0) return Fail(DecodeRejection.NotCanonical);
            length = 0;
            foreach (byte digit in _rest.Slice(1, lengthBytes)) length = (length << 8) | digit;
            if (length <= 55) return Fail(DecodeRejection.NotCanonical);
        }

        if (length > (ulong)(_rest.Length - headerBytes)) return Fail(DecodeRejection.Truncated);
        payload = _rest.Slice(headerBytes, (int)length);
        if (!isList && length == 1 && payload[0] < 0x80) return Fail(DecodeRejection.NotCanonical);
        _rest = _rest[(headerBytes + (int)length)..];
        return true;
    }

    private bool Fail(DecodeRejection reason)
    {
        Failure = reason;
        return false;
    }
}
