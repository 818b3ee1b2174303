using System.CommandLine;
using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>tx send|status|receipt, and watch: one operator's public interface from the command line.</summary>
internal static class TxCommand
{
    public static Command Create()
    {
        var command = new Command("tx", "Send transactions and ask for them.");
        command.Subcommands.Add(CreateSend());
        command.Subcommands.Add(CreateStatus());
        command.Subcommands.Add(CreateReceipt());
        return command;
    }

    private static Command CreateSend()
    {
        Option<string> rpc = OperatorAddress.Option();
        var ns = new Argument<ulong>("namespace") { Description = "Namespace id." };
        var data = new Argument<string>("data") { Description = "Payload as 0x hex, or text." };
        var wait = new Option<string>("--wait") { Description = "received, accepted or committed.", DefaultValueFactory = _ => "committed" };
        var validFor = new Option<uint>("--valid-for") { Description = "Seconds of committed time; 0 for EVM namespaces.", DefaultValueFactory = _ => 30U };
        wait.AcceptOnlyFromAmong("received", "accepted", "committed");
        var command = new Command("send", "Send one transaction. Example: sharedseq tx send 100001 hello --wait committed") { ns, data, rpc, wait, validFor };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            using OperatorClient client = OperatorAddress.Connect(result.GetValue(rpc));
            ulong seconds = result.GetValue(validFor);
            ulong validUntil = seconds == 0 ? 0 : (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() + seconds;
            try
            {
                JsonElement answer = await client.SendTransactionAsync(
                    new NamespaceId(result.GetValue(ns)), PayloadOf(result.GetRequiredValue(data)), validUntil, result.GetRequiredValue(wait), cancellation);
                return Print(answer);
            }
            catch (OperatorException e) when (HintOf(e.Reason) is { } hint)
            {
                throw new OperatorException(e.Code, $"{e.Message}: {hint}", e.Reason);
            }
        }));
        return command;
    }

    /// <summary>What to change on the command line; null when the refusal has nothing to do with it.</summary>
    internal static string? HintOf(string? reason) => reason switch
    {
        "ValidUntilNotAllowed" => "transactions of an EVM namespace do not expire; add --valid-for 0",
        "ValidUntilRequired" => "transactions of this namespace expire; give --valid-for SECONDS above 0",
        "TooFarAhead" => "give a smaller --valid-for",
        _ => null,
    };

    private static Command CreateStatus()
    {
        Option<string> rpc = OperatorAddress.Option();
        var id = new Argument<string>("txId") { Description = "Transaction id, or keccak hash on EVM namespaces." };
        var command = new Command("status", "Where a transaction is. Example: sharedseq tx status 0x...") { id, rpc };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            using OperatorClient client = OperatorAddress.Connect(result.GetValue(rpc));
            return Print(await client.CallAsync("sharedseq_getTransaction", [result.GetRequiredValue(id)], cancellation));
        }));
        return command;
    }

    private static Command CreateReceipt()
    {
        Option<string> rpc = OperatorAddress.Option();
        var id = new Argument<string>("txId") { Description = "Transaction id." };
        var output = new Option<string>("--out") { Description = "Proof file to write.", Required = true };
        var kind = new Option<string>("--kind")
        {
            Description = "receipt, transaction (its place), or rejection (that it was left out).",
            DefaultValueFactory = _ => "receipt",
        };
        kind.AcceptOnlyFromAmong("receipt", "transaction", "rejection");
        var command = new Command("receipt", "Fetch a proof file for a transaction. Example: sharedseq tx receipt 0x... --out r.bin") { id, rpc, output, kind };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            using OperatorClient client = OperatorAddress.Connect(result.GetValue(rpc));
            byte[] proof = await client.GetWholeProofAsync(result.GetRequiredValue(kind), [result.GetRequiredValue(id)], cancellation);
            await File.WriteAllBytesAsync(result.GetRequiredValue(output), proof, cancellation);
            Console.WriteLine(
                $"{proof.Length} bytes in {result.GetValue(output)}; check with: " +
                $"sharedseq verify {(result.GetValue(kind) == "receipt" ? "receipt" : "transaction")} {result.GetValue(output)} --genesis genesis.json");
            return ExitCode.Ok;
        }));
        return command;
    }

    /// <summary>
    /// Tells why an operator was left, and not again while it is for the same reason: a block that is not there yet is asked for ten times a second.
    /// </summary>
    internal static Action<Uri, StreamException> Once(TextWriter output)
    {
        var told = new SortedDictionary<string, string>(StringComparer.Ordinal);
        return (leaving, why) =>
        {
            if (told.GetValueOrDefault(leaving.ToString()) == why.Message) return;
            told[leaving.ToString()] = why.Message;
            output.WriteLine($"{leaving}: {why.Message}");
        };
    }

    /// <summary>watch: live blocks of a namespace, each shown once it is proved against the genesis.</summary>
    public static Command CreateWatch()
    {
        Option<string> rpc = OperatorAddress.Option();
        var ns = new Argument<ulong>("namespace") { Description = "Namespace id." };
        var from = new Option<ulong>("--from") { Description = "First block number; 0 for the next one.", DefaultValueFactory = _ => 0UL };
        var genesis = new Option<string>("--genesis") { Description = "Genesis document to trust; default: that of the devnet in this folder." };
        var count = new Option<int>("--count") { Description = "Stop after this many blocks; 0 for never.", DefaultValueFactory = _ => 0 };
        var command = new Command("watch", "Live blocks of a namespace. Example: sharedseq watch 9001") { ns, rpc, from, count, genesis };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            Uri address = OperatorAddress.Of(result.GetValue(rpc));
            var id = new NamespaceId(result.GetValue(ns));
            ulong first = result.GetValue(from);
            if (first == 0)
            {
                using var client = new OperatorClient(address);
                JsonElement head = await client.CallAsync("sharedseq_getHead", [id.Value], cancellation);
                first = UserErrors.Understand(address, "sharedseq_getHead", () => head.GetProperty("number").GetUInt64()) + 1;
            }

            int left = result.GetValue(count);
            Genesis trusted = GenesisOf(result.GetValue(genesis));
            if (trusted.Find(id) is null) throw new CommandException($"namespace {id} is not in the genesis document");
            var stream = new NamespaceStream(trusted, id, [address])
            {
                OperatorLeft = Once(Console.Error),
            };
            await foreach (FollowedBlock block in stream.FollowAsync(first, cancellation))
            {
                Console.WriteLine(
                    $"{block.Block.Number,8}  " +
                    $"{DateTimeOffset.FromUnixTimeMilliseconds((long)block.Block.Timestamp.Value):HH:mm:ss.fff}  " +
                    $"{block.Block.Count,5} tx  {block.Hash}");
                if (--left == 0) break;
            }

            return ExitCode.Ok;
        }));
        return command;
    }

    private static Genesis GenesisOf(string? path)
    {
        path ??= ".sharedseq/genesis.json";
        return File.Exists(path) ? GenesisFiles.Read(path) : throw new CommandException($"no genesis document {path}: give --genesis FILE");
    }

    private static byte[] PayloadOf(string text)
    {
        if (!text.StartsWith("0x", StringComparison.Ordinal)) return System.Text.Encoding.UTF8.GetBytes(text);
        try
        {
            return Convert.FromHexString(text[2..]);
        }
        catch (FormatException)
        {
            throw new CommandException("the payload begins with 0x and is not hex");
        }
    }

    private static int Print(JsonElement answer)
    {
        JsonOutput.Print(answer);
        return ExitCode.Ok;
    }
}
