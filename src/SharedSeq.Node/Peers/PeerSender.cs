using System.Buffers.Binary;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>Encodes a message once and queues it to each of its receivers, batches and history on the connection where nothing waits behind them.</summary>
public sealed class PeerSender
{
    private PeerNetwork? _network;

    /// <summary>Until the network is there, messages are lost, as on any network; the protocol sends again.</summary>
    public void Attach(PeerNetwork network) => Volatile.Write(ref _network, network);

    public void Send(ReplicaSet to, PeerMessage message)
    {
        PeerNetwork? network = Volatile.Read(ref _network);
        if (network is null || to.Count == 0) return;
        if (message is Batch batch)
        {
            SendBatch(network, to, batch);
            return;
        }

        OutgoingFrame frame = OutgoingFrame.Create(ChannelOf(message.Kind), writer =>
        {
            writer.Byte((byte)message.Kind);
            message.Write(writer);
        });
        foreach (ReplicaId peer in to) network.TrySend(peer, frame);
    }

    /// <summary>In pooled memory: frames as large as these would be collected with the whole heap only.</summary>
    private static void SendBatch(PeerNetwork network, ReplicaSet to, Batch batch)
    {
        SharedBuffer buffer = BufferPool.Instance.Rent(4 + 1 + batch.EncodedBytes);
        Span<byte> bytes = buffer.GetSpan();
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)(bytes.Length - 4));
        bytes[4] = (byte)MessageKind.Batch;
        batch.Write(bytes[5..]);
        OutgoingFrame frame = OutgoingFrame.FromFramed(buffer.Memory, PeerChannel.Bulk);
        foreach (ReplicaId peer in to) network.TrySend(peer, frame);
        buffer.Release();
    }

    /// <summary>A message of a peer turned out not to verify.</summary>
    public void CountBadFrame(ReplicaId from) => Volatile.Read(ref _network)?.CountBadFrame(from);

    private static PeerChannel ChannelOf(MessageKind kind) =>
        kind is MessageKind.BatchResponse or MessageKind.BlockResponse ? PeerChannel.Bulk : PeerChannel.Control;
}
