using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>What state sync's actor may be told.</summary>
public abstract record SyncMessage
{
    private SyncMessage()
    {
    }

    /// <summary>A session was established.</summary>
    public sealed record Connected(PeerId Peer, PublicKey64 NodeKey) : SyncMessage;

    /// <summary>A session ended.</summary>
    public sealed record Disconnected(PeerId Peer) : SyncMessage;

    /// <summary>Offers, pieces and hand-overs of peers.</summary>
    public sealed record PeerSaid(PeerId From, PeerMessage Message) : SyncMessage;

    /// <summary>Several times a second: what is due is asked for.</summary>
    public sealed record Tick : SyncMessage;

    /// <summary>What came of comparing all pieces with the certificate.</summary>
    public sealed record Checked(SyncVerdict Verdict) : SyncMessage;
}

/// <summary>What state sync does, for status and metrics.</summary>
/// <param name="Phase">What it does.</param>
/// <param name="Height">The checkpoint's height; null while watching.</param>
/// <param name="Stored">Pieces here.</param>
/// <param name="Pieces">Pieces of the checkpoint.</param>
/// <param name="Bytes">Bytes of the checkpoint.</param>
/// <param name="Sources">Members that it comes from.</param>
/// <param name="LedTo">The epoch that hand-overs led to so far, while they are fetched; else null.</param>
public sealed record SyncView(SyncPhase Phase, Height? Height, int Stored, int Pieces, long Bytes, int Sources, Epoch? LedTo = null)
{
    public static readonly SyncView Watching = new(SyncPhase.Watching, null, 0, 0, 0, 0);

    /// <summary>For people; empty while there is nothing to say.</summary>
    public string Text => Phase switch
    {
        SyncPhase.Watching when LedTo is { } epoch => $"state sync: hand-overs from the genesis on are fetched, up to epoch {epoch} they are here",
        SyncPhase.Fetching => $"state sync: {Stored} of {Pieces} pieces of the checkpoint of height {Height} are here, from {Sources} operators",
        SyncPhase.Checking => $"state sync: the checkpoint of height {Height} is compared with its certificate",
        SyncPhase.Done => $"state sync: the checkpoint of height {Height} is installed by the next start",
        _ => "",
    };
}
