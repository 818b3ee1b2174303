using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// Gives its votes and certificates of a slot to one member only, another one in each slot, and one that it hears from: that member alone can build the
/// certificate, moves on, and may cast a final vote that leaves the others short of votes.
/// </summary>
public sealed class CertificateWithholder : Attacker
{
    private const long HeardWithinUs = 400_000;

    private const int SlotsKept = 64;

    private readonly SortedDictionary<Slot, NodeId> _favourites = [];
    private long[] _heardUs = [];

    public override void OnStart() => _heardUs = new long[Run.Nodes.Count];

    public override void OnReceived(NodeId from, PeerMessage message) => _heardUs[from.Value] = Run.Schedule.NowUs;

    public override bool OnSend(NodeId to, PeerMessage? message) => message switch
    {
        Vote vote => to != Favourite(vote.Slot),
        Notarization certificate => to != Favourite(certificate.Slot),
        CertificateResponse => true,
        CommitProof => true,
        _ => false,
    };

    private NodeId Favourite(Slot slot)
    {
        if (_favourites.TryGetValue(slot, out NodeId favourite)) return favourite;
        int start = Random.Below(_heardUs.Length);
        favourite = AnotherMember();
        for (int i = 0; i < _heardUs.Length; i++)
        {
            var candidate = new NodeId((start + i) % _heardUs.Length);
            if (candidate == Me || Run.Schedule.NowUs - _heardUs[candidate.Value] > HeardWithinUs) continue;
            favourite = candidate;
            break;
        }

        if (_favourites.Count >= SlotsKept) _favourites.Remove(_favourites.Keys.First());
        return _favourites[slot] = favourite;
    }
}
