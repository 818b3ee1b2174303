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
    private const int Victim = 1;
    private const int Tampered = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly Hash32 ForgedParent = Sha.Of("forged"u8);

    public static async Task RunAsync(DrillRun run, CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 2, cancellation, absent: Forger);
        NodeConfiguration configuration = network.ConfigurationOf(Forger);
        var witness = new BlockWitness();
        var load = new LoadGenerator(
            [.. network.Alive.Select(i => network.Rpcs[i])], network.Namespaces, network.Committees, network.Ledger, DrillRun.Light);
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
        var to = new ReplicaId(Victim);
        await DrillRun.UntilAsync("the forger has a session", Patience, () => Task.FromResult(forger.IsConnected(to)), cancellation);
        ulong slot = await SlotAsync(network, cancellation);
        ulong height = await network.HeightAsync(Victim, cancellation) + 10;
        bool[] early = [.. await Task.WhenAll(network.Alive.Select(async i => await network.HeightAsync(i, cancellation) >= height))];
        if (early.Contains(true)) throw new CommandException($"height {height} is committed before a block of it was forged");

        // A frame follows another in order, so what raises a count between two readings is the message sent between them.
        Block near = BlockAt(slot, height);
        await RefusedAsync(run, network, VerificationRejection.BadSignature, "a proposal of the forger's next slot with a vote's signature", async () =>
        {
            near = BlockAt(LedByForger(network, await SlotAsync(network, cancellation) + 1), height);
            forger.Send(to, new BlockResponse([near]));
            forger.Send(to, new Proposal(near, ForgedVote(forger, near), [], Justification.None));
        }, cancellation);
        Block far = BlockAt(slot + 1_000, height);
        await NotHeldAsync(run, network, forger, [near, far], cancellation);
        CertificateSignature[] signatures =
            [.. Enumerable.Range(0, 4).Select(i => new CertificateSignature(new ReplicaId((ushort)i), IsExtra: false, ForgedVote(forger, far)))];
        await RefusedAsync(run, network, VerificationRejection.TooFewSignatures, "a commit proof of one vote", () =>
        {
            forger.Send(to, new CommitProof(Epoch.Zero, far.Header.Slot, far.Id, CommitPath.Slow, signatures[..1]));
            return Task.CompletedTask;
        }, cancellation);
        await RefusedAsync(run, network, VerificationRejection.BadSignature, "a commit proof whose votes the forger signed for all", () =>
        {
            forger.Send(to, new CommitProof(Epoch.Zero, far.Header.Slot, far.Id, CommitPath.Fast, signatures));
            return Task.CompletedTask;
        }, cancellation);
        await NotHeldAsync(run, network, forger, [far], cancellation);
        await NotServedAsync(run, network, height, cancellation);
    }

    /// <summary>Sends a forged message until the victim counts one more refusal of that reason against the forger.</summary>
    private static async Task RefusedAsync(
        DrillRun run, BenchNetwork network, VerificationRejection reason, string what, Func<Task> send, CancellationToken cancellation)
    {
        double before = await CountAsync();
        double after = before;
        run.Detected(await DrillRun.UntilAsync($"{what} is refused as {reason}", Patience, async () =>
        {
            await send();
            after = await CountAsync();
            return after > before;
        }, cancellation));
        run.Check($"refused: {what}", after > before, DrillRun.Text($"{reason} counted {before:0}, then {after:0}"));

        async Task<double> CountAsync() => (await network.MetricsAsync(Victim, cancellation))
            .GetValueOrDefault($"sharedseq_peer_refused_total{{peer=\"{Forger}\",reason=\"{reason}\"}}");
    }

    /// <summary>
    /// The victim is asked by hash for blocks that were sent to it unasked, and then for one that it has: requests are answered in order, so with the
    /// last answer the others were there, too, if it held the blocks.
    /// </summary>
    private static async Task NotHeldAsync(DrillRun run, BenchNetwork network, HostilePeer forger, Block[] blocks, CancellationToken cancellation)
    {
        var to = new ReplicaId(Victim);
        ulong head = await network.HeightAsync(Victim, cancellation);
        var own = new BlockId(new Height(head), Hash32.Parse(await network.BlockHashAsync(Victim, head, cancellation)));
        await DrillRun.UntilAsync("the victim gives a block that it has", Patience, () =>
        {
            foreach (Block block in blocks)
            {
                forger.Send(to, new BlockResponse([block]));
                forger.Send(to, new BlockRequest(Epoch.Zero, block.Id, 0));
            }

            forger.Send(to, new BlockRequest(Epoch.Zero, own, 0));
            return Task.FromResult(forger.WasGiven(own));
        }, cancellation);
        int held = blocks.Count(block => forger.WasGiven(block.Id));
        run.Check("a block that nobody asked for is not held", held == 0, $"asked by hash, {held} of {blocks.Length} given; its own block {head} given");
    }

    /// <summary>At the forged block's height, which none had before, each operator comes to serve another one.</summary>
    private static async Task NotServedAsync(DrillRun run, BenchNetwork network, ulong height, CancellationToken cancellation)
    {
        var served = new HashSet<string>(StringComparer.Ordinal);
        foreach (int i in network.Alive)
        {
            await DrillRun.UntilAsync($"operator {i} commits height {height}", Patience,
                async () => await network.HeightAsync(i, cancellation) >= height, cancellation);
            JsonElement block = await network.CallAsync(i, "sharedseq_getBlock", cancellation, height);
            var reader = new CanonicalReader(Convert.FromHexString(block.GetProperty("header").GetString()![2..]));
            Header header = Header.Read(ref reader);
            served.Add(header.ParentHash == ForgedParent ? "the forged one" : header.Hash.ToString());
        }

        run.Check("every operator serves the same other block at the forged height", served.Count == 1 && !served.Contains("the forged one"),
            $"height {height}: {string.Join(", ", served)}");
    }

    private static async Task<ulong> SlotAsync(BenchNetwork network, CancellationToken cancellation) =>
        (ulong)(await network.MetricsAsync(Victim, cancellation))["sharedseq_slot"];

    private static Signature64 ForgedVote(HostilePeer forger, Block block) =>
        forger.Signer.Vote(block.Header.Slot, VoteKind.Final, block.Id).Value.Signature;

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

    private static ulong LedByForger(BenchNetwork network, ulong slot)
    {
        while (network.Genesis.Committee.LeaderOf(new Slot(slot)) != new ReplicaId(Forger)) slot++;
        return slot;
    }

    private static Block BlockAt(ulong slot, ulong height) => new(
        new Header(
            Epoch.Zero, new Slot(slot), new Height(height), new Slot(slot - 1), ForgedParent,
            new TimestampMs((ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds()), HeaderFlags.None, Payload.Empty.Commitment, []),
        Payload.Empty);
}
