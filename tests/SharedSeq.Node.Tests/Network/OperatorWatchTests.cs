using System.Text.Json;
using System.Text.Json.Nodes;
using SharedSeq.Adapters.Tests.Clients;
using SharedSeq.Client;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Network;

/// <summary>What a watch-tower sees of an operator, honest or with something in front of it that lies.</summary>
[Collection("nodes")]
public sealed class OperatorWatchTests(OneNode one) : IClassFixture<OneNode>
{
    private Genesis Genesis => one.Node.Host.Runtime.Genesis;

    [Fact]
    public async Task An_honest_operator_proves_what_it_says_and_gives_the_certified_results()
    {
        await one.Node.CommitAsync();
        using var client = new OperatorClient(one.Node.Host.Rpc);
        OperatorSighting first = await LookAsync(client, null);
        Assert.Null(first.Fault);
        Assert.Null(first.InvalidProof);
        Assert.False(first.IsDiverged);
        Assert.NotEmpty(first.Committed);
        Assert.Equal(first.Committed.Count, first.Slots.Count);
        ProvenHeight certified = Assert.Single(first.Certified);
        OperatorSighting second = await LookAsync(client, certified.Height);
        Assert.Equal((certified.Height, certified.Hash), second.OwnResult);
        Assert.Contains(second.Committed, proven => proven.Height == certified.Height);
    }

    [Theory]
    [InlineData("flipped bit", "does not verify")]
    [InlineData("other height", "it proves height")]
    [InlineData("other kind", "")]
    public async Task A_proof_that_does_not_prove_what_was_asked_is_told_or_taken_for_none(string lie, string told)
    {
        await one.Node.CommitAsync();
        await using StubRpcServer liar = await LiarAsync(lie);
        using var client = new OperatorClient(liar.Endpoint);
        OperatorSighting sighting = await LookAsync(client, new Height(1));
        Assert.Null(sighting.Fault);
        Assert.Empty(sighting.Committed);
        if (told.Length > 0) Assert.Contains(told, sighting.InvalidProof, StringComparison.Ordinal);
        else Assert.Null(sighting.InvalidProof);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":null}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"orderedHeight":"5","certifiedHeight":1}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"orderedHeight":5,"certifiedHeight":-1}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"result":{"\ud800":5}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"error":{"code":-32002,"message":"starting"}}""")]
    [InlineData("""{"jsonrpc":"2.0","id":1,"error":{"code":"x"}}""")]
    public async Task An_answer_that_makes_no_sense_is_a_fault_with_its_reason(string answer)
    {
        await using StubRpcServer stub = await StubRpcServer.StartAsync(context => StubRpcServer.WriteAsync(context, answer));
        using var client = new OperatorClient(stub.Endpoint);
        Assert.NotEmpty((await LookAsync(client, null)).Fault!);
    }

    private Task<OperatorSighting> LookAsync(OperatorClient client, Height? compared) =>
        new OperatorWatch(new NetworkDirectory(Genesis, [client.Rpc]), client, 0, new Prng(1)).LookAsync(_ => compared, _ => compared, CancellationToken.None);

    /// <summary>Passes calls on and lies about commit proofs.</summary>
    private Task<StubRpcServer> LiarAsync(string lie) => StubRpcServer.StartAsync(async context =>
    {
        JsonNode call = (await StubRpcServer.ReadAsync(context))!;
        bool isCommit = call["method"]!.GetValue<string>() == "sharedseq_getProof" && call["params"]![0]!.GetValue<string>() == "commit";
        if (isCommit && lie == "other height") call["params"]![1] = call["params"]![1]!.GetValue<ulong>() + 1;
        if (isCommit && lie == "other kind") call["params"] = new JsonArray("result", call["params"]![1]!.GetValue<ulong>());
        (_, JsonElement answer) = await one.Node.PostAsync(call.ToJsonString());
        JsonNode told = JsonNode.Parse(answer.GetRawText())!;
        if (isCommit && lie == "flipped bit" && told["result"] is JsonObject result)
        {
            char[] proof = result["proof"]!.GetValue<string>().ToCharArray();
            proof[^80] = proof[^80] == '0' ? '1' : '0';
            result["proof"] = new string(proof);
        }

        await StubRpcServer.WriteAsync(context, told.ToJsonString());
    });
}
