using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// Clients of the run: they submit transactions to running members, some to two, keep the receipts, and hand some receipts to other members. The
/// ledger they keep lies outside the nodes and is what the checkers compare with.
/// </summary>
public sealed class SimulatedClient(SimulatedRun run, Prng random)
{
    private readonly SortedDictionary<Hash32, Receipt> _receipts = [];

    /// <summary>Receipts by batch digest.</summary>
    public IReadOnlyDictionary<Hash32, Receipt> Receipts => _receipts;

    /// <summary>Every transaction that was submitted, by its id.</summary>
    public SortedDictionary<TxId, SubmittedTransaction> Submitted { get; } = [];

    public void Start()
    {
        WorkloadSettings settings = run.Settings.Workload;
        long endUs = (run.Settings.StabilisationMs + 400) * 1_000L;
        for (int i = 0; i < settings.Transactions; i++) run.Schedule.At(random.Between(0, endUs), SubmitOne);
    }

    /// <summary>An author releases the receipts of one of its batches.</summary>
    public void OnReceipts(SimulatedNode author, Batch batch, ProofOfAvailability proof)
    {
        var receipt = new Receipt(batch, proof);
        if (!_receipts.TryAdd(batch.Header.Digest, receipt)) return;
        run.Trace.Line(author.Id, $"receipts {batch.Header.Lane} {batch.Header.Seq} deadline base {proof.HighestHeight}");
        if (random.Chance(run.Settings.Workload.RelayPerMille))
            run.Schedule.After(random.Between(1_000, 100_000), () => Relay(receipt));
    }

    /// <summary>Whether the network is bound to order what this receipt names.</summary>
    public bool Binds(Receipt receipt) => BaseOf(receipt) is not null;

    /// <summary>The height from which a receipt's deadline counts, or null when it binds nobody.</summary>
    public Height? BaseOf(Receipt receipt)
    {
        Height named = receipt.Proof.HighestHeight;
        if (receipt.HandedAt is { } handed) return handed > named ? handed : named;
        LaneId lane = receipt.Proof.Tip.Lane;
        if (Lives(lane.Epoch, lane.Author)) return named;
        foreach (AckSignature ack in receipt.Proof.Acks)
        {
            if (ack.Acker != lane.Author && !Lives(lane.Epoch, ack.Acker)) return null;
        }

        return named;
    }

    private bool Lives(Epoch epoch, ReplicaId seat) =>
        run.Committees.NodeAt(epoch, seat) is { } node && run.Nodes[node.Value].IsHonest && !run.Settings.IsDying(node);

    private void SubmitOne()
    {
        WorkloadSettings settings = run.Settings.Workload;
        byte[] payload = new byte[8 + random.Below(settings.PayloadBytesMax)];
        for (int i = 0; i < payload.Length; i++) payload[i] = (byte)random.NextU64();
        var transaction = new SubmittedTransaction(
            new NamespaceId(1 + (ulong)random.Below(settings.Namespaces)), SimulatedGenesis.ValidUntil, payload);
        Submit(transaction);
    }

    /// <summary>To one operator, or to two.</summary>
    public void Submit(SubmittedTransaction transaction)
    {
        Submitted[transaction.Id] = transaction;
        SubmitTo(transaction);
        if (random.Chance(run.Settings.Workload.TwicePerMille)) run.Schedule.After(random.Between(0, 200_000), () => SubmitTo(transaction));
    }

    private void SubmitTo(SubmittedTransaction transaction)
    {
        int first = random.Below(run.Nodes.Count);
        for (int i = 0; i < run.Nodes.Count; i++)
        {
            if (run.Nodes[(first + i) % run.Nodes.Count].TrySubmit(transaction)) return;
        }
    }

    /// <summary>Hands a receipt to f+1 members besides its author, so that one of them is honest.</summary>
    private void Relay(Receipt receipt)
    {
        LaneId lane = receipt.Batch.Header.Lane;
        int author = run.Committees.NodeAt(lane.Epoch, lane.Author)!.Value.Value;
        int handed = 0;
        for (int i = 1; i < run.Nodes.Count && handed < run.Settings.Quorum.OneHonest; i++)
        {
            SimulatedNode node = run.Nodes[(author + i) % run.Nodes.Count];
            if (node.Seat is null || !node.TryRelay(receipt.Proof)) continue;
            handed++;
            if (node.IsHonest && !run.Settings.IsDying(node.Id)) receipt.HandedAt ??= run.HighestDelivered;
        }
    }
}
