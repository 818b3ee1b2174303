using System.Text.Json;
using System.Text.Json.Nodes;
using SharedSeq.Adapters.Tests.Clients;
using SharedSeq.Cli;

namespace SharedSeq.Node.Tests.Commands;

/// <summary>An operator of another version, or one that answers nonsense, ends a command with the exit code for it, and with no trace.</summary>
[Collection("nodes")]
public sealed class OddAnswerTests : IDisposable
{
    private const string Good = """
        {"epoch":3,"changes":true,"quorum":3,"changesMax":1,"checkpoints":[],"keysLeft":4000,"operators":[{"operator":0,"state":"member",
        "step":"settled","seat":0,"nextSeat":0,"voteKey":"a","nodeKey":"b","newVoteKey":null,"newNodeKey":null,"rotations":0,"name":"one"}]}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("sharedseq-odd-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_answer_as_it_should_be_is_shown()
    {
        Assert.Equal(ExitCode.Ok, await StatusAsync(Good));
        Assert.Equal(ExitCode.Failed, await StatusAsync(Good, await NewConfigAsync()));
    }

    [Theory]
    [InlineData("epoch")]
    [InlineData("quorum")]
    [InlineData("operators")]
    [InlineData("operators.0.state")]
    [InlineData("operators.0.step")]
    [InlineData("operators.0.seat")]
    [InlineData("operators.0.voteKey")]
    public async Task A_missing_member_or_one_of_another_type_is_an_answer_that_can_not_be_used(string path)
    {
        bool isOfOne = path.EndsWith("voteKey", StringComparison.Ordinal);
        string? config = isOfOne ? await NewConfigAsync() : null;
        foreach (JsonNode? odd in new JsonNode?[] { null, new JsonObject(), JsonValue.Create(-7.5) })
        {
            // A seat is a number or nothing: what else is there counts as none.
            if (path.EndsWith("seat", StringComparison.Ordinal) && odd is JsonObject) continue;
            Assert.Equal(ExitCode.Unusable, await StatusAsync(With(path, odd), config));
        }
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("7")]
    public async Task An_answer_that_is_no_list_of_operators_can_not_be_used(string answer) =>
        Assert.Equal(ExitCode.Unusable, await StatusAsync(answer));

    [Fact]
    public void What_can_not_be_used_is_told_as_the_operators()
    {
        var rpc = new Uri("http://127.0.0.1:1");
        CommandException said = Assert.Throws<CommandException>(
            () => UserErrors.Understand(rpc, "sharedseq_getOperators", () => default(JsonElement).GetProperty("epoch")));
        Assert.Contains(rpc.ToString(), said.Message, StringComparison.Ordinal);
        Assert.Contains("another version", said.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_is_older_can_not_be_used()
    {
        const string Unknown = """{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"the method sharedseq_getOperators does not exist"}}""";
        Assert.Equal(ExitCode.Unusable, await RunAsync(Unknown, null));
    }

    [Fact]
    public void A_state_that_this_program_does_not_know_is_not_taken_for_another()
    {
        JsonElement answer = JsonSerializer.Deserialize<JsonElement>(With("operators.0.state", "resting").Replace("settled", "room", StringComparison.Ordinal));
        string advice = OperatorAdvice.Of(answer.GetProperty("operators")[0], answer);
        Assert.Contains("resting", advice, StringComparison.Ordinal);
        Assert.DoesNotContain("contradicted", advice, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_operator_that_gives_the_same_page_of_evidence_for_ever_is_heard_once()
    {
        const string Page = """{"jsonrpc":"2.0","id":1,"result":[{"id":"0x01","kind":"E1","offender":2,"committedAt":null}]}""";
        await using StubRpcServer stub = await StubRpcServer.StartAsync(context => StubRpcServer.WriteAsync(context, Page));
        Task<int> list = Program.Main(["evidence", "list", "--rpc", stub.Endpoint.ToString()]);
        Assert.Equal(ExitCode.Ok, await list.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    private static string With(string path, JsonNode? value)
    {
        JsonNode root = JsonNode.Parse(Good)!;
        string[] keys = path.Split('.');
        JsonNode parent = root;
        foreach (string key in keys[..^1]) parent = int.TryParse(key, out int index) ? parent[index]! : parent[key]!;
        if (value is null) parent.AsObject().Remove(keys[^1]);
        else parent[keys[^1]] = value.DeepClone();
        return root.ToJsonString();
    }

    private async Task<string> NewConfigAsync()
    {
        string folder = Path.Combine(_folder, "node");
        Assert.Equal(ExitCode.Ok, await Program.Main(["node", "init", folder, "--unprotected"]));
        return Path.Combine(folder, "node.json");
    }

    private static Task<int> StatusAsync(string answer, string? config = null) => RunAsync($$"""{"jsonrpc":"2.0","id":1,"result":{{answer}}}""", config);

    private static async Task<int> RunAsync(string body, string? config)
    {
        await using StubRpcServer stub = await StubRpcServer.StartAsync(context => StubRpcServer.WriteAsync(context, body));
        string[] of = config is null ? [] : ["--config", config];
        return await Program.Main(["operator", "status", "--rpc", stub.Endpoint.ToString(), .. of]);
    }
}
