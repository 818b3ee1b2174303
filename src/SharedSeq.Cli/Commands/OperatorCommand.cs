using System.CommandLine;
using System.Globalization;
using System.Text;
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

    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

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
            foreach (string member in result.GetValue(approvers) ?? [])
                join = await ApproveAsync(join, member, result.GetValue(rpc), isOffline: false, cancellation);
            return await FinishAsync(join, result.GetValue(output), result.GetValue(submit), result.GetValue(rpc), cancellation);
        }));
        return command;
    }

    private static Command CreateApprove()
    {
        Argument<string> file = File();
        Option<string> config = Config("Configuration file of the member that approves.");
        var rpc = new Option<string?>("--rpc") { Description = "Who is asked for the present members; default: the node of the configuration." };
        var offline = new Option<bool>("--offline") { Description = "Sign without asking whether the keys have a seat: where no operator can be reached." };
        var command = new Command(
            "approve", "Approve a join as a member: it adds a signature to the file. Example: sharedseq operator approve join.json --config node.json")
        {
            file, config, rpc, offline,
        };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            string path = result.GetRequiredValue(file);
            if (StatementFile.Read(path) is not OperatorStatement.Join join) throw new CommandException($"'{path}' is no join: members approve joins only");
            OperatorStatement.Join approved =
                await ApproveAsync(join, result.GetRequiredValue(config), result.GetValue(rpc), result.GetValue(offline), cancellation);
            StatementFile.Write(path, approved);
            Console.WriteLine($"approved that {join.Endpoints.Name} joins, reached at {join.Endpoints.Peer}, with the keys");
            Console.WriteLine($"  vote {join.Keys.VoteKey}");
            Console.WriteLine($"  node {join.Keys.NodeKey}");
            Console.WriteLine($"{approved.Approvals.Count} approvals in {path}; a join needs those of a quorum of the members at the time it is ordered");
            return ExitCode.Ok;
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
            const string Method = "sharedseq_getOperators";
            JsonElement answer = await AskAsync(client, Method, [], cancellation);
            if (result.GetValue(json)) JsonOutput.Print(answer);
            else if (result.GetValue(config) is { } path)
            {
                ReplicaSection replica = OperatorKeys.ReplicaOf(path);
                (string? advice, string? missing) = UserErrors.Understand(client.Rpc, Method, () => OperatorAdvice.About(answer, replica));
                Console.WriteLine(advice ?? OperatorAdvice.NotRegistered);
                if (missing is not null) Console.WriteLine(missing);
                return advice is null ? ExitCode.Failed : ExitCode.Ok;
            }
            else Console.Write(UserErrors.Understand(client.Rpc, Method, () => All(answer)));

            return ExitCode.Ok;
        }));
        return command;
    }

    /// <summary>A node that does not know the method is older than this program, which is more than a refusal.</summary>
    private static async Task<JsonElement> AskAsync(OperatorClient client, string method, IReadOnlyList<object?> parameters, CancellationToken cancellation)
    {
        try
        {
            return await client.CallAsync(method, parameters, cancellation);
        }
        catch (OperatorException e) when (e.Code == RpcError.MethodNotFound.Code)
        {
            throw new CommandException($"{client.Rpc} does not know {method}: its node is older than this program");
        }
    }

    private static string All(JsonElement answer)
    {
        string note = answer.GetProperty("changes").GetBoolean() ? "" : "; this network's committee does not change";
        var text = new StringBuilder();
        text.AppendLine(Culture, $"epoch {answer.GetProperty("epoch").GetUInt64()}, a join needs {answer.GetProperty("quorum").GetInt32()} approvals{note}");
        foreach (JsonElement item in answer.GetProperty("operators").EnumerateArray())
        {
            string name = item.GetProperty("name").GetString() ?? "";
            text.AppendLine(Culture, $"{item.GetProperty("operator").GetUInt32(),4}  {name,-16}  {OperatorAdvice.Of(item, answer)}");
        }

        return text.ToString();
    }

    private static async Task<OperatorStatement.Join> ApproveAsync(
        OperatorStatement.Join join, string config, string? rpc, bool isOffline, CancellationToken cancellation)
    {
        using OperatorKeys keys = OperatorKeys.Open(config);
        SigningDomain domain = keys.Genesis.Domain;
        if (!IsSigned(join, domain, StatementRole.VoteKey, join.Keys.VoteKey, join.VoteKeySignature)
            || !IsSigned(join, domain, StatementRole.NodeKey, join.Keys.NodeKey, join.NodeKeySignature))
            throw new CommandException($"the join is not signed by its own keys for chain {domain.Chain}: it is of another network, or was changed");
        if (!isOffline) await CheckMemberAsync(keys.Public.NodeKey, rpc is null ? OperatorKeys.NodeOf(config) : UserErrors.AddressOf(rpc), cancellation);
        return new OperatorStatementSigner(domain).Approve(join, keys.Public.NodeKey, keys.NodeKey);
    }

    /// <summary>Ordering counts the approvals of seats of its epoch alone: of another key one would be signed for nothing, and missed much later.</summary>
    private static async Task CheckMemberAsync(PublicKey64 nodeKey, Uri rpc, CancellationToken cancellation)
    {
        const string Method = "sharedseq_getCommittee";
        JsonElement committee;
        using var client = new OperatorClient(rpc, TimeSpan.FromSeconds(5));
        try
        {
            committee = await AskAsync(client, Method, [], cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or OperatorException)
        {
            throw new CommandException(
                $"not approved: {rpc} does not say who the present members are ({e.Message}); give --rpc of a member, or --offline to sign without asking");
        }

        (ulong epoch, bool isMember) = UserErrors.Understand(rpc, Method, () => (
            committee.GetProperty("epoch").GetUInt64(),
            committee.GetProperty("members").EnumerateArray().Any(member => member.GetProperty("nodeKey").GetString() == nodeKey.ToString())));
        if (isMember) return;
        throw new CommandException(
            $"not approved (NoSeat): the node key {nodeKey} has no seat in epoch {epoch}, and an approval counts only by the node key that a member has in the "
            + "present epoch; after a rotation that is the new one, once it serves");
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
        const string Method = "sharedseq_submitOperatorStatement";
        JsonElement answer = await AskAsync(client, Method, ["0x" + Convert.ToHexStringLower(statement.Encode())], cancellation);
        (bool isApplied, ulong height, string? reason) = UserErrors.Understand(client.Rpc, Method, () =>
        {
            bool isDone = answer.GetProperty("status").GetString() == "applied";
            return (isDone, answer.GetProperty("height").GetUInt64(), isDone ? null : answer.GetProperty("reason").GetString());
        });
        Console.WriteLine(isApplied
            ? $"{statement.Kind} took effect at height {height}; what is missing says: sharedseq operator status"
            : $"{statement.Kind} was left out at height {height}: {reason}");
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
