using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>Proof files that claim what is not so, each with the reason to refuse it and what it tries. Who lies here has good signatures of its own.</summary>
internal sealed class ProofLies(TestCommittee committee)
{
    private readonly TestEpochs _epochs = new(committee, 3);
    private readonly ProofSamples _samples = new(committee);

    public static IEnumerable<(string Name, ProofFile File)> All(TestCommittee committee)
    {
        var lies = new ProofLies(committee);
        foreach ((string name, Proof proof) in lies.Results().Concat(lies.Blocks()).Concat(lies.Headers()).Concat(lies.Receipts()).Concat(lies.Offences()))
            yield return (name, ProofFile.For(committee.Genesis, proof));
        foreach ((string name, ProofFile file) in lies.HandOvers().Concat(lies.Networks())) yield return (name, file);
    }

    private IEnumerable<(string Name, Proof Proof)> Results()
    {
        BlockResult result = _samples.Bench.Apply(5).Result;
        ResultCertificate good = committee.Certify(result);
        CertificateSignature[] all = good.Signatures.ToArray();
        yield return ("TooFewSignatures: two of four", new ResultProof(committee.Certify(result, 0, 1)));
        yield return ("UnknownMember: a fifth member of four", Of([.. all[..2], all[2] with { Voter = new ReplicaId(4) }]));
        yield return ("UnknownEpoch: an epoch to which nothing leads", new ResultProof(new ResultCertificate(result with { Epoch = new Epoch(1) }, all)));
        yield return ("BadSignature: the signature of another member", Of([.. all[..2], all[2] with { Voter = new ReplicaId(3) }]));
        Signature64 mirrored = all[2].Signature with { S = P256Curve.Negate(all[2].Signature.S) };
        yield return ("BadSignature: the other s of a good signature", Of([.. all[..2], all[2] with { Signature = mirrored }]));
        Signature64 ack = committee[2].Ack(TipOf(result.Hash), result.Height).Value.Signature;
        yield return ("BadSignature: an ack by the node key", Of([.. all[..2], all[2] with { Signature = ack }]));
        yield return ("BadSignature: signatures for another height",
            new ResultProof(new ResultCertificate(result with { Height = result.Height.Next() }, all)));
        yield return ("Malformed/NotCanonical: one signature three times", Of([all[0], all[0], all[0]]));
        yield return ("Malformed/NotCanonical: members in another order", Of([all[1], all[0], all[2]]));

        ResultProof Of(CertificateSignature[] signatures) => new(new ResultCertificate(result, signatures));
    }

    private static LaneTip TipOf(Hash32 digest) => new(new LaneId(Epoch.Zero, new ReplicaId(0), 0), BatchSeq.Zero, digest);

    private IEnumerable<(string Name, Proof Proof)> Blocks()
    {
        (OrderingResult first, OrderingResult last, List<NamespaceBlock> above) = _samples.FourBlocks();
        ResultCertificate certificate = committee.Certify(last.Result);
        var head = NamespaceHeadProof.Create(new NamespaceId(5), last.Heads!, certificate);
        NamespaceBlock block = first.Closed[0].Block;
        Hash32[] ids = [.. _samples.Bench.Ids(first.Closed[0].Content).Select(id => id.Value)];
        MerkleTree tree = MerkleTree.FromLeafHashes(ids);
        var whole = new NamespaceBlockProof(block, above, head);
        yield return ("BrokenChain: a block left out", new NamespaceBlockProof(block, [.. above.Skip(1)], head));
        yield return ("BrokenChain: two blocks exchanged", new NamespaceBlockProof(block, [above[1], above[0], above[2]], head));
        yield return ("WrongCommitment: a head that is not the newest block", new NamespaceBlockProof(block, [.. above.Take(2)], head));
        yield return ("WrongCommitment: a block with another time", new NamespaceBlockProof(
            above[2] with { Timestamp = new TimestampMs(above[2].Timestamp.Value + 1) }, [], head));
        yield return ("WrongCommitment: the head of another namespace", new NamespaceBlockProof(
            block, above, head with { Head = head.Head with { Namespace = new NamespaceId(9) } }));
        yield return ("WrongCommitment: absence where presence is asked", new NamespaceBlockProof(
            block, above, head with { Path = last.Heads!.Prove(new NamespaceId(8)) }));
        yield return ("WrongCommitment: another transaction", TransactionProof.InBlock(new TxId(Sha.Of([1])), tree.Prove(1), whole));
        yield return ("WrongCommitment: another place", TransactionProof.InBlock(new TxId(ids[1]), tree.Prove(0), whole));
        yield return ("WrongCommitment: the place in a smaller tree",
            TransactionProof.InBlock(new TxId(ids[0]), MerkleTree.FromLeafHashes(ids.AsSpan(..2)).Prove(0), whole));
        yield return ("WrongCommitment: a closed block's transaction in the open one", TransactionProof.InOpenBlock(new TxId(ids[1]), tree.Prove(1), head));
        SortedMerkleProof between = last.Heads!.Prove(new NamespaceId(8));
        yield return ("WrongCommitment: the neighbour itself is absent", new NamespaceAbsenceProof(new NamespaceId(5), between, certificate));
        yield return ("WrongCommitment: absence beside the neighbours", new NamespaceAbsenceProof(new NamespaceId(13), between, certificate));
        yield return ("WrongCommitment: the path of a registered namespace", NamespaceAbsenceProof.Create(new NamespaceId(9), last.Heads!, certificate));
        RejectionProof rejection = _samples.RejectionProof();
        yield return ("WrongCommitment: another reason for a rejection",
            Changed(rejection.Rejection with { Reason = RejectionReason.Congested }, rejection.Later));
        yield return ("BrokenChain: a height left out between rejection and certificate", Changed(rejection.Rejection, [.. rejection.Later.Skip(1)]));
        yield return ("WrongCommitment: other effects between", Changed(rejection.Rejection, [rejection.Later[1], rejection.Later[0]]));
        HeightEffects largest = rejection.Effects with { Height = new Height(ulong.MaxValue) };
        yield return ("BrokenChain: effects of the largest height under a certificate of height 1", new RejectionProof(
            rejection.Rejection, rejection.Path, rejection.Before, largest, rejection.Later,
            committee.Certify(rejection.Certificate.Result with { Height = new Height(1) })));

        RejectionProof Changed(Rejection what, IReadOnlyList<Hash32> later) =>
            new(what, rejection.Path, rejection.Before, rejection.Effects, later, rejection.Certificate);
    }

    private IEnumerable<(string Name, Proof Proof)> Headers()
    {
        Header h1 = ProofSamples.Header(1, default), h2 = ProofSamples.Header(2, h1.Hash), h3 = ProofSamples.Header(3, h2.Hash);
        yield return ("TooFewSignatures: a fast commit by q", new HeaderProof([h1], committee.Commit(h1, CommitPath.Fast, 0, 1, 2)));
        yield return ("BrokenChain: a header left out", new HeaderProof([h1, h3], committee.Commit(h3, CommitPath.Slow, 0, 1, 2)));
        yield return ("WrongCommitment: the commit of another header", new HeaderProof([h1], committee.Commit(h3, CommitPath.Slow, 0, 1, 2)));
        CommitProof fast = committee.Commit(h1, CommitPath.Fast, 0, 1, 2, 3);
        yield return ("BadSignature: first votes given out for final ones", new HeaderProof(
            [h1], new CommitProof(Epoch.Zero, fast.Slot, fast.Block, CommitPath.Slow, fast.Signatures.ToArray())));
        var tail = new Header(
            Epoch.Zero, new Slot(3), new Height(2), new Slot(2), h1.Hash, default, HeaderFlags.Carry | HeaderFlags.Tail, Payload.Empty.Commitment, []);
        yield return ("WrongCommitment: a tail for a height of the network", new HeaderProof([tail], committee.Commit(tail, CommitPath.Slow, 0, 1, 2)));
        var largest = new Header(
            Epoch.Zero, new Slot(2), new Height(ulong.MaxValue), new Slot(1), default, new TimestampMs(Start), HeaderFlags.None, Payload.Empty.Commitment, []);
        Header above = ProofSamples.Header(2, largest.Hash);
        yield return ("BrokenChain: a header above the largest height", new HeaderProof([largest, above], committee.Commit(above, CommitPath.Slow, 0, 1, 2)));
    }

    private IEnumerable<(string Name, Proof Proof)> Receipts()
    {
        Receipt good = _samples.Receipt();
        AckSignature[] acks = good.Proof.Acks.ToArray();
        yield return ("WrongCommitment: a receipt for another transaction", new ReceiptProof(good with { Transaction = new TxId(Sha.Of([1])) }));
        yield return ("BrokenChain: the same batch twice", new ReceiptProof(good with { Later = [good.Later[0], good.Later[0]] }));
        yield return ("WrongCommitment: the acks of a later batch", new ReceiptProof(good with { Later = [] }));
        yield return ("TooFewSignatures: two acks", new ReceiptProof(good with { Proof = new ProofOfAvailability(good.Proof.Tip, acks[..2]) }));
        yield return ("BadSignature: an ack that names another height", new ReceiptProof(good with
        {
            Proof = new ProofOfAvailability(good.Proof.Tip, [.. acks[..2], acks[2] with { Height = new Height(99) }]),
        }));
        yield return ("UnknownMember: an ack of a fifth member", new ReceiptProof(good with
        {
            Proof = new ProofOfAvailability(good.Proof.Tip, [.. acks[..2], acks[2] with { Acker = new ReplicaId(4) }]),
        }));
        BatchHeader largest = WithSeq(good.Header, ulong.MaxValue, Sha.Of([1]));
        BatchHeader above = WithSeq(good.Header, 1, largest.Digest);
        yield return ("BrokenChain: a batch above the largest sequence", new ReceiptProof(good with { Header = largest, Later = [above] }));

        static BatchHeader WithSeq(BatchHeader header, ulong seq, Hash32 previous) => new(
            header.Lane, new BatchSeq(seq), previous, header.Flags, header.TransactionCount, header.BodyBytes, header.TransactionRoot);
    }

    private IEnumerable<(string Name, Proof Proof)> Offences()
    {
        Evidence good = committee.TwoVotes(EvidenceKind.TwoFirstVotes, 3, VoteKind.First, VoteKind.First);
        Evidence proposals = committee.TwoProposals();
        var another = new ReplicaId((ushort)((proposals.Offender.Value + 1) % 4));
        yield return ("NoContradiction: one vote twice", Against(EvidenceKind.TwoFirstVotes, good.Offender, good.First, good.First));
        yield return ("NoContradiction: votes that an honest member may both cast",
            new EvidenceProof(committee.TwoVotes(EvidenceKind.FinalAndOther, 3, VoteKind.First, VoteKind.Extra)));
        yield return ("NoContradiction: proposals of who does not lead the slot",
            Against(EvidenceKind.TwoProposals, another, proposals.First, proposals.Second));
        yield return ("NoContradiction: acks of an own lane as of another's", Relabelled(committee.TwoAcks(1, lane: 1), EvidenceKind.TwoAcks));
        yield return ("NoContradiction: a byte behind the vote", Against(
            EvidenceKind.TwoFirstVotes, good.Offender, good.First with { Content = new byte[49] }, good.Second));
        yield return ("BadSignature: votes of another member", Against(EvidenceKind.TwoFirstVotes, new ReplicaId(2), good.First, good.Second));
        yield return ("UnknownMember: against a fifth member", Against(EvidenceKind.TwoFirstVotes, new ReplicaId(4), good.First, good.Second));

        EvidenceProof Relabelled(Evidence item, EvidenceKind kind) => Against(kind, item.Offender, item.First, item.Second);
        static EvidenceProof Against(EvidenceKind kind, ReplicaId offender, SignedStatement first, SignedStatement second) =>
            new(new Evidence(kind, Epoch.Zero, offender, first, second));
    }

    private IEnumerable<(string Name, ProofFile File)> HandOvers()
    {
        List<HandOver> all = _epochs.HandOvers;
        Proof third = ProofEpochTests.ProofsOf(_epochs)[ProofKind.Result];
        BlockResult result = ((ResultProof)third).Certificate.Result;
        CertificateSignature[] old = [.. Enumerable.Range(0, 3).Select(i => new CertificateSignature(
            new ReplicaId((ushort)i), false, _epochs.Signer(2, i).Result(result.Height, result.Hash).Value.Signature))];
        BlockResult boundary = all[0].Boundary.Result;
        CertificateSignature[] signatures = all[0].Boundary.Signatures.ToArray();
        yield return Of("BadSignature: the right seats of another epoch", new ResultProof(new ResultCertificate(result, old)), [.. all]);
        yield return Of("Malformed/NotCanonical: a gap between hand-overs", third, all[0], all[2]);
        yield return Of("BadHandOver/WrongEpoch: hand-overs that begin too late", third, all[1], all[2]);
        yield return Of("UnknownEpoch: hand-overs that end too early", third, all[0], all[1]);
        yield return Of("BadHandOver/NotABoundary: a result that names no committee",
            new CommitteeProof(all[0] with { Boundary = _epochs.Certify(boundary with { NextCommitteeHash = default }) }));
        yield return Of("BadHandOver/OtherCommittee: a committee that the result does not name",
            new CommitteeProof(all[0] with { Next = all[0].Next with { Members = committee.Genesis.Members } }));
        yield return Of("BadHandOver/TooFewSignatures: two of four hand over",
            new CommitteeProof(all[0] with { Boundary = new ResultCertificate(boundary, signatures[..2]) }));
        yield return Of("BadHandOver/UnknownMember: a stranger hands over", new CommitteeProof(all[0] with
        {
            Boundary = new ResultCertificate(boundary, [.. signatures[..2], signatures[2] with { Voter = new ReplicaId(4) }]),
        }));
        yield return Of("BadHandOver/BadSignature: another boundary",
            new CommitteeProof(all[0] with { Boundary = new ResultCertificate(boundary with { Height = new Height(9) }, signatures) }));
        CommitteePlan forged = all[1].Next with { Members = all[2].Next.Members };
        yield return Of("BadHandOver/OtherCommittee: leaked keys lead to another committee for an epoch that is known",
            new CommitteeProof(new HandOver(forged, _epochs.Certify(_epochs.Boundary(forged)))), [.. all]);

        (string, ProofFile) Of(string name, Proof proof, params HandOver[] handOvers) => (name, ProofFile.For(committee.Genesis, proof, handOvers));
    }

    private IEnumerable<(string Name, ProofFile File)> Networks()
    {
        Genesis genesis = committee.Genesis;
        Proof proof = new ResultProof(committee.Certify(_samples.Bench.Apply(900).Result));
        yield return ("WrongNetwork: another chain id", new ProofFile(new ChainId(8), genesis.Hash, proof, []));
        yield return ("WrongNetwork: another genesis", new ProofFile(genesis.Chain, Sha.Of([1]), proof, []));
        var other = new TestCommittee(4, 7, 1, Opaque(5));
        yield return ("BadSignature: another network's committee", ProofFile.For(genesis, new ResultProof(other.Certify(_samples.Bench.Apply(960).Result))));
    }
}
