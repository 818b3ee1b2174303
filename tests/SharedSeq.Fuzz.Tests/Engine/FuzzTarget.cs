using SharedSeq.Primitives;

namespace SharedSeq.Fuzz.Tests;

/// <summary>Changes an input: the samples are what pieces may be taken from.</summary>
internal delegate byte[] Mutation(Prng prng, byte[] input, IReadOnlyList<byte[]> samples);

/// <summary>One decoder, what it is fed from and what it may do.</summary>
/// <param name="Name">Unique; a replay names it.</param>
/// <param name="Samples">Encodings that decode: pinned vectors and values made for this.</param>
/// <param name="Decode">Decodes and encodes again. Null where a value has many encodings, such as JSON.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<byte[]> Samples, Func<byte[], byte[]?> Decode)
{
    /// <summary>The refusals this decoder is documented to throw; anything else is a failure.</summary>
    public Func<Exception, bool> IsRefusal { get; init; } = static e => e is DecodeException;

    /// <summary>A fresh valid value's encoding; null when there are samples only.</summary>
    public Func<Prng, byte[]>? Make { get; init; }

    public Mutation Mutate { get; init; } = ByteMutations.Mutate;

    /// <summary>Makes checksums hold again, so that damage reaches what is behind them.</summary>
    public Func<byte[], byte[]>? Repair { get; init; }

    /// <summary>Cases in every build. 60,000: about two seconds of a decoder of short inputs.</summary>
    public int Cases { get; init; } = 60_000;

    /// <summary>Bytes that one case may allocate whatever its input is: an exception with its stack, a table of fixed size.</summary>
    public long FixedBytesMax { get; init; } = 16 * 1024;

    /// <summary>
    /// Bytes that one case may allocate per byte of input. 24: the value, its encoding in a buffer that doubles, the copy of it, and lists of
    /// items that are larger in memory than on the wire.
    /// </summary>
    public long BytesPerByteMax { get; init; } = 24;

    public override string ToString() => Name;
}
