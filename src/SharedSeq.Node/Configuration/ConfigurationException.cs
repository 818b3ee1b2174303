namespace SharedSeq.Node;

/// <summary>Why a configuration, key file or genesis document was refused at start.</summary>
public enum ConfigurationRejection
{
    /// <summary>The file is missing or can not be read.</summary>
    Unreadable = 1,

    /// <summary>Not JSON.</summary>
    Malformed = 2,

    /// <summary>A key that does not exist.</summary>
    UnknownKey = 3,

    /// <summary>A value out of its range or of the wrong type.</summary>
    BadValue = 4,

    /// <summary>The genesis document is not the one expected.</summary>
    WrongGenesis = 5,

    /// <summary>The genesis document speaks a protocol version this node does not.</summary>
    WrongVersion = 6,

    /// <summary>The keys have no seat in the committee.</summary>
    NotAMember = 7,

    /// <summary>A port is in use.</summary>
    PortInUse = 8,

    /// <summary>Limits of the genesis policy and of this configuration that can not hold together.</summary>
    ImpossibleLimits = 9,
}

/// <summary>A start refused for a reason the operator can mend: one line, no stack trace.</summary>
public sealed class ConfigurationException(ConfigurationRejection reason, string message, Exception? inner = null) : Exception(message, inner)
{
    public ConfigurationRejection Reason { get; } = reason;
}
