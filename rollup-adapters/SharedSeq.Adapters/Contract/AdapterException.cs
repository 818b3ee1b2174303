namespace SharedSeq.Adapters;

/// <summary>Why an adapter did not execute a block. Labels of metrics and alarms: pinned.</summary>
public enum AdapterRejection : byte
{
    /// <summary>The client's block before this one has another hash than the caller names.</summary>
    WrongParent = 1,

    /// <summary>
    /// The client is not at the block before this one: blocks are missing. Open a session again and continue from its
    /// head.
    /// </summary>
    OutOfRange = 2,

    /// <summary>The client no longer knows the block or its state, so its outcome can not be told again.</summary>
    UnknownBlock = 3,

    /// <summary>A newer session was opened.</summary>
    StaleSession = 4,

    /// <summary>The client is busy following its own chain. Try again later.</summary>
    ClientSyncing = 5,

    /// <summary>
    /// The client answers, but not as a client of this rollup: other chain, other genesis, missing methods, malformed
    /// answers.
    /// </summary>
    ClientInvalid = 6,

    /// <summary>The client does not answer or not in time. Restart it or wait, then open a session again.</summary>
    ClientUnreachable = 7,

    /// <summary>
    /// The client's block is not what the order makes of it. The client is wrong or lies: quarantine it, attest
    /// nothing, re-sync it from genesis.
    /// </summary>
    Divergence = 8,

    /// <summary>
    /// The block itself can not be executed: another namespace, number 0, a time before its parent's.
    /// </summary>
    BadBlock = 9,
}

/// <summary>
/// An adapter did not execute a block; <see cref="Rejection"/> says why. The only exception of <see
/// cref="IRollupAdapter"/>.
/// </summary>
public sealed class AdapterException(AdapterRejection rejection, string message, Exception? inner = null)
    : Exception($"{rejection}: {message}", inner)
{
    public AdapterRejection Rejection { get; } = rejection;

    /// <summary>Whether the same call may succeed later without anyone's doing (the client may come back).</summary>
    public bool IsTransient => Rejection is AdapterRejection.ClientUnreachable or AdapterRejection.ClientSyncing;
}
