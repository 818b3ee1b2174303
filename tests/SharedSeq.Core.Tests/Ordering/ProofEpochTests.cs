using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>Proofs that were signed by later committees than that of the genesis.</summary>
public sealed class ProofEpochTests
{
    private const int Epoch = 3;

    private readonly TestCommittee _genesis = new(4, 7, 0, Opaque(5));
    private readonly TestEpochs _epochs;

    public ProofEpochTests() => _epochs = new TestEpochs(_genesis, Epoch);

    private ProofVerifier New(Hash32? checkpoint = null)
    {
        var scheme = new P256Scheme();
        return new ProofVerifier(new ProofTrust(new CommitteeChain(_genesis.Genesis, scheme, checkpoint), scheme));
    }

    private byte[] File(Proof proof, params HandOver[] handOvers) => ProofFile.For(_genesis.Genesis, proof, handOvers).ToArray();

    private Dictionary<ProofKind, Proof> Proofs() => ProofsOf(_epochs);

    /// <summary>Proofs that the committee of epoch 3 signed.</summary>
    internal static Dictionary<ProofKind, Proof> ProofsOf(TestEpochs epochs)
    {
        var result = new BlockResult(
            new Epoch(Epoch), new Height(350), Sha.Of([1]), Sha.Of([2]), Sha.Of([3]), default, default, default);
        var header = new Header(
            new Epoch(Epoch), new Slot(2), new Height(351), new Slot(1), Sha.Of([1]), new TimestampMs(Start), HeaderFlags.None,
            Payload.Empty.Commitment, []);
        StatementSigner[] signers = [.. Enumerable.Range(0, 4).Select(i => epochs.Signer(Epoch, i))];
        var commit = new CommitProof(
            new Epoch(Epoch), header.Slot, header.Id, CommitPath.Slow,
            [.. Enumerable.Range(1, 3).Select(i => new CertificateSignature(
                new ReplicaId((ushort)i), false, signers[i].Vote(header.Slot, VoteKind.Final, header.Id).Value.Signature))]);
        BatchBody body = TestBatches.Body(Tx(5, StartSecond + 30, 1));
        BatchHeader batch = TestBatches.HeaderOf(body, new LaneId(new Epoch(Epoch), new ReplicaId(3), 0), new BatchSeq(0), default);
        AckSignature[] acks =
            [.. Enumerable.Range(0, 3).Select(i => new AckSignature(
                new ReplicaId((ushort)i), new Height(352), signers[i].Ack(batch.Tip, new Height(352)).Value.Signature))];
        var receipt = new Receipt(
            body.IdOf(0), MerkleTree.FromLeafHashes(body.LeafHashes).Prove(0), batch, [], new ProofOfAvailability(batch.Tip, acks));
        SignedStatement[] results = [.. new byte[] { 1, 2 }.Select(mark => new SignedStatement(
            SignedKind.ResultVote, ResultContent(mark), signers[2].Result(new Height(350), Sha.Of([mark])).Value.Signature))];
        var evidence = new Evidence(EvidenceKind.TwoResults, new Epoch(Epoch), new ReplicaId(2), results[0], results[1]);
        return new Dictionary<ProofKind, Proof>
        {
            [ProofKind.Result] = new ResultProof(epochs.Certify(result)),
            [ProofKind.Commit] = new HeaderProof([header], commit),
            [ProofKind.Receipt] = new ReceiptProof(receipt),
            [ProofKind.Evidence] = new EvidenceProof(evidence),
        };
    }

    [Fact]
    public void A_proof_of_a_later_epoch_verifies_by_the_hand_overs_that_it_brings_and_not_without()
    {
        foreach ((ProofKind kind, Proof proof) in Proofs())
        {
            ProofVerdict without = New().Verify(File(proof), out _);
            Assert.True(without.Fault == ProofFault.UnknownEpoch, $"{kind}: {without}");
            Assert.Contains("up to epoch 0", without.Detail, StringComparison.Ordinal);
            byte[] file = File(proof, [.. _epochs.HandOvers]);
            ProofVerdict verdict = New().Verify(file, out Proof? read);
            Assert.True(verdict.IsValid, $"{kind}: {verdict}");
            Assert.Equal(new Epoch(Epoch), read!.Epoch);
            Assert.True(ProofFile.TryRead(file, out ProofFile? again, out _));
            Assert.Equal(file, again.ToArray());
            Assert.Contains("\"handOvers\": 3", again.ToJson(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_verifier_keeps_what_hand_overs_show_and_a_chain_alone_is_a_proof()
    {
        ProofVerifier verifier = New();
        byte[] chain = File(new CommitteeProof(_epochs.HandOvers[2]), [.. _epochs.HandOvers.Take(2)]);
        Assert.True(verifier.Verify(chain, out Proof? committee).IsValid);
        Assert.Contains(_epochs.HandOvers[2].Checkpoint.ToString(), ProofFile.For(_genesis.Genesis, committee!).ToJson(), StringComparison.Ordinal);
        foreach (Proof proof in Proofs().Values) Assert.True(verifier.Verify(File(proof), out _).IsValid, $"{proof.Kind}");
        Assert.Equal(ProofFault.BadHandOver, New().Verify(File(new CommitteeProof(_epochs.HandOvers[2])), out _).Fault);
    }

    [Fact]
    public void A_checkpoint_stands_in_for_the_committees_before_it()
    {
        Hash32 checkpoint = _epochs.HandOvers[1].Checkpoint;
        foreach (Proof proof in Proofs().Values)
        {
            Assert.True(New(checkpoint).Verify(File(proof, [.. _epochs.HandOvers]), out _).IsValid);
            Assert.True(New(checkpoint).Verify(File(proof, [.. _epochs.HandOvers.Skip(1)]), out _).IsValid);
            ProofVerdict not = New(checkpoint).Verify(File(proof, _epochs.HandOvers[2]), out _);
            Assert.Equal(ProofFault.UnknownEpoch, not.Fault);
            Assert.Contains("checkpoint", not.Detail, StringComparison.Ordinal);
        }

        // What the genesis' own committee signed says nothing to who begins later.
        Proof early = new EvidenceProof(_genesis.TwoResults(1));
        Assert.True(New().Verify(File(early), out _).IsValid);
        Assert.Equal(ProofFault.UnknownEpoch, New(checkpoint).Verify(File(early, [.. _epochs.HandOvers]), out _).Fault);
        Assert.Equal(ProofFault.UnknownEpoch, New(checkpoint).Verify(File(new CommitteeProof(_epochs.HandOvers[0])), out _).Fault);
    }

    [Fact]
    public void Nobody_is_led_to_another_committee_by_hand_overs_from_before_the_checkpoint()
    {
        HandOver checkpoint = _epochs.HandOvers[1];
        CommitteePlan other = checkpoint.Next with { Members = _genesis.Genesis.Members };
        BlockResult boundary = _epochs.Boundary(other);

        // To the first epoch that is known, or past epochs to it; signed by keys that leaked, or by nobody.
        HandOver[] forged =
        [
            new HandOver(other, _epochs.Certify(boundary)),
            new HandOver(other, new ResultCertificate(boundary, [])),
            new HandOver(other, new ResultCertificate(boundary with { Epoch = new Epoch(0) }, [])),
            checkpoint with { Next = other },
        ];
        foreach (HandOver handOver in forged)
        {
            ProofVerifier verifier = New(checkpoint.Checkpoint);
            Assert.False(verifier.Verify(File(new CommitteeProof(handOver)), out _).IsValid);
            Assert.True(verifier.Verify(File(new CommitteeProof(_epochs.HandOvers[2]), checkpoint), out _).IsValid);
            Assert.False(verifier.Verify(File(new CommitteeProof(handOver)), out _).IsValid);
            Assert.True(verifier.Verify(File(new CommitteeProof(checkpoint)), out _).IsValid);
        }
    }

    [Fact]
    public void Hand_overs_with_a_gap_in_another_order_or_that_begin_too_late_are_refused()
    {
        Proof proof = Proofs()[ProofKind.Result];
        List<HandOver> all = _epochs.HandOvers;
        Assert.Equal(ProofFault.Malformed, New().Verify(File(proof, all[0], all[2]), out _).Fault);
        Assert.Equal(ProofFault.Malformed, New().Verify(File(proof, all[1], all[0], all[2]), out _).Fault);
        Assert.Equal(ProofFault.Malformed, New().Verify(File(proof, all[0], all[0]), out _).Fault);
        ProofVerdict late = New().Verify(File(proof, all[1], all[2]), out _);
        Assert.Equal(ProofFault.BadHandOver, late.Fault);
        Assert.Contains("up to epoch 0", late.Detail, StringComparison.Ordinal);
        Assert.Equal(ProofFault.UnknownEpoch, New().Verify(File(proof, all[0], all[1]), out _).Fault);
    }

    [Fact]
    public void The_right_seats_of_another_epoch_prove_nothing()
    {
        // The result of epoch 3 signed by who sits on the same seats in epoch 2.
        BlockResult result = ((ResultProof)Proofs()[ProofKind.Result]).Certificate.Result;
        CertificateSignature[] signatures = [.. Enumerable.Range(0, 3).Select(i => new CertificateSignature(
            new ReplicaId((ushort)i), false, _epochs.Signer(Epoch - 1, i).Result(result.Height, result.Hash).Value.Signature))];
        byte[] file = File(new ResultProof(new ResultCertificate(result, signatures)), [.. _epochs.HandOvers]);
        Assert.Equal(ProofFault.BadSignature, New().Verify(file, out _).Fault);
    }

    [Fact]
    public void Every_flipped_bit_of_a_file_with_hand_overs_is_refused_also_when_the_forger_renews_the_digest()
    {
        byte[] file = File(Proofs()[ProofKind.Result], [.. _epochs.HandOvers]);
        for (int at = 0; at < file.Length - Hash32.Size; at++)
        {
            byte[] flipped = [.. file];
            flipped[at] ^= (byte)(1 << (at % 8));
            if (at >= 6) Assert.Equal(ProofFault.Damaged, New().Verify(flipped, out _).Fault);
            Sha.Of(flipped.AsSpan(..^Hash32.Size)).CopyTo(flipped.AsSpan(^Hash32.Size..));
            ProofVerdict verdict = New().Verify(flipped, out _);
            Assert.False(verdict.IsValid, $"byte {at}");
            Assert.NotEmpty(verdict.Detail);
        }
    }

    private static byte[] ResultContent(byte mark)
    {
        var content = new CanonicalWriter();
        content.U64(350);
        content.Hash(Sha.Of([mark]));
        return content.ToArray();
    }
}
