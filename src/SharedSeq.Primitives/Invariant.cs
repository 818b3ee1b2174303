using System.Diagnostics.CodeAnalysis;

namespace SharedSeq.Primitives;

/// <summary>A broken invariant: a bug or broken safety, never bad input. The process stops rather than act on it.</summary>
public sealed class InvariantException(string message) : Exception(message);

/// <summary>Asserts that stay on in production, one condition each.</summary>
public static class Invariant
{
    public static void Check([DoesNotReturnIf(false)] bool condition, string what)
    {
        if (!condition) Throw(what);
    }

    [DoesNotReturn]
    public static void Throw(string what) => throw new InvariantException(what);
}
