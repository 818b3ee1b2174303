using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>Drives an <see cref="OrderingMachine"/>: makes committed heights out of lists of transactions.</summary>
internal sealed class OrderingBench : IBatchSource
{
    /// <summary>Committed time of height 0.</summary>
    public const ulong Start = 1_700_000_000_000;

    private readonly Dictionary<LaneTip, BatchBody> _bodies = [];
    private readonly Dictionary<LaneTip, TestTransaction[]> _sealed = [];
    private Header? _parent;
    private ulong _batches;

    public OrderingBench(Policy? policy = null, params NamespacePolicy[] namespaces)
        : this(MakeGenesis(policy ?? new Policy(), namespaces))
    {
    }

    public OrderingBench(Genesis genesis, ISignatureScheme? scheme = null)
    {
        Genesis = genesis;
        Scheme = scheme ?? new P256Scheme();
        Machine = new OrderingMachine(genesis, Scheme);
    }

    public Genesis Genesis { get; }

    /// <summary>What operator statements are checked with.</summary>
    public ISignatureScheme Scheme { get; }

    public OrderingMachine Machine { get; set; }

    /// <summary>EffectsRoot before the height applied last.</summary>
    public Hash32 EffectsBefore { get; private set; }

    /// <summary>Seconds of committed time of height 0.</summary>
    public static ulong StartSecond => Start / 1000;

    public static NamespacePolicy Opaque(ulong id, uint blockTimeMs = 0) =>
        new() { Id = new NamespaceId(id), Name = $"ns-{id}", Admission = AdmissionKind.Opaque, BlockTimeMs = blockTimeMs };

    public static NamespacePolicy EvmNs(ulong id, uint blockTimeMs = 0) => new()
    {
        Id = new NamespaceId(id),
        Name = $"evm-{id}",
        Admission = AdmissionKind.Evm,
        EvmChainId = id,
        BlockTimeMs = blockTimeMs,
    };

    public static Genesis MakeGenesis(Policy policy, params NamespacePolicy[] namespaces)
    {
        var members = new CommitteeMember[4];
        for (byte i = 0; i < 4; i++) members[i] = new CommitteeMember(Key((byte)(2 * i)), Key((byte)((2 * i) + 1)));
        return Genesis.Create(new ChainId(7), new TimestampMs(Start), QuorumParameters.ForMembers(4), members, policy, namespaces);
    }

    public static TestTransaction Tx(ulong ns, ulong validUntil, params byte[] payload) => new(ns, validUntil, payload);

    /// <summary>An opaque transaction of so many record bytes, told apart by <paramref name="mark"/>.</summary>
    public static TestTransaction Sized(ulong ns, int recordBytes, byte mark, ulong? validUntil = null)
    {
        byte[] payload = new byte[recordBytes - BatchBody.RecordOverhead];
        payload[0] = mark;
        return new TestTransaction(ns, validUntil ?? StartSecond + 30, payload);
    }

    /// <summary>A legacy EVM transaction that declares a gas limit; ordering does not look at its signature.</summary>
    public static TestTransaction EvmTx(ulong ns, ulong nonce, ulong gas)
    {
        var items = new RlpWriter();
        items.Number(nonce).Number(1).Number(gas).Bytes(new byte[EvmAddress.Size]).Number(0).Bytes([]).Number((2 * ns) + 35).Number(1).Number(1);
        return new TestTransaction(ns, 0, new RlpWriter().List(items).ToArray());
    }

    public BodyLease Borrow(LaneTip tip) => BodyLease.Of(_bodies[tip]);

    /// <summary>The next height with one batch per list, or several where the list is above a batch's limit.</summary>
    public CommittedBlock Height(ulong timestamp, params TestTransaction[][] batches)
    {
        var tips = new List<LaneTip>();
        foreach (TestTransaction[] batch in batches)
        {
            int first = 0;
            int bytes = 0;
            for (int i = 0; i < batch.Length; i++)
            {
                if (bytes + batch[i].RecordBytes > BatchBody.MaxBytes)
                {
                    tips.Add(AddBatch(batch[first..i]));
                    (first, bytes) = (i, 0);
                }

                bytes += batch[i].RecordBytes;
            }

            tips.Add(AddBatch(batch[first..]));
        }

        return Next(timestamp, Payload.Empty, tips);
    }

    /// <summary>The next height with a payload and no batches.</summary>
    public CommittedBlock HeightWith(ulong timestamp, Payload payload) => Next(timestamp, payload, []);

    private CommittedBlock Next(ulong timestamp, Payload payload, List<LaneTip> tips)
    {
        ulong height = (_parent?.Height.Value ?? 0) + 1;
        bool isNextEpoch = _parent is not null && Machine.Boundary == _parent.Height;
        var header = new Header(
            new Epoch(Machine.Epoch.Value + (isNextEpoch ? 1UL : 0UL)), new Slot(height), new Height(height), new Slot(height - 1),
            _parent?.Hash ?? Genesis.Hash, new TimestampMs(timestamp),
            HeaderFlags.None, payload.Commitment, []);
        _parent = header;
        return new CommittedBlock(new Block(header, payload), header.Timestamp, null, tips, []);
    }

    /// <summary>Applies a height with one batch (none when there are no transactions) at Start + <paramref name="atMs"/>.</summary>
    public OrderingResult Apply(ulong atMs, params TestTransaction[] transactions) =>
        transactions.Length == 0 ? ApplyBatches(atMs) : ApplyBatches(atMs, transactions);

    public OrderingResult ApplyBatches(ulong atMs, params TestTransaction[][] batches)
    {
        EffectsBefore = Machine.EffectsRoot;
        return Machine.Apply(Height(Start + atMs, batches), this);
    }

    /// <summary>What a height carries, with the lane each came by.</summary>
    public IEnumerable<(LaneId Lane, TestTransaction Transaction)> Carried(CommittedBlock block) =>
        block.Batches.SelectMany(tip => _sealed[tip].Select(transaction => (tip.Lane, transaction)));

    /// <summary>TxIds of a block's content.</summary>
    public TxId[] Ids(BlockContent content, int first = 0)
    {
        var ids = new List<TxId>();
        for (int place = first; place < content.Count; place++)
        {
            (LaneTip batch, int index) = content[place];
            ids.Add(_bodies[batch].IdOf(index));
        }

        return [.. ids];
    }

    public byte[] SnapshotBytes()
    {
        byte[] bytes = Machine.BeginSnapshot().ToArray();
        Machine.EndSnapshot();
        return bytes;
    }

    /// <summary>Replaces the machine by one restored from its snapshot.</summary>
    public void SnapshotAndRestore()
    {
        var reader = new CanonicalReader(SnapshotBytes());
        Machine = OrderingMachine.Restore(Genesis, Scheme, ref reader);
        reader.End("snapshot");
    }

    private LaneTip AddBatch(TestTransaction[] transactions)
    {
        BatchBody body = TestBatches.Body(transactions);
        _batches++;
        var tip = new LaneTip(
            new LaneId(Epoch.Zero, new ReplicaId((ushort)(_batches % 4)), 0), new BatchSeq(_batches), Sha.Of(BitConverter.GetBytes(_batches)));
        _bodies[tip] = body;
        _sealed[tip] = transactions;
        return tip;
    }

    private static PublicKey64 Key(byte seed) => new(Sha.Of([seed, 1]), Sha.Of([seed, 2]));
}
