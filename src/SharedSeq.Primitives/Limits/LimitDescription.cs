namespace SharedSeq.Primitives;

/// <summary>Who decides a limit's value.</summary>
public enum LimitScope
{
    /// <summary>Part of the formats and rules of a protocol version: changed only together with it.</summary>
    Protocol = 1,

    /// <summary>Part of the network's policy in genesis: the same on all its replicas.</summary>
    Policy = 2,

    /// <summary>Each operator's own choice; replicas with different values work together.</summary>
    Local = 3,
}

/// <summary>States a limit's unit, range and reason beside its default.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class LimitAttribute(LimitScope scope, string unit, long least, long most, string reason) : Attribute
{
    public LimitScope Scope { get; } = scope;

    public string Unit { get; } = unit;

    /// <summary>The least value that is accepted.</summary>
    public long Least { get; } = least;

    /// <summary>The largest value that is accepted.</summary>
    public long Most { get; } = most;

    /// <summary>Why the default is what it is.</summary>
    public string Reason { get; } = reason;
}

/// <summary>One limit as documentation shows it.</summary>
public sealed record LimitDescription(
    string Name, LimitScope Scope, string Unit, long Default, long Least, long Most, string Reason);

/// <summary>A limit out of its range, or a pair of limits that cannot both hold, and why.</summary>
public sealed record LimitFault(string Limit, string Why)
{
    public override string ToString() => $"{Limit}: {Why}";
}
