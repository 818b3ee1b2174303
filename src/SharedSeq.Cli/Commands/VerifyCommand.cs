using System.CommandLine;
using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>verify: checks a proof file offline, against a genesis document, or a later checkpoint, and nothing else.</summary>
internal static class VerifyCommand
{
    public static Command Create()
    {
        var command = new Command("verify", "Check a proof file offline. Trust comes from the genesis document you give, never from the file.");
        Add(command, "receipt", "that a transaction was accepted", ProofKind.Receipt);
        Add(command, "block", "that a namespace block or a committed header is what the network decided", ProofKind.NamespaceBlock, ProofKind.Commit);
        Add(command, "result", "that q operators certified a result", ProofKind.Result);
        Add(command, "transaction", "that a transaction has its place", ProofKind.Transaction, ProofKind.Rejection, ProofKind.NamespaceAbsence);
        Add(command, "evidence", "that an operator signed two statements that contradict each other", ProofKind.Evidence);
        Add(command, "committee", "who serves an epoch", ProofKind.Committee);
        return command;
    }

    private static void Add(Command parent, string name, string what, params ProofKind[] kinds)
    {
        var file = new Argument<string>("file") { Description = "Proof file, binary or 0x hex." };
        var genesis = new Option<string>("--genesis") { Description = "Genesis document to trust.", Required = true };
        var chain = new Option<string[]>("--chain")
        {
            Description = "Proof of a committee whose hand-overs lead to that of the proof's epoch, when the proof does not bring them; several in order.",
        };
        var checkpoint = new Option<string?>("--checkpoint")
        {
            Description = "Hash of a boundary's result that you trust: committees before it do not count.",
        };
        var json = new Option<bool>("--json") { Description = "Print the verdict and the proof's content as JSON." };
        var command = new Command(name, $"Check {what}. Example: sharedseq verify {name} proof.bin --genesis genesis.json")
        {
            file, genesis, chain, checkpoint, json,
        };
        command.SetAction((result, _) => UserErrors.GuardAsync(() =>
        {
            Genesis trusted = GenesisFiles.Read(result.GetRequiredValue(genesis));
            ProofVerifier verifier = VerifierOf(trusted, result.GetValue(checkpoint), result.GetValue(chain) ?? []);
            return Task.FromResult(Run(result.GetRequiredValue(file), trusted, verifier, result.GetValue(json), kinds));
        }));
        parent.Subcommands.Add(command);
    }

    /// <summary>What is trusted: the genesis or the checkpoint, and what the chain files show to follow from it.</summary>
    private static ProofVerifier VerifierOf(Genesis genesis, string? checkpoint, string[] chain)
    {
        Hash32 hash = default;
        if (checkpoint is not null && !Hash32.TryParse(checkpoint, out hash)) throw new CommandException("--checkpoint is 0x and 64 hex digits");
        var scheme = new P256Scheme();
        var verifier = new ProofVerifier(new ProofTrust(new CommitteeChain(genesis, scheme, checkpoint is null ? null : hash), scheme));
        foreach (string path in chain)
        {
            ProofVerdict verdict = verifier.Verify(ReadProof(path), out _);
            if (!verdict.IsValid) throw new CommandException($"the chain '{path}' is refused: {verdict}");
        }

        return verifier;
    }

    private static int Run(string path, Genesis genesis, ProofVerifier verifier, bool isJson, ProofKind[] kinds)
    {
        byte[] bytes = ReadProof(path);
        ProofVerdict verdict = verifier.Verify(bytes, out Proof? proof);
        bool isOtherKind = proof is not null && !kinds.Contains(proof.Kind);
        string reason = isOtherKind ? $"a valid proof, but of kind {proof!.Kind}" : verdict.ToString();
        bool holds = verdict.IsValid && !isOtherKind;
        string content = proof is not null && ProofFile.TryRead(bytes, out ProofFile? read, out _) ? read.ToJson() : "null";
        if (isJson) Console.WriteLine($"{{\"valid\":{(holds ? "true" : "false")},\"reason\":{JsonSerializer.Serialize(reason)},\"proof\":{content}}}");
        else Console.WriteLine(holds ? $"valid: {proof!.Kind}, genesis {genesis.Hash}" : $"REFUSED: {reason}");
        return holds ? ExitCode.Ok : ExitCode.Failed;
    }

    private static byte[] ReadProof(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        if (bytes.Length < 2 || bytes[0] != '0' || bytes[1] != 'x') return bytes;
        try
        {
            return Convert.FromHexString(System.Text.Encoding.ASCII.GetString(bytes).Trim()[2..]);
        }
        catch (FormatException)
        {
            throw new CommandException($"'{path}' begins like hex and is not");
        }
    }
}
