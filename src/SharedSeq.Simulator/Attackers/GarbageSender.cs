using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>Sends bytes that are no message, damaged copies of real ones, votes for impossible slots and certificates that certify nothing.</summary>
public sealed class GarbageSender : Attacker
{
    public override bool OnSend(NodeId to, PeerMessage? message)
    {
        if (message is null || Random.Below(3) != 0) return false;
        switch (Random.Below(IsSeated ? 4 : 2))
        {
            case 0:
                byte[] noise = new byte[Random.Below(200)];
                Fill(noise);
                Run.Network.SendFrame(Me, to, noise);
                return false;
            case 1:
                Run.Network.SendFrame(Me, to, Damage(message.Encode()));
                return Random.Below(4) == 0;
            case 2:
                // Several at once: what keeps a slot for each runs out of its bound.
                for (int i = Random.Below(12); i >= 0; i--) SendTo(to, ImpossibleVote());
                return false;
            default:
                SendTo(to, HollowCertificate());
                return false;
        }
    }

    private void Fill(Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)Random.NextU64();
    }

    private byte[] Damage(byte[] frame)
    {
        int cut = Random.Below(3) == 0 ? Random.Below(frame.Length + 1) : frame.Length;
        byte[] damaged = frame[..cut];
        int flips = Random.Below(4);
        for (int i = 0; i < flips && damaged.Length > 0; i++) damaged[Random.Below(damaged.Length)] ^= (byte)(1 << Random.Below(8));
        return damaged;
    }

    private Vote ImpossibleVote()
    {
        ulong slot = Random.Below(2) == 0 ? ulong.MaxValue - (ulong)Random.Below(3) : 1 + (ulong)Random.Below(100_000);
        var hash = new byte[Hash32.Size];
        Fill(hash);
        var value = new BlockId(new Height(Random.Below(2) == 0 ? ulong.MaxValue : (ulong)Random.Below(1_000) + 1), new Hash32(hash));
        return Sign.Vote(new Slot(slot), (VoteKind)(1 + Random.Below(3)), value).Value;
    }

    /// <summary>A certificate with its own signature under every name.</summary>
    private Notarization HollowCertificate()
    {
        var slot = new Slot(1 + (ulong)Random.Below(1_000));
        Vote own = Sign.Vote(slot, VoteKind.First, BlockId.Skip).Value;
        var signatures = new CertificateSignature[Node.Committee.Count];
        for (int i = 0; i < signatures.Length; i++) signatures[i] = new CertificateSignature(new ReplicaId((ushort)i), IsExtra: false, own.Signature);
        return new Notarization(own.Epoch, slot, BlockId.Skip, signatures);
    }
}
