using SharedSeq.Cli;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Node.Tests.Network;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Sync;

/// <summary>An operator that has nothing starts from a certified checkpoint of the others, among them some that lie.</summary>
[Collection("nodes")]
[Trait("Speed", "Slow")]
public sealed class StateSyncNodeTests(SyncNetwork sync) : IClassFixture<SyncNetwork>
{
    private static readonly ReplicaId Victim = new(3);

    [Fact]
    public async Task An_empty_operator_starts_from_a_checkpoint_and_its_ledger_equals_one_rebuilt_from_its_own_archive()
    {
        TestNode node = await sync.StartEmptyAsync();
        node = await sync.InstallAsync(node);
        Height first = node.Host.Runtime.Logs.FirstBlock;
        Assert.True(first >= sync.Checkpoint, $"the archive begins at {first}");
        await node.ReadyAsync();

        // What was open or waited at the checkpoint, what comes after it, and where the namespaces are, is the same as with the others.
        string id = await sync.CommitAsync(0, TestNetwork.OtherOpaque);
        await node.UntilOrderedAsync(id);
        await node.UntilOrderedAsync(await sync.CommitAsync(1, TestNetwork.Opaque));
        NamespaceId[] namespaces = [TestNetwork.Opaque, TestNetwork.OtherOpaque];
        foreach (NamespaceId ns in namespaces) await SameBlocksAsync(node, ns);
        OperatorException e = await Assert.ThrowsAsync<OperatorException>(() => node.Client.CallAsync("sharedseq_getBlock", [first.Value - 1]));
        Assert.Equal(RpcError.Pruned.Code, e.Code);
        Assert.Equal(first, new CheckpointFolder(sync.ConfigurationOf(3).DataDir).BaseHeight());

        // It counts as a voter, and serves what it has: with one of the others gone nothing is committed without it.
        await sync.Network.StopAsync(sync[2]);
        await sync.CommitAsync(0, TestNetwork.Opaque);
        await sync.Network.StartAsync(2, sync.ConfigurationOf(2), sync.Clock);
        await sync.Network.StopAsync(node);
        Assert.Null(await RebuiltDifferenceAsync());
        node = await sync.StartAsync();
        await node.ReadyAsync();
        Assert.Equal(first, node.Host.Runtime.Logs.FirstBlock);
    }

    [Fact]
    public async Task A_crash_in_any_step_of_an_installation_is_mended_by_the_next_start()
    {
        TestNode node = await sync.StartEmptyAsync();
        await TestNetwork.UntilAsync("a checkpoint is here", () => Task.FromResult(node.Host.Synced.IsCompleted));
        await sync.Network.StopAsync(node);
        string folder = Path.Combine(sync.ConfigurationOf(3).DataDir, "checkpoint");
        byte[] next = await File.ReadAllBytesAsync(Path.Combine(folder, "next"));

        // Everything done but the last step, with a piece of another checkpoint half fetched.
        node = await sync.StartAsync();
        Height first = node.Host.Runtime.Logs.FirstBlock;
        await sync.Network.StopAsync(node);
        File.Delete(Path.Combine(folder, "base"));
        await File.WriteAllBytesAsync(Path.Combine(folder, "next"), next);
        await File.WriteAllBytesAsync(Path.Combine(folder, "incoming.part"), [1, 2, 3]);
        using (var logs = new NodeLogs(sync.ConfigurationOf(3), error => throw error)) Assert.True(logs.LastBlock >= first);
        node = await sync.StartAsync();
        await node.ReadyAsync();
        Assert.Equal(first, node.Host.Runtime.Logs.FirstBlock);
        await sync.Network.StopAsync(node);

        // A checkpoint that the disk damaged before it was installed is left aside, and fetched anew.
        Directory.Delete(sync.ConfigurationOf(3).DataDir, recursive: true);
        Directory.CreateDirectory(folder);
        next[next.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(Path.Combine(folder, "next"), next);
        node = await sync.InstallAsync(await sync.StartAsync());
        await node.ReadyAsync();
    }

    [Theory]
    [InlineData(SyncRejection.BadOffer)]
    [InlineData(SyncRejection.BadPiece)]
    [InlineData(SyncRejection.None)]
    public async Task Members_that_lie_or_vanish_do_not_keep_it_from_the_certified_state(SyncRejection lie)
    {
        CheckpointOffer honest = sync[1].Host.Runtime.Checkpoints.OffersAbove(Height.Zero).Offers[^1];
        await sync.Network.StopAsync(sync[0]);
        await sync.Network.StopAsync(sync[2]);
        HostilePeer liar = HostilePeer.Start(sync.ConfigurationOf(0).Replica, sync.Genesis);
        try
        {
            // The liar offers before there are two others that agree, and is asked for pieces first.
            var offered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            liar.OnMessage = (from, message) => Lie(liar, lie, honest, from, message, message is PieceRequest ? asked : offered);
            TestNode node = await sync.StartEmptyAsync();
            await TestNetwork.UntilAsync("the liar is asked for checkpoints", () => Task.FromResult(offered.Task.IsCompleted));
            await sync.Network.StartAsync(2, sync.ConfigurationOf(2), sync.Clock);
            string metric = $"sharedseq_sync_refused_total{{reason=\"{lie}\"}}";
            if (lie != SyncRejection.None)
            {
                await TestNetwork.UntilAsync($"{lie} is found out", async () => await node.MetricAsync(metric) == 1);
            }
            else
            {
                // Of few pieces it may be asked for none.
                await TestNetwork.UntilAsync(
                    "the one that vanishes is asked, or was not needed", () => Task.FromResult(asked.Task.IsCompleted || node.Host.Synced.IsCompleted));
            }

            node = await sync.InstallAsync(node);
            Assert.True(node.Host.Runtime.Logs.FirstBlock >= sync.Checkpoint);
            await node.ReadyAsync();
        }
        finally
        {
            await liar.DisposeAsync();
            await sync.RestoreAsync();
        }
    }

    private static void Lie(
        HostilePeer liar, SyncRejection lie, CheckpointOffer honest, ReplicaId from, PeerMessage message, TaskCompletionSource done)
    {
        if (from != Victim) return;
        if (message is CheckpointRequest)
        {
            BlockResult other = honest.Certificate.Result with { StateRoot = Sha.Of([1]) };
            CheckpointOffer forged = honest with { Certificate = new ResultCertificate(other, [.. honest.Certificate.Signatures]) };
            liar.Send(from, new CheckpointOffers(new Height(1), [lie == SyncRejection.BadOffer ? forged : honest]));
        }

        if (message is CheckpointRequest or PieceRequest) done.TrySetResult();
        if (message is not PieceRequest piece) return;
        if (lie == SyncRejection.BadPiece) liar.Send(from, new PieceResponse(piece.Root, piece.Index, new byte[honest.Pieces.BytesOf(piece.Index)]));
    }

    /// <summary>The newest block, which names all before it.</summary>
    private async Task SameBlocksAsync(TestNode node, NamespaceId ns)
    {
        // Not one that closed before the checkpoint.
        ulong above = node.Host.Runtime.Feeds.StartOf(ns)!.Value.Number;
        await TestNetwork.UntilAsync($"a block of namespace {ns} above {above} is closed", () => Task.FromResult(node.Host.Runtime.Feeds.Of(ns).Head > above));
        ulong head = (await sync[0].Client.CallAsync("sharedseq_getHead", [ns.Value])).GetProperty("number").GetUInt64();
        string theirs = (await sync[0].Client.CallAsync("sharedseq_getNamespaceBlock", [ns.Value, head])).ToString();
        await TestNetwork.UntilAsync($"block {head} of namespace {ns} is there", async () =>
            (await node.Client.CallAsync("sharedseq_getHead", [ns.Value])).GetProperty("number").GetUInt64() >= head);
        Assert.Equal(theirs, (await node.Client.CallAsync("sharedseq_getNamespaceBlock", [ns.Value, head])).ToString());
    }

    private async Task<string?> RebuiltDifferenceAsync()
    {
        NodeConfiguration configuration = sync.ConfigurationOf(3);
        string fresh = Path.Combine(sync.Network.Folder, "rebuilt");
        using (var logs = new NodeLogs(configuration, error => throw error))
        {
            logs.Recover(sync.Genesis, out _);
            CertifiedCheckpoint start = new CheckpointFolder(configuration.DataDir).ReadBase(sync.Genesis, new P256Scheme(), _ => true)!;
            RebuiltLedger rebuilt = await LedgerRebuild.RunAsync(sync.Genesis, logs, fresh, start, CancellationToken.None);
            Assert.Null(rebuilt.DiffersAt);
        }

        using Ledger original = new(NodeLedger.FolderOf(configuration.DataDir)), again = new(NodeLedger.FolderOf(fresh));
        return original.FirstDifference(again);
    }
}
