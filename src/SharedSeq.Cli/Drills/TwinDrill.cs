using System.Diagnostics;
using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Ordering;

namespace SharedSeq.Cli;

/// <summary>D19: somebody has an operator's keys and a copy of its disk, and runs them beside it. Both are under load, so both sign.</summary>
internal static class TwinDrill
{
    private const int Copied = 0;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(DrillRun run, CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, cancellation);
        var witness = new BlockWitness();
        network.Kill(Copied);
        Uri twin = await network.StartTwinAsync(Copied, cancellation);
        long started = Stopwatch.GetTimestamp();
        await network.ReviveAsync(cancellation, Copied);
        JsonElement evidence = default;
        var load = new LoadGenerator([.. network.Rpcs, twin], network.Namespaces, network.Committees, network.Ledger, DrillRun.Light);
        await load.RunAsync(
            async stopped =>
            {
                await witness.NoteAsync(network, stopped);
                await DrillRun.UntilAsync(
                    "evidence against the twins is in a block", Patience,
                    async () => (evidence = await CommittedAsync(network, 1, stopped)).ValueKind == JsonValueKind.Object, stopped);
                run.Detected(Stopwatch.GetElapsedTime(started));
                await witness.NoteAsync(network, stopped);
                await Task.Delay(TimeSpan.FromSeconds(3), stopped);
            },
            cancellation);

        // The owner notices and ends both: what is left are the three honest operators.
        network.KillTwins();
        network.Kill(Copied);
        await DrillRun.UntilAsync(
            "the copied operator has ended", Patience, () => Task.FromResult(!network.Alive.Contains(Copied)), cancellation);
        run.OperatorStep("stop the operator whose key is copied; it comes back with new keys");
        string id = evidence.GetProperty("id").GetString()!;
        string kind = evidence.GetProperty("kind").GetString()!;
        run.Check("evidence names the operator", evidence.GetProperty("offender").GetInt32() == Copied, $"{kind} by operator {Copied}");
        foreach (int i in network.Alive.ToArray())
        {
            TimeSpan took = await DrillRun.UntilAsync(
                $"operator {i} has evidence {id} in its block", Patience,
                async () => (await network.CallAsync(i, "sharedseq_getEvidence", cancellation, id)).GetProperty("committedAt").ToString()
                    == evidence.GetProperty("committedAt").ToString(),
                cancellation);
            run.Recovered(took);
            run.Check($"operator {i} leaves it out of the next epoch", await IsLeftOutAsync(network, i, cancellation), "its seat is empty");
        }

        using var client = new OperatorClient(network.Rpcs[1]);
        byte[] file = await client.GetProofAsync("evidence", [id], cancellation);
        ProofVerdict verdict = new ProofVerifier(new ProofTrust(network.Genesis, new P256Scheme())).Verify(file, out Proof? proof);
        run.Check("the exported file verifies offline", verdict.IsValid && proof is EvidenceProof, $"{file.Length} bytes: {verdict}");
        file[^40] ^= 1;
        ProofVerdict forged = new ProofVerifier(new ProofTrust(network.Genesis, new P256Scheme())).Verify(file, out _);
        run.Check("a flipped bit is refused", !forged.IsValid, forged.ToString());
        await run.CompareAsync(network, witness, cancellation);
    }

    /// <summary>The next committee has no keys in the seat of the copied operator.</summary>
    private static async Task<bool> IsLeftOutAsync(BenchNetwork network, int index, CancellationToken cancellation)
    {
        JsonElement next = await network.CallAsync(index, "sharedseq_getCommittee", cancellation, 1);
        return next.GetProperty("members")[Copied].GetProperty("isEmpty").GetBoolean();
    }

    /// <summary>Evidence against the copied operator that a committed block carries; undefined while there is none.</summary>
    private static async Task<JsonElement> CommittedAsync(BenchNetwork network, int index, CancellationToken cancellation)
    {
        JsonElement items = await network.CallAsync(index, "sharedseq_getEvidence", cancellation);
        return items.EnumerateArray().FirstOrDefault(item =>
            item.GetProperty("committedAt").ValueKind == JsonValueKind.Number && item.GetProperty("offender").GetInt32() == Copied);
    }
}
