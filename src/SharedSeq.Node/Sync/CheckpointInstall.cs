using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Client;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// Makes the archive begin with a checkpoint that state sync got, before anything else of a start. Every step may be done twice: what a crash interrupts
/// is done again by the next start, because the checkpoint stays the next one until all is done. The vote log, own batches and acked batches are left
/// as they are: what this node said goes on binding it.
/// </summary>
/// <param name="genesis">The network.</param>
/// <param name="dataFolder">The node's data folder.</param>
/// <param name="folder">Where checkpoints are kept.</param>
/// <param name="epochs">The committees that are known.</param>
/// <param name="logger">For the node's log.</param>
public sealed class CheckpointInstall(
    Genesis genesis, string dataFolder, CheckpointFolder folder, NodeEpochs epochs, ILogger logger)
{
    /// <summary>Installs what waits to be, if it is still ahead.</summary>
    /// <exception cref="Storage.StorageException">A log or the disk fails, or the checkpoint is damaged and the archive begins with it already.</exception>
    public async Task RunAsync(NodeLogs logs, SnapshotFiles snapshots, CancellationToken cancellation)
    {
        folder.DropIncoming();
        folder.HandOvers.DropPart();
        if (ReadNext(logs.FirstBlock) is not ({ } next, { } starts)) return;
        if (logs.LastBlock > next.Height)
        {
            folder.DropNext();
            return;
        }

        Height former = logs.LastBlock;
        logs.StartAt(next.Block, next.Content.Batches);
        epochs.StartAt(starts);
        snapshots.Clear();
        await WriteLedgerAsync(logs, next, cancellation);
        folder.Installed();
        logger.SyncInstalled(next.Height, next.Offer.Pieces.Size, former);
    }

    /// <summary>All of it is read, with what leads to it, before anything is changed.</summary>
    private (CertifiedCheckpoint Next, IReadOnlyList<EpochStart> Starts)? ReadNext(Height firstBlock)
    {
        try
        {
            return folder.ReadNext(genesis, new P256Scheme(), epochs.IsCertified) is { } next ? (next, next.EpochStarts()) : null;
        }
        catch (DecodeException e)
        {
            // A crash interrupted its installation: without it the archive begins with nothing.
            if (IsBegun(firstBlock)) throw CheckpointFolder.Damaged(e);
            logger.SyncNotInstalled(dataFolder, e.Message);
            folder.DropNext();
            return null;
        }
    }

    private bool IsBegun(Height firstBlock)
    {
        try
        {
            return folder.NextHeight() == firstBlock;
        }
        catch (DecodeException)
        {
            return false;
        }
    }

    /// <summary>A ledger that begins above the checkpoint, with what the batch log notes besides the heights.</summary>
    private async Task WriteLedgerAsync(NodeLogs logs, CertifiedCheckpoint next, CancellationToken cancellation)
    {
        string old = NodeLedger.FolderOf(dataFolder);
        if (Directory.Exists(old)) Directory.Delete(old, recursive: true);
        var batches = new BatchStore(logs.ReadBatch);
        Exception? failed = null;
        await using (var ledger = new NodeLedger(dataFolder, genesis, batches, NullLogger.Instance, e => failed = e, logs.AppendNote))
        {
            ledger.Start();
            foreach ((LedgerNote kind, ReadOnlyMemory<byte> bytes) in logs.Notes()) await ledger.TakeNoteAsync(kind, bytes, cancellation);
            ledger.PutHandOvers(next.HandOvers);
            if (next.OwnHandOver is { } own) ledger.PutHandOvers([own]);
            ledger.OnCertified(next.Offer.Certificate);
        }

        if (failed is not null)
            throw new Storage.StorageException(Storage.StorageRejection.WriteFailed, $"the ledger can not be written: {failed.Message}", inner: failed);
    }
}
