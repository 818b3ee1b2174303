using System.Text.Json;
using SharedSeq.Cli;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Network;

/// <summary>A registered operator contradicts itself in all seven ways, before one operator only.</summary>
[Collection("nodes")]
public sealed class EvidenceTests : IAsyncLifetime
{
    private readonly TestNetwork _network = TestNetwork.Create(4);

    public async Task InitializeAsync()
    {
        for (int i = 1; i < 4; i++) await _network.StartAsync(i);
        for (int i = 0; i < 3; i++) await _network[i].ReadyAsync();
    }

    public async Task DisposeAsync() => await _network.DisposeAsync();

    [Fact]
    public async Task Evidence_of_every_kind_gets_into_a_block_at_every_operator_and_survives_restart_and_rebuild()
    {
        await using (HostilePeer attacker = await PeerAttacker.StartedAsync(_network)) Contradict(attacker);
        Dictionary<string, string> first = await CommittedAsync(_network[0]);
        for (int i = 1; i < 3; i++) Assert.Equal(first, await CommittedAsync(_network[i]));
        await ExportsAsync(_network[2], first.Keys);
        await CommandsAsync(_network[2], first.Keys.First());

        TestNode restarted = _network[1];
        NodeConfiguration configuration = restarted.Host.Runtime.Configuration;
        await _network.StopAsync(restarted);
        Assert.Null(await RebuiltDifferenceAsync(configuration));
        restarted = await _network.StartAsync(2, configuration);
        Assert.Equal(first, await CommittedAsync(restarted));
        await TestNetwork.UntilAsync("the restarted replica's view", () => Task.FromResult(restarted.Host.Runtime.Progress.View is not null));
        Assert.Equal(0, await restarted.MetricAsync("sharedseq_evidence_waiting"));
        JsonElement one = await restarted.Client.CallAsync("sharedseq_getEvidence", [first.Keys.First()]);
        Assert.Equal(first.Keys.First(), one.GetProperty("id").GetString());
        OperatorException unknown = await Assert.ThrowsAsync<OperatorException>(
            () => restarted.Client.CallAsync("sharedseq_getEvidence", [Hash32.Zero.ToString()]));
        Assert.Equal(RpcError.NotFound.Code, unknown.Code);
    }

    private void Contradict(HostilePeer attacker)
    {
        ulong slot = _network[0].Host.Runtime.Progress.View!.Current.Value + 20;
        (BlockId one, BlockId other) = (ValueOf(1), ValueOf(2));
        Send(attacker, slot, (VoteKind.First, one), (VoteKind.First, other));
        Send(attacker, slot + 1, (VoteKind.Final, one), (VoteKind.Extra, other));
        Send(attacker, slot + 2, (VoteKind.Final, one), (VoteKind.Final, other));
        while (_network.Genesis.Committee.LeaderOf(new Slot(slot)) != new ReplicaId(0)) slot++;
        foreach (byte mark in (byte[])[1, 2]) attacker.Send(attacker.Signer.Proposal(BlockOf(slot, mark), [], Justification.None).Value);
        foreach (byte mark in (byte[])[1, 2]) attacker.Send(attacker.Signer.Ack(TipOf(lane: 0, mark), Height.Zero).Value);
        foreach (byte mark in (byte[])[1, 2]) attacker.Send(attacker.Signer.Result(new Height(1_000_000), Sha.Of([mark])).Value);

        // One proof about lanes is enough for a replica: the other kind comes as an operator that saw it passes it on.
        attacker.Send(new Evidence(EvidenceKind.TwoAcks, Epoch.Zero, new ReplicaId(0), AckOf(attacker, 1), AckOf(attacker, 2)));
    }

    private static void Send(HostilePeer attacker, ulong slot, params (VoteKind Kind, BlockId Value)[] votes)
    {
        foreach ((VoteKind kind, BlockId value) in votes) attacker.Send(attacker.Signer.Vote(new Slot(slot), kind, value).Value);
    }

    /// <summary>Waits until evidence of all kinds is in blocks; gives ids and heights.</summary>
    private static async Task<Dictionary<string, string>> CommittedAsync(TestNode node)
    {
        var found = new Dictionary<string, string>();
        await TestNetwork.UntilAsync($"evidence of seven kinds is in blocks of operator {node.Host.Runtime.Self}", async () =>
        {
            JsonElement items = await node.Client.CallAsync("sharedseq_getEvidence", []);
            found = items.EnumerateArray()
                .Where(item => item.GetProperty("committedAt").ValueKind == JsonValueKind.Number)
                .ToDictionary(item => item.GetProperty("id").GetString()!, item => $"{item.GetProperty("kind")} at {item.GetProperty("committedAt")}");
            return found.Count == Enum.GetValues<EvidenceKind>().Length;
        });
        return found;
    }

    private async Task ExportsAsync(TestNode node, IEnumerable<string> ids)
    {
        var verifier = new ProofVerifier(new ProofTrust(_network.Genesis, new P256Scheme()));
        var kinds = new HashSet<EvidenceKind>();
        foreach (string id in ids)
        {
            ProofVerdict verdict = verifier.Verify(await node.Client.GetProofAsync("evidence", [id]), out Proof? proof);
            Assert.True(verdict.IsValid, verdict.ToString());
            Evidence evidence = Assert.IsType<EvidenceProof>(proof).Evidence;
            Assert.Equal((id, 0), (evidence.Id.ToString(), evidence.Offender.Value));
            kinds.Add(evidence.EvidenceKind);
        }

        Assert.Equal(Enum.GetValues<EvidenceKind>().Length, kinds.Count);
    }

    /// <summary>Several items need a name; one that is named becomes a file that `verify evidence` accepts, and no more with a byte flipped.</summary>
    private async Task CommandsAsync(TestNode node, string id)
    {
        string file = Path.Combine(_network.Folder, "e.bin"), genesis = Path.Combine(_network.Folder, "genesis.json");
        string rpc = node.Host.Rpc.ToString();
        Assert.Equal(ExitCode.Ok, await EvidenceCommand.Create().Parse($"list --rpc {rpc}").InvokeAsync());
        Assert.Equal(ExitCode.Unusable, await EvidenceCommand.Create().Parse($"export --rpc {rpc} --out {file}").InvokeAsync());
        Assert.Equal(ExitCode.Ok, await EvidenceCommand.Create().Parse($"export --rpc {rpc} --out {file} --id {id} --json").InvokeAsync());
        Assert.Equal(ExitCode.Ok, await VerifyCommand.Create().Parse($"evidence {file} --genesis {genesis}").InvokeAsync());
        Assert.Equal(ExitCode.Failed, await VerifyCommand.Create().Parse($"result {file} --genesis {genesis}").InvokeAsync());
        byte[] flipped = await File.ReadAllBytesAsync(file);
        flipped[60] ^= 1;
        await File.WriteAllBytesAsync(file, flipped);
        Assert.Equal(ExitCode.Failed, await VerifyCommand.Create().Parse($"evidence {file} --genesis {genesis}").InvokeAsync());
    }

    private async Task<string?> RebuiltDifferenceAsync(NodeConfiguration configuration)
    {
        string fresh = Path.Combine(_network.Folder, "rebuilt");
        using (var logs = new NodeLogs(configuration, e => throw e))
        {
            logs.Recover(_network.Genesis, out _);
            await LedgerRebuild.RunAsync(_network.Genesis, logs, fresh, null, CancellationToken.None);
        }

        using Ledger original = new(NodeLedger.FolderOf(configuration.DataDir)), rebuilt = new(NodeLedger.FolderOf(fresh));
        return original.FirstDifference(rebuilt);
    }

    private static BlockId ValueOf(byte mark) => new(new Height(5), Sha.Of([mark]));

    private static LaneTip TipOf(ushort lane, byte mark) =>
        new(new LaneId(Epoch.Zero, new ReplicaId(lane), 0), new BatchSeq(3), Sha.Of([mark]));

    private static SignedStatement AckOf(HostilePeer attacker, byte mark)
    {
        Ack ack = attacker.Signer.Ack(TipOf(lane: 3, mark), Height.Zero).Value;
        var content = new CanonicalWriter();
        ack.Tip.Write(content);
        content.U64(ack.Height.Value);
        return new SignedStatement(SignedKind.Ack, content.ToArray(), ack.Signature);
    }

    private static Block BlockOf(ulong slot, byte mark) => new(
        new Header(
            Epoch.Zero, new Slot(slot), new Height(5), new Slot(slot - 1), Sha.Of([mark]), new TimestampMs(1_000), HeaderFlags.None,
            Payload.Empty.Commitment, []),
        Payload.Empty);
}
