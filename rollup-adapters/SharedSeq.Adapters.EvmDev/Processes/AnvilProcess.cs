using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.EvmDev;

/// <summary>
/// A running anvil on the loopback interface. Without a state file it keeps nothing on disk: started again, it is at
/// genesis and the adapter replays. It ends with this process, even when that is killed.
/// </summary>
public sealed class AnvilProcess : IAsyncDisposable
{
    private const int OutputBytesKept = 32 * 1024;

    /// <summary>Time to write the state file: a day of blocks takes some seconds.</summary>
    private static readonly TimeSpan SavePatience = TimeSpan.FromSeconds(20);

    private readonly BoundedOutput _output = new(OutputBytesKept);
    private readonly TaskCompletionSource<int> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Process?> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly AnvilOptions _options;

    private AnvilProcess(AnvilOptions options) => _options = options;

    public int Pid { get; private set; }

    /// <summary>The port it listens on: give it to the next start to keep the endpoint.</summary>
    public int Port { get; private set; }

    public Uri Endpoint => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{Port}"));

    /// <summary>Ends when the process has ended, for whatever reason.</summary>
    public Task Exited => _exited.Task;

    /// <summary>The last 32 KiB it printed.</summary>
    public string RecentOutput => _output.ToString();

    /// <summary>Starts anvil and waits until it answers for the right chain.</summary>
    /// <exception cref="AnvilException">It did not start or answer; nothing is left running.</exception>
    public static async Task<AnvilProcess> StartAsync(AnvilOptions options, CancellationToken cancellation = default)
    {
        if (!File.Exists(options.BinaryPath))
            throw new AnvilException(AnvilFailure.NotStartable, $"no binary at {options.BinaryPath}");
        var anvil = new AnvilProcess(options);
        try
        {
            // The kernel sends the death signal when the starting thread ends, so the thread that starts it stays for
            // as long as it runs.
            var keeper = new Thread(anvil.Keep) { IsBackground = true, Name = "anvil keeper" };
            keeper.Start();
            await anvil.WaitUntilReadyAsync(cancellation);
            return anvil;
        }
        catch
        {
            await anvil.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Kills the process by its id and waits for its end; one with a state file is asked first, and given time to write
    /// it.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (await _started.Task is not { } process) return;
        if (_options.StateFile is not null && _listening.Task.IsCompletedSuccessfully && await IsSavedAsync()) return;
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }

        await _exited.Task;
    }

    private async Task<bool> IsSavedAsync()
    {
        if (_exited.Task.IsCompleted) return true;
        string command = string.Create(CultureInfo.InvariantCulture, $"kill -TERM {Pid}");
        using (Process kill = Process.Start("/bin/sh", ["-c", command])) await kill.WaitForExitAsync();
        await Task.WhenAny(_exited.Task, Task.Delay(SavePatience));
        return _exited.Task.IsCompleted;
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellation)
    {
        try
        {
            Port = await _listening.Task.WaitAsync(_options.ReadyTimeout, cancellation);
            using var client = new EthereumRpcClient(
                new EthereumRpcOptions { Endpoint = Endpoint, Timeout = _options.ReadyTimeout });
            ulong chainId = await client.ChainIdAsync(cancellation);
            if (chainId != _options.ChainId)
                throw new AnvilException(
                    AnvilFailure.NotReady, $"port {Port} answers for chain {chainId}, not {_options.ChainId}");
        }
        catch (TimeoutException e)
        {
            throw new AnvilException(
                AnvilFailure.NotReady, $"no port after {_options.ReadyTimeout.TotalSeconds} s: {_output}", e);
        }
        catch (EthereumRpcException e)
        {
            throw new AnvilException(AnvilFailure.NotReady, $"it listens but does not answer: {_output}", e);
        }
    }

    private void Keep()
    {
        try
        {
            using Process process = Process.Start(StartInfo())
                ?? throw new InvariantException("a new process was started");
            Pid = process.Id;
            _started.TrySetResult(process);
            process.StandardInput.Close();
            process.ErrorDataReceived += (_, e) => _output.Append(Encoding.UTF8.GetBytes((e.Data ?? "") + "\n"));
            process.BeginErrorReadLine();
            ReadOutput(process.StandardOutput.BaseStream);
            process.WaitForExit();
            _listening.TrySetException(
                new AnvilException(AnvilFailure.Ended, $"anvil ended with {process.ExitCode}: {_output}"));
        }
        catch (Win32Exception e)
        {
            _listening.TrySetException(new AnvilException(AnvilFailure.NotStartable, e.Message, e));
        }
        finally
        {
            _started.TrySetResult(null);
            _exited.TrySetResult();
        }
    }

    private void ReadOutput(Stream stream)
    {
        byte[] buffer = new byte[4096];
        var head = new StringBuilder();
        int read;
        while ((read = stream.Read(buffer)) > 0)
        {
            _output.Append(buffer.AsSpan(0, read));
            if (_listening.Task.IsCompleted) continue;
            head.Append(Encoding.UTF8.GetString(buffer, 0, read));
            if (TryReadPort(head.ToString(), out int port)) _listening.TrySetResult(port);
        }
    }

    /// <summary>Finds the port in "Listening on 127.0.0.1:8545", once the line is complete.</summary>
    private static bool TryReadPort(string text, out int port)
    {
        port = 0;
        const string Mark = "Listening on ";
        int at = text.IndexOf(Mark, StringComparison.Ordinal);
        int end = at < 0 ? -1 : text.IndexOf('\n', at);
        if (end < 0) return false;
        string address = text[(at + Mark.Length)..end].Trim();
        return int.TryParse(
            address.AsSpan(address.LastIndexOf(':') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out port);
    }

    private ProcessStartInfo StartInfo()
    {
        // setsid: an interrupt typed at the terminal reaches this process only, which then ends anvil in order.
        // setpriv: the kernel ends anvil when the starting thread, and so this process, ends. Both replace themselves:
        // the pid is anvil's. It writes its state file when it is asked to end, not when it is killed.
        string signal = _options.StateFile is null ? "KILL" : "TERM";
        return new ProcessStartInfo(
            "setsid", ["setpriv", "--pdeathsig", signal, "--", _options.BinaryPath, .. Arguments()])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }

    private List<string> Arguments()
    {
        static string Text(ulong value) => value.ToString(CultureInfo.InvariantCulture);
        List<string> arguments =
        [
            "--host", "127.0.0.1", "--port", Text((ulong)_options.Port), "--chain-id", Text(_options.ChainId),
            "--gas-limit", Text(_options.GasLimit), "--prune-history", Text((ulong)_options.StatesKept),
            "--mnemonic", _options.Mnemonic, "--accounts", Text((ulong)_options.Accounts),
            "--balance", Text(_options.BalanceEther),
        ];
        if (_options.BlockSeconds > 0) arguments.AddRange(["--block-time", Text((ulong)_options.BlockSeconds)]);
        else arguments.AddRange(["--no-mining", "--order", "fifo", "--disable-pool-balance-checks"]);
        if (_options.GenesisTimestampSeconds is { } seconds) arguments.AddRange(["--timestamp", Text(seconds)]);
        if (_options.Hardfork is { } hardfork) arguments.AddRange(["--hardfork", hardfork]);
        if (_options.SlotsPerEpoch > 0)
            arguments.AddRange(["--slots-in-an-epoch", Text((ulong)_options.SlotsPerEpoch)]);
        if (_options.StateFile is { } state)
            arguments.AddRange(["--state", state, "--state-interval", Text((ulong)_options.StateSaveSeconds)]);
        if (_options.LoadFile is { } load)
            arguments.AddRange(["--load-state", load, "--preserve-historical-states"]);
        return arguments;
    }
}
