using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Network;

/// <summary>Operator statements at the public interface of four nodes.</summary>
[Collection("nodes")]
public sealed class OperatorDoorTests : IAsyncLifetime
{
    private const int Operators = 4;

    private static readonly Policy Epochs = new() { EpochSeconds = 600, BoundaryLead = 20, CheckpointInterval = 10, ReceiptDeadlineHeights = 200 };

    private readonly P256PrivateKey _vote = P256PrivateKey.Create();
    private readonly P256PrivateKey _node = P256PrivateKey.Create();
    private TestNetwork _network = null!;
    private NodeKeys[] _keys = [];
    private OperatorStatementSigner _signer = null!;

    private CommitteeMember Newcomer => new(_vote.PublicKey.Value, _node.PublicKey.Value);

    public async Task InitializeAsync()
    {
        _network = await TestNetwork.StartAsync(Operators, Epochs);
        Genesis genesis = _network[0].Host.Genesis;
        _keys = [.. Enumerable.Range(0, Operators).Select(i => NodeKeys.Open(_network.ConfigurationOf(i).Replica, genesis))];
        _signer = new OperatorStatementSigner(genesis.Domain);
    }

    public async Task DisposeAsync()
    {
        foreach (NodeKeys keys in _keys) keys.Dispose();
        _vote.Dispose();
        _node.Dispose();
        await _network.DisposeAsync();
    }

    [Fact]
    public async Task A_join_that_a_quorum_approved_makes_a_candidate_that_every_operator_shows_alike_until_it_withdraws()
    {
        JsonElement taken = await SubmitAsync(0, Join(0, 1, 2));
        Assert.Equal("applied", taken.GetProperty("status").GetString());
        JsonElement candidate = default;
        for (int i = 0; i < Operators; i++)
        {
            int asked = i;
            await TestNetwork.UntilAsync($"operator {asked} shows the candidate", async () => (await OperatorsAsync(asked)).Length == Operators + 1);
            JsonElement shown = (await OperatorsAsync(i))[Operators];
            if (i > 0) Assert.Equal(candidate.GetRawText(), shown.GetRawText());
            candidate = shown;
        }

        Assert.Equal(("candidate", "sayReady", "newcomer"), (Text(candidate, "state"), Text(candidate, "step"), Text(candidate, "name")));
        Assert.Equal(Newcomer.VoteKey.ToString(), Text(candidate, "voteKey"));
        OperatorStatement exit = _signer.Exit(TestNode.Soon, Newcomer.VoteKey, new P256Signer(_vote));
        Assert.Equal("applied", (await SubmitAsync(3, exit)).GetProperty("status").GetString());
        Assert.Equal(Operators, (await OperatorsAsync(3)).Length);
        Assert.Equal("KeyUsed", await RefusedAsync(3, Join(0, 1, 2).Encode()));
    }

    [Fact]
    public async Task A_candidate_that_holds_a_certified_checkpoint_is_ready_and_a_member_that_rotates_waits_for_the_next_committee()
    {
        await SubmitAsync(0, Join(0, 1, 2));
        OperatorCheckpoint? named = null;
        await TestNetwork.UntilAsync("a checkpoint is certified", () =>
        {
            NodeRuntime runtime = _network[0].Host.Runtime;
            Height certified = runtime.Feeds.Newest?.Result.Height ?? Height.Zero;
            named = OperatorReadiness.CheckpointToName(
                runtime.Progress.Operators!, Newcomer.VoteKey, runtime.Progress.Ordered, certified, runtime.Progress.Final.Height);
            return Task.FromResult(named is not null);
        });
        await SubmitAsync(1, _signer.Ready(TestNode.Soon, Newcomer.VoteKey, named!.Value, new P256Signer(_vote)));
        JsonElement ready = (await OperatorsAsync(1))[Operators];
        Assert.Equal(("ready", "epochAfterNext"), (Text(ready, "state"), Text(ready, "step")));

        // One change an epoch: the rotation comes before the join.
        using P256PrivateKey fresh = P256PrivateKey.Create();
        CommitteeMember rotated = new(fresh.PublicKey.Value, _keys[2].NodeKey.PublicKey.Value);
        var present = new P256Signer(_keys[2].VoteKey);
        await SubmitAsync(2, _signer.Rotate(
            TestNode.Soon, _keys[2].VoteKey.PublicKey.Value, present, rotated, new P256Signer(fresh), new P256Signer(_keys[2].NodeKey)));
        JsonElement[] now = await OperatorsAsync(2);
        Assert.Equal(("member", "epochAfterNext"), (Text(now[2], "state"), Text(now[2], "step")));
        Assert.Equal(rotated.VoteKey.ToString(), Text(now[2], "newVoteKey"));
        Assert.Equal("room", Text(now[Operators], "step"));
    }

    [Fact]
    public async Task What_would_be_left_out_is_refused_with_its_reason_and_takes_no_room_in_the_lane()
    {
        Assert.Equal("BadStatement", await RefusedAsync(0, [1, 2, 3]));
        Assert.Equal("TooFewApprovals", await RefusedAsync(0, Join(0, 1).Encode()));
        Assert.Equal("BadStatementSignature", await RefusedAsync(0, (Join(0, 1, 2) with { NodeKeySignature = default }).Encode()));
        Assert.Equal("UnknownOperator", await RefusedAsync(0, _signer.Exit(TestNode.Soon, Newcomer.VoteKey, new P256Signer(_vote)).Encode()));
        Assert.Equal("Expired", await RefusedAsync(0, _signer.Exit(1, Newcomer.VoteKey, new P256Signer(_vote)).Encode()));
        Assert.Equal(5, await _network[0].MetricAsync("sharedseq_rpc_errors_total{error=\"StatementRefused\"}"));
        Assert.Equal(Operators, (await OperatorsAsync(0)).Length);
    }

    [Fact]
    public async Task Statements_refused_without_a_look_at_their_signatures_take_nothing_from_those_that_are_looked_at()
    {
        byte[] unknown = _signer.Exit(TestNode.Soon, Newcomer.VoteKey, new P256Signer(_vote)).Encode();
        for (int i = 0; i <= OperatorDoor.ChecksPerSecondMax; i++) Assert.Equal("UnknownOperator", await RefusedAsync(0, unknown));
        Assert.Equal("applied", (await SubmitAsync(0, Join(0, 1, 2))).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Statements_that_come_at_once_are_ordered_one_after_the_other()
    {
        JsonElement[] answers = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => SubmitAsync(0, Exit(i))));
        Assert.All(answers, answer => Assert.Equal("applied", answer.GetProperty("status").GetString()));
        Assert.Equal(3, answers.Select(answer => answer.GetProperty("height").GetUInt64()).Distinct().Count());

        // Four must stay.
        Assert.Equal(["room", "room", "room", "settled"], (await OperatorsAsync(0)).Select(item => Text(item, "step")));
    }

    [Fact]
    public async Task The_next_committee_is_shown_once_it_is_fixed_and_an_epoch_after_it_is_not_known()
    {
        await TestNetwork.UntilAsync("the first height is ordered", () => Task.FromResult(_network[0].Host.Runtime.Progress.Ordered.Value > 0));
        JsonElement next = await _network[0].Client.CallAsync("sharedseq_getCommittee", [1]);
        JsonElement present = await _network[0].Client.CallAsync("sharedseq_getCommittee", []);
        Assert.Equal((1, JsonValueKind.Null), (next.GetProperty("epoch").GetInt32(), next.GetProperty("genesis").ValueKind));
        Assert.Equal(present.GetProperty("members").GetRawText(), next.GetProperty("members").GetRawText());
        Assert.Equal("operator-2", Text(next.GetProperty("members")[2], "name"));
        OperatorException e = await Assert.ThrowsAsync<OperatorException>(() => _network[0].Client.CallAsync("sharedseq_getCommittee", [2]));
        Assert.Equal(RpcError.NotFound.Code, e.Code);
    }

    private static string? Text(JsonElement item, string name) => item.GetProperty(name).GetString();

    private OperatorStatement.Join Join(params int[] approvers)
    {
        var endpoints = new OperatorEndpoints("newcomer", "127.0.0.1:7999", null);
        OperatorStatement.Join join = _signer.Join(TestNode.Soon, Newcomer, endpoints, new P256Signer(_vote), new P256Signer(_node));
        foreach (int approver in approvers)
            join = _signer.Approve(join, _keys[approver].NodeKey.PublicKey.Value, new P256Signer(_keys[approver].NodeKey));
        return join;
    }

    private OperatorStatement.Exit Exit(int member) =>
        _signer.Exit(TestNode.Soon, _keys[member].VoteKey.PublicKey.Value, new P256Signer(_keys[member].VoteKey));

    private Task<JsonElement> SubmitAsync(int at, OperatorStatement statement) =>
        _network[at].Client.CallAsync("sharedseq_submitOperatorStatement", ["0x" + Convert.ToHexStringLower(statement.Encode())]);

    private async Task<string?> RefusedAsync(int at, byte[] statement)
    {
        OperatorException e = await Assert.ThrowsAsync<OperatorException>(
            () => _network[at].Client.CallAsync("sharedseq_submitOperatorStatement", ["0x" + Convert.ToHexStringLower(statement)]));
        Assert.Equal(RpcError.StatementRefused.Code, e.Code);
        return e.Reason;
    }

    private async Task<JsonElement[]> OperatorsAsync(int at) =>
        [.. (await _network[at].Client.CallAsync("sharedseq_getOperators", [])).GetProperty("operators").EnumerateArray()];
}
