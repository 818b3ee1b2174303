using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>The ledger holds no truth: deleted, it comes back from the logs as it was.</summary>
public sealed class LedgerRebuildTests : IDisposable
{
    private static readonly ulong Soon = StartSecond + 30;
    private static readonly LaneId Lane = new(Epoch.Zero, new ReplicaId(0), 0);
    private readonly string _folder = Directory.CreateTempSubdirectory("sharedseq-rebuild-").FullName;
    private readonly TestCommittee _committee = new(4, 7, 0, Opaque(5), Opaque(9, 1_000));
    private Header? _parent;
    private BatchHeader? _previous;

    private NodeConfiguration Configuration => new()
    {
        DataDir = _folder,
        Storage = new StorageSection { VoteSegmentBytes = 1024 * 1024, BatchSegmentBytes = 2 * 1024 * 1024 },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_ledger_rebuilt_from_the_logs_equals_the_original_in_every_table()
    {
        await RunAsync(tampered: false);
        string fresh = Path.Combine(_folder, "fresh");
        using (NodeLogs logs = OpenLogs())
        {
            RebuiltLedger rebuilt = await LedgerRebuild.RunAsync(_committee.Genesis, logs, fresh, null, CancellationToken.None);
            Assert.Equal((new Height(40), null), (rebuilt.Machine.Height, rebuilt.DiffersAt));
        }

        using Ledger original = new(NodeLedger.FolderOf(_folder)), again = new(NodeLedger.FolderOf(fresh));
        Assert.Null(original.FirstDifference(again));
        Assert.Equal(original.ContentDigest(), again.ContentDigest());
        Assert.NotNull(again.NewestCertificate());
        Assert.True(again.GetExecution(new NamespaceId(9), 1)!.IsCertified);
        Assert.Equal([new Height(20), Height.Zero], again.Evidence().Select(item => item.Height));
        Assert.NotNull(again.GetReceiptAtOrAbove(Lane, new BatchSeq(3)));
    }

    [Fact]
    public async Task A_certified_result_that_the_heights_do_not_give_is_found()
    {
        await RunAsync(tampered: true);
        using NodeLogs logs = OpenLogs();
        RebuiltLedger rebuilt = await LedgerRebuild.RunAsync(_committee.Genesis, logs, Path.Combine(_folder, "fresh"), null, CancellationToken.None);
        Assert.NotNull(rebuilt.DiffersAt);
    }

    [Fact]
    public async Task A_receipt_is_found_after_a_restart()
    {
        TxId id = await RunAsync(tampered: false);
        using NodeLogs logs = OpenLogs();
        var batches = new BatchStore(logs.ReadBatch);
        await using var ledger = new NodeLedger(_folder, _committee.Genesis, batches, NullLogger.Instance, e => throw e);
        TransactionPlace place = ledger.FindTransaction(id.Value)!.Value;
        Assert.Equal(place.Batch, ledger.FindCover(place.Batch)!.Tip);
    }

    [Fact]
    public async Task What_was_stored_and_not_ordered_before_a_restart_is_found_after_it()
    {
        await RunAsync(tampered: false);
        Batch waiting;
        using (NodeLogs logs = OpenLogs())
        {
            waiting = MakeBatch(200);
            logs.AppendBatch(waiting, isAckable: true);
        }

        using NodeLogs again = OpenLogs();
        RecoveredState recovered = again.Recover(_committee.Genesis, out _);
        var batches = new BatchStore(again.ReadBatch);
        Assert.Null(batches.Locate(waiting.Body.IdOf(0).Value));
        batches.AddStored(recovered.Batches);
        Assert.Equal(waiting.Tip, batches.Locate(waiting.Body.IdOf(0).Value)!.Value.Batch.Tip);
    }

    /// <summary>Forty heights as a node writes them, with what else its ledger keeps.</summary>
    /// <returns>A transaction of the third batch.</returns>
    private async Task<TxId> RunAsync(bool tampered)
    {
        TxId third = default;
        using NodeLogs logs = OpenLogs();
        var batches = new BatchStore(logs.ReadBatch);
        var machine = new OrderingMachine(_committee.Genesis, new P256Scheme());
        await using var ledger = new NodeLedger(_folder, _committee.Genesis, batches, NullLogger.Instance, e => throw e, logs.AppendNote);
        ledger.Start();
        for (byte number = 1; number <= 40; number++)
        {
            Batch batch = MakeBatch(number);
            if (number == 4) third = batch.Body.IdOf(0);
            logs.AppendBatch(batch, isAckable: true);
            // Seen here first, then in the blocks of two leaders.
            if (number == 15) ledger.PutEvidence(EvidenceAgainst(2));
            CommittedBlock block = NextBlock(batch.Tip, number is 20 or 25 ? new Payload(L1View.None, [EvidenceAgainst(2)]) : Payload.Empty);
            logs.AppendBlock(block);
            OrderingResult result = machine.Apply(block, batches);
            await ledger.OnOrderedAsync(new OrderedHeight(block, result), CancellationToken.None);
            ledger.PutProof(new ProofOfAvailability(batch.Tip, []));
            if (!result.IsSigned) continue;
            ledger.OnCertified(_committee.Certify(tampered ? result.Result with { EffectsRoot = Sha.Of([number]) } : result.Result));
        }

        ledger.PutExecution(new LedgerExecution(new NamespaceId(9), 1, new byte[] { 1, 2 }, IsCertified: false));
        ledger.PutExecution(new LedgerExecution(new NamespaceId(9), 1, new byte[] { 3 }, IsCertified: true));
        ledger.PutEvidence(EvidenceAgainst(3));
        return third;
    }

    private static Evidence EvidenceAgainst(ushort offender)
    {
        var one = new SignedStatement(SignedKind.ResultVote, new byte[] { 1 }, default);
        return new Evidence(EvidenceKind.TwoResults, Epoch.Zero, new ReplicaId(offender), one, one with { Content = new byte[] { 2 } });
    }

    private NodeLogs OpenLogs() => new(Configuration, e => throw e);

    private Batch MakeBatch(byte mark)
    {
        TestTransaction[] transactions = [Tx(5, Soon, mark), Tx(9, Soon, mark), Tx(66, Soon, mark)];
        byte[] bytes = new byte[transactions.Sum(t => t.RecordBytes)];
        int at = 0;
        foreach (TestTransaction t in transactions)
            at += BatchBody.WriteRecord(bytes.AsSpan(at), new NamespaceId(t.Namespace), t.ValidUntil, t.Payload);
        BatchBody body = BatchBody.Parse(bytes, transactions.Length);
        _previous = new BatchHeader(
            Lane, _previous?.Seq.Next() ?? BatchSeq.Zero, _previous?.Digest ?? default, BatchFlags.None, body.Count, bytes.Length,
            MerkleTree.RootOfLeafHashes(body.LeafHashes));
        return Batch.Create(_previous, Height.Zero, default, body);
    }

    private CommittedBlock NextBlock(LaneTip tip, Payload payload)
    {
        Height height = (_parent?.Height ?? Height.Zero).Next();
        var header = new Header(
            Epoch.Zero, new Slot(height.Value), height, new Slot(height.Value - 1), _parent?.Hash ?? _committee.Genesis.Hash,
            new TimestampMs(Start + (60 * height.Value)), HeaderFlags.None, payload.Commitment, [tip]);
        _parent = header;
        return new CommittedBlock(new Block(header, payload), header.Timestamp, null, [tip], [tip]);
    }
}
