using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Vectors;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>
/// Known answers for what L1 checks: certificates of 4 and of 13 members, heads with paths, blocks, hand-overs, and certificates that are refused, each
/// for one reason. The contracts' tests read the same file (src/contracts/test). Signatures differ each time they are made, so the file is only written
/// when it is rewritten.
/// </summary>
public sealed class L1VectorTests
{
    private const string File = "l1";

    private static readonly ulong Soon = StartSecond + 30;

    [Fact]
    public void Certificates_for_L1_are_taken_and_refused_as_pinned()
    {
        if (VectorFile.IsRewriting) Rewrite();
        IReadOnlyDictionary<string, byte[]> known = VectorFile.Read(File);
        int taken = 0;
        var refused = new SortedSet<string>(StringComparer.Ordinal);
        foreach ((string name, byte[] bytes) in known)
        {
            int n = int.Parse(name.AsSpan(0, name.IndexOf(' ', StringComparison.Ordinal)), System.Globalization.CultureInfo.InvariantCulture);
            if (name == $"{n} members, certificate")
            {
                Assert.Equal("None", Verdict(CommitteeOf(n), bytes));
                taken++;
            }
            else if (name.StartsWith($"{n} members, refused ", StringComparison.Ordinal))
            {
                string reason = name.Split("refused ")[1].Split(':')[0];
                Assert.True(reason == Verdict(CommitteeOf(n), bytes), $"{name}: {Verdict(CommitteeOf(n), bytes)}");
                refused.Add(reason);
            }
        }

        Assert.Equal(2, taken);
        Assert.Equal(["BadSignature", "Malformed", "TooFewSignatures", "Unordered", "UnknownMember", "WrongEpoch"], refused);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(13)]
    public void Hand_overs_and_heads_for_L1_lead_where_the_file_says(int n)
    {
        IReadOnlyDictionary<string, byte[]> known = VectorFile.Read(File);
        Genesis genesis = CommitteeOf(n).Genesis;
        string prefix = $"{n} members, ";
        Assert.Equal(known[prefix + "plan"], Encode(new CommitteePlan(Epoch.Zero, genesis.Quorum, genesis.Members).Write));
        Assert.Equal(known[prefix + "genesis hash"], genesis.Hash.ToArray());
        var trust = new ProofTrust(genesis, new P256Scheme());
        Assert.True(trust.Check(HandOver.Decode(known[prefix + "hand-over"])).IsValid);
        var later = new CanonicalReader(known[prefix + "certificate of epoch 1"]);
        Assert.True(trust.Check(ResultCertificate.Read(ref later)).IsValid);
        foreach (ulong id in new ulong[] { 5, 9 })
        {
            var proof = new CanonicalReader([.. known[prefix + $"head of {id}"], .. known[prefix + "certificate"]]);
            NamespaceHeadProof head = NamespaceHeadProof.Read(ref proof);
            Assert.True(head.Check(trust).IsValid);
            Assert.Equal(id, head.Head.Namespace.Value);
        }
    }

    private static TestCommittee CommitteeOf(int n, ulong chain = 7, byte seed = 0) =>
        new(n, chain, seed, Opaque(5), Opaque(9, 1000), Opaque(12));

    /// <summary>The reason by which a verifier that knows the committee of epoch 0 refuses the bytes; "None" when it takes them.</summary>
    private static string Verdict(TestCommittee committee, byte[] bytes)
    {
        try
        {
            var reader = new CanonicalReader(bytes);
            ResultCertificate certificate = ResultCertificate.Read(ref reader);
            reader.End("certificate");
            var verifier = new MessageVerifier(committee.Genesis.Domain, committee.Genesis.Committee, new P256Scheme());
            return verifier.TryVerify(certificate, out _).ToString();
        }
        catch (DecodeException refusal)
        {
            return refusal.Reason == DecodeRejection.NotCanonical ? "Unordered" : "Malformed";
        }
    }

    private static void Rewrite()
    {
        VectorFile pins = new(File);
        foreach (int n in new[] { 4, 13 })
        {
            TestCommittee committee = CommitteeOf(n);
            PinChain(pins, $"{n} members, ", committee);
            PinRefused(pins, $"{n} members, refused ", n, committee);
        }

        pins.Check();
    }

    private static void PinChain(VectorFile pins, string prefix, TestCommittee committee)
    {
        Genesis genesis = committee.Genesis;
        pins.Pin(prefix + "plan", new CommitteePlan(Epoch.Zero, genesis.Quorum, genesis.Members).Write);
        pins.Pin(prefix + "genesis hash", genesis.Hash);
        var bench = new OrderingBench(genesis);
        var blocks = new CanonicalWriter();
        OrderingResult last = Apply(bench, blocks, 10, Tx(5, Soon, 1), Tx(5, Soon, 2), Tx(5, Soon, 3));
        for (byte i = 0; i < 3; i++) last = Apply(bench, blocks, 20 + (15UL * i), Tx(5, Soon, 10, i), Tx(9, Soon, 10, i));
        Assert.True(last.IsSigned);
        pins.Pin(prefix + "certificate", committee.Certify(last.Result).Write);
        foreach (ulong id in new ulong[] { 5, 9 })
        {
            Assert.True(last.Heads!.TryGet(new NamespaceId(id), out NamespaceHead head));
            pins.Pin(prefix + $"head of {id}", writer =>
            {
                head.Write(writer);
                last.Heads.Prove(head.Namespace).Write(writer);
            });
        }

        pins.Pin(prefix + "absence of 8", last.Heads!.Prove(new NamespaceId(8)).Write);
        pins.Pin(prefix + "blocks of 5", blocks.Written);
        var epochs = new TestEpochs(committee, 1);
        pins.Pin(prefix + "hand-over", epochs.HandOvers[0].Write);
        BlockResult later = last.Result with { Epoch = new Epoch(1), Height = new Height(150) };
        pins.Pin(prefix + "certificate of epoch 1", epochs.Certify(later).Write);
    }

    /// <summary>Applies a height and writes the blocks of namespace 5 that it closed as a posting has them.</summary>
    private static OrderingResult Apply(OrderingBench bench, CanonicalWriter blocks, ulong atMs, params TestTransaction[] transactions)
    {
        OrderingResult result = bench.Apply(atMs, transactions);
        NamespaceBlock block = result.Closed.Single(closed => closed.Block.Namespace.Value == 5).Block;
        block.Write(blocks);
        blocks.Byte(0);
        foreach (TestTransaction transaction in transactions.Where(item => item.Namespace == 5))
        {
            blocks.U64(transaction.ValidUntil);
            blocks.Bytes(transaction.Payload);
        }

        return result;
    }

    private static void PinRefused(VectorFile pins, string prefix, int n, TestCommittee committee)
    {
        var result = new BlockResult(Epoch.Zero, new Height(9), Sha.Of([1]), Sha.Of([2]), Sha.Of([3]), default, default, default);
        int q = committee.Genesis.Quorum.Quorum;
        CertificateSignature[] good = [.. committee.Certify(result).Signatures];
        CertificateSignature last = good[^1];
        Pin("TooFewSignatures: short", result, good[1..]);
        Pin("TooFewSignatures: none", result);
        Pin("Unordered: two exchanged", result, [good[1], good[0], .. good[2..]]);
        Pin("Unordered: one of them twice", result, [.. good[..^1], good[^2]]);
        Pin("UnknownMember: a seat behind the last", result, [.. good[..^1], last with { Voter = new ReplicaId((ushort)n) }]);
        Pin("BadSignature: forged, by another's key", result, [.. good[..^1], last with { Signature = good[0].Signature }]);
        Pin("BadSignature: of another seat", result, [.. good[..^1], last with { Voter = new ReplicaId((ushort)(n - 1)) }]);
        Pin("BadSignature: high s", result, [.. good[..^1], HighS(last)]);
        Pin("BadSignature: r and s exchanged", result, [.. good[..^1], last with { Signature = new Signature64(last.Signature.S, last.Signature.R) }]);
        Pin("BadSignature: s is zero", result, [.. good[..^1], last with { Signature = last.Signature with { S = default } }]);
        Pin("BadSignature: another result", result with { EffectsRoot = Sha.Of([4]) }, good);
        Pin("BadSignature: another height", result with { Height = new Height(10) }, good);
        Pin("BadSignature: another chain", result, [.. CommitteeOf(n, chain: 8).Certify(result).Signatures]);
        Pin("BadSignature: another genesis", result, [.. CommitteeOf(n, seed: 1).Certify(result).Signatures]);
        Pin("BadSignature: signed in another epoch", result, [.. committee.Certify(result with { Epoch = new Epoch(1) }).Signatures]);
        Pin("BadSignature: one more than needed, and that one forged", result, [.. good, last with { Voter = new ReplicaId((ushort)q) }]);
        BlockResult later = result with { Epoch = new Epoch(1) };
        Pin("WrongEpoch: of the next epoch", later, [.. committee.Certify(later).Signatures]);
        byte[] whole = Encode(new ResultCertificate(result, good).Write);
        pins.Pin(prefix + "Malformed: cut", whole.AsSpan()[..^1]);
        pins.Pin(prefix + "Malformed: a byte more", [.. whole, 0]);
        pins.Pin(prefix + "Malformed: result only", whole.AsSpan()[..208]);

        void Pin(string name, BlockResult of, params CertificateSignature[] signatures) =>
            pins.Pin(prefix + name, new ResultCertificate(of, signatures).Write);
    }

    private static CertificateSignature HighS(CertificateSignature item) =>
        item with { Signature = item.Signature with { S = P256Curve.Negate(item.Signature.S) } };

    private static byte[] Encode(Action<CanonicalWriter> write)
    {
        var writer = new CanonicalWriter();
        write(writer);
        return writer.ToArray();
    }
}
