using System.Numerics;
using System.Text.Json;
using SharedSeq.Adapters;
using SharedSeq.Adapters.EvmDev;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Ethereum;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>
/// D2: random pairs of a valid and an invalid transaction are ordered past all checks of a gateway, and every operator's client executes them. A clean
/// client that is given the valid ones only must come to the same block, and so to the same state, each time.
/// </summary>
internal static class PoisonDrill
{
    private const int Pairs = 10_000;
    private const int PairsPerFrame = 100;
    private const uint Accounts = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);

    public static async Task RunAsync(DrillRun run, CancellationToken cancellation)
    {
        await using BenchNetwork network = await BenchNetwork.StartAsync(4, 1, cancellation, rollups: 1);
        var witness = new BlockWitness();
        NamespacePolicy rollup = network.Genesis.Namespaces.First(ns => ns.Admission == AdmissionKind.Evm);
        var valid = new HashSet<Hash32>();
        await witness.NoteAsync(network, cancellation);
        int refused = await SubmitAsync(network, rollup, valid, cancellation);
        using var gateway = new EthereumRpcClient(new EthereumRpcOptions { Endpoint = new Uri(network.Rpcs[0], $"rollups/{rollup.Id}") });
        ulong last = 0;
        run.Recovered(await DrillRun.UntilAsync(
            "every ordered block is executed by enough operators", Patience,
            async () =>
            {
                last = await network.HeadAsync(0, rollup.Id, cancellation);
                JsonElement health = (await network.CallAsync(0, "sharedseq_health", cancellation)).GetProperty("rollups")[0];
                return last > 0 && health.GetProperty("executed").GetUInt64() >= last && await IsDoneAsync(gateway, valid.Count, cancellation);
            },
            cancellation));
        (ulong differing, int executed, int skipped) = await CompareAsync(network, rollup, gateway, valid, last, cancellation);
        run.Check("as many pairs as were to be", valid.Count == Pairs && refused == 0,
            DrillRun.Text($"{valid.Count:n0} pairs, {refused:n0} transactions refused"));
        run.Check("every valid transaction is executed, every invalid one skipped", executed == Pairs && skipped == Pairs,
            DrillRun.Text($"{executed:n0} executed, {skipped:n0} skipped"));
        run.Check("every block equals that of a clean client given the valid ones only", differing == 0,
            DrillRun.Text($"{last:n0} blocks, {differing:n0} differ"));
        for (int i = 0; i < 4; i++)
        {
            JsonElement health = (await network.CallAsync(i, "sharedseq_health", cancellation)).GetProperty("rollups")[0];
            run.Check($"operator {i}'s client is believed", !health.GetProperty("quarantined").GetBoolean(), health.GetProperty("state").GetString()!);
        }

        await witness.NoteAsync(network, cancellation);
        await run.CompareAsync(network, witness, cancellation);
    }

    /// <summary>Sends the pairs in order over one connection, so that they are ordered as they were made.</summary>
    /// <returns>Transactions refused at the door.</returns>
    private static async Task<int> SubmitAsync(BenchNetwork network, NamespacePolicy rollup, HashSet<Hash32> valid, CancellationToken cancellation)
    {
        EvmWallet[] wallets = [.. Enumerable.Range(0, (int)Accounts).Select(i => EvmWallet.FromMnemonic(AnvilOptions.DevnetMnemonic, (uint)i))];
        ulong[] nonces = new ulong[Accounts];
        int refused = 0;
        await using SubmitConnection connection = await SubmitConnection.OpenAsync(network.Rpcs[0], cancellation);
        for (int sent = 0; sent < Pairs; sent += PairsPerFrame)
        {
            var frame = new List<SubmitTransaction>();
            for (int i = 0; i < PairsPerFrame; i++)
            {
                int account = Random.Shared.Next(wallets.Length);
                var good = new EvmTransactionRequest
                {
                    ChainId = rollup.EvmChainId,
                    Nonce = nonces[account],
                    To = wallets[Random.Shared.Next(wallets.Length)].Address,
                    Value = Random.Shared.Next(1_000),
                };
                byte[] raw = wallets[account].Sign(good);
                byte[] poison = wallets[account].Sign(Poison(good));
                bool isPoisonFirst = Random.Shared.Next(2) == 0;
                frame.Add(new SubmitTransaction(0, isPoisonFirst ? poison : raw));
                frame.Add(new SubmitTransaction(0, isPoisonFirst ? raw : poison));
                valid.Add(Keccak256.Of(raw));
                nonces[account]++;
            }

            Hash32[] ids = [.. frame.Select(t => BatchBody.IdOf(rollup.Id, 0, t.Payload.Span).Value)];
            network.Ledger.Submit(ids);
            ulong request = await connection.SendAsync(rollup.Id, SubmitWait.Accepted, frame.ToArray(), cancellation);
            refused += await AnsweredAsync(network, connection, request, ids, cancellation);
        }

        return refused;
    }

    /// <summary>Random and never valid: the nonce far ahead, more value than there is, a fee nobody takes, or the nonce of an earlier one.</summary>
    private static EvmTransactionRequest Poison(EvmTransactionRequest good) => Random.Shared.Next(4) switch
    {
        0 => good with { Nonce = good.Nonce + 100_000 },
        1 => good with { Value = BigInteger.Pow(10, 30) },
        2 => good with { MaxFeePerGas = 1, MaxPriorityFeePerGas = 0 },
        _ => good with { Nonce = good.Nonce == 0 ? 100_000 : good.Nonce - 1, Value = 7_000 },
    };

    private static async Task<int> AnsweredAsync(
        BenchNetwork network, SubmitConnection connection, ulong request, Hash32[] ids, CancellationToken cancellation)
    {
        int refused = 0;
        while (true)
        {
            foreach (SubmitReply reply in await connection.ReceiveAsync(cancellation))
            {
                switch (reply)
                {
                    case SubmitReply.Accepted accepted:
                        if (refused == 0) network.Ledger.Accept(ids, accepted);
                        return refused;
                    case SubmitReply.Refused some when some.Request == request:
                        refused += some.Transactions.Count;
                        break;
                    default: throw new CommandException($"the operator does not take a frame: {reply}");
                }
            }
        }
    }

    /// <summary>Whether the operator's client has executed so many transactions of the accounts.</summary>
    private static async Task<bool> IsDoneAsync(EthereumRpcClient gateway, int wanted, CancellationToken cancellation)
    {
        ulong executed = 0;
        for (uint i = 0; i < Accounts; i++)
            executed += await gateway.NonceAsync(EvmWallet.FromMnemonic(AnvilOptions.DevnetMnemonic, i).Address, "latest", cancellation);
        return executed >= (ulong)wanted;
    }

    private static async Task<(ulong Differing, int Executed, int Skipped)> CompareAsync(
        BenchNetwork network, NamespacePolicy rollup, EthereumRpcClient gateway, HashSet<Hash32> valid, ulong last, CancellationToken cancellation)
    {
        ulong genesisSeconds = network.Genesis.Timestamp.Value / 1000;
        await using AnvilProcess clean = await AnvilProcess.StartAsync(
            new AnvilOptions
            {
                BinaryPath = await AnvilToolchain.ProvisionAsync(cancellation: cancellation),
                ChainId = rollup.EvmChainId,
                GenesisTimestampSeconds = genesisSeconds,
                GasLimit = rollup.GasCap,
            },
            cancellation);
        using var adapter = new EvmDevAdapter(
            new EvmDevOptions { Endpoint = clean.Endpoint, ChainId = rollup.EvmChainId, GenesisTimestampSeconds = genesisSeconds });
        AdapterSession session = await adapter.OpenAsync(rollup.Id, 1, cancellation);
        (Hash32 parent, ulong differing, int executed, int skipped) = (session.Head.Hash, 0UL, 0, 0);
        for (ulong number = 1; number <= last; number++)
        {
            JsonElement block = await network.CallAsync(0, "sharedseq_getNamespaceBlock", cancellation, rollup.Id.Value, number);
            byte[][] ordered = [.. block.GetProperty("transactions").EnumerateArray()
                .Select(t => Convert.FromHexString(t.GetProperty("data").GetString()![2..]))];
            byte[][] clear = [.. ordered.Where(raw => valid.Contains(Keccak256.Of(raw)))];
            ExecutionOutcome outcome = await adapter.ExecuteAsync(
                session,
                new AdapterBlock
                {
                    Namespace = rollup.Id,
                    Number = number,
                    ParentHash = parent,
                    Timestamp = new TimestampMs(block.GetProperty("timestamp").GetUInt64()),
                    Transactions = [.. clear.Select(raw => (ReadOnlyMemory<byte>)raw)],
                },
                cancellation);
            parent = outcome.Hash;
            executed += clear.Length - outcome.Skipped.Count;
            skipped += ordered.Length - clear.Length;
            EthereumBlock? operators = await gateway.BlockAsync(number, cancellation);
            if (operators is null || operators.Hash != outcome.Hash || operators.StateRoot != outcome.StateRoot) differing++;
        }

        return (differing, executed, skipped);
    }
}
