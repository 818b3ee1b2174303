using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Vectors;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>Pins every format of ordering. Files of proofs are known answers with real signatures, for verifiers in any language.</summary>
public sealed class OrderingVectorTests
{
    private static readonly TestCommittee Committee = new(4, 7, 0, Opaque(5), EvmNs(9, 200) with
    {
        GasCap = 30_000_000,
        TimeGaps = TimeGaps.Jump,
        Attesters = ReplicaSet.All(3),
    });

    // Proofs need namespace 9 open: opaque, with a block time.
    private static readonly TestCommittee ProofCommittee = new(4, 7, 0, Opaque(5), Opaque(9, 1000), Opaque(12));

    private static Hash32 H(byte seed) => Sha.Of([seed]);

    private static NamespaceBlock Block => new()
    {
        Namespace = new NamespaceId(5),
        Number = 6,
        Branch = 7,
        FirstHeight = new Height(8),
        LastHeight = new Height(9),
        ParentHash = H(1),
        Timestamp = new TimestampMs(Start),
        L1Origin = new L1Origin(10, H(2)),
        ForcedCount = 14,
        PolicyVersion = 11,
        TxRoot = H(3),
        Count = 12,
        Bytes = 13,
        Flags = NamespaceBlockFlags.TimeJump,
    };

    private static BlockResult Result => new(Epoch.Zero, new Height(9), H(1), H(2), H(3), H(4), H(5), H(6));

    [Fact]
    public void Formats_of_ordering_are_as_pinned()
    {
        VectorFile pins = new("ordering");
        pins.Pin("policy", new Policy().Write);
        pins.Pin("policy hash", new Policy().Hash);
        pins.Pin("committee plan", new CommitteePlan(new Epoch(3), Committee.Genesis.Quorum, Committee.Genesis.Members).Write);
        pins.Pin("committee plan hash", new CommitteePlan(new Epoch(3), Committee.Genesis.Quorum, Committee.Genesis.Members).Hash);
        var certificate = new ResultCertificate(
            Result, [new(new ReplicaId(0), false, new Signature64(H(7), H(8))), new(new ReplicaId(2), false, new Signature64(H(9), H(1)))]);
        var next = new CommitteePlan(new Epoch(1), Committee.Genesis.Quorum, Committee.Genesis.Members);
        pins.Pin("hand-over", new HandOver(next, certificate).Write);
        pins.Pin("namespace policy, opaque", Opaque(5).Write);
        pins.Pin("namespace policy, evm", Committee.Genesis.Namespaces[1].Write);
        pins.Pin("genesis", Committee.Genesis.Write);
        pins.Pin("genesis hash", Committee.Genesis.Hash);
        pins.Pin("namespace genesis hash", NamespaceBlock.GenesisHash(H(1), new NamespaceId(5)));
        pins.Pin("namespace block", Block.Write);
        pins.Pin("namespace block hash", Block.Hash);
        var head = new NamespaceHead(new NamespaceId(5), 6, H(1), 7, H(2));
        pins.Pin("namespace head", head.Write);
        pins.Pin("namespace head value", head.Value);
        var effects = new HeightEffects(new Height(9), H(1), new TimestampMs(Start), H(2), H(3), 4, 5);
        pins.Pin("height effects", effects.Write);
        pins.Pin("height effects hash", effects.Hash);
        pins.Pin("effects root after", effects.RootAfter(H(9)));
        pins.Pin("rejection leaf", new Rejection(new TxId(H(1)), new NamespaceId(5), RejectionReason.Congested).LeafHash);
        pins.Pin("block result", Result.Write);
        pins.Pin("block result hash", Result.Hash);
        pins.Pin("result vote, signed text", w => ResultVote.WriteSignedText(w, Committee.Genesis.Domain, Epoch.Zero, new Height(9), Result.Hash));
        var content = new BlockContent(
            new[] { new BatchSegment(new LaneTip(new LaneId(Epoch.Zero, new ReplicaId(1), 0), new BatchSeq(2), H(3)), 0) }, new[] { 4, 5 });
        pins.Pin("block content", content.Write);
        pins.Check();
    }

    [Fact]
    public void A_run_of_heights_ends_in_the_pinned_roots_and_snapshot()
    {
        VectorFile pins = new("ordering-run");
        var bench = new OrderingBench(Committee.Genesis);
        ulong soon = StartSecond + 30;
        OrderingResult[] results =
        [
            bench.Apply(10, Tx(5, soon, 1), EvmTx(9, 1, 21_000), Tx(8, soon, 1)),
            bench.ApplyBatches(120, [Tx(5, soon, 2), Tx(5, soon, 1)], [EvmTx(9, 2, 21_000)]),
            bench.Apply(450, EvmTx(9, 3, 29_999_999), EvmTx(9, 4, 21_000), Tx(5, 0, 1)),
        ];
        foreach (OrderingResult result in results)
        {
            pins.Pin($"height {result.Height} result", result.Result.Write);
            pins.Pin($"height {result.Height} effects", result.Effects.Write);
            foreach (ClosedBlock closed in result.Closed)
                pins.Pin($"height {result.Height} namespace {closed.Block.Namespace} block {closed.Block.Number}", closed.Block.Write);
        }

        pins.Pin("state root", bench.Machine.StateRoot());
        pins.Pin("snapshot", writer => writer.Raw(bench.SnapshotBytes()));
        pins.Check();
    }

    [Fact]
    public void Known_proof_files_verify_and_their_encoding_is_the_only_one()
    {
        VectorFile made = new("ordering-proofs");
        if (VectorFile.IsRewriting)
        {
            made.Pin("genesis", ProofCommittee.Genesis.Write);
            foreach ((string name, Proof proof) in ProofSamples.All(ProofCommittee)) made.Pin(name, ProofFile.For(ProofCommittee.Genesis, proof).ToArray());
            made.Check();
        }

        IReadOnlyDictionary<string, byte[]> known = VectorFile.Read("ordering-proofs");
        var reader = new CanonicalReader(known["genesis"]);
        var verifier = new ProofVerifier(new ProofTrust(Genesis.Read(ref reader), new Client.P256Scheme()));
        var kinds = new SortedSet<ProofKind>();
        foreach ((string name, byte[] file) in known)
        {
            if (name == "genesis") continue;
            ProofVerdict verdict = verifier.Verify(file, out Proof? proof);
            Assert.True(verdict.IsValid, $"{name}: {verdict}");
            Assert.Equal(file, ProofFile.For(ProofCommittee.Genesis, proof!).ToArray());
            kinds.Add(proof!.Kind);
        }

        Assert.Equal(Enum.GetValues<ProofKind>(), kinds);
    }

    [Fact]
    public void Numbers_that_are_stored_or_sent_are_as_pinned()
    {
        Assert.Equal("Received=1 Accepted=2 Committed=3 Executed=4 Posted=5 L1Safe=6 L1Finalized=7 Settled=8", Numbers<TransactionLevel>());
        Assert.Equal("None=0 Rejected=1 Skipped=2 Expired=3 RolledBack=4 Degraded=5", Numbers<TransactionSideState>());
        Assert.Equal(
            "Congested=1 Expired=2 Duplicate=3 UnknownNamespace=4 BadStatement=5 Empty=6 TooLarge=7 ValidUntilRequired=8 TooFarAhead=9 "
            + "ValidUntilNotAllowed=10 BadStatementSignature=11 UnknownOperator=12 KeyUsed=13 TooFewApprovals=14 OutOfTurn=15 "
            + "UnknownCheckpoint=16 RegistryFull=17",
            Numbers<RejectionReason>());
        Assert.Equal(
            "Empty=1 TooLarge=2 Malformed=3 UnknownNamespace=4 SystemNamespace=5 WrongChainId=6 BadSignature=7 Expired=8 "
            + "ValidUntilRequired=9 TooFarAhead=10 ValidUntilNotAllowed=11 Duplicate=12 Congested=13",
            Numbers<AdmissionRejection>());
        Assert.Equal("Opaque=1 Evm=2", Numbers<AdmissionKind>());
        Assert.Equal("Fill=1 Jump=2", Numbers<TimeGaps>());
        Assert.Equal("Latest=1 StepOne=2", Numbers<L1OriginMode>());
        Assert.Equal("None=0 TimeJump=1", Numbers<NamespaceBlockFlags>());
        Assert.Equal("Result=1 NamespaceBlock=2 Transaction=3 NamespaceAbsence=4 Commit=5 Receipt=6 Rejection=7 Evidence=8 Committee=9",
            Numbers<ProofKind>());
    }

    [Fact]
    public void Reasons_against_a_hand_over_are_as_pinned() => Assert.Equal(
        "None=0 WrongEpoch=1 NotABoundary=2 OtherCommittee=3 TooFewSignatures=4 UnknownMember=5 BadSignature=6 TooManyEpochs=7 "
        + "BeforeCheckpoint=8",
        Numbers<HandOverRejection>());

    private static string Numbers<T>()
        where T : struct, Enum =>
        string.Join(' ', Enum.GetValues<T>().Select(v => $"{v}={Convert.ToInt32(v, System.Globalization.CultureInfo.InvariantCulture)}"));
}
