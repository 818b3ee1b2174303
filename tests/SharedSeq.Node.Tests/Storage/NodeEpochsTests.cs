using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>What a node keeps of the epochs, and finds again after a restart.</summary>
public sealed class NodeEpochsTests : IDisposable
{
    private const uint Lead = 20;
    private const uint Deadline = 30;
    private static readonly Policy Terms = new() { EpochSeconds = 1, BoundaryLead = Lead, CheckpointInterval = 10, ReceiptDeadlineHeights = Deadline };
    private readonly string _folder = Directory.CreateTempSubdirectory("sharedseq-epochs-").FullName;
    private readonly CommitteeMember[] _members = [.. Enumerable.Range(0, 4).Select(Member)];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void An_epoch_is_on_disk_before_it_can_be_entered_and_found_again()
    {
        NodeEpochs epochs = Open();
        EpochStart first = StartOf(1, 100);
        Assert.Throws<InvariantException>(() => epochs.Next(epochs.Present.Committee, first.Genesis));
        Assert.Equal(new ReplicaId(2), epochs.Add(first).Self);
        Assert.Equal(first.Plan.Hash, Assert.Single(File().Read()).Plan.Hash);
        Assert.Equal(new Epoch(1), epochs.Next(epochs.Present.Committee, first.Genesis).Committee.Epoch);
        Assert.Equal(Epoch.Zero, epochs.Present.Epoch);
        Assert.Equal(new Epoch(1), epochs.Enter(new Epoch(1)).Epoch);

        NodeEpochs again = Open();
        EpochHistory inside = again.Recover(TipAt(99), Epoch.Zero, new Height(100));
        Assert.Equal((Epoch.Zero, new Height(100)), (again.Present.Epoch, again.Boundary));
        Assert.Equal(Epoch.Zero, inside.Seat.Committee.Epoch);
        EpochHistory at = again.Recover(TipAt(100), Epoch.Zero, new Height(100));
        Assert.Equal((new Epoch(1), Slot.Zero, (Height?)null), (again.Present.Epoch, at.Delivered.Slot, at.Delivered.Epoch.Boundary));
        Assert.Equal(new Height(100), Assert.Single(at.Closed).Boundary);
        EpochHistory after = again.Recover(TipAt(100 + Deadline), new Epoch(1), null);
        Assert.Empty(after.Closed);
        Assert.Equal(first.Genesis.Hash, after.Seat.Committee.EpochGenesis);
    }

    [Fact]
    public void Lanes_of_an_ended_epoch_are_open_for_the_receipt_deadline_and_gone_when_nothing_of_them_can_wait_any_more()
    {
        NodeEpochs epochs = Open();
        EpochStart first = StartOf(1, 100);
        Assert.True(epochs.IsOpen(Epoch.Zero, new Height(1_000)));
        Assert.False(epochs.IsOpen(new Epoch(1), new Height(1)));
        epochs.Add(first);
        Assert.True(epochs.IsOpen(Epoch.Zero, new Height(100 + Deadline - 1)));
        Assert.False(epochs.IsOpen(Epoch.Zero, new Height(100 + Deadline)));
        ulong late = first.Timestamp.Value + (3 * 1_000UL * Terms.DedupSeconds);
        Assert.False(epochs.IsGone(Epoch.Zero, new Height(100 + Deadline), first.Timestamp));
        Assert.False(epochs.IsGone(Epoch.Zero, new Height(100), new TimestampMs(late)));
        Assert.True(epochs.IsGone(Epoch.Zero, new Height(100 + Deadline), new TimestampMs(late)));
        Assert.False(epochs.IsGone(new Epoch(1), new Height(1_000), new TimestampMs(late)));
    }

    [Fact]
    public void The_newest_epochs_are_kept_and_older_ones_are_known_no_more()
    {
        NodeEpochs epochs = Open();
        for (uint i = 1; i <= EpochFile.Kept + 5; i++) epochs.Add(StartOf(i, 100 * i));
        foreach (NodeEpochs known in (NodeEpochs[])[epochs, Open()])
        {
            Assert.Equal(new Epoch(EpochFile.Kept + 5), known.Newest.Epoch);
            Assert.Null(known.Of(new Epoch(5)));
            Assert.Equal(new Height(600), known.Of(new Epoch(6))!.Genesis.Height);
            Assert.Null(known.Of(known.Newest.Epoch.Next()));
            Assert.True(known.IsGone(Epoch.Zero, new Height(1), default));
        }
    }

    [Fact]
    public void A_file_that_is_damaged_or_missing_is_refused_with_the_command_that_makes_it_anew()
    {
        NodeEpochs epochs = Open();
        epochs.Add(StartOf(1, 100));
        byte[] bytes = System.IO.File.ReadAllBytes(File().FilePath);
        for (int i = 0; i < bytes.Length; i += 37)
        {
            byte[] damaged = [.. bytes];
            damaged[i] ^= 1;
            System.IO.File.WriteAllBytes(File().FilePath, damaged);
            StorageException e = Assert.Throws<StorageException>(Open);
            Assert.Equal(StorageRejection.Corrupted, e.Reason);
            Assert.Contains("store rebuild", e.Message, StringComparison.Ordinal);
        }

        System.IO.File.Delete(File().FilePath);
        StorageException missing = Assert.Throws<StorageException>(() => Open().Recover(TipAt(101), new Epoch(1), null));
        Assert.Contains("store rebuild", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_in_a_sector_that_can_not_be_read_is_refused_with_the_command_that_makes_it_anew()
    {
        var files = new SimulatedFileLayer();
        var file = new EpochFile("/data", files);
        file.Write([StartOf(1, 100)]);
        files.Spoil(file.FilePath, 0, isReadable: false);
        StorageException e = Assert.Throws<StorageException>(file.Read);
        Assert.Equal(StorageRejection.Corrupted, e.Reason);
        Assert.Contains("store rebuild", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_epoch_that_can_not_be_written_is_not_known()
    {
        var faults = new StorageFaults { PathContains = "epochs", ReadOnly = true };
        var epochs = new NodeEpochs(Genesis(), new P256Scheme(), Seat, _ => null, new EpochFile(_folder, new FaultyFileLayer(DiskFileLayer.Instance, faults)));
        Assert.Throws<StorageException>(() => epochs.Add(StartOf(1, 100)));
        Assert.Null(epochs.Of(new Epoch(1)));
    }

    [Fact]
    public async Task Whoever_looks_epochs_up_does_not_wait_for_the_disk_that_takes_a_new_one()
    {
        using var disk = new WaitingFiles();
        var epochs = new NodeEpochs(Genesis(), new P256Scheme(), Seat, _ => null, new EpochFile("/data", disk));
        epochs.SetBoundary(Epoch.Zero, new Height(100));
        Task<EpochPart> adding = Task.Run(() => epochs.Add(StartOf(1, 100)));
        await disk.Asked.Task.WaitAsync(TimeSpan.FromSeconds(30));

        // None of these would come back while the file is written, and none of them knows the epoch before it is.
        Assert.Equal(new Height(100), epochs.Boundary);
        Assert.Null(epochs.Of(new Epoch(1)));
        Assert.Equal((Epoch.Zero, Epoch.Zero), (epochs.Newest.Epoch, epochs.Enter(Epoch.Zero).Epoch));
        epochs.SetBoundary(Epoch.Zero, new Height(100));
        Assert.False(adding.IsCompleted);
        disk.Go.Set();
        Assert.Equal(new Epoch(1), (await adding).Epoch);
        Assert.Equal(new Epoch(1), epochs.Newest.Epoch);
    }

    [Fact]
    public void An_archive_that_begins_with_a_checkpoint_of_a_later_epoch_begins_with_the_epochs_before_it()
    {
        NodeEpochs epochs = Open();
        EpochStart own = StartOf(1, 100);
        epochs.Add(own);
        EpochStart[] led = [.. Enumerable.Range(1, 7).Select(i => StartOf((ulong)i, 100UL * (ulong)i) with { Timestamp = TimeOf(700) })];
        epochs.StartAt(led);
        epochs.StartAt(led);
        foreach (NodeEpochs known in (NodeEpochs[])[epochs, Open()])
        {
            // What it saw itself stays.
            Assert.Equal((own.Timestamp, TimeOf(700)), (known.Of(new Epoch(1))!.Start, known.Of(new Epoch(2))!.Start));
            EpochHistory history = known.Recover(TipAt(750), new Epoch(7), null);
            Assert.Equal((new Epoch(7), new Epoch(7)), (known.Present.Epoch, known.Newest.Epoch));
            Assert.Equal(new Epoch(6), known.Of(new Epoch(6))!.Epoch);
            Assert.Equal(new Height(700), known.BoundaryOf(new Epoch(6)));
            Assert.Empty(history.Closed);
            Assert.Equal(new Epoch(8), known.Add(StartOf(8, 800)).Epoch);
        }

        // So far later that nothing joins: the first epoch is known no more.
        EpochStart[] far = [.. Enumerable.Range(200, EpochFile.Kept).Select(i => StartOf((ulong)i, 100UL * (ulong)i))];
        epochs.StartAt(far);
        epochs.StartAt([]);
        Assert.Null(epochs.Of(new Epoch(8)));
        Assert.Null(epochs.Of(Epoch.Zero));
        Assert.Equal((new Epoch(200), new Epoch(327)), (epochs.Of(new Epoch(200))!.Epoch, epochs.Newest.Epoch));
        Assert.Equal(far.Select(start => start.Epoch), File().Read().Select(start => start.Epoch));
    }

    [Fact]
    public void Where_members_were_reached_is_kept_with_the_epoch()
    {
        SeatPlace[] places = [new(new OperatorId(0), ""), new(null, ""), new(new OperatorId(7), "example.org:7700"), new(new OperatorId(2), "")];
        Open().Add(StartOf(1, 100) with { Places = places });
        Assert.Equal(places, Open().Newest.Places);
        var writer = new CanonicalWriter(512);
        (StartOf(1, 100) with { Places = places[..3] }).Write(writer);
        Assert.Throws<DecodeException>(() =>
        {
            var reader = new CanonicalReader(writer.Written);
            EpochStart.Read(ref reader);
        });
    }

    /// <summary>A disk on which a new file is made when <see cref="Go"/> is set.</summary>
    private sealed class WaitingFiles : IFileLayer, IDisposable
    {
        private readonly SimulatedFileLayer _files = new();

        public TaskCompletionSource Asked { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ManualResetEventSlim Go { get; } = new();

        public IStorageFile Open(string path, FileOpening opening)
        {
            if (opening == FileOpening.Create)
            {
                Asked.TrySetResult();
                Assert.True(Go.Wait(TimeSpan.FromSeconds(30)), "the test did not let the disk go on within 30 s");
            }

            return _files.Open(path, opening);
        }

        public bool Exists(string path) => _files.Exists(path);

        public IReadOnlyList<string> Names(string folder) => _files.Names(folder);

        public void CreateFolder(string folder) => _files.CreateFolder(folder);

        public void Rename(string from, string to) => _files.Rename(from, to);

        public void Delete(string path) => _files.Delete(path);

        public void SyncFolder(string folder) => _files.SyncFolder(folder);

        public IDisposable? TryLock(string path) => _files.TryLock(path);

        public void Dispose() => Go.Dispose();
    }

    private static CommitteeMember Member(int index)
    {
        using P256PrivateKey vote = P256PrivateKey.Import(Sha.Of([(byte)index, 1]).ToArray());
        using P256PrivateKey node = P256PrivateKey.Import(Sha.Of([(byte)index, 2]).ToArray());
        return new CommitteeMember(vote.PublicKey.Value, node.PublicKey.Value);
    }

    private static DeliveredTip TipAt(ulong height) => new(IdOf(height), new Slot(height), TimeOf(height), []);

    private static BlockId IdOf(ulong height) => new(new Height(height), Sha.Of([(byte)height]));

    private static TimestampMs TimeOf(ulong height) => new(1_000_000 + (height * 10));

    private ReplicaId? Seat(Committee committee)
    {
        for (int i = 0; i < committee.Count; i++)
        {
            if (committee[new ReplicaId((ushort)i)] == _members[2]) return new ReplicaId((ushort)i);
        }

        return null;
    }

    private EpochFile File() => new(_folder);

    private NodeEpochs Open() => new(Genesis(), new P256Scheme(), Seat, _ => null, File());

    private Genesis Genesis() => Ordering.Genesis.Create(
        new ChainId(7), new TimestampMs(1_000_000), QuorumParameters.ForMembers(4), _members, Terms, []);

    private EpochStart StartOf(ulong epoch, ulong boundary) => new(
        IdOf(boundary), TimeOf(boundary), new CommitteePlan(new Epoch(epoch), QuorumParameters.ForMembers(4), _members));
}
