namespace SharedSeq.Consensus;

/// <summary>
/// Bounds of what lanes keep in memory that are not policy. Each says its unit and why it has this value. What policy and operators set is in
/// <see cref="ReplicaOptions"/>.
/// </summary>
internal static class LaneLimits
{
    /// <summary>Batches of one lane kept until the batch before them arrives. 32: two connections per peer can swap a few batches, not more.</summary>
    public const int ReorderBatches = 32;

    /// <summary>Body bytes of one lane kept until the batch before them arrives. 4 MiB: eight full batches.</summary>
    public const long ReorderBytes = 4L * 1024 * 1024;

    /// <summary>Body bytes of own batches under way to one member that has not acked them. 16 MiB: more than a link's bandwidth times its delay.</summary>
    public const long PushBytes = 16L * 1024 * 1024;

    /// <summary>Places of another lane at which Acks are kept although the batch is not held here. 64: the batches in flight of an author that died.</summary>
    public const int UnknownAckPlaces = 64;

    /// <summary>Lane windows of places remembered while data lags behind commits; beyond it acks of that lane stop. 16: 4,096 places by default.</summary>
    public const int PlaceWindows = 16;

    /// <summary>Committed heights that may wait for their data before the caller should hold back further ones: a few seconds of work.</summary>
    public const int UndeliveredHeights = 1_024;

    /// <summary>Batches by which fetched data of one lane may run ahead of its delivered tip: eight full requests.</summary>
    public const ulong FetchAheadBatches = 8 * BatchRequest.MaxBatches;

    /// <summary>Slot timers by which the wait for an answer grows at most, one per round through all members: then everyone is slow, not one.</summary>
    public const int FetchBackoffMax = 8;
}
