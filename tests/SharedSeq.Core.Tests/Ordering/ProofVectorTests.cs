using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Vectors;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>
/// Verdicts on proof files as data that verifiers in any language can be held to; src/verifier-ts is. Files have real signatures, which differ each time
/// they are made: they are only made when vectors are rewritten. After that, mutations have to be written anew, too.
/// </summary>
public sealed class ProofVectorTests
{
    private static readonly P256Scheme Scheme = new();

    private static TestCommittee Committee => new(4, 7, 0, Opaque(5), Opaque(9, 1000), Opaque(12));

    // With epochs, so that a client may believe in one later than the first.
    private static TestCommittee WithEpochs => new(new Policy { EpochSeconds = 60 }, 4, 7, 0, Opaque(5));

    [Fact]
    public void Known_proof_files_of_a_later_epoch_verify_by_their_hand_overs_or_a_checkpoint()
    {
        if (VectorFile.IsRewriting)
        {
            VectorFile made = new("proof-epochs");
            TestCommittee committee = WithEpochs;
            var epochs = new TestEpochs(committee, 3);
            made.Pin("genesis", committee.Genesis.Write);
            made.Pin("checkpoint", epochs.HandOvers[1].Checkpoint);
            foreach ((ProofKind kind, Proof proof) in ProofEpochTests.ProofsOf(epochs))
                made.Pin($"epoch 3 {kind}", ProofFile.For(committee.Genesis, proof, epochs.HandOvers).ToArray());
            made.Pin("epoch 3 Committee", ProofFile.For(committee.Genesis, new CommitteeProof(epochs.HandOvers[2]), epochs.HandOvers[..2]).ToArray());
            made.Check();
        }

        IReadOnlyDictionary<string, byte[]> known = VectorFile.Read("proof-epochs");
        foreach (Hash32? checkpoint in new Hash32?[] { null, new Hash32(known["checkpoint"]) })
        {
            foreach ((string name, byte[] file) in Files(known))
                Assert.Equal("None", Verdict(known["genesis"], file, checkpoint));
        }
    }

    [Fact]
    public void Lies_are_refused_with_the_reason_that_names_them()
    {
        if (VectorFile.IsRewriting)
        {
            VectorFile made = new("proof-lies");
            made.Pin("genesis", Committee.Genesis.Write);
            foreach ((string name, ProofFile file) in ProofLies.All(Committee)) made.Pin(name, file.ToArray());
            made.Check();
        }

        IReadOnlyDictionary<string, byte[]> known = VectorFile.Read("proof-lies");
        Assert.InRange(known.Count, 30, 100);
        foreach ((string name, byte[] file) in Files(known))
            Assert.Equal(name, $"{Verdict(known["genesis"], file)}: {name[(name.IndexOf(": ", StringComparison.Ordinal) + 2)..]}");
    }

    [Fact]
    public void The_verdict_on_each_of_ten_thousand_mutations_is_as_pinned()
    {
        var files = new List<(string Name, byte[] File, byte[] Genesis)>();
        foreach (IReadOnlyDictionary<string, byte[]> source in new[] { VectorFile.Read("ordering-proofs"), VectorFile.Read("proof-epochs") })
            files.AddRange(Files(source).Select(item => (item.Key, item.Value, source["genesis"])));
        byte[][] originals = [.. files.Select(item => item.File)];
        var verdicts = new byte[ProofMutations.Count];
        Parallel.For(0, verdicts.Length, new ParallelOptions { MaxDegreeOfParallelism = 2 }, number =>
            verdicts[number] = Number(Verdict(files[number % files.Count].Genesis, ProofMutations.Make(originals, number))));
        VectorFile pins = new("proof-mutations");
        for (int i = 0; i < files.Count; i++)
            pins.Pin(files[i].Name, verdicts.Where((_, number) => number % files.Count == i).ToArray());
        pins.Check();

        // Every reason that a file can have was met, and mutations that changed nothing were few.
        for (var fault = ProofFault.NotAProofFile; fault <= ProofFault.BadHandOver; fault++)
            Assert.True(verdicts.Count(verdict => verdict >> 4 == (int)fault) > 1, $"{fault}");
        Assert.InRange(verdicts.Count(verdict => verdict == 0), 1, 1_000);
    }

    [Fact]
    public void Names_that_verifiers_share_are_as_pinned()
    {
        VectorFile pins = new("verifier-names");
        Pin<ProofKind>();
        Pin<ProofFault>();
        Pin<DecodeRejection>();
        Pin<HandOverRejection>();
        Pin<RejectionReason>();
        Pin<EvidenceKind>();
        Pin<SignedKind>();
        pins.Check();

        void Pin<T>()
            where T : struct, Enum => pins.Pin(typeof(T).Name, System.Text.Encoding.ASCII.GetBytes(string.Join(
                ' ', Enum.GetValues<T>().Select(v => $"{v}={Convert.ToInt32(v, System.Globalization.CultureInfo.InvariantCulture)}"))));
    }

    [Fact]
    public void No_batch_follows_one_with_the_largest_sequence()
    {
        var lane = new LaneId(Epoch.Zero, new ReplicaId(1), 0);
        BatchBody body = TestBatches.Body(Tx(5, StartSecond + 30, 1));
        BatchHeader below = TestBatches.HeaderOf(body, lane, new BatchSeq(ulong.MaxValue - 1), Sha.Of([1]));
        BatchHeader largest = TestBatches.HeaderOf(body, lane, new BatchSeq(ulong.MaxValue), below.Digest);
        Assert.True(largest.Follows(below));
        foreach (ulong seq in new ulong[] { 1, ulong.MaxValue - 1, ulong.MaxValue })
            Assert.False(TestBatches.HeaderOf(body, lane, new BatchSeq(seq), largest.Digest).Follows(largest));
    }

    private static IEnumerable<KeyValuePair<string, byte[]>> Files(IReadOnlyDictionary<string, byte[]> vectors) =>
        vectors.Where(item => item.Key is not ("genesis" or "checkpoint"));

    /// <summary>The fault, and the reason within it where it has one.</summary>
    private static string Verdict(byte[] genesis, byte[] file, Hash32? checkpoint = null)
    {
        var reader = new CanonicalReader(genesis);
        var chain = new CommitteeChain(Genesis.Read(ref reader), Scheme, checkpoint);
        ProofVerdict verdict = new ProofVerifier(new ProofTrust(chain, Scheme)).Verify(file, out _);
        string reason = verdict.Fault switch
        {
            ProofFault.Malformed => "/" + verdict.Detail[..verdict.Detail.IndexOf(':', StringComparison.Ordinal)],
            ProofFault.BadHandOver => "/" + verdict.Detail.Split(": ")[1].Split(';')[0],
            _ => "",
        };
        return verdict.Fault + reason;
    }

    /// <summary>The fault's number in the upper four bits, that of the reason within it in the lower ones.</summary>
    private static byte Number(string verdict)
    {
        string[] parts = verdict.Split('/');
        var fault = Enum.Parse<ProofFault>(parts[0]);
        int reason = fault switch
        {
            ProofFault.Malformed => (int)Enum.Parse<DecodeRejection>(parts[1]),
            ProofFault.BadHandOver => (int)Enum.Parse<HandOverRejection>(parts[1]),
            _ => 0,
        };
        return (byte)(((int)fault << 4) | reason);
    }
}
