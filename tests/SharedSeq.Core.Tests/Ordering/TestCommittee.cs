using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>Operators with real keys, and what they sign.</summary>
internal sealed class TestCommittee
{
    private readonly StatementSigner[] _signers;

    public TestCommittee(int n = 4, ulong chain = 7, byte seed = 0, params NamespacePolicy[] namespaces)
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
            new ChainId(chain), new TimestampMs(OrderingBench.Start), QuorumParameters.ForMembers(n), members, new Policy(), namespaces);
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

    public Verified<ResultVote> Vote(int member, BlockResult result) => _signers[member].Result(result.Height, result.Hash);

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

    private sealed class KeySigner(P256PrivateKey key) : ISigner
    {
        public Signature64 Sign(ReadOnlySpan<byte> text) => key.Sign(text);
    }
}
