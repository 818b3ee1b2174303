using System.Text.Json;
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
    public async Task A_receipt_is_given_by_a_later_batchs_PoA_of_the_lane_and_otherwise_the_reason_why_not()
    {
        TestTransaction[] transactions = [.. Enumerable.Range(1, 4).Select(i => Tx(5, Soon, (byte)i))];
        var lane = new LaneId(Epoch.Zero, new ReplicaId(0), 0);
        var batches = new List<Batch>();
        foreach (TestTransaction transaction in transactions)
        {
            batches.Add(BatchOf(transaction, lane, batches.Count, batches.Count == 0 ? default : batches[^1].Header.Digest));
            _network.Runtime.Batches.Add(batches[^1]);
        }

        Batch foreign = BatchOf(Tx(5, Soon, 9), lane with { Author = new ReplicaId(2) }, 0, default);
        _network.Runtime.Batches.Add(foreign);
        Assert.Equal("NotAccepted", await NoReceiptAsync(transactions[0].Id));
        Assert.Equal("OfAnother", await NoReceiptAsync(foreign.Body.IdOf(0)));
        Assert.Equal("Unknown", await NoReceiptAsync(new TxId(Sha.Of("nobody's"u8))));

        // Acks of the first two were lost; the third's PoA covers them.
        Ack[] acks = [.. Enumerable.Range(0, 3).Select(i => _network.Committee[i].Ack(batches[2].Tip, Height.Zero).Value)];
        _network.Runtime.Proofs.Add(new ProofOfAvailability(batches[2].Tip, [.. acks.Select(a => new AckSignature(a.Acker, a.Height, a.Signature))]));
        var verifier = new ReceiptVerifier(
            new MessageVerifier(_network.Committee.Genesis.Domain, _network.Committee.Genesis.Committee, new SharedSeq.Client.P256Scheme()));
        for (int i = 0; i < 3; i++)
        {
            string hex = (await _network.CallAsync("sharedseq_getReceipt", transactions[i].Id.ToString()))
                .GetProperty("result").GetProperty("receipt").GetString()!;
            Receipt receipt = Receipt.Decode(Convert.FromHexString(hex.AsSpan(2)));
            Assert.Equal(ReceiptRejection.None, verifier.TryVerify(receipt, null, out ReceiptPromise promise));
            Assert.Equal((transactions[i].Id, batches[i].Tip, 2 - i), (promise.Transaction, promise.Place, receipt.Later.Count));
            Assert.Equal("accepted", await StatusAsync(transactions[i]));
        }

        Assert.Equal("received", await StatusAsync(transactions[3]));
        Assert.Equal("NotAccepted", await NoReceiptAsync(transactions[3].Id));
    }

    private async Task<string?> NoReceiptAsync(TxId id)
    {
        JsonElement error = (await _network.CallAsync("sharedseq_getReceipt", id.ToString())).GetProperty("error");
        Assert.Equal(RpcError.NotFound.Code, error.GetProperty("code").GetInt32());
        return error.GetProperty("data").GetProperty("reason").GetString();
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

    private static Batch BatchOf(TestTransaction transaction) =>
        BatchOf(transaction, new LaneId(Epoch.Zero, new ReplicaId(0), 0), 0, default);

    private static Batch BatchOf(TestTransaction transaction, LaneId lane, int seq, Hash32 previous)
    {
        byte[] records = new byte[transaction.RecordBytes];
        BatchBody.WriteRecord(records, new NamespaceId(transaction.Namespace), transaction.ValidUntil, transaction.Payload);
        BatchBody body = BatchBody.Parse(records, 1);
        var header = new BatchHeader(
            lane, new BatchSeq((ulong)seq), previous, BatchFlags.None, 1, records.Length, MerkleTree.RootOfLeafHashes(body.LeafHashes));
        return Batch.Create(header, Height.Zero, default, body);
    }
}
