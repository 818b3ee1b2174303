using System.Diagnostics;
using SharedSeq.Adapters.EvmDev;

namespace SharedSeq.Adapters.Tests.EvmDev;

public sealed class AnvilToolchainTests
{
    [Fact]
    public async Task Concurrent_installs_give_one_working_binary_and_a_damaged_one_is_installed_again()
    {
        string folder = Directory.CreateTempSubdirectory("sharedseq-toolchain-").FullName;
        try
        {
            string[] paths = await Task.WhenAll(
                AnvilToolchain.ProvisionAsync(folder), AnvilToolchain.ProvisionAsync(folder));
            Assert.Equal(paths[0], paths[1]);
            Assert.Contains("1.7.1", await VersionAsync(paths[0]), StringComparison.Ordinal);

            File.Delete(paths[0]);
            Assert.Equal(paths[0], await AnvilToolchain.ProvisionAsync(folder));
            Assert.Contains("1.7.1", await VersionAsync(paths[0]), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Time_that_is_too_short_is_told()
    {
        string folder = Directory.CreateTempSubdirectory("sharedseq-toolchain-").FullName;
        try
        {
            ToolchainException e = await Assert.ThrowsAsync<ToolchainException>(
                () => AnvilToolchain.ProvisionAsync(folder, TimeSpan.FromMilliseconds(1)));
            Assert.Equal(ToolchainFailure.Timeout, e.Failure);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<string> VersionAsync(string binary)
    {
        using Process process = Process.Start(
            new ProcessStartInfo(binary, ["--version"]) { RedirectStandardOutput = true })!;
        string text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return text;
    }
}
