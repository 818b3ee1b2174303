using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using SharedSeq.Cli;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Network;

/// <summary>Starts that must not happen: each is refused with its reason, changes nothing, and works once its cause is gone.</summary>
[Collection("nodes")]
public sealed class RefusedStartTests : IAsyncLifetime
{
    private readonly TestNetwork _network = TestNetwork.Create(1);

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _network.DisposeAsync();

    [Fact]
    public async Task A_second_process_on_a_data_folder_is_refused_by_the_pid_of_the_first_which_goes_on()
    {
        TestNode first = await _network.StartAsync(0);
        await first.ReadyAsync();
        (int exit, string error) = await RunAsync("--set", "peers.listen=127.0.0.1:0", "--set", "rpc.listen=127.0.0.1:0");
        Assert.Equal(ExitCode.Unusable, exit);
        Assert.Contains("FolderInUse", error, StringComparison.Ordinal);
        Assert.Contains(Environment.ProcessId.ToString(CultureInfo.InvariantCulture), error, StringComparison.Ordinal);
        await first.CommitAsync();
    }

    [Theory]
    [InlineData("--set", "consensus.slotTimoutMs=300", "unknown configuration key")]
    [InlineData("--set", "genesisHash=0x1111111111111111111111111111111111111111111111111111111111111111", "expected 0x1111")]
    [InlineData("--set", "storage.retentionBytes=134217728", "RetentionBytes")]
    public async Task A_program_that_can_not_start_exits_with_2_and_one_line_that_says_why(string option, string value, string said)
    {
        (int exit, string error) = await RunAsync(option, value);
        Assert.Equal(ExitCode.Unusable, exit);
        Assert.Contains(said, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_port_in_use_is_refused_by_its_key_and_a_start_on_a_free_one_follows(bool isPeers)
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        string endpoint = taken.LocalEndpoint.ToString()!;
        NodeConfiguration free = _network.ConfigurationOf(0);
        NodeConfiguration clash = isPeers
            ? free with { Peers = free.Peers with { Listen = endpoint } }
            : free with { Rpc = free.Rpc with { Listen = endpoint } };
        ConfigurationException e = await Assert.ThrowsAsync<ConfigurationException>(() => _network.StartAsync(0, clash));
        Assert.Equal(ConfigurationRejection.PortInUse, e.Reason);
        Assert.Contains(isPeers ? "peers.listen" : "rpc.listen", e.Message, StringComparison.Ordinal);
        Assert.Contains(endpoint, e.Message, StringComparison.Ordinal);

        // Nothing of the refused start holds the folder or the other port.
        TestNode node = await _network.StartAsync(0, free);
        await node.ReadyAsync();
    }

    [Fact]
    public async Task Another_genesis_than_the_expected_one_is_refused()
    {
        NodeConfiguration other = _network.ConfigurationOf(0) with { GenesisHash = Sha.Of("another"u8).ToString() };
        Assert.Equal(ConfigurationRejection.WrongGenesis, (await RefusedAsync(other)).Reason);
    }

    [Fact]
    public async Task A_genesis_of_a_newer_protocol_version_is_refused()
    {
        string document = GenesisJson.Write(_network.Genesis);
        string newer = document.Replace("\"protocolVersion\": 1", "\"protocolVersion\": 2", StringComparison.Ordinal);
        Assert.NotEqual(document, newer);
        Assert.Equal(ConfigurationRejection.WrongVersion, (await RefusedAsync(_network.ConfigurationOf(0, newer))).Reason);
    }

    [Fact]
    public async Task A_network_of_which_this_operator_is_no_member_is_refused()
    {
        using P256PrivateKey vote = P256PrivateKey.Create();
        using P256PrivateKey node = P256PrivateKey.Create();
        string strangers = _network.GenesisWith(
            _network.Genesis.Policy, members: [new CommitteeMember(vote.PublicKey.Value, node.PublicKey.Value)]);
        Assert.Equal(ConfigurationRejection.NotAMember, (await RefusedAsync(_network.ConfigurationOf(0, strangers))).Reason);
    }

    [Fact]
    public async Task A_policy_whose_limits_can_not_hold_here_is_refused_by_their_names()
    {
        Policy policy = _network.Genesis.Policy;
        string hasty = _network.GenesisWith(policy with { FreshnessMs = 300, DedupSeconds = 1, ClockDriftMs = 1_000 });
        ConfigurationException e = await RefusedAsync(_network.ConfigurationOf(0, hasty));
        Assert.Equal(ConfigurationRejection.ImpossibleLimits, e.Reason);
        Assert.Contains(nameof(ProtocolLimits.FreshnessMs), e.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(ProtocolLimits.DedupSecondsMax), e.Message, StringComparison.Ordinal);

        // The same policy is fine where slots are quicker.
        NodeConfiguration read = _network.ConfigurationOf(0, _network.GenesisWith(policy with { FreshnessMs = 300 }));
        TestNode node = await _network.StartAsync(
            0, read with { Consensus = read.Consensus with { SlotTimeoutMs = 250, HeartbeatMs = 80 } });
        await node.ReadyAsync();
    }

    [Theory]
    [InlineData("votes", 0.0)]
    [InlineData("votes", 0.5)]
    [InlineData("batches", 0.0)]
    [InlineData("batches", 0.5)]
    public async Task A_damaged_log_is_refused_with_the_command_that_examines_it_and_nothing_in_it_is_lost(string log, double where)
    {
        TestNode node = await _network.StartAsync(0);
        await node.ReadyAsync();
        var ids = new List<string>();
        for (int i = 0; i < 20; i++) ids.Add(await node.CommitAsync());
        await _network.StopAsync(node);

        string folder = Path.Combine(_network.ConfigurationOf(0).DataDir, log);
        string segment = Directory.GetFiles(folder, "*.seg").Order(StringComparer.Ordinal).First();
        long at = UsedByteAt(segment, where);
        FaultyFileLayer.FlipBit(DiskFileLayer.Instance, segment, at, 3);
        StorageException e = await Assert.ThrowsAsync<StorageException>(() => _network.StartAsync(0));
        Assert.True(e.Reason is StorageRejection.Corrupted or StorageRejection.ForeignFile, $"{e.Reason}: {e.Message}");
        Assert.Contains("sharedseq store check --data", e.Message, StringComparison.Ordinal);

        FaultyFileLayer.FlipBit(DiskFileLayer.Instance, segment, at, 3);
        TestNode again = await _network.StartAsync(0);
        await again.ReadyAsync();
        foreach (string id in ids) await again.UntilOrderedAsync(id);
    }

    /// <summary>The first byte behind a part of what is used that is not zero: what pads headers and records is in no checksum.</summary>
    private static long UsedByteAt(string segment, double where)
    {
        byte[] bytes = File.ReadAllBytes(segment);
        int from = (int)(bytes.AsSpan().LastIndexOfAnyExcept((byte)0) * where) + 1;
        return from + bytes.AsSpan(from).IndexOfAnyExcept((byte)0);
    }

    private Task<ConfigurationException> RefusedAsync(NodeConfiguration configuration) =>
        Assert.ThrowsAsync<ConfigurationException>(() => _network.StartAsync(0, configuration));

    /// <summary>Runs the program on operator 0's configuration until it exits by itself.</summary>
    private async Task<(int Exit, string Error)> RunAsync(params string[] options)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.ArgumentList.Add(typeof(OperatorProcess).Assembly.Location);
        foreach (string argument in (string[])["node", "run", "--config", _network.ConfigFileOf(0), .. options]) start.ArgumentList.Add(argument);
        using Process process = Process.Start(start)!;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            string error = await process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, error);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            Assert.Fail("the program did not exit within 30 s");
            throw;
        }
    }
}
