using SharedSeq.Adapters;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Node.Tests.Serving;

/// <summary>What sharedseq_getTransaction says of one transaction, step by step.</summary>
public sealed class StatusLadderTests : IAsyncLifetime
{
    private static readonly ulong Soon = StartSecond + 30;
    private readonly ServedNetwork _network = new(Opaque(5));

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _network.DisposeAsync();

    [Fact]
    public async Task A_transaction_climbs_from_received_over_accepted_to_committed()
    {
        TestTransaction transaction = Tx(5, Soon, 1);
        Batch batch = BatchOf(transaction);
        _network.Runtime.Batches.Add(batch);
        Assert.Equal("received", await StatusAsync(transaction));

        _network.Runtime.Proofs.Add(new ProofOfAvailability(batch.Tip, []));
        Assert.Equal("accepted", await StatusAsync(transaction));

        await _network.ApplyAsync(10, transaction);
        Assert.Equal("committed", await StatusAsync(transaction));
    }

    [Fact]
    public async Task What_the_own_client_made_of_a_block_counts_once_enough_operators_say_the_same()
    {
        TestTransaction run = Tx(5, Soon, 1), skipped = Tx(5, Soon, 2);
        await _network.ApplyAsync(10, run, skipped);
        var outcome = new ExecutionOutcome(new NamespaceId(5), 1, default, default, [new SkippedTransaction(1, SkipReason.NonceTooLow)]);
        var encoded = new CanonicalWriter(128);
        encoded.Hash(outcome.Hash);
        encoded.Hash(outcome.StateRoot);
        outcome.WriteSkipped(encoded);
        var execution = new LedgerExecution(outcome.Namespace, outcome.Number, encoded.ToArray(), IsCertified: false);

        _network.Ledger.PutExecution(execution);
        Assert.Equal("committed", await StatusAsync(run));
        Assert.Equal("committed", await StatusAsync(skipped));

        _network.Ledger.PutExecution(execution with { IsCertified = true });
        Assert.Equal("executed", await StatusAsync(run));
        Assert.Equal("skipped", await StatusAsync(skipped));
    }

    private async Task<string?> StatusAsync(TestTransaction transaction) =>
        (await _network.CallAsync("sharedseq_getTransaction", transaction.Id.ToString())).GetProperty("result").GetProperty("status").GetString();

    private static Batch BatchOf(TestTransaction transaction)
    {
        byte[] records = new byte[transaction.RecordBytes];
        BatchBody.WriteRecord(records, new NamespaceId(transaction.Namespace), transaction.ValidUntil, transaction.Payload);
        BatchBody body = BatchBody.Parse(records, 1);
        var header = new BatchHeader(
            new LaneId(Epoch.Zero, new ReplicaId(0), 0), default, default, BatchFlags.None, 1, records.Length, MerkleTree.RootOfLeafHashes(body.LeafHashes));
        return Batch.Create(header, Height.Zero, default, body);
    }
}
