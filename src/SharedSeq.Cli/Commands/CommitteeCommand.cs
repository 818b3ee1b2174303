using System.CommandLine;
using SharedSeq.Client;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>committee export: who serves the newest epoch, as a file that leads there from the genesis.</summary>
internal static class CommitteeCommand
{
    public static Command Create()
    {
        var command = new Command("committee", "Who serves which epoch, as files that anybody can check.");
        command.Subcommands.Add(CreateExport());
        return command;
    }

    private static Command CreateExport()
    {
        Option<string> rpc = OperatorAddress.Option();
        var genesis = new Option<string>("--genesis") { Description = "Genesis document of the network.", Required = true };
        var from = new Option<ulong>("--from") { Description = "The epoch that hands over first.", DefaultValueFactory = _ => 0UL };
        var output = new Option<string>("--out") { Description = "Proof file to write.", Required = true };
        var json = new Option<bool>("--json") { Description = "Print the file's content as JSON." };
        var command = new Command(
            "export",
            "Write the hand-overs from an epoch to the newest one as a file, for verify committee and verify --chain. "
            + "Example: sharedseq committee export --genesis genesis.json --out chain.bin")
        {
            rpc, genesis, from, output, json,
        };
        command.SetAction((result, cancellation) => UserErrors.GuardAsync(async () =>
        {
            Genesis network = GenesisFiles.Read(result.GetRequiredValue(genesis));
            var first = new Epoch(result.GetValue(from));
            using OperatorClient client = OperatorAddress.Connect(result.GetValue(rpc));

            // The last one is what the file proves.
            List<HandOver> handOvers = await client.GetHandOversAsync(first, ProofFile.MaxHandOvers + 1, cancellation);
            bool isAll = handOvers.Count <= ProofFile.MaxHandOvers;
            var end = new Epoch(first.Value + (ulong)handOvers.Count);
            string? hole = isAll ? await HoleAsync(client, end, cancellation) : null;
            handOvers = handOvers[..ProofFile.Fitting(handOvers, proofBytes: 0)];
            if (handOvers.Count == 0) throw new CommandException(hole ?? $"this operator knows of no certified end of epoch {first}");
            HandOver last = handOvers[^1];
            var file = ProofFile.For(network, new CommitteeProof(last), handOvers[..^1]);
            byte[] bytes = file.ToArray();
            string path = result.GetRequiredValue(output);
            await File.WriteAllBytesAsync(path, bytes, cancellation);
            if (result.GetValue(json)) Console.WriteLine(file.ToJson());
            else
            {
                Console.WriteLine(
                    $"epochs {first} to {last.Next.Epoch}, {bytes.Length} bytes in {path}, checkpoint {last.Checkpoint}; "
                    + $"what follows: --from {last.Next.Epoch}");
            }

            if (hole is not null) await Console.Error.WriteLineAsync(hole);
            return ExitCode.Ok;
        }));
        return command;
    }

    /// <summary>What is to be said when the operator is further than its hand-overs lead; null when it is not.</summary>
    private static async Task<string?> HoleAsync(OperatorClient client, Epoch end, CancellationToken cancellation) =>
        await client.GetNewestEpochAsync(end, cancellation) is { } newest && newest > end
            ? $"this operator is in epoch {newest} and does not have the certified end of epoch {end} yet: for the rest try again soon, or ask another one"
            : null;
}
