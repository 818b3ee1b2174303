using System.CommandLine;
using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>operator join|approve|submit|exit|rotate|status: who serves the network, decided by those who do.</summary>
internal static class OperatorCommand
{
    /// <summary>Hours that statements are valid by default. 168: a week for a quorum of members to approve a join.</summary>
    private const int ValidHours = 168;

    public static Command Create()
    {
        var command = new Command("operator", "Join the committee, approve others, leave, rotate keys, and see what is missing.");
        command.Subcommands.Add(CreateJoin());
        command.Subcommands.Add(CreateApprove());
        command.Subcommands.Add(CreateSubmit());
        command.Subcommands.Add(CreateExit());
        command.Subcommands.Add(CreateRotate());
        command.Subcommands.Add(CreateStatus());
        return command;
    }

    private static Command CreateJoin()
    {
        Option<string> config = Config("Configuration file of the new operator's node.");
        var name = new Option<string>("--name") { Description = "Name shown to people.", Required = true };
        var peer = new Option<string>("--peer") { Description = "host:port at which the other operators reach it.", Required = true };
        var endpoint = new Option<string?>("--public-rpc") { Description = "URL of its public interface, if it offers one." };
        Option<int> hours = Hours();
        Option<string?> output = Output();
        var approvers = new Option<string[]>("--approve-with")
        {
            Description = "Configuration files of members that approve at once: for those who run all of them, as a devnet does.",
            AllowMultipleArgumentsPerToken = true,
        };
        Option<string> rpc = OperatorAddress.Option();
        var submit = new Option<bool>("--submit") { Description = "Submit it at once." };
        var command = new Command(
            "join",
            "Make a statement by which a new operator joins. Example: sharedseq operator join --config me/node.json --name me --peer h:7700 --out j.json")
        {
            config, name, peer, endpoint, hours, output, approvers, rpc, submit,
        };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            using OperatorKeys keys = OperatorKeys.Open(result.GetRequiredValue(config));
            var endpoints = new OperatorEndpoints(result.GetRequiredValue(name), result.GetRequiredValue(peer), result.GetValue(endpoint));
            if (endpoints.Fault() is { } fault) throw new CommandException(fault);
            OperatorStatement.Join join = new OperatorStatementSigner(keys.Genesis.Domain)
                .Join(ValidUntil(result.GetValue(hours)), keys.Public, endpoints, keys.VoteKey, keys.NodeKey);
            foreach (string member in result.GetValue(approvers) ?? []) join = Approve(join, member);
            return await FinishAsync(join, result.GetValue(output), result.GetValue(submit), result.GetValue(rpc), cancellation);
        }));
        return command;
    }

    private static Command CreateApprove()
    {
        Argument<string> file = File();
        Option<string> config = Config("Configuration file of the member that approves.");
        var command = new Command(
            "approve", "Approve a join as a member: it adds a signature to the file. Example: sharedseq operator approve join.json --config node.json")
        {
            file, config,
        };
        command.SetAction((result, _) => UserErrors.GuardAsync(() =>
        {
            string path = result.GetRequiredValue(file);
            if (StatementFile.Read(path) is not OperatorStatement.Join join) throw new CommandException($"'{path}' is no join: members approve joins only");
            OperatorStatement.Join approved = Approve(join, result.GetRequiredValue(config));
            StatementFile.Write(path, approved);
            Console.WriteLine($"approved that {join.Endpoints.Name} joins, reached at {join.Endpoints.Peer}, with the keys");
            Console.WriteLine($"  vote {join.Keys.VoteKey}");
            Console.WriteLine($"  node {join.Keys.NodeKey}");
            Console.WriteLine($"{approved.Approvals.Count} approvals in {path}; a join needs those of a quorum of the members at the time it is ordered");
            return Task.FromResult(ExitCode.Ok);
        }));
        return command;
    }

    private static Command CreateSubmit()
    {
        Argument<string> file = File();
        Option<string> rpc = OperatorAddress.Option();
        var command = new Command("submit", "Bring a statement to a member. Example: sharedseq operator submit join.json --rpc http://member:8700")
        {
            file, rpc,
        };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(
            () => SubmitAsync(StatementFile.Read(result.GetRequiredValue(file)), result.GetValue(rpc), cancellation)));
        return command;
    }

    private static Command CreateExit()
    {
        Option<string> config = Config("Configuration file of the operator that leaves.");
        Option<int> hours = Hours();
        Option<string?> output = Output();
        Option<string> rpc = OperatorAddress.Option();
        var command = new Command(
            "exit", "Leave the committee, or withdraw as a candidate. Example: sharedseq operator exit --config node.json --rpc http://member:8700")
        {
            config, hours, output, rpc,
        };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            using OperatorKeys keys = OperatorKeys.Open(result.GetRequiredValue(config));
            OperatorStatement exit = new OperatorStatementSigner(keys.Genesis.Domain)
                .Exit(ValidUntil(result.GetValue(hours)), keys.Public.VoteKey, keys.VoteKey);
            string? path = result.GetValue(output);
            return await FinishAsync(exit, path, isSubmitted: path is null, result.GetValue(rpc), cancellation);
        }));
        return command;
    }

    private static Command CreateRotate()
    {
        Option<string> config = Config("Configuration file of the operator's node, with its present keys.");
        var folder = new Option<string>("--new-keys")
        {
            Description = "Folder of the new vote.json and node.json; what is missing is made. Copy a key there that is to stay.",
            Required = true,
        };
        Option<int> hours = Hours();
        Option<string?> output = Output();
        Option<string> rpc = OperatorAddress.Option();
        var command = new Command(
            "rotate", "Go on with other keys. Example: sharedseq operator rotate --config node.json --new-keys keys-2 --rpc http://member:8700")
        {
            config, folder, hours, output, rpc,
        };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            using OperatorKeys keys = OperatorKeys.Open(result.GetRequiredValue(config));
            using OperatorKeys fresh = OperatorKeys.OpenOrMakeNew(result.GetRequiredValue(config), result.GetRequiredValue(folder));
            OperatorStatement rotate = new OperatorStatementSigner(keys.Genesis.Domain).Rotate(
                ValidUntil(result.GetValue(hours)), keys.Public.VoteKey, keys.VoteKey, fresh.Public, fresh.VoteKey, fresh.NodeKey);
            string? path = result.GetValue(output);
            return await FinishAsync(rotate, path, isSubmitted: path is null, result.GetValue(rpc), cancellation);
        }));
        return command;
    }

    private static Command CreateStatus()
    {
        Option<string> rpc = OperatorAddress.Option();
        var config = new Option<string?>("--config") { Description = "Configuration file of one operator: tell of it alone." };
        var json = new Option<bool>("--json") { Description = "Print the operator's answer." };
        var command = new Command("status", "Where operators stand and what is missing. Example: sharedseq operator status --config node.json")
        {
            rpc, config, json,
        };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            using OperatorClient client = OperatorAddress.Connect(result.GetValue(rpc));
            JsonElement answer = await client.CallAsync("sharedseq_getOperators", [], cancellation);
            if (result.GetValue(json)) JsonOutput.Print(answer);
            else if (result.GetValue(config) is { } path) return SayOne(answer, OperatorKeys.ReplicaOf(path));
            else SayAll(answer);
            return ExitCode.Ok;
        }));
        return command;
    }

    private static int SayOne(JsonElement answer, ReplicaSection replica)
    {
        JsonElement? found = OperatorAdvice.Find(answer, replica);
        Console.WriteLine(found is { } item ? OperatorAdvice.Of(item, answer) : OperatorAdvice.NotRegistered);
        if (found is { } known && OperatorAdvice.MissingKeys(known, replica) is { } missing) Console.WriteLine(missing);
        return found is null ? ExitCode.Failed : ExitCode.Ok;
    }

    private static void SayAll(JsonElement answer)
    {
        string note = answer.GetProperty("changes").GetBoolean() ? "" : "; this network's committee does not change";
        Console.WriteLine($"epoch {answer.GetProperty("epoch").GetUInt64()}, a join needs {answer.GetProperty("quorum").GetInt32()} approvals{note}");
        foreach (JsonElement item in answer.GetProperty("operators").EnumerateArray())
        {
            string name = item.GetProperty("name").GetString() ?? "";
            Console.WriteLine($"{item.GetProperty("operator").GetUInt32(),4}  {name,-16}  {OperatorAdvice.Of(item, answer)}");
        }
    }

    private static OperatorStatement.Join Approve(OperatorStatement.Join join, string config)
    {
        using OperatorKeys keys = OperatorKeys.Open(config);
        SigningDomain domain = keys.Genesis.Domain;
        if (!IsSigned(join, domain, StatementRole.VoteKey, join.Keys.VoteKey, join.VoteKeySignature)
            || !IsSigned(join, domain, StatementRole.NodeKey, join.Keys.NodeKey, join.NodeKeySignature))
            throw new CommandException($"the join is not signed by its own keys for chain {domain.Chain}: it is of another network, or was changed");
        return new OperatorStatementSigner(domain).Approve(join, keys.Public.NodeKey, keys.NodeKey);
    }

    private static bool IsSigned(OperatorStatement statement, SigningDomain domain, StatementRole role, PublicKey64 key, Signature64 signature)
    {
        var text = new CanonicalWriter(1_024);
        statement.WriteSignedText(text, domain, role);
        return new P256Scheme().Verify(key, text.Written, signature);
    }

    private static async Task<int> FinishAsync(OperatorStatement statement, string? output, bool isSubmitted, string? rpc, CancellationToken cancellation)
    {
        if (output is null && !isSubmitted) throw new CommandException("give --out FILE, or --submit");
        if (output is not null)
        {
            StatementFile.Write(output, statement);
            string next = statement is OperatorStatement.Join
                ? $"members approve it with: sharedseq operator approve {output} --config THEIR/node.json; then: sharedseq operator submit {output}"
                : $"bring it to a member with: sharedseq operator submit {output}";
            Console.WriteLine($"{statement.Kind} in {output}; {next}");
        }

        return isSubmitted ? await SubmitAsync(statement, rpc, cancellation) : ExitCode.Ok;
    }

    private static async Task<int> SubmitAsync(OperatorStatement statement, string? rpc, CancellationToken cancellation)
    {
        using OperatorClient client = OperatorAddress.Connect(rpc);
        JsonElement answer = await client.CallAsync(
            "sharedseq_submitOperatorStatement", ["0x" + Convert.ToHexStringLower(statement.Encode())], cancellation);
        bool isApplied = answer.GetProperty("status").GetString() == "applied";
        ulong height = answer.GetProperty("height").GetUInt64();
        Console.WriteLine(isApplied
            ? $"{statement.Kind} took effect at height {height}; what is missing says: sharedseq operator status"
            : $"{statement.Kind} was left out at height {height}: {answer.GetProperty("reason").GetString()}");
        return isApplied ? ExitCode.Ok : ExitCode.Failed;
    }

    /// <summary>Committed time is that of the committee's clocks, and so is this program's, near enough for hours.</summary>
    private static ulong ValidUntil(int hours) => (ulong)DateTimeOffset.UtcNow.AddHours(hours).ToUnixTimeSeconds();

    private static Option<string> Config(string description) => new("--config") { Description = description, Required = true };

    private static Argument<string> File() => new("file") { Description = "Statement file." };

    private static Option<string?> Output() => new("--out") { Description = "Statement file to write, to be submitted later." };

    private static Option<int> Hours()
    {
        var hours = new Option<int>("--valid-for") { Description = "Hours until the statement is void.", DefaultValueFactory = _ => ValidHours };
        hours.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 24 * 365) result.AddError("--valid-for is 1 to 8760 hours");
        });
        return hours;
    }
}
