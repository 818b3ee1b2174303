using SharedSeq.Adapters.Tests.Clients;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Rollups;

/// <summary>Reads are forwarded to who serves now, not to who was there at genesis.</summary>
public sealed class PeerGatewaysTests : IDisposable
{
    private static readonly Policy Terms = new() { EpochSeconds = 1, BoundaryLead = 20, CheckpointInterval = 10, ReceiptDeadlineHeights = 30 };
    private readonly List<P256PrivateKey> _keys = [.. Enumerable.Range(0, 10).Select(i => P256PrivateKey.Import(Sha.Of([(byte)i, 9]).ToArray()))];

    public void Dispose() => _keys.ForEach(key => key.Dispose());

    [Fact]
    public void The_members_of_the_present_committee_are_asked_beginning_with_the_one_after_the_own_seat()
    {
        var registry = new OperatorRegistry(Network());
        using var gateways = new PeerGateways(Network(), () => registry, _ => new ReplicaId(1));
        Assert.Equal([8002, 8003, 8000], Ports(gateways));

        // The fifth takes a seat, then the first has none any more: seats move, addresses go with their operators.
        registry = WithFifth(registry, "http://127.0.0.1:8004");
        Assert.Equal([8002, 8003, 8004, 8000], Ports(gateways));
        registry = registry.With(Signer.Exit(ulong.MaxValue, KeysOf(0).VoteKey, new P256Signer(_keys[0]))).WithNextFixed().WithEpochEnded(new Height(200));
        int own = registry.Present.SeatOf(new OperatorId(1))!.Value.Value;
        using var moved = new PeerGateways(Network(), () => registry, _ => new ReplicaId((ushort)own));
        Assert.Equal([8002, 8003, 8004], Ports(moved).Order());
        using var observer = new PeerGateways(Network(), () => registry, _ => null);
        Assert.Equal([8001, 8002, 8003, 8004], Ports(observer).Order());
    }

    [Fact]
    public async Task A_member_that_joined_answers_when_those_of_genesis_are_gone()
    {
        await using StubRpcServer fifth = await StubRpcServer.StartAsync(context =>
            StubRpcServer.WriteAsync(context, $$"""{"jsonrpc":"2.0","id":1,"result":"{{context.Request.Path}}"}"""));
        OperatorRegistry registry = WithFifth(new OperatorRegistry(Network()), fifth.Endpoint.ToString());

        // Nobody listens at the addresses of genesis: port 1 refuses.
        using var gateways = new PeerGateways(Network(_ => "http://127.0.0.1:1"), () => registry, _ => new ReplicaId(0));
        PeerAnswer? answer = await gateways.AskAsync(new NamespaceId(901), "eth_blockNumber", default, CancellationToken.None);
        Assert.Equal("/rollups/901", answer?.Result.GetString());
    }

    private static int[] Ports(PeerGateways gateways) => [.. gateways.Others().Select(other => other.Port)];

    private OperatorStatementSigner Signer => new(Network().Domain);

    private CommitteeMember KeysOf(int who) => new(_keys[2 * who].PublicKey.Value, _keys[(2 * who) + 1].PublicKey.Value);

    private Genesis Network(Func<int, string>? rpc = null) => Genesis.Create(
        new ChainId(7), new TimestampMs(1_000_000), QuorumParameters.ForMembers(4), [.. Enumerable.Range(0, 4).Select(KeysOf)], Terms, [],
        [.. Enumerable.Range(0, 4).Select(i => new OperatorEndpoints($"op-{i}", $"127.0.0.1:{7000 + i}", rpc?.Invoke(i) ?? $"http://127.0.0.1:{8000 + i}"))]);

    private OperatorRegistry WithFifth(OperatorRegistry registry, string rpc)
    {
        OperatorStatement.Join join = Signer.Join(
            ulong.MaxValue, KeysOf(4), new OperatorEndpoints("fifth", "127.0.0.1:7004", rpc), new P256Signer(_keys[8]), new P256Signer(_keys[9]));
        OperatorStatement.Ready ready = Signer.Ready(ulong.MaxValue, KeysOf(4).VoteKey, default, new P256Signer(_keys[8]));
        return registry.With(join).With(ready).WithNextFixed().WithEpochEnded(new Height(100));
    }
}
