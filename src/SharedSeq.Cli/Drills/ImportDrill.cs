using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Node;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>
/// D5: blocks that nobody signed, or too few, are offered on every way by which a block can come in: as a proposal, with a commit proof, as an answer
/// to nobody's question, over the public interface, and in an operator's own log. There is no other way: no command and no method imports blocks.
/// </summary>
internal static class ImportDrill
{
    private const int Forger = 0;
    private const int Tampered = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public static async Task RunAsync(DrillRun run, CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, cancellation, absent: Forger);
        NodeConfiguration configuration = network.ConfigurationOf(Forger);
        var witness = new BlockWitness();
        var load = new LoadGenerator(
            [.. network.Alive.Select(i => network.Rpcs[i])], network.Namespaces, network.Verifier, network.Ledger, DrillRun.Light);
        await load.RunAsync(
            async stopped =>
            {
                await witness.NoteAsync(network, stopped);
                await using HostilePeer forger = HostilePeer.Start(configuration.Replica, network.Genesis);
                await OfferAsync(run, network, forger, stopped);
                await witness.NoteAsync(network, stopped);
            },
            cancellation);
        await PublicInterfaceAsync(run, network, cancellation);
        await TamperedLogAsync(run, network, cancellation);
        await run.CompareAsync(network, witness, cancellation);
    }

    private static async Task OfferAsync(DrillRun run, BenchNetwork network, HostilePeer forger, CancellationToken cancellation)
    {
        const int Victim = 1;
        var to = new ReplicaId(Victim);
        await DrillRun.UntilAsync("the forger has a session", Patience, () => Task.FromResult(forger.IsConnected(to)), cancellation);
        ulong height = await network.HeightAsync(Victim, cancellation) + 1;
        Block block = BlockAt(height + 1_000, height);
        CertificateSignature[] signatures = [.. Enumerable.Range(0, 4).Select(i => new CertificateSignature(
            new ReplicaId((ushort)i), IsExtra: false, forger.Signer.Vote(block.Header.Slot, VoteKind.Final, block.Id).Value.Signature))];
        PeerMessage[] forged =
        [
            new CommitProof(Epoch.Zero, block.Header.Slot, block.Id, CommitPath.Fast, signatures),
            new CommitProof(Epoch.Zero, block.Header.Slot, block.Id, CommitPath.Slow, signatures[..1]),
            new Proposal(BlockAt(LedByAnother(network, height), height), signatures[0].Signature, [], Justification.None),
        ];
        TimeSpan refused = await DrillRun.UntilAsync("each is refused with its reason", Patience, async () =>
        {
            foreach (PeerMessage message in forged) forger.Send(to, message);
            Dictionary<string, double> metrics = await network.MetricsAsync(Victim, cancellation);
            return Reasons().All(reason => metrics.GetValueOrDefault($"sharedseq_peer_refused_total{{peer=\"{Forger}\",reason=\"{reason}\"}}") > 0);
        }, cancellation);
        run.Detected(refused);
        run.Check("commit proofs and a proposal that do not verify are refused", true, string.Join(", ", Reasons()));
        forger.Send(to, new BlockResponse([block]));
        string answer = await AnswerAsync(network, Victim, "sharedseq_getBlock", cancellation, height + 1_000);
        run.Check("a block that nobody asked for is not taken", !answer.Contains(block.Header.Hash.ToString(), StringComparison.Ordinal), answer);

        static IEnumerable<VerificationRejection> Reasons() => [VerificationRejection.BadSignature, VerificationRejection.TooFewSignatures];
    }

    private static async Task PublicInterfaceAsync(DrillRun run, BenchNetwork network, CancellationToken cancellation)
    {
        JsonElement discovered = await network.CallAsync(1, "rpc.discover", cancellation);
        string[] methods = [.. discovered.GetProperty("methods").EnumerateArray().Select(m => m.GetProperty("name").GetString()!)];
        string[] taking = [.. methods.Where(m => m.Contains("import", StringComparison.OrdinalIgnoreCase)
            || m.Contains("submitBlock", StringComparison.Ordinal))];
        run.Check("no method takes blocks", taking.Length == 0, $"{methods.Length} methods: {(taking.Length == 0 ? "none" : string.Join(' ', taking))}");
        string answer = await AnswerAsync(network, 1, "sharedseq_importBlock", cancellation, "0x00");
        run.Check("a call that would import one does not exist", answer.Contains("-32601", StringComparison.Ordinal), answer);
    }

    /// <summary>One bit of a block in an operator's own log is changed while it does not run: it must not start from it.</summary>
    private static async Task TamperedLogAsync(DrillRun run, BenchNetwork network, CancellationToken cancellation)
    {
        network.Kill(Tampered);
        ulong height = await network.HeightAsync(1, cancellation);
        JsonElement block = await network.CallAsync(1, "sharedseq_getBlock", cancellation, height / 2);
        byte[] header = Convert.FromHexString(block.GetProperty("header").GetString()![2..]);
        string folder = Path.Combine(network.Places[Tampered].DataFolder, "batches");
        (string file, int at) = Directory.EnumerateFiles(folder).Select(path => (path, File.ReadAllBytes(path).AsSpan().IndexOf(header)))
            .FirstOrDefault(found => found.Item2 >= 0, ("", -1));
        if (at < 0) throw new CommandException($"block {height / 2} is not found in the log of operator {Tampered}");
        byte original = Flip(file, at + 70);
        string refusal = "";
        try
        {
            await network.ReviveAsync(cancellation, Tampered);
        }
        catch (CommandException e)
        {
            refusal = e.Message.Split('\n')[^1];
        }

        run.Check("a block changed in an operator's own log refuses its start", refusal.Length > 0, refusal.Length > 0 ? refusal : "it started");
        Flip(file, at + 70, original);
        await network.ReviveAsync(cancellation, Tampered);
        run.OperatorStep("restore the damaged log from a copy");
    }

    /// <summary>Changes one bit, or puts a byte back; gives what was there.</summary>
    private static byte Flip(string path, long offset, byte? value = null)
    {
        using FileStream file = File.Open(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Position = offset;
        byte before = (byte)file.ReadByte();
        file.Position = offset;
        file.WriteByte(value ?? (byte)(before ^ 1));
        return before;
    }

    private static async Task<string> AnswerAsync(BenchNetwork network, int index, string method, CancellationToken cancellation, params object[] parameters)
    {
        try
        {
            return (await network.CallAsync(index, method, cancellation, parameters)).ToString();
        }
        catch (CommandException e)
        {
            return e.Message;
        }
    }

    private static ulong LedByAnother(BenchNetwork network, ulong slot)
    {
        while (network.Genesis.Committee.LeaderOf(new Slot(slot)) == new ReplicaId(Forger)) slot++;
        return slot;
    }

    private static Block BlockAt(ulong slot, ulong height) => new(
        new Header(
            Epoch.Zero, new Slot(slot), new Height(height), new Slot(slot - 1), Sha.Of("forged"u8),
            new TimestampMs((ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()), HeaderFlags.None, Payload.Empty.Commitment, []),
        Payload.Empty);
}
