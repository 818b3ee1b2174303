using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Ordering;

/// <summary>Committees of several epochs with real keys. Each hands over to the next: one member leaves, one joins, one rotates its keys.</summary>
internal sealed class TestEpochs
{
    private readonly TestCommittee _genesis;
    private readonly List<Keys[]> _keys = [];
    private readonly List<Committee> _committees = [];

    public TestEpochs(TestCommittee genesis, int handOvers)
    {
        _genesis = genesis;
        _keys.Add([.. Enumerable.Range(0, genesis.Genesis.Quorum.N).Select(i => genesis.KeysOf(i))]);
        _committees.Add(genesis.Genesis.Committee);
        for (int i = 0; i < handOvers; i++) HandOvers.Add(Next());
    }

    public List<HandOver> HandOvers { get; } = [];

    public Committee Committee(int epoch) => _committees[epoch];

    public StatementSigner Signer(int epoch, int member)
    {
        Keys keys = _keys[epoch][member];
        return new StatementSigner(
            _genesis.Genesis.Domain, new Epoch((ulong)epoch), new ReplicaId((ushort)member), new TestCommittee.KeySigner(keys.Vote),
            new TestCommittee.KeySigner(keys.Node));
    }

    /// <summary>Certifies a result of an epoch; by the first q members when none are named.</summary>
    public ResultCertificate Certify(BlockResult result, params int[] members)
    {
        int epoch = (int)result.Epoch.Value;
        int[] voters = members.Length == 0 ? [.. Enumerable.Range(0, _committees[epoch].Quorum.Quorum)] : members;
        return new ResultCertificate(
            result,
            [.. voters.Select(i => new CertificateSignature(
                new ReplicaId((ushort)i), false, Signer(epoch, i).Result(result.Height, result.Hash).Value.Signature))]);
    }

    /// <summary>The result of an epoch's boundary that names this plan.</summary>
    public BlockResult Boundary(CommitteePlan next) => new(
        new Epoch(next.Epoch.Value - 1), new Height(next.Epoch.Value * 100), Sha.Of([7, (byte)next.Epoch.Value]), Sha.Of([1]), Sha.Of([2]),
        default, Sha.Of([3]), next.Hash);

    private HandOver Next()
    {
        int epoch = _keys.Count;
        Keys[] keys = [.. _keys[^1].Skip(1), Keys.Of(100, epoch)];
        keys[0] = Keys.Of(101, epoch);
        _keys.Add(keys);
        var plan = new CommitteePlan(
            new Epoch((ulong)epoch), _genesis.Genesis.Quorum,
            [.. keys.Select(item => new CommitteeMember(item.Vote.PublicKey.Value, item.Node.PublicKey.Value))]);
        var handOver = new HandOver(plan, Certify(Boundary(plan)));
        _committees.Add(handOver.Committee);
        return handOver;
    }

    internal readonly record struct Keys(P256PrivateKey Vote, P256PrivateKey Node)
    {
        public static Keys Of(byte seed, int member) => new(
            P256PrivateKey.Import(Sha.Of([seed, (byte)member, 1]).ToArray()), P256PrivateKey.Import(Sha.Of([seed, (byte)member, 2]).ToArray()));
    }
}
