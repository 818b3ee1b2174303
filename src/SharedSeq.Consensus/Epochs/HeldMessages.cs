using System.Collections.Generic;

namespace SharedSeq.Consensus;

/// <summary>
/// Messages of the next epoch that came before this one has ended here. They can not be verified yet, so each peer has its own bound: what does not fit
/// is dropped, and sent again by whoever still wants it heard.
/// </summary>
internal sealed class HeldMessages
{
    /// <summary>Messages kept per peer: a few slots of proposals, votes and batches.</summary>
    public const int PerPeer = 128;

    /// <summary>Peers of which messages are kept: two whole committees.</summary>
    public const int PeersMax = 2 * QuorumParameters.MaxMembers;

    private readonly SortedDictionary<ulong, Queue<PeerMessage>> _byPeer = [];

    public int Count { get; private set; }

    public void Add(ulong peer, PeerMessage message)
    {
        if (!_byPeer.TryGetValue(peer, out Queue<PeerMessage>? queue))
        {
            if (_byPeer.Count == PeersMax) return;
            _byPeer[peer] = queue = new Queue<PeerMessage>();
        }

        // The newest are of more use: what is old has been answered by others or is sent again.
        if (queue.Count == PerPeer)
        {
            queue.Dequeue();
            Count--;
        }

        queue.Enqueue(message);
        Count++;
    }

    public IReadOnlyList<HeldMessage> Take()
    {
        var messages = new List<HeldMessage>(Count);
        foreach ((ulong peer, Queue<PeerMessage> queue) in _byPeer)
        {
            foreach (PeerMessage message in queue) messages.Add(new HeldMessage(peer, message));
        }

        _byPeer.Clear();
        Count = 0;
        return messages;
    }
}

/// <summary>A message that came too early.</summary>
/// <param name="Peer">The shell's number for the session.</param>
/// <param name="Message">As it came, not verified.</param>
public readonly record struct HeldMessage(ulong Peer, PeerMessage Message);
