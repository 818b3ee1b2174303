using SharedSeq.Cli;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Network;

/// <summary>Committees that change under load: a fifth operator joins, the first one leaves and goes on observing, a third takes new keys.</summary>
[Collection("nodes")]
public sealed class CommitteeChangeTests : IAsyncLifetime
{
    private const int Operators = 4;

    private static readonly Policy Short = new() { EpochSeconds = 1, BoundaryLead = 20, CheckpointInterval = 10, ReceiptDeadlineHeights = 200 };

    private readonly TestNetwork _network = TestNetwork.Create(Operators, Short);
    private readonly List<P256PrivateKey> _keys = [];

    public async Task InitializeAsync()
    {
        for (int i = 0; i < Operators; i++)
        {
            NodeConfiguration configuration = _network.ConfigurationOf(i);
            if (i == 2)
            {
                string folder = Path.GetDirectoryName(configuration.Replica.VoteKeyFile)!;
                configuration = configuration with
                {
                    Replica = configuration.Replica with
                    {
                        NewVoteKeyFile = NewKey(folder, "new-vote", KeyKind.Vote),
                        NewNodeKeyFile = NewKey(folder, "new-node", KeyKind.Node),
                    },
                };
            }

            await _network.StartAsync(i, configuration);
        }

        for (int i = 0; i < Operators; i++) await _network[i].ReadyAsync();
    }

    public async Task DisposeAsync()
    {
        await _network.DisposeAsync();
        foreach (P256PrivateKey key in _keys) key.Dispose();
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task A_fifth_operator_joins_the_first_leaves_and_a_third_rotates_and_every_transaction_is_ordered_once()
    {
        using var enough = new CancellationTokenSource();
        (TestNode first, TestNode second, TestNode third, TestNode fourth) = (_network[0], _network[1], _network[2], _network[3]);
        Task<List<string>>[] load = [StreamCheck.LoadAsync(second, enough.Token), StreamCheck.LoadAsync(fourth, enough.Token)];
        OperatorStatementSigner signer = new(_network.NetworkGenesis.Domain);

        // Joined, it may have sessions and follows; in step, it says so by itself and is seated.
        NodeConfiguration joining = Joining(out P256PrivateKey vote, out P256PrivateKey node);
        var keys = new CommitteeMember(vote.PublicKey.Value, node.PublicKey.Value);
        OperatorStatement.Join join = signer.Join(
            Soon, keys, new OperatorEndpoints("fifth", joining.Peers.Listen, $"http://{joining.Rpc.Listen}"), new P256Signer(vote), new P256Signer(node));
        for (int i = 0; i < 3; i++)
        {
            using P256PrivateKey approving = Open(i, "node", KeyKind.Node);
            join = signer.Approve(join, approving.PublicKey.Value, new P256Signer(approving));
        }

        TestNode fifth = await _network.StartAsync(Operators, joining);
        await SayAsync(join);
        await TestNetwork.UntilAsync("the candidate follows", () => Task.FromResult(
            fifth.Host.Runtime.Progress.Operators?.Find(keys.VoteKey) is not null
            && fifth.Host.Runtime.Progress.Ordered.Value + 20 > second.Host.Runtime.Progress.Ordered.Value));
        Assert.Null(fifth.Host.Runtime.Self);
        await UntilAsync(fifth, "the fifth operator has a seat", runtime => runtime.Self is not null && runtime.Epochs.Present.Committee.Count == 5);
        await fifth.ReadyAsync();
        string byFifth = await fifth.CommitAsync();

        // The first leaves: the seats of the others move, and it follows on as an observer.
        using (P256PrivateKey leaving = Open(0, "vote", KeyKind.Vote))
            await SayAsync(signer.Exit(Soon, leaving.PublicKey.Value, new P256Signer(leaving)));
        await UntilAsync(first, "the first operator has no seat", runtime => runtime.Self is null);
        Assert.Equal(4, first.Host.Runtime.Epochs.Present.Committee.Count);
        string afterExit = await fifth.CommitAsync();
        await first.UntilOrderedAsync(afterExit);

        // The third takes new keys, both at once, while it runs.
        CommitteeMember rotated = new(_keys[0].PublicKey.Value, _keys[1].PublicKey.Value);
        using (P256PrivateKey old = Open(2, "vote", KeyKind.Vote))
            await SayAsync(signer.Rotate(Soon, old.PublicKey.Value, new P256Signer(old), rotated, new P256Signer(_keys[0]), new P256Signer(_keys[1])));
        await UntilAsync(third, "the third operator has its seat by its new keys", runtime =>
            runtime.Self is { } self && runtime.Epochs.Present.Committee[self] == rotated);
        await third.ReadyAsync();
        string afterRotation = await third.CommitAsync();

        // Each finds its place again: the third with its new keys alone, the fifth as a member, the first as nobody.
        await _network.StopAsync(third);
        third = await _network.StartAsync(2, WithNewKeys(_network.ConfigurationOf(2)));
        await third.ReadyAsync();
        Assert.Equal(rotated, third.Host.Runtime.Epochs.Present.Committee[third.Host.Runtime.Self!.Value]);
        await _network.StopAsync(fifth);
        fifth = await _network.StartAsync(Operators, joining);
        await fifth.ReadyAsync();
        Height before = first.Host.Runtime.Progress.Ordered;
        await _network.StopAsync(first);
        first = await _network.StartAsync(0);
        Assert.Null(first.Host.Runtime.Self);
        Assert.True(first.Host.Runtime.Progress.Ordered >= before, "what a former member has ordered it still has after a restart");
        string afterRestarts = await fifth.CommitAsync();

        await enough.CancelAsync();
        var sent = new List<string> { byFifth, afterExit, afterRotation, afterRestarts };
        foreach (Task<List<string>> loader in load) sent.AddRange(await loader);
        await StreamCheck.SameOnceAsync([second, third, fourth, fifth], sent);
    }

    private static ulong Soon => TestNode.Soon;

    private static Task UntilAsync(TestNode node, string what, Func<NodeRuntime, bool> holds) =>
        TestNetwork.UntilAsync(what, () => Task.FromResult(holds(node.Host.Runtime)));

    /// <summary>Puts a statement into the second operator's lane and waits until it took effect.</summary>
    private async Task SayAsync(OperatorStatement statement)
    {
        byte[] payload = statement.Encode();
        byte[] record = new byte[BatchBody.RecordOverhead + payload.Length];
        BatchBody.WriteRecord(record, NamespaceId.System, Soon, payload);
        var said = new AwaitedSubmission();
        await _network[1].Host.Runtime.Lane.TellAsync(new LaneMessage.Submit(new Submission(record, 1, said)), CancellationToken.None);
        await said.Committed.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private NodeConfiguration Joining(out P256PrivateKey vote, out P256PrivateKey node)
    {
        string folder = Path.Combine(_network.Folder, "operator-4");
        Directory.CreateDirectory(Path.Combine(folder, "keys"));
        NodeConfiguration read = _network.ConfigurationOf(0);
        string voteFile = NewKey(Path.Combine(folder, "keys"), "vote", KeyKind.Vote);
        vote = _keys[^1];
        string nodeFile = NewKey(Path.Combine(folder, "keys"), "node", KeyKind.Node);
        node = _keys[^1];
        int[] ports = DevnetFolder.FreePorts(2);
        return read with
        {
            DataDir = Path.Combine(folder, "data"),
            Replica = read.Replica with { VoteKeyFile = voteFile, NodeKeyFile = nodeFile },
            Peers = read.Peers with { Listen = $"127.0.0.1:{ports[0]}" },
            Rpc = read.Rpc with { Listen = $"127.0.0.1:{ports[1]}" },
        };
    }

    /// <summary>After a rotation: the new keys take the place of the old ones.</summary>
    private static NodeConfiguration WithNewKeys(NodeConfiguration read)
    {
        string folder = Path.GetDirectoryName(read.Replica.VoteKeyFile)!;
        return read with
        {
            Replica = read.Replica with { VoteKeyFile = Path.Combine(folder, "new-vote.json"), NodeKeyFile = Path.Combine(folder, "new-node.json") },
        };
    }

    private string NewKey(string folder, string name, KeyKind kind)
    {
        P256PrivateKey key = P256PrivateKey.Create();
        _keys.Add(key);
        string path = Path.Combine(folder, name + ".json");
        Assert.Equal(KeyFileRejection.None, KeyFile.SaveUnprotected(path, key, kind));
        return path;
    }

    private P256PrivateKey Open(int index, string name, KeyKind kind)
    {
        string path = Path.Combine(Path.GetDirectoryName(_network.ConfigurationOf(index).Replica.VoteKeyFile)!, name + ".json");
        return KeyFile.Open(path, kind, "", allowUnprotected: true).Key!;
    }
}
