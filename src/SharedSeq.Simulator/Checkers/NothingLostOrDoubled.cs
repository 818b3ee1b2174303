using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// Every accepted transaction is ordered exactly once, or rejected with a reason, on every honest replica. Accepted is what stands in a batch whose
/// receipt binds the network, or that an honest, living author has made durable. Compared with the clients' ledger outside the nodes.
/// </summary>
public sealed class NothingLostOrDoubled(SimulatedRun run) : Checker(run)
{
    private readonly HashSet<TxId> _ordered = [];
    private readonly HashSet<TxId> _rejected = [];
    private readonly HashSet<Hash32> _settled = [];
    private Height _seen;
    private Height _settledAt;

    public override bool IsWaiting
    {
        get
        {
            foreach (Batch batch in Owed())
            {
                if (FirstMissing(batch) is not null) return true;
            }

            foreach (SimulatedNode node in Run.Nodes)
            {
                if (node.IsHonest && node.IsUp && node.ExecutedHeight < _settledAt) return true;
            }

            return false;
        }
    }

    public override void OnExecuted(SimulatedNode node, ExecutedHeight executed)
    {
        if (!node.IsHonest || executed.Height <= _seen) return;
        _seen = executed.Height;
        foreach (TxId id in executed.Ordered)
        {
            if (_ordered.Add(id)) continue;
            Violate($"transaction {id} is ordered a second time at height {executed.Height}");
        }

        if (executed.Ordered.Count > 0) _settledAt = executed.Height;
        Run.Coverage.TransactionsOrdered += executed.Ordered.Count;
        foreach (Rejection rejection in executed.Result.Rejections) _rejected.Add(rejection.Id);
    }

    public override void OnEnd()
    {
        foreach (Batch batch in Owed())
        {
            if (FirstMissing(batch) is { } lost)
                Violate($"transaction {lost} of batch {batch.Header.Lane}:{batch.Header.Seq} was accepted and is neither ordered nor rejected");
        }
    }

    private IEnumerable<Batch> Owed()
    {
        foreach (SimulatedNode node in Run.Nodes)
        {
            if (!node.IsHonest || node.IsDead || Run.Settings.IsDying(node.Id)) continue;
            // Who has left has no lane for what its old one did not order; what it gave receipts for is owed all the same.
            if (node.Seat is null) continue;
            foreach (Batch batch in node.OwnDurableBatches) yield return batch;
        }

        foreach (Receipt receipt in Run.Client.Receipts.Values)
        {
            if (Run.Client.Binds(receipt)) yield return receipt.Batch;
        }
    }

    private TxId? FirstMissing(Batch batch)
    {
        if (_settled.Contains(batch.Header.Digest)) return null;
        for (int i = 0; i < batch.Body.Count; i++)
        {
            TxId id = batch.Body.IdOf(i);
            if (!_ordered.Contains(id) && !_rejected.Contains(id)) return id;
        }

        _settled.Add(batch.Header.Digest);
        return null;
    }
}
