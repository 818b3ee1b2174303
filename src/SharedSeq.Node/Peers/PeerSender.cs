using System.Buffers.Binary;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// Encodes a message once and queues it to each of its receivers, batches and history on the connection where nothing waits behind them. An operator that
/// rotates its node key has a network for each: what is said in an epoch goes by the key that has the seat there.
/// </summary>
public sealed class PeerSender
{
    private (PublicKey64 NodeKey, PeerNetwork Network)[] _networks = [];

    /// <summary>Until the networks are there, messages are lost, as on any network; the protocol sends again.</summary>
    public void Attach(IEnumerable<(PublicKey64 NodeKey, PeerNetwork Network)> networks) => Volatile.Write(ref _networks, [.. networks]);

    /// <summary>Replaces who may have a session.</summary>
    /// <param name="peers">Who is registered.</param>
    /// <param name="isParting">This node has left.</param>
    public void SetPeers(IReadOnlyList<PeerEndpoint> peers, bool isParting)
    {
        foreach ((_, PeerNetwork network) in Volatile.Read(ref _networks)) network.SetPeers(peers, isParting);
    }

    /// <summary>Whether there is a session with a peer.</summary>
    public bool IsConnected(PeerId peer) => Array.Exists(Volatile.Read(ref _networks), item => item.Network.IsConnected(peer));

    /// <summary>Sends to seats of an epoch. Whoever of them has no session is left out.</summary>
    public void Send(EpochPart epoch, ReplicaSet to, PeerMessage message)
    {
        if (to.Count == 0 || Volatile.Read(ref _networks).Length == 0) return;
        OutgoingFrame frame = Encode(message, out SharedBuffer? buffer);
        PublicKey64? ownKey = epoch.Self is { } self ? epoch.Committee[self].NodeKey : null;
        foreach (ReplicaId seat in to)
        {
            if (epoch.PeerOf(seat) is { } peer) TrySend(peer, ownKey, frame);
        }

        buffer?.Release();
    }

    /// <summary>Sends to a session, whatever its peer's seat.</summary>
    public void Send(PeerId to, PeerMessage message)
    {
        if (Volatile.Read(ref _networks).Length == 0) return;
        OutgoingFrame frame = Encode(message, out SharedBuffer? buffer);
        TrySend(to, null, frame);
        buffer?.Release();
    }

    private void TrySend(PeerId to, PublicKey64? ownKey, OutgoingFrame frame)
    {
        (PublicKey64 NodeKey, PeerNetwork Network)[] networks = Volatile.Read(ref _networks);
        foreach ((PublicKey64 key, PeerNetwork network) in networks)
        {
            if (key == ownKey && network.TrySend(to, frame)) return;
        }

        foreach ((PublicKey64 key, PeerNetwork network) in networks)
        {
            if (key != ownKey && network.TrySend(to, frame)) return;
        }
    }

    private static OutgoingFrame Encode(PeerMessage message, out SharedBuffer? buffer)
    {
        buffer = null;
        if (message is Batch batch) return Encode(batch, out buffer);
        return OutgoingFrame.Create(ChannelOf(message.Kind), writer =>
        {
            writer.Byte((byte)message.Kind);
            message.Write(writer);
        });
    }

    /// <summary>In pooled memory: frames as large as these would be collected with the whole heap only.</summary>
    private static OutgoingFrame Encode(Batch batch, out SharedBuffer? pooled)
    {
        SharedBuffer buffer = BufferPool.Instance.Rent(4 + 1 + batch.EncodedBytes);
        Span<byte> bytes = buffer.GetSpan();
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)(bytes.Length - 4));
        bytes[4] = (byte)MessageKind.Batch;
        batch.Write(bytes[5..]);
        pooled = buffer;
        return OutgoingFrame.FromFramed(buffer.Memory, PeerChannel.Bulk);
    }

    /// <summary>A message of a peer turned out not to verify.</summary>
    public void CountBadFrame(PeerId from)
    {
        foreach ((_, PeerNetwork network) in Volatile.Read(ref _networks)) network.CountBadFrame(from);
    }

    private static PeerChannel ChannelOf(MessageKind kind) =>
        kind is MessageKind.BatchResponse or MessageKind.BlockResponse or MessageKind.CheckpointOffers or MessageKind.PieceResponse
                or MessageKind.HandOverResponse or MessageKind.L1InputsResponse
            ? PeerChannel.Bulk
            : PeerChannel.Control;
}
