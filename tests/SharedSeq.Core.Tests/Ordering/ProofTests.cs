using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

public sealed class ProofTests
{
    private static readonly ulong Soon = StartSecond + 30;
    private readonly TestCommittee _committee = new(4, 7, 0, Opaque(5), Opaque(9, 1000), Opaque(12));
    private readonly ProofSamples _samples;

    public ProofTests() => _samples = new ProofSamples(_committee);

    private ProofVerdict Verify(Proof proof) => _committee.Verifier.Verify(File(proof), out _);

    private byte[] File(Proof proof) => ProofFile.For(_committee.Genesis, proof).ToArray();

    private static byte[] WithNewDigest(byte[] file)
    {
        Sha.Of(file.AsSpan(..^Hash32.Size)).CopyTo(file.AsSpan(^Hash32.Size..));
        return file;
    }

    [Fact]
    public void Every_kind_of_proof_survives_its_file_and_verifies()
    {
        foreach ((string name, Proof proof) in ProofSamples.All(_committee))
        {
            byte[] file = File(proof);
            ProofVerdict verdict = _committee.Verifier.Verify(file, out Proof? read);
            Assert.True(verdict.IsValid, $"{name}: {verdict}");
            Assert.Equal(file, File(read!));
            Assert.True(ProofFile.TryRead(file, out ProofFile? again, out _));
            Assert.Contains($"\"kind\": \"{proof.Kind}\"", again.ToJson(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_flipped_bit_in_any_byte_of_a_proof_file_is_refused_with_a_reason()
    {
        ProofVerifier verifier = _committee.Verifier;
        foreach ((string name, Proof proof) in ProofSamples.All(_committee))
        {
            byte[] file = File(proof);
            for (int at = 0; at < file.Length; at++)
            {
                byte[] flipped = [.. file];
                flipped[at] ^= (byte)(1 << (at % 8));
                ProofVerdict verdict = verifier.Verify(flipped, out Proof? read);
                Assert.True(!verdict.IsValid && read is null, $"{name}: byte {at}");
                Assert.NotEmpty(verdict.Detail);
            }
        }
    }

    [Fact]
    public void A_flipped_bit_is_refused_also_when_the_forger_renews_the_digest()
    {
        ProofVerifier verifier = _committee.Verifier;
        foreach ((string name, Proof proof) in ProofSamples.All(_committee))
        {
            byte[] file = File(proof);
            for (int at = 0; at < file.Length - Hash32.Size; at++)
            {
                // The absent namespace is the claim itself: between the same neighbours another number is another true claim.
                if (name == "absence" && at is >= 47 and < 55) continue;
                byte[] flipped = [.. file];
                flipped[at] ^= (byte)(1 << (at % 8));
                Assert.False(verifier.Verify(WithNewDigest(flipped), out _).IsValid, $"{name}: byte {at}");
            }
        }
    }

    [Fact]
    public void A_tail_is_no_committed_height_but_commits_the_boundary_below_it()
    {
        Header boundary = ProofSamples.Header(1, default);
        var tail = new Header(
            Epoch.Zero, new Slot(3), new Height(2), new Slot(2), boundary.Hash, default, HeaderFlags.Carry | HeaderFlags.Tail,
            Payload.Empty.Commitment, []);
        CommitProof commit = _committee.Commit(tail, CommitPath.Slow, 0, 1, 2);
        Assert.True(Verify(new HeaderProof([boundary, tail], commit)).IsValid);
        Assert.Equal(ProofFault.WrongCommitment, Verify(new HeaderProof([tail], commit)).Fault);
    }

    [Fact]
    public void A_file_cut_at_any_length_is_refused()
    {
        byte[] file = File(_samples.BlockProof());
        for (int length = 0; length < file.Length; length++)
            Assert.False(_committee.Verifier.Verify(file.AsSpan(0, length), out _).IsValid, $"{length} bytes");
    }

    [Fact]
    public void A_proof_of_another_network_is_refused_as_such()
    {
        byte[] file = File(_samples.BlockProof());
        ProofVerdict otherChain = new TestCommittee(4, 8, 0, Opaque(5)).Verifier.Verify(file, out _);
        Assert.Equal(ProofFault.WrongNetwork, otherChain.Fault);
        ProofVerdict sameChainOtherGenesis = new TestCommittee(4, 7, 1, Opaque(5)).Verifier.Verify(file, out _);
        Assert.Equal(ProofFault.WrongNetwork, sameChainOtherGenesis.Fault);
    }

    [Fact]
    public void A_proof_relabelled_for_this_network_fails_at_its_signatures()
    {
        var other = new TestCommittee(4, 7, 1, Opaque(5), Opaque(9, 1000), Opaque(12));
        ProofVerdict verdict = other.Verifier.Verify(ProofFile.For(other.Genesis, _samples.BlockProof()));
        Assert.Equal(ProofFault.BadSignature, verdict.Fault);
    }

    [Theory]
    [InlineData("text that is no proof at all, but long enough to be one if it wanted to be so", ProofFault.NotAProofFile)]
    [InlineData("SSPF", ProofFault.Damaged)]
    [InlineData("", ProofFault.NotAProofFile)]
    public void What_is_no_proof_file_is_refused_as_such(string text, ProofFault fault) =>
        Assert.Equal(fault, _committee.Verifier.Verify(System.Text.Encoding.ASCII.GetBytes(text), out _).Fault);

    [Fact]
    public void A_newer_format_is_named()
    {
        byte[] file = File(_samples.BlockProof());
        file[5] = ProofFile.Format + 1;
        Assert.Equal(ProofFault.UnsupportedVersion, _committee.Verifier.Verify(WithNewDigest(file), out _).Fault);
    }

    [Fact]
    public void One_signature_less_than_q_is_too_few_and_a_stranger_is_named()
    {
        BlockResult result = _samples.Bench.Apply(60).Result;
        Assert.Equal(ProofFault.TooFewSignatures, Verify(new ResultProof(_committee.Certify(result, 0, 1))).Fault);
        ResultCertificate good = _committee.Certify(result);
        var strange = new ResultCertificate(result, [.. good.Signatures[..2], good.Signatures[2] with { Voter = new ReplicaId(4) }]);
        Assert.Equal(ProofFault.UnknownMember, Verify(new ResultProof(strange)).Fault);
        var later = new ResultCertificate(result with { Epoch = new Epoch(1) }, good.Signatures.ToArray());
        Assert.Equal(ProofFault.UnknownEpoch, Verify(new ResultProof(later)).Fault);
    }

    [Fact]
    public void A_fast_commit_needs_all_and_a_slow_one_q()
    {
        Header header = ProofSamples.Header(1, default);
        Assert.Equal(ProofFault.TooFewSignatures, Verify(new HeaderProof([header], _committee.Commit(header, CommitPath.Fast, 0, 1, 2))).Fault);
        Assert.True(Verify(new HeaderProof([header], _committee.Commit(header, CommitPath.Slow, 1, 2, 3))).IsValid);
    }

    [Fact]
    public void Blocks_left_out_or_swapped_break_the_chain()
    {
        NamespaceBlockProof proof = _samples.BlockProof();
        var gap = new NamespaceBlockProof(proof.Block, [.. proof.Above.Skip(1)], proof.Head);
        Assert.Equal(ProofFault.BrokenChain, Verify(gap).Fault);
        var shortened = new NamespaceBlockProof(proof.Block, [.. proof.Above.Take(2)], proof.Head);
        Assert.Equal(ProofFault.WrongCommitment, Verify(shortened).Fault);
        var none = new NamespaceBlockProof(proof.Block, [], proof.Head);
        Assert.Equal(ProofFault.WrongCommitment, Verify(none).Fault);
    }

    [Fact]
    public void Evidence_that_an_honest_member_could_have_signed_is_refused_although_its_signatures_are_good()
    {
        Evidence good = _committee.TwoVotes(EvidenceKind.TwoFirstVotes, 3, VoteKind.First, VoteKind.First);
        Evidence[] harmless =
        [
            new(EvidenceKind.TwoFirstVotes, Epoch.Zero, good.Offender, good.First, good.First),
            _committee.TwoVotes(EvidenceKind.FinalAndOther, 3, VoteKind.First, VoteKind.Extra),
            _committee.TwoVotes(EvidenceKind.TwoFirstVotes, 3, VoteKind.First, VoteKind.Extra),
        ];
        foreach (Evidence evidence in harmless) Assert.Equal(ProofFault.NoContradiction, Verify(new EvidenceProof(evidence)).Fault);
        var another = new Evidence(EvidenceKind.TwoFirstVotes, Epoch.Zero, new ReplicaId(2), good.First, good.Second);
        Assert.Equal(ProofFault.BadSignature, Verify(new EvidenceProof(another)).Fault);
        var stranger = new Evidence(EvidenceKind.TwoFirstVotes, Epoch.Zero, new ReplicaId(4), good.First, good.Second);
        Assert.Equal(ProofFault.UnknownMember, Verify(new EvidenceProof(stranger)).Fault);
    }

    [Fact]
    public void A_registered_namespace_cannot_be_shown_absent()
    {
        (_, OrderingResult last, _) = _samples.FourBlocks();
        ResultCertificate certificate = _committee.Certify(last.Result);
        SortedMerkleProof between = last.Heads!.Prove(new NamespaceId(8));
        Assert.Equal(ProofFault.WrongCommitment, Verify(new NamespaceAbsenceProof(new NamespaceId(5), between, certificate)).Fault);
        Assert.Equal(ProofFault.WrongCommitment, Verify(NamespaceAbsenceProof.Create(new NamespaceId(9), last.Heads!, certificate)).Fault);
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(8UL)]
    [InlineData(ulong.MaxValue)]
    public void Absence_is_proved_before_the_first_between_and_after_the_last(ulong ns)
    {
        (_, OrderingResult last, _) = _samples.FourBlocks();
        Assert.True(Verify(NamespaceAbsenceProof.Create(new NamespaceId(ns), last.Heads!, _committee.Certify(last.Result))).IsValid);
    }

    [Fact]
    public void A_rejection_with_another_reason_or_without_all_heights_between_is_refused()
    {
        RejectionProof proof = _samples.RejectionProof();
        Assert.True(Verify(proof).IsValid);
        var otherReason = new RejectionProof(
            proof.Rejection with { Reason = RejectionReason.Congested }, proof.Path, proof.Before, proof.Effects, proof.Later, proof.Certificate);
        Assert.Equal(ProofFault.WrongCommitment, Verify(otherReason).Fault);
        var missing = new RejectionProof(
            proof.Rejection, proof.Path, proof.Before, proof.Effects, [.. proof.Later.Skip(1)], proof.Certificate);
        Assert.Equal(ProofFault.BrokenChain, Verify(missing).Fault);
    }

    [Fact]
    public void That_an_operator_statement_was_left_out_is_proved_like_any_rejection()
    {
        RejectionProof proof = _samples.RejectionProof(2);
        Assert.Equal((NamespaceId.System, RejectionReason.BadStatement), (proof.Rejection.Namespace, proof.Rejection.Reason));
        Assert.True(Verify(proof).IsValid);
    }

    [Fact]
    public void A_reason_that_nobody_knows_is_malformed()
    {
        byte[] file = File(_samples.RejectionProof());
        file[47 + Hash32.Size + 8] = 99;
        ProofVerdict verdict = _committee.Verifier.Verify(WithNewDigest(file), out _);
        Assert.Equal(ProofFault.Malformed, verdict.Fault);
        Assert.Contains("reason of a rejection", verdict.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Heads_written_down_prove_the_same()
    {
        (_, OrderingResult last, _) = _samples.FourBlocks();
        var writer = new CanonicalWriter();
        last.Heads!.Write(writer);
        var reader = new CanonicalReader(writer.Written);
        NamespaceHeads again = NamespaceHeads.Read(ref reader);
        reader.End("heads");
        Assert.Equal(last.Result.NamespacesRoot, again.Root);
        Assert.True(Verify(NamespaceAbsenceProof.Create(new NamespaceId(8), again, _committee.Certify(last.Result))).IsValid);
    }
}
