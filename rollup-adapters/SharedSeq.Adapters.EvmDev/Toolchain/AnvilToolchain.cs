using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.EvmDev;

/// <summary>
/// Installs anvil from its npm platform package at the version and hash of config/toolchain, once per machine and
/// version, and finds the real binary: the package's Node wrapper would leave it orphaned when killed.
/// </summary>
public static class AnvilToolchain
{
    /// <summary>A cold install is one package of 43 MB; three minutes leave room for a slow line.</summary>
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromMinutes(3);

    private const string BinaryInPackages = "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil";
    private static readonly string[] Files = ["package.json", "package-lock.json"];

    /// <summary>
    /// Where it is installed unless said otherwise: the user's cache, so that data folders can be wiped without
    /// installing again.
    /// </summary>
    public static string DefaultDirectory
    {
        get
        {
            string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            if (string.IsNullOrEmpty(cache))
            {
                string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
                cache = home.Length == 0 ? Path.GetTempPath() : Path.Combine(home, ".cache");
            }

            return Path.Combine(cache, "sharedseq", "toolchain");
        }
    }

    /// <summary>
    /// Returns the path of the binary, installing it first when it is absent or of another version. Safe to call from
    /// many processes.
    /// </summary>
    /// <exception cref="ToolchainException">It can not be installed.</exception>
    public static async Task<string> ProvisionAsync(
        string? directory = null, TimeSpan? deadline = null, CancellationToken cancellation = default)
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.OSArchitecture != Architecture.X64)
            throw new ToolchainException(
                ToolchainFailure.UnsupportedPlatform, $"no anvil package for {RuntimeInformation.RuntimeIdentifier}");
        string folder = directory ?? DefaultDirectory;
        string binary = Path.Combine(folder, BinaryInPackages);
        string stamp = Stamp();
        if (IsInstalled(folder, binary, stamp)) return binary;

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(deadline ?? DefaultDeadline);
        try
        {
            Directory.CreateDirectory(folder);
            await using FileStream held = await HoldAsync(Path.Combine(folder, "install.lock"), limit.Token);
            if (IsInstalled(folder, binary, stamp)) return binary;
            await InstallAsync(folder, limit.Token);
            if (!File.Exists(binary))
                throw new ToolchainException(ToolchainFailure.InstallFailed, $"npm installed no {BinaryInPackages}");
            await File.WriteAllTextAsync(StampFile(folder), stamp, limit.Token);
            return binary;
        }
        catch (OperationCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new ToolchainException(ToolchainFailure.Timeout, "npm did not end in time", e);
        }
    }

    private static bool IsInstalled(string folder, string binary, string stamp) =>
        File.Exists(binary) && File.Exists(StampFile(folder)) && File.ReadAllText(StampFile(folder)) == stamp;

    private static string StampFile(string folder) => Path.Combine(folder, "installed");

    /// <summary>Identifies what is to be installed: a changed lock file installs again.</summary>
    private static string Stamp() => Sha.Of(Resource("package-lock.json")).ToString();

    private static byte[] Resource(string name)
    {
        using Stream stream = typeof(AnvilToolchain).Assembly.GetManifestResourceStream("toolchain/" + name)
            ?? throw new InvariantException($"the toolchain's {name} is part of this assembly");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>One process installs at a time; the others wait for it.</summary>
    private static async Task<FileStream> HoldAsync(string path, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException)
            {
                await Task.Delay(100, cancellation);
            }
        }
    }

    private static async Task InstallAsync(string folder, CancellationToken cancellation)
    {
        foreach (string file in Files)
            await File.WriteAllBytesAsync(Path.Combine(folder, file), Resource(file), cancellation);
        var start = new ProcessStartInfo(
            "npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        using Process npm = Start(start);
        var output = new BoundedOutput(4096);
        try
        {
            npm.StandardInput.Close();
            await Task.WhenAll(
                output.DrainAsync(npm.StandardOutput.BaseStream, cancellation), output.DrainAsync(
                    npm.StandardError.BaseStream, cancellation));
            await npm.WaitForExitAsync(cancellation);
        }
        finally
        {
            if (!npm.HasExited) npm.Kill(entireProcessTree: true);
        }

        if (npm.ExitCode != 0)
            throw new ToolchainException(ToolchainFailure.InstallFailed, $"npm ended with {npm.ExitCode}: {output}");
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new InvariantException("a new process was started");
        }
        catch (Win32Exception e)
        {
            throw new ToolchainException(
                ToolchainFailure.NpmMissing, "npm does not run: install Node.js 20 with npm", e);
        }
    }
}
