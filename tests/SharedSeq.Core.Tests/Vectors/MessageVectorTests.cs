using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Vectors;

/// <summary>Every message between replicas and every signed text, byte by byte; each has one encoding only.</summary>
public sealed class MessageVectorTests
{
    private static readonly SigningDomain Domain = new(new ChainId(7777), new ProtocolVersion(1));
    private static readonly Epoch Epoch = new(3);
    private static readonly LaneId Lane = new(Epoch, new ReplicaId(2), 1);
    private static readonly ReplicaId Voter = new(1);
    private static readonly Slot Slot = new(41);
    private static readonly BlockId BlockId = new(new Height(40), Named("block"));

    public static TheoryData<string> MessageNames => [.. Messages().Keys];

    [Fact]
    public void Messages_are_encoded_as_pinned()
    {
        VectorFile pins = new("messages");
        foreach ((string name, PeerMessage message) in Messages()) pins.Pin(name, message.Encode());
        pins.Check();
    }

    [Theory]
    [MemberData(nameof(MessageNames))]
    public void A_message_has_one_encoding_and_damage_never_gives_a_second_one(string name) =>
        StrictDecoding.Check(Messages()[name].Encode(), input => MessageCodec.Decode(input).Encode());

    [Fact]
    public void Every_kind_of_message_is_pinned()
    {
        MessageKind[] pinned = [.. Messages().Values.Select(message => message.Kind).Distinct().Order()];
        Assert.Equal(Enum.GetValues<MessageKind>(), pinned);
        Assert.Equal(DecodeRejection.UnknownValue, RefusalOf([0]));
        Assert.Equal(DecodeRejection.UnknownValue, RefusalOf([29]));
        Assert.Equal(DecodeRejection.Truncated, RefusalOf([]));
    }

    [Fact]
    public void Signed_texts_are_as_pinned()
    {
        VectorFile pins = new("signed-texts");
        Hash32 hash = Named("result");
        LaneTip tip = MakeBatch().Tip;
        foreach (VoteKind kind in Enum.GetValues<VoteKind>())
            pins.Pin($"vote, {kind}", writer => Vote.WriteSignedText(writer, Domain, Epoch, Slot, kind, BlockId));
        pins.Pin("vote, First, skip", writer =>
            Vote.WriteSignedText(writer, Domain, Epoch, Slot, VoteKind.First, BlockId.Skip));
        pins.Pin("proposal", writer => Proposal.WriteSignedText(writer, Domain, Epoch, Slot, BlockId));
        pins.Pin("result vote", writer => ResultVote.WriteSignedText(writer, Domain, Epoch, new Height(40), hash));
        pins.Pin("ack", writer => Ack.WriteSignedText(writer, Domain, tip, new Height(39)));
        pins.Pin("view report", writer => ViewReport.WriteSignedText(writer, Domain, Epoch, 2, Named("l1"), Named("l1 inputs")));
        pins.Pin("status", writer => Status.WriteSignedText(writer, Domain, Epoch, Slot, BlockId, Slot.Next()));
        pins.Check();
    }

    [Fact]
    public void Hashes_of_blocks_payloads_batches_and_results_are_as_pinned()
    {
        VectorFile pins = new("message-hashes");
        Block block = MakeBlock();
        pins.Pin("block hash", block.Header.Hash);
        pins.Pin("payload commitment", block.Payload.Commitment);
        pins.Pin("empty payload commitment", Payload.Empty.Commitment);
        pins.Pin("batch digest", MakeBatch().Header.Digest);
        pins.Pin("first transaction's id", MakeBatch().Body.IdOf(0).Value);
        pins.Pin("digest of L1 inputs", MakeInputs().Blocks[1].DigestAfter(Named("before")));
        pins.Pin("block result", MakeResult().Hash);
        pins.Check();
    }

    [Fact]
    public void Numbers_of_kinds_on_the_wire_and_in_signed_texts_stay()
    {
        Assert.Equal(
            "Proposal=1 FirstVote=2 ExtraVote=3 FinalVote=4 ResultVote=5 Ack=6 Status=7 ViewReport=8 Attestation=9 "
            + "OperatorStatement=10",
            Numbers(Enum.GetValues<SignedKind>()));
        Assert.Equal("First=1 Extra=2 Final=3", Numbers(Enum.GetValues<VoteKind>()));
        Assert.Equal("Fast=1 Slow=2", Numbers(Enum.GetValues<CommitPath>()));
        Assert.Equal(
            "OwnVote=1 OwnProposal=2 BlockHeld=3 CertificateHeld=4 FinalHeld=5 OwnResultVote=6 L1InputsHeld=7",
            Numbers(Enum.GetValues<DurableRecordKind>()));
        Assert.Equal(
            "TwoProposals=1 TwoFirstVotes=2 FinalAndOther=3 TwoFinals=4 TwoBatches=5 TwoAcks=6 TwoResults=7",
            Numbers(Enum.GetValues<EvidenceKind>()));
    }

    private static DecodeRejection? RefusalOf(byte[] frame) =>
        StrictDecoding.RefusalOf(frame, input => MessageCodec.Decode(input).Encode());

    private static string Numbers<T>(T[] values)
        where T : struct, Enum =>
        string.Join(' ', values.Select(value => $"{value}={Convert.ToInt32(value)}"));

    private static SortedDictionary<string, PeerMessage> Messages()
    {
        Batch batch = MakeBatch();
        Block block = MakeBlock();
        Notarization notarization = new(Epoch, Slot, BlockId, [Signed(0), Signed(1, isExtra: true), Signed(3)]);
        Notarization skip = new(Epoch, Slot.Previous(), BlockId.Skip, [Signed(0), Signed(2), Signed(3, isExtra: true)]);
        CommitProof fast = new(Epoch, Slot, BlockId, CommitPath.Fast, [Signed(0), Signed(1), Signed(2), Signed(3)]);
        CommitProof slow = new(Epoch, Slot, BlockId, CommitPath.Slow, [Signed(1), Signed(2), Signed(3)]);
        ProofOfAvailability poa = MakePoA(batch.Tip);
        ResultCertificate certificate = new(MakeResult(), [Signed(0), Signed(1), Signed(2)]);
        return new(StringComparer.Ordinal)
        {
            ["ack"] = new Ack(batch.Tip, new ReplicaId(3), new Height(39), Signature("ack")),
            ["attestation"] = new AttestationMessage(new byte[] { 1, 2, 3 }),
            ["batch"] = batch,
            ["batch request"] = new BatchRequest(BatchSeq.Zero, batch.Tip),
            ["batch response"] = new BatchResponse(Lane, [batch]),
            ["batch response, empty"] = new BatchResponse(Lane, []),
            ["block request"] = new BlockRequest(Epoch, BlockId, 255),
            ["block response"] = new BlockResponse([block]),
            ["certificate request"] = new CertificateRequest(Epoch, Slot, Slot.Plus(63)),
            ["certificate response"] = new CertificateResponse([notarization, skip], null),
            ["certificate response, commit proof"] = new CertificateResponse([], slow),
            ["checkpoint offers"] = new CheckpointOffers(new Height(7), [MakeOffer()]),
            ["checkpoint offers, none"] = new CheckpointOffers(new Height(7), []),
            ["checkpoint request"] = new CheckpointRequest(new Height(40)),
            ["commit proof, fast"] = fast,
            ["commit proof, slow"] = slow,
            ["evidence"] = MakeEvidence(),
            ["hand-over request"] = new HandOverRequest(Epoch),
            ["hand-over response"] = new HandOverResponse(Epoch, [new byte[] { 1, 2, 3 }, new byte[] { 4 }]),
            ["hand-over response, none"] = new HandOverResponse(Epoch, []),
            ["L1 inputs request"] = new L1InputsRequest(Named("before"), 2, Named("after")),
            ["L1 inputs response"] = new L1InputsResponse(MakeInputs()),
            ["L1 inputs response, none"] = new L1InputsResponse(L1Inputs.None),
            ["notarization"] = notarization,
            ["notarization, skip"] = skip,
            ["piece request"] = new PieceRequest(Named("pieces"), 3),
            ["piece response"] = new PieceResponse(Named("pieces"), 3, new byte[] { 1, 2, 3 }),
            ["piece response, not held"] = new PieceResponse(Named("pieces"), 3, default),
            ["proof of availability"] = poa,
            ["proposal"] = new Proposal(block, Signature("proposal"), [poa], new Justification(notarization, [skip])),
            ["proposal, nothing to justify"] = new Proposal(block, Signature("proposal"), [], Justification.None),
            ["result request"] = new ResultRequest(new Height(40)),
            ["result response"] = new ResultResponse(certificate),
            ["result response, empty"] = new ResultResponse(null),
            ["result vote"] = new ResultVote(Epoch, new Height(40), Named("result"), Voter, Signature("result")),
            ["status"] = new Status(Epoch, Voter, Slot, BlockId, Slot.Next(), Signature("status")),
            ["view report"] = new ViewReport(Epoch, Voter, 2, Named("l1"), Named("l1 inputs"), Signature("view")),
            ["vote, Extra, skip"] = new Vote(Epoch, Slot, VoteKind.Extra, BlockId.Skip, Voter, Signature("extra")),
            ["vote, Final"] = new Vote(Epoch, Slot, VoteKind.Final, BlockId, Voter, Signature("final")),
            ["vote, First"] = new Vote(Epoch, Slot, VoteKind.First, BlockId, Voter, Signature("first")),
        };
    }

    private static Batch MakeBatch()
    {
        byte[] bytes = new byte[2 * BatchBody.RecordOverhead + 5];
        int first = BatchBody.WriteRecord(bytes, new NamespaceId(10), 1_800_000_000, [1, 2, 3]);
        BatchBody.WriteRecord(bytes.AsSpan(first), new NamespaceId(20), 0, [4, 5]);
        BatchBody body = BatchBody.Parse(bytes, 2);
        Hash32 root = MerkleTree.RootOfLeafHashes(body.LeafHashes);
        Hash32 previous = Named("previous batch");
        BatchHeader header = new(Lane, new BatchSeq(9), previous, BatchFlags.None, 2, bytes.Length, root);
        return Batch.Create(header, new Height(39), Signature("batch"), body);
    }

    private static ProofOfAvailability MakePoA(LaneTip tip) =>
        new(tip, [
            new AckSignature(new ReplicaId(0), new Height(38), Signature("ack 0")),
            new AckSignature(new ReplicaId(2), new Height(39), Signature("ack 2")),
            new AckSignature(new ReplicaId(3), new Height(37), Signature("ack 3")),
        ]);

    private static Block MakeBlock()
    {
        L1View view = new(1, 2, Named("l1"), Named("l1 parent"), 3, Named("l1 inputs"));
        ReportSignature[] reports = [new(new ReplicaId(0), Signature("report 0")), new(new ReplicaId(3), Signature("report 3"))];
        Payload payload = new(view, [MakeEvidence()], reports);
        LaneTip[] cut = [new(new LaneId(Epoch, new ReplicaId(0), 0), new BatchSeq(5), Named("tip")), MakeBatch().Tip];
        Header header = new(
            Epoch, Slot, new Height(40), Slot.Previous(), Named("parent"), new TimestampMs(1_800_000_000_123),
            HeaderFlags.None, payload.Commitment, cut);
        return new Block(header, payload);
    }

    private static L1Inputs MakeInputs() =>
        new([new L1BlockInputs(1, Named("l1 parent"), 2, default), new L1BlockInputs(2, Named("l1"), 3, new byte[] { 1, 2, 3 })]);

    /// <summary>A carry block above one with a cut; two pieces.</summary>
    private static CheckpointOffer MakeOffer()
    {
        Block parent = MakeBlock();
        Header carry = new(
            Epoch, Slot.Next(), new Height(41), Slot, parent.Header.Hash, default, HeaderFlags.Carry, Payload.Empty.Commitment, []);
        BlockResult result = MakeResult() with { Height = carry.Height, BlockHash = carry.Hash };
        ResultCertificate certificate = new(result, [Signed(0), Signed(1), Signed(2)]);
        PieceList pieces = new(PieceList.PieceBytes + 5, [Named("first piece"), Named("second piece")]);
        return new CheckpointOffer(certificate, [new Block(carry, Payload.Empty), parent], pieces);
    }

    private static Evidence MakeEvidence()
    {
        SignedStatement one = new(SignedKind.FirstVote, new byte[] { 1, 2 }, Signature("one"));
        SignedStatement two = new(SignedKind.FirstVote, new byte[] { 1, 3 }, Signature("two"));
        return new Evidence(EvidenceKind.TwoFirstVotes, Epoch, new ReplicaId(2), one, two);
    }

    private static BlockResult MakeResult() => new(
        Epoch, new Height(40), BlockId.Hash, Named("namespaces"), Named("effects"), Hash32.Zero, Named("state"),
        Hash32.Zero);

    private static CertificateSignature Signed(ushort voter, bool isExtra = false) =>
        new(new ReplicaId(voter), isExtra, Signature($"voter {voter}"));

    private static Signature64 Signature(string name) => new(Named(name + " r"), Named(name + " s"));

    private static Hash32 Named(string name) => Sha.Of(System.Text.Encoding.UTF8.GetBytes(name));
}
