using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SharedSeq.Consensus;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Network;

/// <summary>What a start does with the snapshots it finds.</summary>
[Collection("nodes")]
public sealed class SnapshotStartTests : IAsyncLifetime
{
    private readonly TestNetwork _network = TestNetwork.Create(1);
    private string _folder = "";

    public Task InitializeAsync()
    {
        _folder = Path.Combine(_network.ConfigurationOf(0).DataDir, "snapshots");
        Directory.CreateDirectory(_folder);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _network.DisposeAsync();

    [Fact]
    public async Task What_a_crash_left_half_written_is_removed_through_the_nodes_file_layer()
    {
        string left = Path.Combine(_folder, $"{7:d20}.snapshot.part");
        await File.WriteAllBytesAsync(left, [1, 2, 3]);
        var faults = new StorageFaults { PathContains = ".snapshot.part", ReadOnly = true };
        var files = new FaultyFileLayer(DiskFileLayer.Instance, faults);
        StorageException e = await Assert.ThrowsAsync<StorageException>(() => _network.StartAsync(0, files: files));
        Assert.Equal(StorageRejection.ReadOnlyDisk, e.Reason);
        Assert.True(File.Exists(left));
        faults.ReadOnly = false;
        TestNode node = await _network.StartAsync(0, files: files);
        Assert.False(File.Exists(left));
        await node.ReadyAsync();
    }

    [Fact]
    public async Task A_whole_snapshot_that_can_not_be_started_from_is_logged_with_its_file_and_reason_and_the_start_goes_on()
    {
        string name = $"{7:d20}.snapshot";
        byte[] state = [0xFF];
        var writer = new CanonicalWriter(64);
        var hasher = new PieceHasher();
        hasher.Add(state);
        writer.Hash(hasher.Finish().Root);
        writer.Raw(state);
        await File.WriteAllBytesAsync(Path.Combine(_folder, name), writer.ToArray());
        using var log = new RecordingLog();
        using var loggers = LoggerFactory.Create(builder => builder.AddProvider(log));
        TestNode node = await _network.StartAsync(0, loggers: loggers);
        await node.ReadyAsync();
        string line = Assert.Single(log.Lines, item => item.Id == 1017).Text;
        Assert.Contains(name, line, StringComparison.Ordinal);
        Assert.Contains(nameof(DecodeRejection.Truncated), line, StringComparison.Ordinal);
    }

    private sealed class RecordingLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<(int Id, string Text)> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue((eventId.Id, formatter(state, exception)));

        public void Dispose()
        {
        }
    }
}
