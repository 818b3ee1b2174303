using Microsoft.Extensions.Logging;

namespace SharedSeq.Networking;

/// <summary>Log lines of the peer network; event ids 2000 to 2099.</summary>
internal static partial class NetworkLog
{
    [LoggerMessage(2000, LogLevel.Information, "listening for peers on {Endpoint}")]
    public static partial void Listening(this ILogger logger, string endpoint);

    [LoggerMessage(2001, LogLevel.Information, "session with peer {Peer} established")]
    public static partial void SessionUp(this ILogger logger, PeerId peer);

    [LoggerMessage(2002, LogLevel.Information, "session with peer {Peer} ended: {Reason}")]
    public static partial void SessionDown(this ILogger logger, PeerId peer, SessionEnd reason);

    [LoggerMessage(2003, LogLevel.Debug, "peer {Peer} can not be reached: {Reason}")]
    public static partial void Unreachable(this ILogger logger, PeerId peer, string reason);

    [LoggerMessage(2004, LogLevel.Warning, "handshake refused: {Reason}: {Detail}")]
    public static partial void Refused(this ILogger logger, SessionEnd reason, string detail);

    [LoggerMessage(2006, LogLevel.Information,
        "the node keys of this node have no seat any more, and its peers no session with it: they are not dialed again. If its operator left, it may be "
        + "stopped; if the operator took new keys, name them in replica.newVoteKeyFile and replica.newNodeKeyFile and start again")]
    public static partial void Parted(this ILogger logger);

    [LoggerMessage(2005, LogLevel.Error, "connection handler failed")]
    public static partial void HandlerFailed(this ILogger logger, Exception error);
}
