using System;
using System.Diagnostics.CodeAnalysis;

namespace SharedSeq.Ordering;

/// <summary>Why a genesis document was refused.</summary>
public enum GenesisRejection
{
    /// <summary>The text is not JSON.</summary>
    NotJson = 1,

    /// <summary>A key that is not known: a misspelt setting must not be ignored.</summary>
    UnknownKey = 2,

    /// <summary>A required key is missing.</summary>
    MissingKey = 3,

    /// <summary>A value has the wrong type or form.</summary>
    WrongType = 4,

    /// <summary>A value is out of its range or contradicts another.</summary>
    OutOfRange = 5,

    /// <summary>The document is of a protocol version that this code does not speak.</summary>
    UnsupportedVersion = 6,
}

/// <summary>A genesis document was refused: why, and at which key.</summary>
public sealed class GenesisException(GenesisRejection reason, string path, string why) : Exception($"genesis: {path}: {why} ({reason})")
{
    public GenesisRejection Reason { get; } = reason;

    /// <summary>The key, such as <c>namespaces[0].byteCap</c>.</summary>
    public string Path { get; } = path;

    [DoesNotReturn]
    internal static void Throw(GenesisRejection reason, string path, string why) => throw new GenesisException(reason, path, why);
}
