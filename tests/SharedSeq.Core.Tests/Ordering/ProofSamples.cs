using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>Proofs of every kind over a short run of a network with namespaces 5 and 9, of which 9 has a block time.</summary>
internal sealed class ProofSamples(TestCommittee committee)
{
    private static readonly ulong Soon = StartSecond + 30;

    public OrderingBench Bench { get; } = new(committee.Genesis);

    public static Dictionary<string, Proof> All(TestCommittee committee)
    {
        var samples = new ProofSamples(committee);
        (OrderingResult first, OrderingResult last, List<NamespaceBlock> above) = samples.FourBlocks();
        ResultCertificate certificate = committee.Certify(last.Result);
        var head = NamespaceHeadProof.Create(new NamespaceId(5), last.Heads!, certificate);
        var block = new NamespaceBlockProof(first.Closed[0].Block, above, head);
        Hash32[] ids = [.. samples.Bench.Ids(first.Closed[0].Content).Select(id => id.Value)];
        var openHead = NamespaceHeadProof.Create(new NamespaceId(9), last.Heads!, certificate);
        Hash32[] open = [.. Enumerable.Range(0, 3).Select(i => OpenTransaction((byte)i).Id.Value)];
        Header h1 = Header(1, default), h2 = Header(2, h1.Hash), h3 = Header(3, h2.Hash);
        return new Dictionary<string, Proof>
        {
            ["result"] = new ResultProof(certificate),
            ["block"] = block,
            ["transaction"] = TransactionProof.InBlock(new TxId(ids[1]), MerkleTree.FromLeafHashes(ids).Prove(1), block),
            ["open transaction"] = TransactionProof.InOpenBlock(new TxId(open[2]), MerkleTree.FromLeafHashes(open).Prove(2), openHead),
            ["absence"] = NamespaceAbsenceProof.Create(new NamespaceId(8), last.Heads!, certificate),
            ["commit"] = new HeaderProof([h1, h2, h3], committee.Commit(h3, CommitPath.Slow, 0, 1, 2)),
            ["fast commit"] = new HeaderProof([h3], committee.Commit(h3, CommitPath.Fast, 0, 1, 2, 3)),
            ["receipt"] = new ReceiptProof(samples.Receipt()),
            ["rejection"] = samples.RejectionProof(),
            ["committee"] = new CommitteeProof(committee.Epochs(1)[0]),
            ["two proposals"] = new EvidenceProof(committee.TwoProposals()),
            ["two results"] = new EvidenceProof(committee.TwoResults(2)),
            ["two batches"] = new EvidenceProof(committee.TwoAcks(1, lane: 1)),
            ["two acks"] = new EvidenceProof(committee.TwoAcks(1, lane: 2)),
            ["two firsts"] = new EvidenceProof(committee.TwoVotes(EvidenceKind.TwoFirstVotes, 3, VoteKind.First, VoteKind.First)),
            ["final and extra"] = new EvidenceProof(committee.TwoVotes(EvidenceKind.FinalAndOther, 0, VoteKind.Final, VoteKind.Extra)),
            ["two finals"] = new EvidenceProof(committee.TwoVotes(EvidenceKind.TwoFinals, 0, VoteKind.Final, VoteKind.Final)),
        };
    }

    public static Header Header(ulong height, Hash32 parent) => new(
        Epoch.Zero, new Slot(height + 1), new Height(height), new Slot(height), parent, new TimestampMs(Start), HeaderFlags.None,
        Payload.Empty.Commitment, []);

    /// <summary>A block of namespace 5, the height three blocks later at which it is proved, and the blocks between.</summary>
    public (OrderingResult First, OrderingResult Certified, List<NamespaceBlock> Above) FourBlocks()
    {
        OrderingResult first = Bench.Apply(10, Tx(5, Soon, 1), Tx(5, Soon, 2), Tx(5, Soon, 3));
        var above = new List<NamespaceBlock>();
        OrderingResult last = first;
        for (byte i = 0; i < 3; i++)
        {
            last = Bench.Apply(20 + (15UL * i), Tx(5, Soon, 10, i), OpenTransaction(i), Tx(77, Soon, 10, i));
            above.Add(last.Closed[0].Block);
        }

        Assert.True(last.IsSigned);
        return (first, last, above);
    }

    public NamespaceBlockProof BlockProof()
    {
        (OrderingResult first, OrderingResult last, List<NamespaceBlock> above) = FourBlocks();
        var head = NamespaceHeadProof.Create(new NamespaceId(5), last.Heads!, committee.Certify(last.Result));
        return new NamespaceBlockProof(first.Closed[0].Block, above, head);
    }

    /// <summary>A rejection proved by the certificate two heights later.</summary>
    /// <param name="which">Of three: namespaces 66 and 67, which are not registered, and 0.</param>
    public RejectionProof RejectionProof(int which = 1)
    {
        ulong at = Bench.Machine.Timestamp.Value - Start;
        OrderingResult rejecting = Bench.Apply(at + 1, Tx(66, Soon, 1), Tx(5, Soon, 99), Tx(67, Soon, 2), Tx(0, Soon, 3));
        Hash32 before = Bench.EffectsBefore;
        OrderingResult between = Bench.Apply(at + 2);
        OrderingResult signed = Bench.Apply(at + 60);
        Hash32[] leaves = [.. rejecting.Rejections.Select(r => r.LeafHash)];
        return new RejectionProof(
            rejecting.Rejections[which], MerkleTree.FromLeafHashes(leaves).Prove(which), before, rejecting.Effects,
            [between.Effects.Hash, signed.Effects.Hash], committee.Certify(signed.Result));
    }

    /// <summary>The receipt of the second of three transactions, by a PoA of the batch after theirs.</summary>
    public Receipt Receipt()
    {
        var lane = new LaneId(Epoch.Zero, new ReplicaId(2), 0);
        (BatchHeader first, BatchBody body) = MakeBatch(lane, 0, default, Tx(5, Soon, 1), Tx(5, Soon, 2), Tx(9, 0, 3));
        (BatchHeader second, _) = MakeBatch(lane, 1, first.Digest, Tx(5, Soon, 4));
        AckSignature[] acks =
            [.. new[] { 0, 2, 3 }.Select(i => new AckSignature(
                new ReplicaId((ushort)i), new Height(10 + (ulong)i), committee[i].Ack(second.Tip, new Height(10 + (ulong)i)).Value.Signature))];
        return new Receipt(
            body.IdOf(1), MerkleTree.FromLeafHashes(body.LeafHashes).Prove(1), first, [second], new ProofOfAvailability(second.Tip, acks));
    }

    private static TestTransaction OpenTransaction(byte mark) => Tx(9, Soon, 10, mark);

    private static (BatchHeader Header, BatchBody Body) MakeBatch(LaneId lane, ulong seq, Hash32 previous, params TestTransaction[] transactions)
    {
        BatchBody body = TestBatches.Body(transactions);
        return (TestBatches.HeaderOf(body, lane, new BatchSeq(seq), previous), body);
    }
}
