using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Vectors;

/// <summary>
/// What the registry on L1 checks: evidence, and what keys of operators sign for it. The contracts' tests read the same files. Signatures differ each time they
/// are made, so those of the file are kept and verified; only writing the file anew makes new ones.
/// </summary>
public sealed class L1OperatorVectorTests
{
    private const ulong L1ChainId = 31_337;
    private const byte Seat = 1;
    private static readonly SigningDomain Domain = new(new ChainId(7777), new ProtocolVersion(1));
    private static readonly Epoch Epoch = new(3);
    private static readonly EvmAddress Registry = EvmAddress.Parse("0x5fbdb2315678afecb367f032d93f642f64180aa3");
    private static readonly EvmAddress Owner = EvmAddress.Parse("0x70997970c51812dc3a010c7d01b50e0d17dc79c8");
    private static readonly BlockId BlockA = new(new Height(40), Sha.Of([1]));
    private static readonly BlockId BlockB = new(new Height(40), Sha.Of([2]));

    private static readonly Committee Committee = new(
        Epoch, QuorumParameters.ForMembers(4), [.. Enumerable.Range(0, 4).Select(i => new CommitteeMember(KeyOf(i), KeyOf(i + 10)))], Sha.Of([9]));

    private static readonly Slot Slot = SlotLedBy(new ReplicaId(Seat));

    private readonly IReadOnlyDictionary<string, byte[]> _known = VectorFile.IsRewriting ? new Dictionary<string, byte[]>() : VectorFile.Read("l1-evidence");

    /// <summary>Two statements, each signed by a key in an epoch of a network.</summary>
    private sealed record Case(string Name, EvidenceKind Kind, Statement First, Statement Second)
    {
        public bool IsContradiction => !Name.StartsWith("refused", StringComparison.Ordinal);
    }

    private sealed record Statement(SignedKind Kind, Action<CanonicalWriter> Content)
    {
        public int Signer { get; init; } = Seat;

        public Epoch Epoch { get; init; } = L1OperatorVectorTests.Epoch;

        public ulong Network { get; init; } = 7777;

        public bool IsHighS { get; init; }
    }

    [Fact]
    public void Evidence_for_the_registry_is_as_pinned_and_judged_alike()
    {
        VectorFile pins = new("l1-evidence");
        pins.Pin("network", w => w.U64(Domain.Chain.Value));
        pins.Pin("vote key", w => w.PublicKey(KeyOf(Seat)));
        pins.Pin("another vote key", w => w.PublicKey(KeyOf(2)));
        var verifier = new MessageVerifier(Domain, Committee, new P256Scheme());
        foreach (Case item in Cases())
        {
            Evidence evidence = Make(item);
            pins.Pin(item.Name, evidence.Write);
            VerificationRejection reason = verifier.TryVerify(evidence, out _);
            Assert.True(item.IsContradiction == (reason == VerificationRejection.None), $"{item.Name}: {reason}");
        }

        pins.Check();
    }

    [Fact]
    public void What_keys_sign_for_the_registry_is_as_pinned()
    {
        VectorFile pins = new("l1-operators");
        IReadOnlyDictionary<string, byte[]>? known = VectorFile.IsRewriting ? null : VectorFile.Read("l1-operators");
        pins.Pin("l1 chain id", w => w.U64(L1ChainId));
        pins.Pin("registry", Registry.ToArray());
        pins.Pin("owner", Owner.ToArray());
        foreach ((StatementRole role, string name, int secret) in new[] { (StatementRole.VoteKey, "vote key", 4), (StatementRole.NodeKey, "node key", 14) })
        {
            byte[] text = RegistryText.KeyProof(L1ChainId, Registry, Owner, role, KeyOf(secret));
            pins.Pin($"{name} of an operator", w => w.PublicKey(KeyOf(secret)));
            pins.Pin($"{name} proof, text", text);
            PinSignature(pins, known, $"{name} proof, signature", secret, text);
        }

        byte[] removal = RegistryText.Removal(L1ChainId, Registry, new OperatorId(4));
        pins.Pin("removal of operator 4, text", removal);
        PinSignature(pins, known, "removal of operator 4, signature", 14, removal);
        pins.Check();
        Assert.Throws<ArgumentException>(() => RegistryText.KeyProof(L1ChainId, Registry, Owner, StatementRole.Approval, KeyOf(4)));
    }

    private static void PinSignature(VectorFile pins, IReadOnlyDictionary<string, byte[]>? known, string name, int secret, byte[] text)
    {
        using P256PrivateKey key = P256PrivateKey.Import(SecretOf(secret));
        Signature64 signature = known is null ? key.Sign(text) : Signature64.From(known[name]);
        Assert.True(key.PublicKey.Verify(text, signature), name);
        pins.Pin(name, signature.ToArray());
    }

    private static IEnumerable<Case> Cases()
    {
        Statement firstA = Vote(SignedKind.FirstVote, BlockA);
        Statement firstB = Vote(SignedKind.FirstVote, BlockB);
        Statement firstSkip = Vote(SignedKind.FirstVote, BlockId.Skip);
        Statement extraA = Vote(SignedKind.ExtraVote, BlockA);
        Statement extraB = Vote(SignedKind.ExtraVote, BlockB);
        Statement extraSkip = Vote(SignedKind.ExtraVote, BlockId.Skip);
        Statement finalA = Vote(SignedKind.FinalVote, BlockA);
        Statement finalB = Vote(SignedKind.FinalVote, BlockB);
        yield return new("slashed, E1 two proposals", EvidenceKind.TwoProposals, Vote(SignedKind.Proposal, BlockA), Vote(SignedKind.Proposal, BlockB));
        yield return new("slashed, E2 two first votes", EvidenceKind.TwoFirstVotes, firstA, firstB);
        yield return new("slashed, E2 first for a block and for skip", EvidenceKind.TwoFirstVotes, firstA, firstSkip);
        yield return new("slashed, E3 final and first", EvidenceKind.FinalAndOther, finalA, firstB);
        yield return new("slashed, E3 final and first for skip", EvidenceKind.FinalAndOther, finalA, firstSkip);
        yield return new("slashed, E3 final and extra", EvidenceKind.FinalAndOther, finalA, extraB);
        yield return new("slashed, E4 two finals", EvidenceKind.TwoFinals, finalA, finalB);
        yield return new("refused, E2 of first and extra skip", EvidenceKind.TwoFirstVotes, firstA, extraSkip);
        yield return new("refused, E3 of first and extra skip", EvidenceKind.FinalAndOther, firstA, extraSkip);
        yield return new("refused, E2 of first skip and extra", EvidenceKind.TwoFirstVotes, firstSkip, extraB);
        yield return new("refused, E2 of two extras", EvidenceKind.TwoFirstVotes, extraA, extraB);
        yield return new("refused, E4 of two extras", EvidenceKind.TwoFinals, extraA, extraB);
        yield return new("refused, one vote twice", EvidenceKind.TwoFirstVotes, firstA, firstA);
        yield return new("refused, two slots", EvidenceKind.TwoFirstVotes, firstA, Vote(SignedKind.FirstVote, BlockB, Slot.Next()));
        yield return new("refused, E3 in the other order", EvidenceKind.FinalAndOther, firstB, finalA);
        yield return new("refused, E3 of first and final for one block", EvidenceKind.FinalAndOther, finalA, firstA);
        yield return new("refused, another epoch's vote", EvidenceKind.TwoFirstVotes, firstA, firstB with { Epoch = Epoch.Next() });
        yield return new("refused, another network's vote", EvidenceKind.TwoFirstVotes, firstA, firstB with { Network = 7778 });
        yield return new("refused, another member's vote", EvidenceKind.TwoFirstVotes, firstA, firstB with { Signer = 2 });
        yield return new("refused, a signature with a high s", EvidenceKind.TwoFirstVotes, firstA, firstB with { IsHighS = true });
        yield return new("unslashed, E7 two results", EvidenceKind.TwoResults, Result(1), Result(2));
    }

    private static Statement Vote(SignedKind kind, BlockId value, Slot? slot = null) => new(kind, w =>
    {
        w.U64((slot ?? Slot).Value);
        value.Write(w);
    });

    private static Statement Result(byte hash) => new(SignedKind.ResultVote, w =>
    {
        w.U64(40);
        w.Hash(Sha.Of([hash]));
    });

    /// <summary>The case with the file's signatures, or with new ones when the file is written.</summary>
    private Evidence Make(Case item)
    {
        Evidence? pinned = null;
        if (_known.TryGetValue(item.Name, out byte[]? bytes))
        {
            var reader = new CanonicalReader(bytes);
            pinned = Evidence.Read(ref reader);
            reader.End(item.Name);
        }

        return new Evidence(item.Kind, Epoch, new ReplicaId(Seat), Make(item.First, pinned?.First), Make(item.Second, pinned?.Second));
    }

    private static SignedStatement Make(Statement statement, SignedStatement? pinned)
    {
        var content = new CanonicalWriter();
        statement.Content(content);
        var text = new CanonicalWriter();
        new SigningDomain(new ChainId(statement.Network), Domain.Version).Open(text, statement.Epoch, statement.Kind);
        text.Raw(content.Written);
        using P256PrivateKey key = P256PrivateKey.Import(SecretOf(statement.Signer));
        Signature64 signature = pinned?.Signature ?? key.Sign(text.Written);
        if (pinned is null && statement.IsHighS) signature = signature with { S = Negate(signature.S) };
        Signature64 low = statement.IsHighS ? signature with { S = Negate(signature.S) } : signature;
        Assert.True(key.PublicKey.Verify(text.Written, low));
        return new SignedStatement(statement.Kind, content.ToArray(), signature);
    }

    private static Hash32 Negate(Hash32 s)
    {
        var order = new System.Numerics.BigInteger(P256Curve.Order.ToArray(), isUnsigned: true, isBigEndian: true);
        var value = new System.Numerics.BigInteger(s.ToArray(), isUnsigned: true, isBigEndian: true);
        byte[] bytes = new byte[Hash32.Size];
        byte[] made = (order - value).ToByteArray(isUnsigned: true, isBigEndian: true);
        made.CopyTo(bytes, Hash32.Size - made.Length);
        return new Hash32(bytes);
    }

    private static Slot SlotLedBy(ReplicaId leader)
    {
        var slot = new Slot(41);
        while (Committee.LeaderOf(slot) != leader) slot = slot.Next();
        return slot;
    }

    private static PublicKey64 KeyOf(int secret)
    {
        using P256PrivateKey key = P256PrivateKey.Import(SecretOf(secret));
        return key.PublicKey.Value;
    }

    private static byte[] SecretOf(int secret) => Sha.Of([(byte)secret, 0x11]).ToArray();
}
