namespace SharedSeq.Adapters.EvmDev;

/// <summary>Why an anvil process is not running.</summary>
public enum AnvilFailure : byte
{
    /// <summary>The binary, or setsid and setpriv of util-linux that start it, can not be run.</summary>
    NotStartable = 1,

    /// <summary>
    /// It ended before it was ready: a port in use, a bad option. The message ends with what it said.
    /// </summary>
    Ended = 2,

    /// <summary>It runs but did not answer in time.</summary>
    NotReady = 3,
}

/// <summary>Anvil was not started; <see cref="Failure"/> says why.</summary>
public sealed class AnvilException(AnvilFailure failure, string message, Exception? inner = null)
    : Exception($"{failure}: {message}", inner)
{
    public AnvilFailure Failure { get; } = failure;
}
