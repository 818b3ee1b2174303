using SharedSeq.Primitives;

namespace SharedSeq.Adapters;

/// <summary>A block of the execution client.</summary>
public readonly record struct AdapterHead(ulong Number, Hash32 Hash);

/// <summary>
/// The right to drive an execution client for one namespace. Opening a new one ends the old one; calls with it are
/// refused as <see cref="AdapterRejection.StaleSession"/>.
/// </summary>
/// <param name="Namespace">The namespace.</param>
/// <param name="Id">Grows with each session of one adapter.</param>
/// <param name="Head">
/// Where the client was when the session was opened; the next block to execute has the number after it.
/// </param>
public sealed record AdapterSession(NamespaceId Namespace, ulong Id, AdapterHead Head);
