using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>A file that gives fewer bytes than it says it has is damaged to all who read it as a whole.</summary>
public sealed class WholeFileTests
{
    private const string Folder = "/data";
    private readonly SimulatedFileLayer _disk = new();
    private readonly TestCommittee _committee = new();

    public WholeFileTests() => _disk.CreateFolder(Folder);

    [Fact]
    public void A_file_that_is_whole_is_read_and_one_that_ends_early_is_refused()
    {
        FileReplacement.Write(_disk, Folder + "/some", [1, 2, 3]);
        Assert.Equal([1, 2, 3], WholeFile.ReadAll(_disk, Folder + "/some"));
        StorageException e = Assert.Throws<StorageException>(() => WholeFile.ReadAll(new EarlyEnds(_disk), Folder + "/some"));
        Assert.Equal(StorageRejection.ReadFailed, e.Reason);
        Assert.Contains("gives 2 of its 3 bytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Epochs_that_end_early_are_damaged()
    {
        var plan = new CommitteePlan(new Epoch(1), _committee.Genesis.Quorum, _committee.Genesis.Members);
        new EpochFile(Folder, _disk).Write([new EpochStart(new BlockId(new Height(9), Sha.Of([9])), default, plan)]);
        Assert.Single(new EpochFile(Folder, _disk).Read());
        StorageException e = Assert.Throws<StorageException>(() => new EpochFile(Folder, new EarlyEnds(_disk)).Read());
        Assert.Equal(StorageRejection.Corrupted, e.Reason);
    }

    [Fact]
    public void A_divergence_that_ends_early_is_no_reason_to_believe_this_node()
    {
        FileReplacement.Write(_disk, Folder + "/diverged", new byte[400]);
        Assert.Throws<ConfigurationException>(() => new DivergenceFile(Folder, new EarlyEnds(_disk)).Read());
    }

    [Fact]
    public void A_checkpoint_that_ends_early_is_not_opened()
    {
        _disk.CreateFolder(Folder + "/checkpoint");
        FileReplacement.Write(_disk, Folder + "/checkpoint/next", new byte[400]);
        DecodeException e = Assert.Throws<DecodeException>(
            () => new CheckpointFolder(Folder, new EarlyEnds(_disk)).ReadNext(_committee.Genesis, new SharedSeq.Client.P256Scheme(), _ => true));
        Assert.Equal(DecodeRejection.Truncated, e.Reason);
    }

    /// <summary>Each file ends one byte before its end.</summary>
    private sealed class EarlyEnds(IFileLayer disk) : IFileLayer
    {
        public IStorageFile Open(string path, FileOpening opening) => new EarlyEnd(disk.Open(path, opening));

        public bool Exists(string path) => disk.Exists(path);

        public IReadOnlyList<string> Names(string folder) => disk.Names(folder);

        public void CreateFolder(string folder) => disk.CreateFolder(folder);

        public void Rename(string from, string to) => disk.Rename(from, to);

        public void Delete(string path) => disk.Delete(path);

        public void SyncFolder(string folder) => disk.SyncFolder(folder);

        public IDisposable? TryLock(string path) => disk.TryLock(path);
    }

    private sealed class EarlyEnd(IStorageFile file) : IStorageFile
    {
        public long Length => file.Length;

        public int Read(Span<byte> target, long offset) =>
            file.Read(target[..(int)long.Min(target.Length, long.Max(0, file.Length - 1 - offset))], offset);

        public void Write(ReadOnlySpan<byte> bytes, long offset) => file.Write(bytes, offset);

        public void Sync() => file.Sync();

        public void SetLength(long length) => file.SetLength(length);

        public void Allocate(long length) => file.Allocate(length);

        public void Forget(long offset, long length) => file.Forget(offset, length);

        public void Dispose() => file.Dispose();
    }
}
