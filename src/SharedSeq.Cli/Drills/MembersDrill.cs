using System.Diagnostics;
using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>
/// D15: under load a fifth operator joins, the first leaves and a third takes new keys, each asked for in another part of an epoch: at its beginning, in its
/// middle, and when its last height is fixed already.
/// </summary>
internal static class MembersDrill
{
    private const int EpochSeconds = 4;
    private const int Leaver = 0;
    private const int Rotator = 2;

    /// <summary>Milliseconds without a block: a slot timeout and three quarters of a second.</summary>
    private const double SilenceMsMax = 300 + 750;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(DrillRun run, CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(
            4, 2, cancellation, epochSeconds: EpochSeconds, prepare: folder =>
            {
                folder.AddNewKeys(Rotator);
                return Task.CompletedTask;
            });
        var witness = new BlockWitness();
        await using var stream = new StreamWitness(network, network.Namespaces[0], Leaver);
        var load = new LoadGenerator(network.Rpcs, network.Namespaces, network.Committees, network.Ledger, DrillRun.Light);
        (ulong first, ulong last) = (0, 0);
        await load.RunAsync(
            async stopped =>
            {
                first = await network.HeightAsync(1, stopped);
                int fifth = network.AddOperator();
                await ChangeAsync(
                    run, network, "the fifth operator joins", AtBeginningAsync, () => Join(network, fifth), () => KeysOf(network, fifth, ""), true, stopped);
                await witness.NoteAsync(network, stopped);
                await ChangeAsync(run, network, "the first leaves", AtEndAsync, () => Exit(network), () => KeysOf(network, Leaver, ""), false, stopped);
                await witness.NoteAsync(network, stopped);
                await ChangeAsync(
                    run, network, "the third rotates its keys", InMiddleAsync, () => Rotate(network, Rotator), () => KeysOf(network, Rotator, "new-"), true,
                    stopped);
                await NextEpochAsync(network, stopped);
                last = await network.HeightAsync(1, stopped);
            },
            cancellation);

        // Whoever left is served for two epochs more, then it is on its own: the others' blocks are compared.
        await network.StopAsync(Leaver);
        ulong head = (await network.CallAsync(1, "sharedseq_getHead", cancellation, stream.Namespace.Value)).GetProperty("number").GetUInt64();
        await stream.ReachAsync(head, cancellation);
        run.Check(
            "a stream that was told of the leaving operator alone has every block", true,
            DrillRun.Text($"{head} blocks over epochs 0 to {stream.Directory.Newest}, {stream.Directory.Operators.Count} operators known at the end"));
        CommittedGap longest = CommittedGap.Longest(await CommittedGap.ReadAsync(network, first, last, cancellation));
        run.Check($"no silence above {SilenceMsMax} ms", longest.Ms <= SilenceMsMax, $"longest {longest}; heights {first} to {last}");
        await run.CompareAsync(network, witness, cancellation);
    }

    /// <summary>Asks for a change in its part of an epoch, and waits until the present committee has, or has no more, these keys.</summary>
    private static async Task ChangeAsync(
        DrillRun run, BenchNetwork network, string what, Func<BenchNetwork, CancellationToken, Task> part, Func<OperatorStatement> statement,
        Func<CommitteeMember> keys, bool isSeated, CancellationToken stopped)
    {
        await part(network, stopped);
        long from = Stopwatch.GetTimestamp();
        JsonElement asked = await network.CallAsync(1, "sharedseq_health", stopped);
        await network.CallAsync(1, "sharedseq_submitOperatorStatement", stopped, "0x" + Convert.ToHexStringLower(statement().Encode()));
        string wanted = keys().VoteKey.ToString();
        await DrillRun.UntilAsync(what, Patience, async () =>
            (await network.CallAsync(1, "sharedseq_getCommittee", stopped)).GetProperty("members").EnumerateArray()
                .Any(member => member.GetProperty("voteKey").GetString() == wanted) == isSeated, stopped);
        JsonElement done = await network.CallAsync(1, "sharedseq_health", stopped);
        ulong epochs = done.GetProperty("epoch").GetUInt64() - asked.GetProperty("epoch").GetUInt64();
        TimeSpan took = Stopwatch.GetElapsedTime(from);
        run.Recovered(took);
        run.Check($"{what} under load", true, DrillRun.Text($"{epochs} epochs and {took.TotalSeconds:0.0} s after it was asked for"));
    }

    private static Task AtBeginningAsync(BenchNetwork network, CancellationToken stopped) => NextEpochAsync(network, stopped);

    private static async Task InMiddleAsync(BenchNetwork network, CancellationToken stopped)
    {
        await NextEpochAsync(network, stopped);
        await Task.Delay(TimeSpan.FromSeconds(EpochSeconds / 2.0), stopped);
    }

    /// <summary>When the epoch's last height is fixed, and heights are still to come.</summary>
    private static Task AtEndAsync(BenchNetwork network, CancellationToken stopped) => DrillRun.UntilAsync(
        "the end of an epoch is fixed", Patience,
        async () => (await network.CallAsync(1, "sharedseq_health", stopped)).GetProperty("epochBoundary").ValueKind == JsonValueKind.Number, stopped);

    private static async Task NextEpochAsync(BenchNetwork network, CancellationToken stopped)
    {
        ulong epoch = await EpochAsync();
        await DrillRun.UntilAsync("the next epoch", Patience, async () => await EpochAsync() > epoch, stopped);

        async Task<ulong> EpochAsync() => (await network.CallAsync(1, "sharedseq_health", stopped)).GetProperty("epoch").GetUInt64();
    }

    private static ulong Soon => (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 30;

    internal static CommitteeMember KeysOf(BenchNetwork network, int index, string kind)
    {
        using P256PrivateKey vote = network.OpenKey(index, kind + "vote", KeyKind.Vote);
        using P256PrivateKey node = network.OpenKey(index, kind + "node", KeyKind.Node);
        return new CommitteeMember(vote.PublicKey.Value, node.PublicKey.Value);
    }

    private static OperatorStatement Join(BenchNetwork network, int index)
    {
        var signer = new OperatorStatementSigner(network.Genesis.Domain);
        using P256PrivateKey vote = network.OpenKey(index, "vote", KeyKind.Vote);
        using P256PrivateKey node = network.OpenKey(index, "node", KeyKind.Node);
        DevnetOperator place = network.Places[index];
        var endpoints = new OperatorEndpoints($"operator-{index}", DrillRun.Text($"127.0.0.1:{place.PeerPort}"), place.Rpc.ToString());
        OperatorStatement.Join join = signer.Join(Soon, KeysOf(network, index, ""), endpoints, new P256Signer(vote), new P256Signer(node));
        for (int member = 0; member < network.Genesis.Quorum.Quorum; member++)
        {
            using P256PrivateKey approving = network.OpenKey(member, "node", KeyKind.Node);
            join = signer.Approve(join, approving.PublicKey.Value, new P256Signer(approving));
        }

        return join;
    }

    private static OperatorStatement Exit(BenchNetwork network)
    {
        using P256PrivateKey vote = network.OpenKey(Leaver, "vote", KeyKind.Vote);
        return new OperatorStatementSigner(network.Genesis.Domain).Exit(Soon, vote.PublicKey.Value, new P256Signer(vote));
    }

    /// <summary>Of an operator whose files have its new keys, too.</summary>
    internal static OperatorStatement Rotate(BenchNetwork network, int index)
    {
        using P256PrivateKey old = network.OpenKey(index, "vote", KeyKind.Vote);
        using P256PrivateKey vote = network.OpenKey(index, "new-vote", KeyKind.Vote);
        using P256PrivateKey node = network.OpenKey(index, "new-node", KeyKind.Node);
        return new OperatorStatementSigner(network.Genesis.Domain).Rotate(
            Soon, old.PublicKey.Value, new P256Signer(old), KeysOf(network, index, "new-"), new P256Signer(vote), new P256Signer(node));
    }
}
