using System.Text.Json;
using SharedSeq.Cli;
using SharedSeq.Node.Tests.Network;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Commands;

/// <summary>An operator team's way with the command line, against four running operators.</summary>
[Collection("nodes")]
public sealed class OperatorCommandTests : IAsyncLifetime
{
    private const int Operators = 4;

    private static readonly Policy Epochs = new() { EpochSeconds = 600, BoundaryLead = 20, CheckpointInterval = 10, ReceiptDeadlineHeights = 200 };

    private readonly string _folder = Directory.CreateTempSubdirectory("sharedseq-operator-").FullName;
    private TestNetwork _network = null!;

    private string Newcomer => Path.Combine(_folder, "node.json");

    private string Rpc => _network[0].Host.Rpc.ToString();

    public async Task InitializeAsync()
    {
        _network = await TestNetwork.StartAsync(Operators, Epochs);
        Assert.Equal(ExitCode.Ok, await Program.Main(["node", "init", _folder, "--unprotected"]));
        await File.WriteAllTextAsync(Path.Combine(_folder, "genesis.json"), GenesisJson.Write(_network[0].Host.Genesis));
    }

    public async Task DisposeAsync()
    {
        await _network.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_team_joins_step_by_step_and_is_told_what_is_missing()
    {
        string join = Path.Combine(_folder, "join.json");
        Assert.Equal(ExitCode.Failed, await RunAsync("operator", "status", "--config", Newcomer, "--rpc", Rpc));
        Assert.Equal(ExitCode.Unusable, await RunAsync("operator", "join", "--config", Newcomer, "--name", "five", "--peer", "nowhere", "--out", join));
        Assert.Equal(ExitCode.Ok, await RunAsync("operator", "join", "--config", Newcomer, "--name", "five", "--peer", "127.0.0.1:7999", "--out", join));
        Assert.Equal(ExitCode.Failed, await RunAsync("operator", "submit", join, "--rpc", Rpc));
        for (int i = 0; i < 3; i++)
            Assert.Equal(ExitCode.Ok, await RunAsync("operator", "approve", join, "--config", _network.ConfigFileOf(i)));
        Assert.Equal(ExitCode.Ok, await RunAsync("operator", "submit", join, "--rpc", Rpc));
        Assert.Equal(ExitCode.Ok, await RunAsync("operator", "status", "--config", Newcomer, "--rpc", Rpc));
        Assert.Equal(ExitCode.Ok, await RunAsync("operator", "status", "--rpc", Rpc));
        JsonElement answer = await _network[0].Client.CallAsync("sharedseq_getOperators", []);
        JsonElement candidate = answer.GetProperty("operators")[Operators];
        Assert.StartsWith("candidate: ", OperatorAdvice.Of(candidate, answer), StringComparison.Ordinal);
        Assert.Equal(candidate.GetRawText(), OperatorAdvice.Find(answer, candidate.GetProperty("voteKey").GetString()!)?.GetRawText());

        // It withdraws, and its keys are spent.
        Assert.Equal(ExitCode.Ok, await RunAsync("operator", "exit", "--config", Newcomer, "--rpc", Rpc));
        Assert.Equal(ExitCode.Failed, await RunAsync("operator", "status", "--config", Newcomer, "--rpc", Rpc));
        Assert.Equal(ExitCode.Failed, await RunAsync("operator", "submit", join, "--rpc", Rpc));
    }

    [Fact]
    public async Task Who_runs_all_members_joins_by_one_command()
    {
        string[] members = [.. Enumerable.Range(0, 3).Select(_network.ConfigFileOf)];
        Assert.Equal(ExitCode.Ok, await RunAsync(
            ["operator", "join", "--config", Newcomer, "--name", "five", "--peer", "127.0.0.1:7999", "--rpc", Rpc, "--submit", "--approve-with", .. members]));
        Assert.Equal(Operators + 1, (await _network[0].Client.CallAsync("sharedseq_getOperators", [])).GetProperty("operators").GetArrayLength());
    }

    [Fact]
    public async Task A_member_rotates_to_keys_that_are_made_and_leaves_by_a_file()
    {
        string fresh = Path.Combine(_folder, "keys-2");
        string rotated = _network.ConfigFileOf(2);
        Assert.Equal(ExitCode.Ok, await RunAsync("operator", "rotate", "--config", rotated, "--new-keys", fresh, "--rpc", Rpc));
        Assert.Equal(["node.json", "vote.json"], Directory.EnumerateFiles(fresh).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        JsonElement answer = await _network[0].Client.CallAsync("sharedseq_getOperators", []);
        string newVoteKey = KeyFile.Inspect(Path.Combine(fresh, "vote.json")).PublicKey.ToString();
        Assert.Equal(newVoteKey, answer.GetProperty("operators")[2].GetProperty("newVoteKey").GetString());
        Assert.Contains("its new keys serve when epoch 2 begins", OperatorAdvice.Of(answer.GetProperty("operators")[2], answer), StringComparison.Ordinal);

        // The node goes on with the old keys as long as its configuration does not name the new ones; that is said in time.
        ReplicaSection replica = _network.ConfigurationOf(2).Replica;
        JsonElement third = OperatorAdvice.Find(answer, replica)!.Value;
        Assert.Contains("replica.newVoteKeyFile", OperatorAdvice.MissingKeys(third, replica), StringComparison.Ordinal);
        ReplicaSection both = replica with { NewVoteKeyFile = Path.Combine(fresh, "vote.json"), NewNodeKeyFile = Path.Combine(fresh, "node.json") };
        Assert.Null(OperatorAdvice.MissingKeys(third, both));
        ReplicaSection early = replica with { VoteKeyFile = both.NewVoteKeyFile, NodeKeyFile = both.NewNodeKeyFile };
        // One of two keys may be replaced and the other stay.
        using (NodeKeys alone = NodeKeys.Open(replica with { NodeKeyFile = both.NewNodeKeyFile }, _network[0].Host.Genesis))
            Assert.Null(alone.SeatIn(_network[0].Host.Genesis.Committee));
        Assert.Contains("has no seat", OperatorAdvice.MissingKeys(OperatorAdvice.Find(answer, early)!.Value, early), StringComparison.Ordinal);

        string exit = Path.Combine(_folder, "exit.json");
        Assert.Equal(ExitCode.Ok, await RunAsync("operator", "exit", "--config", _network.ConfigFileOf(1), "--out", exit));
        Assert.Equal("member", await StateAsync(1));
        Assert.Equal(ExitCode.Ok, await RunAsync("operator", "submit", exit, "--rpc", Rpc));
        Assert.Equal("leaving", await StateAsync(1));
        Assert.Equal(ExitCode.Failed, await RunAsync("operator", "submit", exit, "--rpc", Rpc));
    }

    [Fact]
    public async Task A_password_file_that_is_not_there_is_one_fault_among_others_for_the_doctor()
    {
        string text = await File.ReadAllTextAsync(Newcomer);
        const string None = "\"keyPasswordFile\": \"\"";
        Assert.Contains(None, text, StringComparison.Ordinal);
        await File.WriteAllTextAsync(Newcomer, text.Replace(None, "\"keyPasswordFile\": \"gone\"", StringComparison.Ordinal));
        Assert.Equal(ExitCode.Failed, await RunAsync("node", "doctor", "--config", Newcomer));
        Assert.Equal(ExitCode.Unusable, await RunAsync("operator", "exit", "--config", Newcomer, "--rpc", Rpc));
    }

    [Fact]
    public async Task The_doctor_finds_no_fault_in_the_ports_of_a_node_that_runs() =>
        Assert.Equal(ExitCode.Ok, await RunAsync("node", "doctor", "--config", _network.ConfigFileOf(1)));

    [Fact]
    public async Task A_file_that_is_no_statement_is_refused()
    {
        string path = Path.Combine(_folder, "bad.json");
        foreach (string content in new[] { "{}", "[]", "not json", "{\"statement\":\"0x01\"}", "{\"statement\":7}", new string(' ', 70_000) })
        {
            await File.WriteAllTextAsync(path, content);
            Assert.Equal(ExitCode.Unusable, await RunAsync("operator", "submit", path, "--rpc", Rpc));
            Assert.Equal(ExitCode.Unusable, await RunAsync("operator", "approve", path, "--config", _network.ConfigFileOf(0)));
        }
    }

    [Fact]
    public async Task A_join_whose_text_was_changed_is_not_approved()
    {
        string join = Path.Combine(_folder, "join.json");
        Assert.Equal(ExitCode.Ok, await RunAsync("operator", "join", "--config", Newcomer, "--name", "five", "--peer", "127.0.0.1:7999", "--out", join));
        var changed = (OperatorStatement.Join)StatementFile.Read(join);
        StatementFile.Write(join, changed with { Endpoints = changed.Endpoints with { Peer = "127.0.0.1:6666" } });
        Assert.Equal(ExitCode.Unusable, await RunAsync("operator", "approve", join, "--config", _network.ConfigFileOf(0)));
    }

    [Fact]
    public async Task Nobody_signs_an_approval_with_keys_that_have_no_seat()
    {
        string join = Path.Combine(_folder, "join.json");
        Assert.Equal(ExitCode.Ok, await RunAsync("operator", "join", "--config", Newcomer, "--name", "five", "--peer", "127.0.0.1:7999", "--out", join));
        byte[] before = await File.ReadAllBytesAsync(join);
        string stranger = Path.Combine(_folder, "stranger");
        Assert.Equal(ExitCode.Ok, await Program.Main(["node", "init", stranger, "--unprotected"]));
        File.Copy(Path.Combine(_folder, "genesis.json"), Path.Combine(stranger, "genesis.json"));
        string config = Path.Combine(stranger, "node.json");
        Assert.Equal(ExitCode.Unusable, await RunAsync("operator", "approve", join, "--config", config, "--rpc", Rpc));
        Assert.Equal(before, await File.ReadAllBytesAsync(join));

        // Where nobody can be asked, that is said, and who signs all the same says so.
        Assert.Equal(ExitCode.Unusable, await RunAsync("operator", "approve", join, "--config", _network.ConfigFileOf(0), "--rpc", "http://127.0.0.1:1"));
        Assert.Equal(before, await File.ReadAllBytesAsync(join));
        Assert.Equal(ExitCode.Ok, await RunAsync("operator", "approve", join, "--config", _network.ConfigFileOf(0), "--offline"));
        Assert.Single(((OperatorStatement.Join)StatementFile.Read(join)).Approvals);
    }

    private static Task<int> RunAsync(params string[] arguments) => Program.Main(arguments);

    private async Task<string?> StateAsync(int member) =>
        (await _network[0].Client.CallAsync("sharedseq_getOperators", [])).GetProperty("operators")[member].GetProperty("state").GetString();
}
