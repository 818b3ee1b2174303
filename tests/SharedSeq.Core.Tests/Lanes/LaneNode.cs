using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Lanes;

/// <summary>
/// One member of a <see cref="LaneNet"/>: a lane book and a shell around it that carries out its effects over a disk made of lists. Syncing and
/// signing happen when the test says so, or at once while <see cref="IsPrompt"/>.
/// </summary>
public sealed class LaneNode
{
    private readonly LaneNet _net;
    private readonly List<(Batch Batch, bool IsAckable)> _unsynced = [];
    private readonly Queue<ReplicaEffect.SignAck> _unsigned = new();
    private readonly List<ReplicaEffect> _effects = [];
    private LaneBook _book;

    public LaneNode(LaneNet net, ReplicaId id)
    {
        _net = net;
        Id = id;
        Signer = new StatementSigner(
            LaneNet.Domain, Epoch.Zero, id,
            new TestSignatures.Signer(TestSignatures.KeyOf(id.Value, true)), new TestSignatures.Signer(TestSignatures.KeyOf(id.Value, false)));
        _book = NewBook();
    }

    public ReplicaId Id { get; }

    public StatementSigner Signer { get; }

    public LaneBook Book => _book;

    public bool IsUp { get; private set; } = true;

    /// <summary>Syncs and signs at once.</summary>
    public bool IsPrompt { get; set; } = true;

    /// <summary>Synced batches by digest, with the mark they were stored with.</summary>
    public Dictionary<Hash32, (Batch Batch, bool IsAckable)> Disk { get; } = [];

    public List<CommittedBlock> Delivered { get; } = [];

    public List<ProofOfAvailability> Certified { get; } = [];

    public List<Evidence> Evidence { get; } = [];

    public List<ReplicaEffect.Alarm> Alarms { get; } = [];

    public List<Ack> SignedAcks { get; } = [];

    /// <summary>All messages handed to the network, for looking back.</summary>
    public List<(ReplicaSet To, PeerMessage Message)> Sent { get; } = [];

    public int UnsyncedCount => _unsynced.Count;

    public LaneId Lane => new(Epoch.Zero, Id, 0);

    public void Do(Action<LaneBook, List<ReplicaEffect>> input)
    {
        if (!IsUp) return;
        _effects.Clear();
        input(_book, _effects);
        ReplicaEffect[] effects = [.. _effects];
        foreach (ReplicaEffect effect in effects) CarryOut(effect);
        if (IsPrompt) Settle();
    }

    /// <summary>Answers everything that is unsynced and unsigned, until nothing is.</summary>
    public void Settle()
    {
        while (IsUp && (_unsynced.Count > 0 || _unsigned.Count > 0))
        {
            Sync();
            if (_unsigned.TryDequeue(out ReplicaEffect.SignAck? sign)) Sign(sign);
        }
    }

    /// <summary>One sync of the batch log: everything written becomes durable.</summary>
    public void Sync()
    {
        var synced = _unsynced.ToList();
        _unsynced.Clear();
        foreach ((Batch batch, bool isAckable) in synced) Disk[batch.Header.Digest] = (batch, isAckable || IsAckableOnDisk(batch));
        foreach ((Batch batch, _) in synced) Do((book, effects) => book.OnBatchStored(batch.Tip, _net.NowMs, effects));
    }

    /// <summary>Answers the oldest SignAck.</summary>
    public void SignOne()
    {
        if (_unsigned.TryDequeue(out ReplicaEffect.SignAck? sign)) Sign(sign);
    }

    /// <summary>Seals, signs, stores and sends an own batch.</summary>
    public Batch Seal(params string[] payloads)
    {
        Verified<Batch> batch = Make(_book.NextOwnSeq, _book.OwnNewestDigest, payloads);
        Disk[batch.Value.Header.Digest] = (batch.Value, true);
        Do((book, effects) => book.OnOwnBatchSealed(batch, _net.NowMs, effects));
        return batch.Value;
    }

    /// <summary>An own batch as bytes and signature, without telling the own book: what an equivocating author does.</summary>
    public Verified<Batch> Make(BatchSeq seq, Hash32 previous, params string[] payloads)
    {
        BatchBody body = TestBatches.Body(
            [.. payloads.Select(p => new TestTransaction(7, 0, System.Text.Encoding.UTF8.GetBytes(p)))]);
        return Signer.Batch(TestBatches.HeaderOf(body, Lane, seq, previous), Height.Zero, body);
    }

    public void Crash()
    {
        IsUp = false;
        _unsynced.Clear();
        _unsigned.Clear();
    }

    /// <summary>Starts again from the disk.</summary>
    public void Restart()
    {
        Crash();
        IsUp = true;
        _book = NewBook();
        Do((book, effects) => book.Start(_net.NowMs, effects));
    }

    /// <summary>Answers a request the way a shell does: the chain that ends in the tip asked for, as far as it is held.</summary>
    public BatchResponse Serve(BatchRequest request)
    {
        var batches = new List<Batch>();
        int bytes = 0;
        Hash32 digest = request.Tip.Digest;
        while (Disk.TryGetValue(digest, out (Batch Batch, bool) held) && held.Batch.Header.Seq >= request.First)
        {
            bytes += held.Batch.Header.BodyBytes;
            if (bytes > BatchResponse.MaxBytes) break;
            batches.Add(held.Batch);
            digest = held.Batch.Header.PreviousDigest;
        }

        batches.Reverse();
        return new BatchResponse(request.Lane, batches);
    }

    private LaneBook NewBook() => new(_net.Options with { Seed = Id.Value }, _net.Committee, Id, Recovered());

    private RecoveredState Recovered()
    {
        CommittedBlock? last = Delivered.Count == 0 ? null : Delivered[^1];
        DeliveredTip tip = last is null
            ? DeliveredTip.Genesis(LaneNet.Genesis, default)
            : new DeliveredTip(last.Block.Id, last.Block.Header.Slot, last.Timestamp, last.Cut);
        ulong Floor(LaneId lane) => tip.Cut.Where(t => t.Lane == lane).Select(t => t.Seq.Value + 1).FirstOrDefault();
        IEnumerable<StoredBatch> stored = Disk.Values
            .Where(d => d.Batch.Header.Seq.Value >= Floor(d.Batch.Header.Lane))
            .OrderBy(d => d.Batch.Header.Lane).ThenBy(d => d.Batch.Header.Seq).ThenBy(d => d.Batch.Header.Digest)
            .Select(d => new StoredBatch(
                d.Batch.Tip, d.Batch.Header.PreviousDigest, d.Batch.Header.BodyBytes, d.IsAckable, d.Batch.AuthorHeight, d.Batch.Signature));
        return new RecoveredState([], tip, [.. stored]);
    }

    private bool IsAckableOnDisk(Batch batch) => Disk.TryGetValue(batch.Header.Digest, out (Batch, bool IsAckable) held) && held.IsAckable;

    private void Sign(ReplicaEffect.SignAck sign)
    {
        Assert.True(Disk.TryGetValue(sign.Tip.Digest, out (Batch, bool IsAckable) held) && held.IsAckable, "only durable ackable batches are acked");
        Verified<Ack> ack = Signer.Ack(sign.Tip, sign.Height);
        SignedAcks.Add(ack.Value);
        Do((book, effects) => book.OnAckSigned(ack, _net.NowMs, effects));
    }

    private void CarryOut(ReplicaEffect effect)
    {
        switch (effect)
        {
            case ReplicaEffect.StoreBatch e: _unsynced.Add((e.Batch, e.IsAckable)); break;
            case ReplicaEffect.SignAck e: _unsigned.Enqueue(e); break;
            case ReplicaEffect.Send e: Send(e.To, e.Message); break;
            case ReplicaEffect.SendBatch e: Send(e.To, Disk[e.Tip.Digest].Batch); break;
            case ReplicaEffect.Deliver e: Delivered.Add(e.Block); break;
            case ReplicaEffect.RecordEvidence e: Evidence.Add(e.Evidence.Value); break;
            case ReplicaEffect.Alarm e: Alarms.Add(e); break;
            case ReplicaEffect.OwnBatchCertified e: Certify(e.Proof.Value); break;
            case ReplicaEffect.Trace: break;
            default: Assert.Fail($"lanes do not ask for {effect.GetType().Name}"); break;
        }
    }

    private void Certify(ProofOfAvailability proof)
    {
        if (_net.Nodes.Length > 1) Assert.Contains(Sent, s => s.Message is ProofOfAvailability p && p.Tip == proof.Tip && s.To == _net.OthersOf(Id));
        Certified.Add(proof);
    }

    private void Send(ReplicaSet to, PeerMessage message)
    {
        Sent.Add((to, message));
        _net.Send(Id, to, message);
    }
}
