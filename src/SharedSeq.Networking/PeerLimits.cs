namespace SharedSeq.Networking;

/// <summary>Bounds on what one peer can cost, checked before anything it sent is parsed. Every member has a unit, a default and a reason.</summary>
public sealed record PeerLimits
{
    /// <summary>Bytes of one frame on the control connection. 1 MiB: a block response of 256 headers at 13 members, with room.</summary>
    public int ControlFrameBytes { get; init; } = 1024 * 1024;

    /// <summary>Bytes of one frame on the bulk connection. 2.25 MiB: a batch response of four full batches with their headers.</summary>
    public int BulkFrameBytes { get; init; } = (2 * 1024 * 1024) + (256 * 1024);

    /// <summary>Frames queued to one peer's control connection. 8,192: more than all own statements of a full slot window; beyond it the oldest
    /// is dropped, because the protocol sends again what still matters.</summary>
    public int ControlQueueFrames { get; init; } = 8_192;

    /// <summary>Bytes queued to one peer's bulk connection. 64 MiB: a second and a half of a 40 MB/s link; beyond it new frames are dropped and
    /// sent again later, so that one slow peer costs bounded memory.</summary>
    public long BulkQueueBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Frames per second accepted from a peer on average. 20,000: ten times a busy committee's traffic; above it reading pauses.</summary>
    public int FramesPerSecond { get; init; } = 20_000;

    /// <summary>Bytes per second accepted from a peer on average. 512 MiB: above any link this serves, below what could starve a machine.</summary>
    public long BytesPerSecond { get; init; } = 512L * 1024 * 1024;

    /// <summary>Malformed or unverifiable frames after which the session is closed. 16: a bug shows at once, an attacker gains nothing.</summary>
    public int BadFrames { get; init; } = 16;

    /// <summary>Milliseconds for TCP, TLS and the hello together. 5,000: a slow handshake across the world takes less than two seconds.</summary>
    public int HandshakeMs { get; init; } = 5_000;

    /// <summary>Milliseconds for TCP to connect, within the handshake. 1,000: one round trip across the world takes less than half of it, and an attempt
    /// that got no answer is repeated by the kernel ever more seldom: a new one finds a network that has just healed sooner.</summary>
    public int ConnectMs { get; init; } = 1_000;

    /// <summary>Milliseconds between pings on an otherwise silent control connection (consensus.md 6). 250.</summary>
    public int PingMs { get; init; } = 250;

    /// <summary>Milliseconds of silence after which a session is closed (consensus.md 6). 1,000.</summary>
    public int SilenceMs { get; init; } = 1_000;

    /// <summary>Least milliseconds between two attempts to connect to a peer (consensus.md 6). 500.</summary>
    public int ReconnectMs { get; init; } = 500;

    /// <summary>Connections that have not said hello yet, at once. 256: enough for the largest committee to reconnect, two connections each, too few to
    /// exhaust sockets.</summary>
    public int PendingConnections { get; init; } = 256;

    /// <summary>Of these, those of one address, IPv6 networks of 64 bits counted as one. 32: more than operators that share an address have at once, and one
    /// stranger can not keep members from connecting.</summary>
    public int PendingPerAddress { get; init; } = 32;
}
