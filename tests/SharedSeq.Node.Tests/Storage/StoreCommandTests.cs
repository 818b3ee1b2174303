using SharedSeq.Cli;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>What the store command says of folders that are no store.</summary>
public sealed class StoreCommandTests
{
    [Fact]
    public async Task A_check_of_a_folder_without_logs_does_not_pass()
    {
        string folder = Path.Combine(Path.GetTempPath(), $"sharedseq-absent-{Guid.NewGuid():n}");
        Assert.Equal(ExitCode.Unusable, await StoreCommand.Create().Parse($"check --data {folder}").InvokeAsync());
        Assert.False(Directory.Exists(folder));
    }
}
