using SharedSeq.Primitives;

namespace SharedSeq.Adapters;

/// <summary>How strongly a rollup holds its operators to a promise of the order.</summary>
public enum EnforcementStrength : byte
{
    /// <summary>Operators sign that they kept it; nothing in the rollup checks it.</summary>
    Attested = 1,

    /// <summary>A contract refuses a posting that breaks it.</summary>
    ContractChecked = 2,

    /// <summary>The rollup's state derivation can not break it.</summary>
    DerivationEnforced = 3,
}

/// <summary>What a rollup followed through this adapter enforces.</summary>
public sealed record AdapterGuarantees(
    EnforcementStrength ForcedInclusion, EnforcementStrength TopOfBlock, EnforcementStrength Atomicity);

/// <summary>
/// Drives one execution client along one namespace's committed blocks: in order, exactly once, resumable at every step.
/// Nothing an adapter does changes the order. Calls of one adapter are made one after another; every refusal is an <see
/// cref="AdapterException"/>.
/// </summary>
public interface IRollupAdapter
{
    AdapterGuarantees Guarantees { get; }

    /// <summary>
    /// Asks the client where it is and opens a session there; earlier sessions end. The caller continues with the block
    /// after <see cref="AdapterSession.Head"/>.
    /// </summary>
    /// <param name="ns">The namespace.</param>
    /// <param name="startNumber">
    /// The lowest block the caller can still deliver. A client that needs a lower one is refused as
    /// <see cref="AdapterRejection.OutOfRange"/>. Keep at least the client's newest block: it may have to be executed
    /// again.
    /// </param>
    /// <param name="cancellation">Gives up waiting; the client may have acted, which a new session finds out.</param>
    Task<AdapterSession> OpenAsync(NamespaceId ns, ulong startNumber, CancellationToken cancellation = default);

    /// <summary>
    /// Executes the block after the client's head. A block that the client has already executed gives the same outcome
    /// again, if client and block agree about it.
    /// </summary>
    Task<ExecutionOutcome> ExecuteAsync(
        AdapterSession session, AdapterBlock block, CancellationToken cancellation = default);

    /// <summary>The client's newest block.</summary>
    Task<AdapterHead> HeadAsync(AdapterSession session, CancellationToken cancellation = default);
}
