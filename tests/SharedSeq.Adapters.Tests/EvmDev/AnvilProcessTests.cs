using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using SharedSeq.Adapters.EvmDev;
using SharedSeq.Ethereum;

namespace SharedSeq.Adapters.Tests.EvmDev;

public sealed class AnvilProcessTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task It_answers_for_its_chain_with_funded_accounts_and_ends_when_disposed()
    {
        AnvilOptions options = await Rollup.OptionsAsync();
        AnvilProcess anvil = await AnvilProcess.StartAsync(options with { Accounts = 3, BalanceEther = 7 });
        using (var client = new EthereumRpcClient(anvil.Endpoint))
        {
            Assert.Equal(7 * Rollup.Ether, await client.BalanceAsync(options.Account(2).Address));
            Assert.Equal(0, await client.BalanceAsync(options.Account(3).Address));
            EthereumBlock genesis = await client.LatestBlockAsync();
            Assert.Equal(
                (0UL, Rollup.GenesisSeconds, 30_000_000UL),
                (genesis.Number, genesis.TimestampSeconds, genesis.GasLimit));
        }

        Assert.Contains("Listening on", anvil.RecentOutput, StringComparison.Ordinal);
        Assert.Contains("anvil", await File.ReadAllTextAsync($"/proc/{anvil.Pid}/comm"), StringComparison.Ordinal);
        await anvil.DisposeAsync();
        Assert.True(anvil.Exited.IsCompleted);
        Assert.False(Directory.Exists($"/proc/{anvil.Pid}"));
        await anvil.DisposeAsync();
    }

    [Fact]
    public async Task Two_instances_have_one_genesis_and_another_time_gives_another()
    {
        await using Rollup first = await Rollup.StartAsync(), second = await Rollup.StartAsync();
        Assert.Equal(first.Session.Head, second.Session.Head);
        await using AnvilProcess other = await AnvilProcess.StartAsync(
            first.Options with { GenesisTimestampSeconds = 1 });
        using var client = new EthereumRpcClient(other.Endpoint);
        Assert.NotEqual(first.Session.Head.Hash, (await client.LatestBlockAsync()).Hash);
    }

    [Fact]
    public async Task A_port_in_use_a_missing_binary_and_a_binary_that_is_none_are_told()
    {
        AnvilOptions options = await Rollup.OptionsAsync();
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        AnvilException e = await Assert.ThrowsAsync<AnvilException>(
            () => AnvilProcess.StartAsync(options with { Port = port }));
        Assert.Equal(AnvilFailure.Ended, e.Failure);
        Assert.Contains("in use", e.Message, StringComparison.OrdinalIgnoreCase);

        e = await Assert.ThrowsAsync<AnvilException>(
            () => AnvilProcess.StartAsync(options with { BinaryPath = "/nowhere/anvil" }));
        Assert.Equal(AnvilFailure.NotStartable, e.Failure);
        e = await Assert.ThrowsAsync<AnvilException>(
            () => AnvilProcess.StartAsync(options with { BinaryPath = "/bin/true" }));
        Assert.Equal(AnvilFailure.Ended, e.Failure);
        e = await Assert.ThrowsAsync<AnvilException>(
            () => AnvilProcess.StartAsync(
                options with { BinaryPath = "/usr/bin/yes", ReadyTimeout = TimeSpan.FromMilliseconds(300) }));
        Assert.NotEqual(AnvilFailure.NotStartable, e.Failure);
    }

    [Fact]
    public async Task When_the_process_that_started_it_is_killed_it_dies_too()
    {
        AnvilOptions options = await Rollup.OptionsAsync();
        string own = typeof(AnvilProcessTests).Assembly.Location;
        var start = new ProcessStartInfo("dotnet", ["exec", own, "hold-anvil", options.BinaryPath])
        {
            RedirectStandardOutput = true,
        };
        using Process holder = Process.Start(start)!;
        string line = await holder.StandardOutput.ReadLineAsync().WaitAsync(Deadline)
            ?? throw new InvalidDataException("the holder ended");
        int[] pidAndPort = [.. line.Split(' ').Select(text => int.Parse(text, CultureInfo.InvariantCulture))];
        string name = await File.ReadAllTextAsync($"/proc/{pidAndPort[0]}/comm");
        Assert.Contains("anvil", name, StringComparison.Ordinal);
        using var connection = new TcpClient();
        await connection.ConnectAsync(IPAddress.Loopback, pidAndPort[1]);

        holder.Kill();

        await holder.WaitForExitAsync().WaitAsync(Deadline);
        await EndOfConnectionAsync(connection).WaitAsync(Deadline);
    }

    [Fact]
    public void Of_what_a_process_prints_the_end_is_kept()
    {
        var output = new BoundedOutput(10);
        output.Append("abc"u8);
        Assert.Equal("abc", output.ToString());
        output.Append("defghij"u8);
        Assert.Equal("abcdefghij", output.ToString());
        output.Append("k"u8);
        Assert.Equal("bcdefghijk", output.ToString());
        output.Append("0123456789ABCDEF"u8);
        Assert.Equal("6789ABCDEF", output.ToString());
        output.Append("xyz"u8);
        Assert.Equal("9ABCDEFxyz", output.ToString());
    }

    /// <summary>Ends when the other side closes the connection, as the kernel does for a process that dies.</summary>
    private static async Task EndOfConnectionAsync(TcpClient connection)
    {
        try
        {
            Assert.Equal(0, await connection.GetStream().ReadAsync(new byte[1]));
        }
        catch (IOException)
        {
            // Reset instead of closed: ended all the same.
        }
    }
}
