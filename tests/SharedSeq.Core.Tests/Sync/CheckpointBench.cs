using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Sync;

/// <summary>
/// A machine at a checkpoint, with what a member would serve of it. One namespace has a block open, and a transaction that waits because the block's gas
/// is used up; their batches lie below the cut.
/// </summary>
internal sealed class CheckpointBench : IBatchSource
{
    public static readonly TestCommittee Operators = new(
        new Policy { DedupIdsMax = 4_096, CheckpointInterval = 4 }, 4, 7, 0,
        [Opaque(5), EvmNs(9, 10_000) with { GasCap = 30_000_000 }]);

    private readonly Dictionary<LaneTip, Batch> _batches = [];
    private Header? _parent;
    private BatchHeader? _previous;

    private CheckpointBench() => Machine = new OrderingMachine(Operators.Genesis, new Client.P256Scheme());

    public OrderingMachine Machine { get; }

    /// <summary>What the pieces hold.</summary>
    public byte[] Content { get; private set; } = [];

    public CheckpointOffer Offer { get; private set; } = null!;

    public static CheckpointBench AtACheckpoint()
    {
        var bench = new CheckpointBench();
        bench.Apply(Tx(5, StartSecond + 9, 1), EvmTx(9, 0, 20_000_000));
        bench.Apply();
        bench.Apply(Tx(5, StartSecond + 9, 2), EvmTx(9, 1, 20_000_000));
        OrderingResult result = bench.Apply();
        OrderingSnapshot snapshot = bench.Machine.BeginSnapshot();
        var writer = new CanonicalWriter();
        var hasher = new PieceHasher();
        foreach (ReadOnlyMemory<byte> piece in CheckpointContent.Write(snapshot, tip => bench._batches[tip]))
        {
            writer.Raw(piece.Span);
            hasher.Add(piece.Span);
        }

        bench.Machine.EndSnapshot();
        bench.Content = writer.ToArray();
        bench.Offer = new CheckpointOffer(Operators.Certify(result.Result), [new Block(bench._parent!, Payload.Empty)], hasher.Finish());
        return bench;
    }

    public BodyLease Borrow(LaneTip tip) => BodyLease.Of(_batches[tip].Body);

    private OrderingResult Apply(params TestTransaction[] transactions)
    {
        Height height = Machine.Height.Next();
        LaneTip[] tips = transactions.Length == 0 ? [] : [AddBatch(transactions)];
        LaneTip[] cut = _previous is null ? [] : [_previous.Tip];
        var header = new Header(
            Epoch.Zero, new Slot(height.Value), height, new Slot(height.Value - 1), _parent?.Hash ?? Operators.Genesis.Hash,
            new TimestampMs(Start + (10 * height.Value)), HeaderFlags.None, Payload.Empty.Commitment, cut);
        _parent = header;
        return Machine.Apply(new CommittedBlock(new Block(header, Payload.Empty), header.Timestamp, null, tips, cut), this);
    }

    private LaneTip AddBatch(TestTransaction[] transactions)
    {
        BatchBody body = TestBatches.Body(transactions);
        _previous = TestBatches.HeaderOf(
            body, new LaneId(Epoch.Zero, new ReplicaId(2), 0), _previous?.Seq.Next() ?? BatchSeq.Zero, _previous?.Digest ?? default);
        _batches[_previous.Tip] = Batch.Create(_previous, Height.Zero, default, body);
        return _previous.Tip;
    }
}
