using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Node.Tests.Actors;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Node.Tests.Sync;

/// <summary>A checkpoint whose hand-overs are lost between getting and installing it, of an epoch whose committee is known all the same.</summary>
public sealed class CheckpointInstallTests : IDisposable
{
    private static readonly Policy Short = new() { EpochSeconds = 1, BoundaryLead = 4, CheckpointInterval = 2, ReceiptDeadlineHeights = 100 };

    private readonly string _folder = Directory.CreateTempSubdirectory("sharedseq-install-").FullName;
    private readonly TestCommittee _committee = new(Short, 4, 7, 0, Opaque(5));
    private readonly NodeEpochs _epochs;
    private readonly CheckpointFolder _checkpoints;
    private readonly CommittedBlock _block;

    public CheckpointInstallTests()
    {
        _epochs = _committee.NewEpochs();
        _checkpoints = new CheckpointFolder(_folder);
        var bench = new OrderingBench(_committee.Genesis);
        CommittedBlock block;
        OrderingResult result;
        ulong at = 1_100;
        do
        {
            block = bench.Height(Start + at++);
            result = bench.Machine.Apply(block, bench);
            if (EpochStart.After(bench.Machine, block.Block.Header.Hash) is { } next) _epochs.Add(next);
        }
        while (block.Block.Header.Epoch == Epoch.Zero || !result.IsCheckpoint);

        _block = block;
        byte[] content = [.. CheckpointContent.Write(bench.Machine.BeginSnapshot(), _ => null).SelectMany(piece => piece.ToArray())];
        var offer = new CheckpointOffer(_committee.Certify(result.Result), [block.Block], new PieceList(content.Length, [Sha.Of(content)]));
        using (IncomingCheckpoint incoming = _checkpoints.Begin(offer)) incoming.Write(0, content);
        _checkpoints.Accept();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task It_is_not_installed_and_the_archive_stays_as_it_was()
    {
        using NodeLogs logs = OpenLogs();
        await InstallAsync(logs);
        Assert.Equal(Height.Zero, logs.LastBlock);
        Assert.False(_checkpoints.HasNext);
    }

    [Fact]
    public async Task When_the_archive_begins_with_it_already_what_to_do_is_said_and_it_is_kept()
    {
        using NodeLogs logs = OpenLogs();
        logs.StartAt(_block, []);
        StorageException e = await Assert.ThrowsAsync<StorageException>(() => InstallAsync(logs));
        Assert.Equal(StorageRejection.Corrupted, e.Reason);
        Assert.Contains("restore the folder 'checkpoint'", e.Message, StringComparison.Ordinal);
        Assert.True(_checkpoints.HasNext);
    }

    [Fact]
    public async Task A_damaged_head_of_the_one_that_the_archive_begins_with_says_what_to_do()
    {
        _checkpoints.Installed();
        Assert.Equal(_block.Height, _checkpoints.BaseHeight());
        await File.WriteAllBytesAsync(Path.Combine(_folder, "checkpoint", "base"), [0, 0, 0, 200, 1, 2, 3]);
        StorageException e = Assert.Throws<StorageException>(() => _checkpoints.BaseHeight());
        Assert.Equal(StorageRejection.Corrupted, e.Reason);
        Assert.Contains("restore the folder 'checkpoint'", e.Message, StringComparison.Ordinal);
    }

    private Task InstallAsync(NodeLogs logs) => new CheckpointInstall(_committee.Genesis, _folder, _checkpoints, _epochs, NullLogger.Instance)
        .RunAsync(logs, new SnapshotFiles(Path.Combine(_folder, "snapshots")), CancellationToken.None);

    private NodeLogs OpenLogs() => new(
        new NodeConfiguration
        {
            DataDir = _folder,
            Storage = new StorageSection { VoteSegmentBytes = 1024 * 1024, BatchSegmentBytes = 2 * 1024 * 1024 },
        },
        e => throw e);
}
