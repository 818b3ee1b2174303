using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>As leader cites a view that was adopted before, with the true reports that it was adopted by.</summary>
public sealed class RegressingLeader : ViewForger
{
    private const int PayloadsKept = 64;

    private readonly List<(Epoch Epoch, Payload Payload)> _adopted = [];

    public override void OnReceived(NodeId from, PeerMessage message)
    {
        if (message is not Proposal { Block: { Payload.Reports.Count: > 0 } block }) return;
        _adopted.Add((block.Header.Epoch, block.Payload));
        if (_adopted.Count > PayloadsKept) _adopted.RemoveAt(0);
    }

    protected override Payload? Forge(L1View parent, Payload chosen)
    {
        List<Payload> older =
            [.. _adopted.Where(known => known.Epoch == Node.Epoch && known.Payload.L1View.Number < parent.Number).Select(known => known.Payload)];
        if (older.Count == 0 || Random.Below(3) == 0) return null;
        Payload cited = older[Random.Below(older.Count)];
        return new Payload(cited.L1View, chosen.Evidence, cited.Reports);
    }
}
