using System.Collections.Generic;

namespace SharedSeq.Consensus;

/// <summary>
/// Messages of the next epoch that came before this one has ended here. They can not be verified yet, so each peer has its own bound and all together have
/// one: what does not fit is dropped and counted, and sent again by whoever still wants it heard.
/// </summary>
internal sealed class HeldMessages
{
    /// <summary>Messages kept per peer: a few slots of proposals, votes and batches.</summary>
    public const int PerPeer = 128;

    /// <summary>Bytes kept per peer, encoded: what its 128 messages have when each is a proposal of many proofs.</summary>
    public const int BytesPerPeer = 4 * 1024 * 1024;

    /// <summary>
    /// Bytes kept of all peers, encoded. 32 MiB: eight peers that use up their own bound; 128 members with 128 votes each have 2 MiB. Whoever has the most
    /// here loses its oldest first, so that a few can not take the room of all.
    /// </summary>
    public const int BytesMax = 32 * 1024 * 1024;

    /// <summary>Peers of which messages are kept: two whole committees.</summary>
    public const int PeersMax = 2 * QuorumParameters.MaxMembers;

    private readonly SortedDictionary<ulong, PeerQueue> _byPeer = [];

    public int Count { get; private set; }

    /// <summary>Bytes of all, encoded.</summary>
    public long Bytes { get; private set; }

    /// <summary>Messages that were dropped since the start because a bound was reached.</summary>
    public long Dropped { get; private set; }

    public void Add(ulong peer, PeerMessage message)
    {
        // Data is fetched again by whoever needs it; what answers a question was not asked for in an epoch that has not begun here.
        if (message is Batch or BatchResponse or BlockResponse or CertificateResponse or ResultResponse) return;
        int bytes = message.Encode().Length;
        if (bytes > BytesPerPeer || (!_byPeer.ContainsKey(peer) && _byPeer.Count == PeersMax))
        {
            Dropped++;
            return;
        }

        if (!_byPeer.TryGetValue(peer, out PeerQueue? queue)) _byPeer[peer] = queue = new PeerQueue();

        // The newest are of more use: what is old has been answered by others or is sent again.
        while (queue.Messages.Count == PerPeer || queue.Bytes + bytes > BytesPerPeer) DropOldest(queue);
        queue.Messages.Enqueue((message, bytes));
        queue.Bytes += bytes;
        Bytes += bytes;
        Count++;
        while (Bytes > BytesMax) DropOldest(Largest());
    }

    public IReadOnlyList<HeldMessage> Take()
    {
        var messages = new List<HeldMessage>(Count);
        foreach ((ulong peer, PeerQueue queue) in _byPeer)
        {
            foreach ((PeerMessage message, _) in queue.Messages) messages.Add(new HeldMessage(peer, message));
        }

        _byPeer.Clear();
        Count = 0;
        Bytes = 0;
        return messages;
    }

    private void DropOldest(PeerQueue queue)
    {
        int dropped = queue.Messages.Dequeue().Bytes;
        queue.Bytes -= dropped;
        Bytes -= dropped;
        Count--;
        Dropped++;
    }

    private PeerQueue Largest()
    {
        PeerQueue? largest = null;
        foreach (PeerQueue queue in _byPeer.Values)
        {
            if (largest is null || queue.Bytes > largest.Bytes) largest = queue;
        }

        return largest!;
    }

    private sealed class PeerQueue
    {
        public Queue<(PeerMessage Message, int Bytes)> Messages { get; } = new();

        public int Bytes { get; set; }
    }
}

/// <summary>A message that came too early.</summary>
/// <param name="Peer">The shell's number for the session.</param>
/// <param name="Message">As it came, not verified.</param>
public readonly record struct HeldMessage(ulong Peer, PeerMessage Message);
