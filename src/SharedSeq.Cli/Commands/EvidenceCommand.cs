using System.CommandLine;
using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Ordering;

namespace SharedSeq.Cli;

/// <summary>evidence list|export: proofs of misbehaviour as an operator keeps them, as files that anybody can check.</summary>
internal static class EvidenceCommand
{
    /// <summary>Pieces listed. 10,000: an honest operator keeps a few of each offender.</summary>
    private const int ItemsMax = 10_000;

    public static Command Create()
    {
        var command = new Command("evidence", "Show and export evidence of misbehaviour: two signed statements that contradict each other.");
        command.Subcommands.Add(CreateList());
        command.Subcommands.Add(CreateExport());
        return command;
    }

    private static Command CreateList()
    {
        Option<string> rpc = OperatorAddress.Option();
        var json = new Option<bool>("--json") { Description = "Print the operator's answer." };
        var command = new Command("list", "What evidence an operator keeps. Example: sharedseq evidence list") { rpc, json };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            using OperatorClient client = OperatorAddress.Connect(result.GetValue(rpc));
            List<JsonElement> items = await AllAsync(client, cancellation);
            if (result.GetValue(json)) JsonOutput.Print(JsonSerializer.SerializeToElement(items));
            else if (items.Count == 0) Console.WriteLine("no evidence: nobody was seen to contradict itself");
            else foreach (JsonElement item in items) Console.WriteLine(Describe(item));
            return ExitCode.Ok;
        }));
        return command;
    }

    private static Command CreateExport()
    {
        Option<string> rpc = OperatorAddress.Option();
        var id = new Option<string>("--id") { Description = "Which evidence; may be left out when there is one only." };
        var output = new Option<string>("--out") { Description = "Proof file to write.", Required = true };
        var json = new Option<bool>("--json") { Description = "Print the file's content as JSON." };
        var command = new Command("export", "Write evidence as a self-contained file. Example: sharedseq evidence export --out e.bin")
        {
            rpc, id, output, json,
        };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            using OperatorClient client = OperatorAddress.Connect(result.GetValue(rpc));
            string wanted = result.GetValue(id) ?? await OnlyOneAsync(client, cancellation);
            byte[] bytes = await client.GetWholeProofAsync("evidence", [wanted], cancellation);
            if (!ProofFile.TryRead(bytes, out ProofFile? file, out ProofVerdict verdict))
                throw new CommandException($"the operator's answer is no proof file: {verdict}");
            string path = result.GetRequiredValue(output);
            await File.WriteAllBytesAsync(path, bytes, cancellation);
            if (result.GetValue(json)) Console.WriteLine(file.ToJson());
            else Console.WriteLine($"{bytes.Length} bytes in {path}; check with: sharedseq verify evidence {path} --genesis genesis.json");
            return ExitCode.Ok;
        }));
        return command;
    }

    private static async Task<string> OnlyOneAsync(OperatorClient client, CancellationToken cancellation)
    {
        List<JsonElement> items = await AllAsync(client, cancellation);
        return items.Count switch
        {
            0 => throw new CommandException("this operator keeps no evidence"),
            1 => items[0].GetProperty("id").GetString()!,
            _ => throw new CommandException(
                "there are several: name one with --id\n" + string.Join('\n', items.Select(Describe))),
        };
    }

    /// <summary>Page by page, as long as there is something new: an operator that repeats itself has no more to say.</summary>
    private static async Task<List<JsonElement>> AllAsync(OperatorClient client, CancellationToken cancellation)
    {
        var items = new List<JsonElement>();
        var known = new HashSet<string?>(StringComparer.Ordinal);
        while (true)
        {
            string? last = items.Count > 0 ? items[^1].GetProperty("id").GetString() : null;
            JsonElement page = await client.CallAsync("sharedseq_getEvidence", [null, last], cancellation);
            JsonElement[] found = UserErrors.Understand(client.Rpc, "sharedseq_getEvidence", () =>
            {
                JsonElement[] read = [.. page.EnumerateArray()];
                foreach (JsonElement item in read) _ = (item.GetProperty("id").GetString(), Describe(item));
                return read;
            });
            int before = items.Count;
            items.AddRange(found.Where(item => known.Add(item.GetProperty("id").GetString())));
            if (items.Count == before) return items;
            if (items.Count > ItemsMax) throw new CommandException($"this operator names more than {ItemsMax:n0} pieces of evidence: ask another one");
        }
    }

    private static string Describe(JsonElement item)
    {
        JsonElement height = item.GetProperty("committedAt");
        string where = height.ValueKind == JsonValueKind.Null ? "in no block yet" : $"in the block of height {height}";
        return $"{item.GetProperty("id")}  {item.GetProperty("kind")} by operator {item.GetProperty("offender")}, {where}";
    }
}
