namespace SharedSeq.Adapters.EvmDev;

/// <summary>Why anvil could not be installed.</summary>
public enum ToolchainFailure : byte
{
    /// <summary>npm is not installed.</summary>
    NpmMissing = 1,

    /// <summary>npm did not install it; the message ends with what npm said.</summary>
    InstallFailed = 2,

    /// <summary>npm did not end in time.</summary>
    Timeout = 3,

    /// <summary>There is no package for this machine: install anvil by hand and name the binary.</summary>
    UnsupportedPlatform = 4,
}

/// <summary>Anvil could not be installed; <see cref="Failure"/> says why.</summary>
public sealed class ToolchainException(ToolchainFailure failure, string message, Exception? inner = null)
    : Exception($"{failure}: {message}", inner)
{
    public ToolchainFailure Failure { get; } = failure;
}
