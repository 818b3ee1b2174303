using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using SharedSeq.Cli;
using SharedSeq.Client;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.EndToEnd.Tests;

/// <summary>An operator that knows the genesis alone comes into a network that is some epochs further and has another committee.</summary>
public sealed class StateSyncTests
{
    private const int Seconds = 90;
    private const int Rotator = 1;
    private const int Empty = 3;

    private static readonly LoadOptions Light =
        new() { Connections = 4, FrameSize = 4, InFlight = 0, Rate = 100, WantsReceipts = true, WarmUpSeconds = 0 };

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task An_empty_operator_finds_its_way_to_a_later_committee_and_its_ledger_is_the_others()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, deadline.Token, absent: Empty, epochSeconds: 1, prepare: PrepareAsync);
        var load = new LoadGenerator([.. network.Rpcs.Take(Empty)], network.Namespaces, network.Committees, network.Ledger, Light);
        ulong changed = 0;
        await load.RunAsync(
            async stopped =>
            {
                changed = await ChangeCommitteeAsync(network, stopped);
                await Devnet.UntilAsync("all have a checkpoint of a later epoch", () => Task.FromResult(CheckpointOf(network, changed) is not null), Seconds);
            },
            deadline.Token);
        await PruneAsync(network, CheckpointOf(network, changed)!.Value, deadline.Token);
        network.StartAbsent(Empty);
        string installed = Path.Combine(network.Places[Empty].DataFolder, "checkpoint", "base");
        await Devnet.UntilAsync("a checkpoint is installed", () => Task.FromResult(File.Exists(installed)), Seconds);
        await network.WaitReadyAsync(Empty, TimeSpan.FromSeconds(Seconds), deadline.Token);
        var first = new Height((await network.CallAsync(Empty, "sharedseq_health", deadline.Token)).GetProperty("oldestHeight").GetUInt64());
        Assert.True(first.Value > changed, $"the archive begins at {first}, the committee changed behind {changed}");
        await CompareHandOversAsync(network, deadline.Token);
        await Devnet.UntilAsync(
            "heights come behind the checkpoint", async () => await network.HeightAsync(Empty, deadline.Token) > first.Value + 100, Seconds);
        await StopInStepAsync(network, deadline.Token);
        CompareLedgers(network, first);
        Assert.Null(await RebuiltDifferenceAsync(network));
    }

    /// <summary>What retention does when it is used up: nobody keeps a height below the checkpoint.</summary>
    private static async Task PruneAsync(BenchNetwork network, Height checkpoint, CancellationToken cancellation)
    {
        for (int i = 0; i < Empty; i++) await network.StopAsync(i);
        for (int i = 0; i < Empty; i++)
        {
            using var logs = new NodeLogs(network.ConfigurationOf(i), error => throw error);
            logs.StartAt(logs.ReadBlock(checkpoint)!, []);
        }

        for (int i = 0; i < Empty; i++) network.StartAbsent(i);
        for (int i = 0; i < Empty; i++) await network.WaitReadyAsync(i, TimeSpan.FromSeconds(Seconds), cancellation);
    }

    /// <summary>Ten times as many heights as usual without load, so that epochs are short; the empty one wants a checkpoint rather than the heights.</summary>
    private static Task PrepareAsync(DevnetFolder folder)
    {
        folder.AddNewKeys(Rotator);
        foreach (DevnetOperator place in folder.Operators)
        {
            JsonNode configuration = JsonNode.Parse(File.ReadAllText(place.ConfigFile))!;
            configuration["consensus"] = new JsonObject { ["heartbeatMs"] = 10, ["syncHeights"] = place.Index == Empty ? 20 : 10_000 };
            File.WriteAllText(place.ConfigFile, configuration.ToJsonString());
        }

        return Task.CompletedTask;
    }

    /// <summary>A member takes new keys, under which it is found at no address that genesis names.</summary>
    /// <returns>A height of an epoch that it serves with them.</returns>
    private static async Task<ulong> ChangeCommitteeAsync(BenchNetwork network, CancellationToken stopped)
    {
        string statement = "0x" + Convert.ToHexStringLower(MembersDrill.Rotate(network, Rotator).Encode());
        await network.CallAsync(0, "sharedseq_submitOperatorStatement", stopped, statement);
        string wanted = MembersDrill.KeysOf(network, Rotator, "new-").VoteKey.ToString();
        await Devnet.UntilAsync(
            "the member serves with its new keys", async () => (await network.CallAsync(0, "sharedseq_getCommittee", stopped)).GetProperty("members")
                .EnumerateArray().Any(member => member.GetProperty("voteKey").GetString() == wanted), Seconds);
        return await network.HeightAsync(0, stopped);
    }

    /// <summary>Two of four commit nothing more: once they have ordered what was committed, a ledger that is closed has all that its archive has.</summary>
    private static async Task StopInStepAsync(BenchNetwork network, CancellationToken cancellation)
    {
        await network.StopAsync(Rotator);
        await network.StopAsync(2);
        (ulong Height, ulong Final) before = default;
        await Devnet.UntilAsync("the last heights are ordered", async () =>
        {
            JsonElement own = await network.CallAsync(Empty, "sharedseq_health", cancellation);
            JsonElement other = await network.CallAsync(0, "sharedseq_health", cancellation);
            ulong height = own.GetProperty("orderedHeight").GetUInt64(), final = own.GetProperty("finalHeight").GetUInt64();
            bool isQuiet = (height, final) == before && height == final && other.GetProperty("orderedHeight").GetUInt64() == height;
            before = (height, final);
            return isQuiet;
        }, Seconds);
        await network.StopAsync(0);
        await network.StopAsync(Empty);
    }

    /// <summary>The newest height above one of which all three have the state on their disks.</summary>
    private static Height? CheckpointOf(BenchNetwork network, ulong above)
    {
        IEnumerable<ulong> Of(int index)
        {
            string folder = Path.Combine(network.Places[index].DataFolder, "snapshots");
            string[] files = Directory.Exists(folder) ? Directory.GetFiles(folder, "*.snapshot") : [];
            return files.Select(file => ulong.Parse(Path.GetFileNameWithoutExtension(file), CultureInfo.InvariantCulture)).Where(height => height > above);
        }

        ulong newest = Of(0).Intersect(Of(1)).Intersect(Of(2)).DefaultIfEmpty().Max();
        return newest == 0 ? null : new Height(newest);
    }

    /// <summary>It has, and serves, the way from the genesis on, which it never ordered itself.</summary>
    private static async Task CompareHandOversAsync(BenchNetwork network, CancellationToken stopped)
    {
        List<HandOver> others = await HandOversAsync(network, 0, stopped), own = await HandOversAsync(network, Empty, stopped);
        Assert.True(own.Count >= 2, $"it serves {own.Count} hand-overs");
        var chain = new CommitteeChain(network.Genesis, new P256Scheme());
        Assert.All(own, handOver => Assert.Equal(HandOverRejection.None, chain.TryExtend(handOver)));
        int both = int.Min(own.Count, others.Count);
        Assert.Equal(others.Take(both).Select(item => item.Checkpoint), own.Take(both).Select(item => item.Checkpoint));
    }

    private static async Task<List<HandOver>> HandOversAsync(BenchNetwork network, int index, CancellationToken stopped) =>
        [.. (await network.CallAsync(index, "sharedseq_getHandOvers", stopped, 0)).GetProperty("handOvers").EnumerateArray()
            .Select(item => HandOver.Decode(Convert.FromHexString(item.GetString()!.AsSpan(2))))];

    /// <summary>Every result, and with it at checkpoints the root of the whole state, is the same at one that ordered all heights itself.</summary>
    private static void CompareLedgers(BenchNetwork network, Height first)
    {
        using Ledger own = LedgerOf(network, Empty), other = LedgerOf(network, 0);
        Height last = own.AppliedHeight < other.AppliedHeight ? own.AppliedHeight : other.AppliedHeight;
        Assert.True(last.Value > first.Value + 100, $"heights {first} to {last} are compared");
        Assert.Null(own.GetResult(first));
        for (Height height = first.Next(); height <= last; height = height.Next()) Assert.Equal(other.GetResult(height), own.GetResult(height));
    }

    private static Ledger LedgerOf(BenchNetwork network, int index) => new(NodeLedger.FolderOf(network.Places[index].DataFolder));

    /// <summary>What `store rebuild` makes of its logs and the checkpoint is what it has.</summary>
    private static async Task<string?> RebuiltDifferenceAsync(BenchNetwork network)
    {
        NodeConfiguration configuration = network.ConfigurationOf(Empty);
        string fresh = configuration.DataDir + ".compared";
        using (var logs = new NodeLogs(configuration, error => throw error))
        {
            logs.Recover(network.Genesis, out _);
            CertifiedCheckpoint start = new CheckpointFolder(configuration.DataDir).ReadBase(network.Genesis, new P256Scheme(), _ => null)!;
            RebuiltLedger rebuilt = await LedgerRebuild.RunAsync(network.Genesis, logs, fresh, start, CancellationToken.None);
            Assert.Null(rebuilt.DiffersAt);
            Assert.Equal(new EpochFile(configuration.DataDir).Read().Select(item => item.Genesis), rebuilt.Epochs.Select(item => item.Genesis));
        }

        using Ledger original = LedgerOf(network, Empty), again = new(NodeLedger.FolderOf(fresh));
        return original.FirstDifference(again);
    }
}
