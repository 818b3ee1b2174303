using SharedSeq.Cli;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>What the store command says of folders that are no store, and what it makes anew.</summary>
public sealed class StoreCommandTests
{
    [Fact]
    public async Task A_check_of_a_folder_without_logs_does_not_pass()
    {
        string folder = Path.Combine(Path.GetTempPath(), $"sharedseq-absent-{Guid.NewGuid():n}");
        Assert.Equal(ExitCode.Unusable, await StoreCommand.Create().Parse($"check --data {folder}").InvokeAsync());
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public void A_damaged_file_of_epochs_is_made_anew_when_those_kept_do_not_begin_with_the_first()
    {
        string folder = Directory.CreateTempSubdirectory("sharedseq-epochs-").FullName;
        try
        {
            File.WriteAllBytes(new EpochFile(folder).FilePath, [1, 2, 3]);
            EpochStart[] later = [.. new TestCommittee().Epochs(3).Skip(1).Select(
                item => new EpochStart(new BlockId(item.Boundary.Result.Height, item.Boundary.Result.BlockHash), new TimestampMs(9), item.Next))];
            StoreCommand.WriteEpochs(folder, later);
            Assert.Equal([new Epoch(2), new Epoch(3)], new EpochFile(folder).Read().Select(start => start.Epoch));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
