using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// Every receipt that binds the network is kept by its deadline (ordering.md 5): the cut at height base + D covers its batch. A receipt binds when
/// an honest member besides the author was handed it, when its author is honest and lives, or when all other members that acked it are honest and
/// live, because then ack exchange rebuilds its PoA. Heights before stabilisation do not count: nobody promises anything about a broken network.
/// </summary>
public sealed class ReceiptDeadline(SimulatedRun run) : Checker(run)
{
    private readonly HashSet<Hash32> _kept = [];
    private readonly SortedDictionary<LaneId, LaneTip> _cut = [];
    private Height _seen;
    private Height? _stableAt;

    public override bool IsWaiting
    {
        get
        {
            foreach ((Hash32 digest, Receipt receipt) in Run.Client.Receipts)
            {
                if (!_kept.Contains(digest) && Run.Client.BaseOf(receipt) is not null) return true;
            }

            return false;
        }
    }

    public override void OnDelivered(SimulatedNode node, CommittedBlock block)
    {
        if (!node.IsHonest || block.Height <= _seen) return;
        _seen = block.Height;
        foreach (LaneTip tip in block.Cut) _cut[tip.Lane] = tip;
        foreach ((Hash32 digest, Receipt receipt) in Run.Client.Receipts)
        {
            if (_kept.Contains(digest)) continue;
            if (IsCovered(receipt))
            {
                _kept.Add(digest);
                continue;
            }

            if (_stableAt is not { } stable || Run.Client.BaseOf(receipt) is not { } from) continue;
            Height deadline = (from > stable ? from : stable).Plus((ulong)Run.Settings.ReceiptHeights);
            if (block.Height > deadline)
                Violate($"the receipt of batch {Place(receipt)} was due at height {deadline}, it is not in the cut at {block.Height}");
        }
    }

    public override void OnMoment()
    {
        if (Run.IsStable) _stableAt ??= Run.HighestDelivered;
    }

    public override void OnEnd()
    {
        foreach ((Hash32 digest, Receipt receipt) in Run.Client.Receipts)
        {
            if (_kept.Contains(digest) || Run.Client.BaseOf(receipt) is null || IsCovered(receipt)) continue;
            Violate($"the receipt of batch {Place(receipt)} was never kept; the run ended at height {_seen}");
        }
    }

    private static string Place(Receipt receipt) => $"{receipt.Proof.Tip.Lane}:{receipt.Proof.Tip.Seq}";

    private bool IsCovered(Receipt receipt)
    {
        LaneTip place = receipt.Proof.Tip;
        if (!_cut.TryGetValue(place.Lane, out LaneTip tip) || tip.Seq < place.Seq) return false;
        if (tip.Seq == place.Seq && tip.Digest != place.Digest) Violate($"the cut names another batch at {place.Lane}:{place.Seq} than its receipt");
        return true;
    }
}
