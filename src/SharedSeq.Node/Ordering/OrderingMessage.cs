using SharedSeq.Consensus;
using SharedSeq.Networking;

namespace SharedSeq.Node;

/// <summary>What ordering's actor may be told.</summary>
public abstract record OrderingMessage
{
    private OrderingMessage()
    {
    }

    /// <summary>The next committed height; all its batches are stored.</summary>
    public sealed record Delivered(CommittedBlock Block) : OrderingMessage;

    /// <summary>A result vote, request or answer of a peer, not verified yet: most votes are not worth it.</summary>
    public sealed record PeerSaid(PeerId From, PeerMessage Message) : OrderingMessage;

    /// <summary>A session was established: results this peer may lack are sent to it.</summary>
    public sealed record PeerConnected(PeerId Peer) : OrderingMessage;

    /// <summary>Every second: results not certified yet are sent again.</summary>
    public sealed record Tick : OrderingMessage;
}
