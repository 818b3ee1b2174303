using SharedSeq.Cli;

namespace SharedSeq.Node.Tests.Network;

/// <summary>What a devnet must not remove: folders of others, and one that another devnet uses.</summary>
public sealed class DevnetFolderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sharedseq-devnet-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("genesis.json")]
    [InlineData("holiday.jpg")]
    public void A_folder_that_is_no_devnet_is_not_removed(string file)
    {
        string path = Path.Combine(_folder, file);
        File.WriteAllText(path, "{}");
        Assert.Throws<ConfigurationException>(() => DevnetFolder.OpenOrCreate(Options()));
        Assert.True(File.Exists(path));
    }

    [Fact]
    public async Task A_folder_in_which_a_devnet_runs_is_left_alone()
    {
        _ = DevnetFolder.OpenOrCreate(Options());
        string state = Path.Combine(_folder, "devnet.json");
        File.WriteAllText(state, "{}");
        await using var running = new FileStream(Path.Combine(_folder, "devnet.lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        CommandException e = await Assert.ThrowsAsync<CommandException>(() => new DevnetRunner(Options()).RunAsync(CancellationToken.None));
        Assert.Contains(_folder, e.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(state));
    }

    private DevnetOptions Options() => new() { DataFolder = _folder, IsFresh = true, Operators = 4, Rollups = 0 };
}
