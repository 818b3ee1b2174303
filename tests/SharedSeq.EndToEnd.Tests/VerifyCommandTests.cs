using System.Diagnostics;
using System.Text.Json;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Ordering;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.EndToEnd.Tests;

/// <summary>`sharedseq verify` as a user runs it, on proof files of every kind.</summary>
public sealed class VerifyCommandTests : IDisposable
{
    private readonly TestCommittee _committee = new(4, 7, 0, Opaque(5), Opaque(9, 1000), Opaque(12));
    private readonly string _folder = Directory.CreateTempSubdirectory("sharedseq-verify-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("transaction", "open transaction", "Transaction")]
    [InlineData("transaction", "rejection", "Rejection")]
    [InlineData("block", "block", "NamespaceBlock")]
    [InlineData("evidence", "two firsts", "Evidence")]
    public async Task A_proof_file_is_accepted_and_with_one_byte_flipped_refused_with_the_reason(string command, string sample, string kind)
    {
        string genesis = Path.Combine(_folder, "genesis.json"), path = Path.Combine(_folder, "proof.bin");
        await File.WriteAllTextAsync(genesis, GenesisJson.Write(_committee.Genesis));
        byte[] file = ProofFile.For(_committee.Genesis, ProofSamples.All(_committee)[sample]).ToArray();

        await File.WriteAllTextAsync(path, "0x" + Convert.ToHexStringLower(file));
        (int code, JsonElement verdict) = await VerifyAsync(command, path, genesis);
        Assert.Equal((0, true), (code, verdict.GetProperty("valid").GetBoolean()));
        Assert.Equal(kind, verdict.GetProperty("proof").GetProperty("kind").GetString());

        file[file.Length / 2] ^= 1;
        await File.WriteAllBytesAsync(path, file);
        (code, verdict) = await VerifyAsync(command, path, genesis);
        Assert.NotEqual(0, code);
        Assert.False(verdict.GetProperty("valid").GetBoolean());
        Assert.StartsWith("Damaged", verdict.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    private static async Task<(int Code, JsonElement Verdict)> VerifyAsync(string command, string file, string genesis)
    {
        string[] arguments = [Path.Combine(AppContext.BaseDirectory, "sharedseq.dll"), "verify", command, file, "--genesis", genesis, "--json"];
        using Process process = Process.Start(new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, JsonSerializer.Deserialize<JsonElement>(output));
    }
}
