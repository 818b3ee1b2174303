using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>What came of applying all heights of the logs.</summary>
/// <param name="Machine">The ordering machine after the last height.</param>
/// <param name="Epochs">How each epoch after the first began.</param>
/// <param name="DiffersAt">The first height whose certified result is not the one computed here; null when all agree.</param>
public sealed record RebuiltLedger(OrderingMachine Machine, IReadOnlyList<EpochStart> Epochs, Height? DiffersAt);

/// <summary>Makes a ledger from the logs and nothing else: the committed heights applied again, and the notes.</summary>
public static class LedgerRebuild
{
    /// <summary>Writes the ledger into a folder's ledger folder. The logs must have all heights from their beginning on.</summary>
    /// <param name="genesis">The network.</param>
    /// <param name="logs">The node's logs.</param>
    /// <param name="folder">Where the ledger's folder is made.</param>
    /// <param name="start">The checkpoint that the archive begins with, used up by this; null when it begins with the genesis.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="StorageException">The logs lack a height, or the ledger can not be written.</exception>
    public static async Task<RebuiltLedger> RunAsync(
        Genesis genesis, NodeLogs logs, string folder, CertifiedCheckpoint? start, CancellationToken cancellation)
    {
        if (start?.Height != logs.FirstBlock) start = null;
        if (start is null && logs.FirstBlock > new Height(1))
        {
            throw new StorageException(
                StorageRejection.Corrupted,
                $"heights below {logs.FirstBlock} are pruned here, and a rebuild needs them all: come back with new keys and an empty data folder, see "
                + "docs/OPERATIONS.md, An operator without data");
        }

        var batches = new BatchStore(logs.ReadBatch);
        OrderingMachine machine = start?.Machine ?? new OrderingMachine(genesis, new P256Scheme());
        var epochs = new List<EpochStart>(StartsOf(start));
        HandOver? own = start?.OwnHandOver;
        Exception? failed = null;
        await using (var ledger = new NodeLedger(folder, genesis, batches, NullLogger.Instance, e => failed = e))
        {
            ledger.Start();
            if (start is not null) ledger.PutHandOvers(start.HandOvers);
            if (own is not null) ledger.PutHandOvers([own]);
            while (machine.Height < logs.LastBlock)
            {
                CommittedBlock block = logs.ReadBlock(machine.Height.Next())
                    ?? throw new StorageException(StorageRejection.Corrupted, $"height {machine.Height.Next()} is missing in the batch log");
                await ledger.OnOrderedAsync(new OrderedHeight(block, machine.Apply(block, batches)), cancellation);
                if (EpochStart.After(machine, block.Block.Header.Hash) is { } next) epochs.Add(next);
            }

            foreach ((LedgerNote kind, ReadOnlyMemory<byte> bytes) in logs.Notes()) await ledger.TakeNoteAsync(kind, bytes, cancellation);
        }

        if (failed is not null) throw new StorageException(StorageRejection.WriteFailed, $"the ledger can not be written: {failed.Message}", inner: failed);
        using var written = new Ledger(NodeLedger.FolderOf(folder));
        return new RebuiltLedger(machine, epochs, FirstDifference(logs, written));
    }

    private static IReadOnlyList<EpochStart> StartsOf(CertifiedCheckpoint? start)
    {
        try
        {
            return start?.EpochStarts() ?? [];
        }
        catch (DecodeException e)
        {
            throw CheckpointFolder.Damaged(e);
        }
    }

    /// <summary>Certificates are what the network decided: a height computed otherwise here means that this program or these logs are wrong.</summary>
    private static Height? FirstDifference(NodeLogs logs, Ledger ledger)
    {
        Height? first = null;
        foreach ((LedgerNote kind, ReadOnlyMemory<byte> bytes) in logs.Notes())
        {
            if (kind != LedgerNote.Certificate) continue;
            var reader = new CanonicalReader(bytes.Span);
            BlockResult certified = ResultCertificate.Read(ref reader).Result;
            if (ledger.GetResult(certified.Height) is not { } own) continue;
            var result = new CanonicalReader(own);
            if (BlockResult.Read(ref result).Hash != certified.Hash && (first is null || certified.Height < first)) first = certified.Height;
        }

        return first;
    }
}
