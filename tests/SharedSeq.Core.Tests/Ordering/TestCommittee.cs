using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>Operators with real keys, and what they sign.</summary>
internal sealed class TestCommittee
{
    private readonly StatementSigner[] _signers;
    private readonly P256PrivateKey[] _voteKeys;
    private readonly P256PrivateKey[] _nodeKeys;

    public TestCommittee(int n = 4, ulong chain = 7, byte seed = 0, params NamespacePolicy[] namespaces)
        : this(new Policy(), n, chain, seed, namespaces)
    {
    }

    public TestCommittee(Policy policy, int n = 4, ulong chain = 7, byte seed = 0, params NamespacePolicy[] namespaces)
    {
        var voteKeys = new P256PrivateKey[n];
        var nodeKeys = new P256PrivateKey[n];
        var members = new CommitteeMember[n];
        for (int i = 0; i < n; i++)
        {
            voteKeys[i] = P256PrivateKey.Import(Sha.Of([seed, (byte)i, 1]).ToArray());
            nodeKeys[i] = P256PrivateKey.Import(Sha.Of([seed, (byte)i, 2]).ToArray());
            members[i] = new CommitteeMember(voteKeys[i].PublicKey.Value, nodeKeys[i].PublicKey.Value);
        }

        Genesis = Genesis.Create(
            new ChainId(chain), new TimestampMs(OrderingBench.Start), QuorumParameters.ForMembers(n), members, policy, namespaces);
        _voteKeys = voteKeys;
        _nodeKeys = nodeKeys;
        _signers = new StatementSigner[n];
        for (int i = 0; i < n; i++)
        {
            _signers[i] = new StatementSigner(
                Genesis.Domain, Epoch.Zero, new ReplicaId((ushort)i), new KeySigner(voteKeys[i]), new KeySigner(nodeKeys[i]));
        }
    }

    public Genesis Genesis { get; }

    public ProofTrust Trust => new(Genesis, new P256Scheme());

    public ProofVerifier Verifier => new(Trust);

    public StatementSigner this[int member] => _signers[member];

    public TestEpochs.Keys KeysOf(int member) => new(_voteKeys[member], _nodeKeys[member]);

    /// <summary>Hand-overs from this committee on.</summary>
    public List<HandOver> Epochs(int handOvers) => new TestEpochs(this, handOvers).HandOvers;

    /// <summary>Signs in an epoch in which the members of genesis still serve.</summary>
    public StatementSigner SignerOf(Epoch epoch, int member) => epoch == Epoch.Zero ? _signers[member] : new StatementSigner(
        Genesis.Domain, epoch, new ReplicaId((ushort)member), new KeySigner(_voteKeys[member]), new KeySigner(_nodeKeys[member]));

    public Verified<ResultVote> Vote(int member, BlockResult result) => SignerOf(result.Epoch, member).Result(result.Height, result.Hash);

    public ResultCertificate Certify(BlockResult result, params int[] members)
    {
        int[] voters = members.Length == 0 ? [.. Enumerable.Range(0, Genesis.Quorum.Quorum)] : members;
        return new ResultCertificate(
            result, [.. voters.Select(i => new CertificateSignature(new ReplicaId((ushort)i), false, Vote(i, result).Value.Signature))]);
    }

    public CommitProof Commit(Header header, CommitPath path, params int[] members)
    {
        VoteKind kind = path == CommitPath.Fast ? VoteKind.First : VoteKind.Final;
        return new CommitProof(
            Epoch.Zero, header.Slot, header.Id, path,
            [.. members.Select(i => new CertificateSignature(
                new ReplicaId((ushort)i), false, _signers[i].Vote(header.Slot, kind, header.Id).Value.Signature))]);
    }

    /// <summary>E1 against the leader of slot 5.</summary>
    public Evidence TwoProposals()
    {
        ReplicaId leader = Genesis.Committee.LeaderOf(new Slot(5));
        return Evidence(EvidenceKind.TwoProposals, leader.Value, Sign(1), Sign(2));

        SignedStatement Sign(byte mark)
        {
            var text = new CanonicalWriter();
            Proposal.WriteSignedText(text, Genesis.Domain, Epoch.Zero, new Slot(5), ValueOf(mark));
            return new SignedStatement(SignedKind.Proposal, VoteContent(ValueOf(mark)), _voteKeys[leader.Value].Sign(text.Written));
        }
    }

    /// <summary>E2 to E4: votes of a member in slot 5 for two blocks.</summary>
    public Evidence TwoVotes(EvidenceKind kind, int member, VoteKind first, VoteKind second)
    {
        return Evidence(kind, member, Sign(first, 1), Sign(second, 2));

        SignedStatement Sign(VoteKind vote, byte mark) => new(
            (SignedKind)((byte)SignedKind.FirstVote + (byte)vote - 1), VoteContent(ValueOf(mark)),
            _signers[member].Vote(new Slot(5), vote, ValueOf(mark)).Value.Signature);
    }

    /// <summary>E5 when the lane is the member's own, else E6.</summary>
    public Evidence TwoAcks(int member, int lane)
    {
        return Evidence(member == lane ? EvidenceKind.TwoBatches : EvidenceKind.TwoAcks, member, Sign(1), Sign(2));

        SignedStatement Sign(byte mark)
        {
            var tip = new LaneTip(new LaneId(Epoch.Zero, new ReplicaId((ushort)lane), 0), new BatchSeq(9), Sha.Of([mark]));
            var content = new CanonicalWriter();
            tip.Write(content);
            content.U64(3);
            return new SignedStatement(SignedKind.Ack, content.ToArray(), _signers[member].Ack(tip, new Height(3)).Value.Signature);
        }
    }

    /// <summary>E7.</summary>
    public Evidence TwoResults(int member)
    {
        return Evidence(EvidenceKind.TwoResults, member, Sign(1), Sign(2));

        SignedStatement Sign(byte mark)
        {
            var content = new CanonicalWriter();
            content.U64(8);
            content.Hash(Sha.Of([mark]));
            return new SignedStatement(SignedKind.ResultVote, content.ToArray(), _signers[member].Result(new Height(8), Sha.Of([mark])).Value.Signature);
        }
    }

    private static Evidence Evidence(EvidenceKind kind, int member, SignedStatement first, SignedStatement second) =>
        new(kind, Epoch.Zero, new ReplicaId((ushort)member), first, second);

    private static BlockId ValueOf(byte mark) => new(new Height(4), Sha.Of([mark]));

    private static byte[] VoteContent(BlockId value)
    {
        var content = new CanonicalWriter();
        content.U64(5);
        value.Write(content);
        return content.ToArray();
    }

    internal sealed class KeySigner(P256PrivateKey key) : ISigner
    {
        public Signature64 Sign(ReadOnlySpan<byte> text) => key.Sign(text);
    }
}
