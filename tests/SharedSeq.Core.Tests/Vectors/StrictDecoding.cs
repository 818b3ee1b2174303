using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Vectors;

/// <summary>
/// Checks that a decoder takes exactly one encoding of each value: every cut, every appended byte and every flipped bit
/// must be refused by a <see cref="DecodeException"/> or be another value, that is, whatever decodes encodes to the
/// same bytes again. Any other exception is a failure: hostile bytes must not throw it. Give it bytes that decode, and how
/// to decode and encode again:
/// <code>
/// StrictDecoding.Check(bytes, input =>
/// {
///     CanonicalReader reader = new(input);
///     Vote vote = Vote.Read(ref reader);
///     reader.End("vote");
///     CanonicalWriter writer = new();
///     vote.Write(writer);
///     return writer.ToArray();
/// });
/// </code>
/// </summary>
public static class StrictDecoding
{
    public static void Check(byte[] encoded, Func<byte[], byte[]> decodeAndEncode)
    {
        Assert.Equal(encoded, decodeAndEncode(encoded));
        for (int length = 0; length < encoded.Length; length++)
        {
            DecodeRejection? reason = RefusalOf(encoded[..length], decodeAndEncode);
            Assert.True(reason is not null, $"cut to {length} of {encoded.Length} bytes and still accepted");
        }
        Assert.Equal(DecodeRejection.TrailingBytes, RefusalOf([.. encoded, 0], decodeAndEncode));
        for (int bit = 0; bit < 8 * encoded.Length; bit++)
        {
            byte[] flipped = [.. encoded];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            RefusalOf(flipped, decodeAndEncode);
        }
    }

    /// <summary>
    /// Null when the bytes decode (then they are the one encoding of their value), else why they were refused.
    /// </summary>
    public static DecodeRejection? RefusalOf(byte[] bytes, Func<byte[], byte[]> decodeAndEncode)
    {
        try
        {
            byte[] again = decodeAndEncode(bytes);
            Assert.True(bytes.AsSpan().SequenceEqual(again), "two encodings of one value were accepted");
            return null;
        }
        catch (DecodeException refused)
        {
            return refused.Reason;
        }
    }
}
