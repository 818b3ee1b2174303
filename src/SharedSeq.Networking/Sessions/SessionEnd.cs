namespace SharedSeq.Networking;

/// <summary>Why a session ended or was refused. Recorded once per session; also a metric label and, in a refusal frame, a pinned wire value.</summary>
public enum SessionEnd : byte
{
    None = 0,

    /// <summary>The peer closed the connection, or the network did.</summary>
    ConnectionLost = 1,

    /// <summary>Nothing was heard for the silence limit.</summary>
    Silent = 2,

    /// <summary>The TLS certificate's key is not a registered node key.</summary>
    UnregisteredKey = 3,

    /// <summary>The answer was for the other channel than the one asked for.</summary>
    WrongChannel = 4,

    /// <summary>Another network or another genesis.</summary>
    WrongGenesis = 5,

    /// <summary>The peer speaks another protocol version.</summary>
    WrongVersion = 6,

    /// <summary>A frame above the limit of its connection.</summary>
    OversizedFrame = 7,

    /// <summary>Too many malformed or unverifiable frames.</summary>
    TooManyBadFrames = 8,

    /// <summary>The hello did not come in time or made no sense.</summary>
    BadHello = 9,

    /// <summary>A newer session of the same peer took over.</summary>
    Replaced = 10,

    /// <summary>This node stops.</summary>
    Stopped = 11,

    /// <summary>Too many connections of its address, or of all, have not said hello yet.</summary>
    TooManyPending = 12,
}
