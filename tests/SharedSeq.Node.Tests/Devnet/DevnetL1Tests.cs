using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using SharedSeq.Adapters.EvmDev;
using SharedSeq.Cli;
using SharedSeq.Client;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Devnet;

/// <summary>The devnet's L1 as a whole: other chains, reorganisations, subscriptions, restarts, and who may give it orders.</summary>
public sealed class DevnetL1Tests(L1Fixture l1) : IClassFixture<L1Fixture>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Providers_on_a_fork_of_one_depth_show_one_other_chain_that_left_this_one_there()
    {
        await l1.FaultsAsync("fork:3", "fork:3");
        ulong head = await l1.L1.Client.BlockNumberAsync();
        EthereumBlock truth = (await l1.L1.Client.BlockAsync(head))!;
        EthereumBlock one = (await l1.Provider(1).BlockAsync(head))!;
        Assert.Equal(one.Hash, (await l1.Provider(2).BlockAsync(head))!.Hash);
        Assert.NotEqual(truth.Hash, one.Hash);
        Assert.Equal(truth.Hash, (await l1.Provider(3).BlockAsync(head))!.Hash);
        Assert.Equal(one.Hash.ToString(), L1HeaderLies.HashOf(await L1Fixture.HeaderAsync(l1.Provider(1), one.Hash.ToString())));
        Assert.Equal((await l1.L1.Client.BlockAsync(head - 3))!.Hash, (await l1.Provider(1).BlockAsync(head - 3))!.Hash);
        Assert.NotEqual((await l1.L1.Client.BlockAsync(head - 2))!.Hash, (await l1.Provider(1).BlockAsync(head - 2))!.Hash);
        Assert.Equal(DevnetL1.ChainId, await l1.Provider(1).ChainIdAsync());

        await l1.FaultsAsync("none");
        Assert.Equal(truth.Hash, (await l1.Provider(1).BlockAsync(head))!.Hash);
    }

    [Fact]
    public async Task A_reorganisation_gives_all_providers_other_blocks_of_the_same_numbers()
    {
        await l1.FaultsAsync("none");
        await l1.MineAsync(4);
        ulong head = await l1.L1.Client.BlockNumberAsync();
        EthereumBlock[] before = await Task.WhenAll(Enumerable.Range(1, 3).Select(async number => (await l1.Provider(number).BlockAsync(head))!));
        Hash32 kept = (await l1.Provider(1).BlockAsync(head - 3))!.Hash;
        await l1.L1.ReorgAsync(3, CancellationToken.None);
        for (int number = 1; number <= 3; number++)
        {
            Assert.NotEqual(before[number - 1].Hash, (await l1.Provider(number).BlockAsync(head))!.Hash);
            Assert.Equal(kept, (await l1.Provider(number).BlockAsync(head - 3))!.Hash);
        }
    }

    [Fact]
    public async Task Whoever_subscribes_is_told_what_the_provider_answers_and_of_its_end()
    {
        await l1.FaultsAsync("wrong-hash");
        using var limit = new CancellationTokenSource(Deadline);
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(l1.L1.Providers[0].Proxy.SocketEndpoint, limit.Token);
        var messages = new MessageReader(socket, 1 << 20, 4_096);
        Assert.NotNull((await CallAsync(socket, messages, "eth_subscribe", "newHeads", limit.Token))["result"]);
        Assert.Equal("0x2328", (string?)(await CallAsync(socket, messages, "eth_chainId", null, limit.Token))["result"]);

        // The feed begins after the first look: blocks are mined until one is told of.
        Task<bool> told = messages.ReadAsync(limit.Token).AsTask();
        await UntilAsync(told, limit.Token);
        Assert.True(await told);
        JsonObject head = JsonNode.Parse(messages.Message.Span)!["params"]!["result"]!.AsObject();
        JsonObject block = await L1Fixture.HeaderAsync(l1.Provider(1), (string)head["number"]!);
        Assert.Equal((string?)block["hash"], (string?)head["hash"]);
        Assert.NotEqual((string?)(await L1Fixture.HeaderAsync(l1.L1.Client, (string)head["number"]!))["hash"], (string?)head["hash"]);

        await l1.FaultsAsync("down");
        await Assert.ThrowsAsync<WebSocketException>(async () =>
        {
            while (await messages.ReadAsync(limit.Token)) Assert.False(limit.IsCancellationRequested);
        });
    }

    [Fact]
    public async Task The_chain_and_the_ports_are_the_same_after_a_restart_and_others_in_another_folder()
    {
        string folder = Directory.CreateTempSubdirectory("sharedseq-l1-").FullName;
        try
        {
            L1Place place = L1Place.OpenOrCreate(folder);
            Hash32 hash;
            ulong number;
            await using (DevnetL1 first = await DevnetL1.StartAsync(place, CancellationToken.None))
            {
                await first.Client.CallAsync(new EthereumCall("anvil_setBalance", "0x00000000000000000000000000000000000000aa", "0x7"));
                await first.Client.CallAsync(new EthereumCall("anvil_mine", "0x5"));
                EthereumBlock head = await first.Client.LatestBlockAsync();
                (hash, number) = (head.Hash, head.Number);
            }

            Assert.Equivalent(place, L1Place.OpenOrCreate(folder));
            await using DevnetL1 second = await DevnetL1.StartAsync(place, CancellationToken.None);
            Assert.Equal(place.ProviderOf(2), second.Providers[1].Proxy.Endpoint);
            using var provider = new EthereumRpcClient(place.ProviderOf(2));
            Assert.Equal(hash, (await provider.BlockAsync(number))!.Hash);
            Assert.True(EvmAddress.TryParse("0x00000000000000000000000000000000000000aa", out EvmAddress rich));
            Assert.Equal(7, await provider.BalanceAsync(rich));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task A_damaged_state_is_told_with_what_to_do()
    {
        string folder = Directory.CreateTempSubdirectory("sharedseq-l1-").FullName;
        try
        {
            L1Place place = L1Place.OpenOrCreate(folder);
            await File.WriteAllTextAsync(place.StateFile, "{\"block\":");
            AnvilException e = await Assert.ThrowsAsync<AnvilException>(() => DevnetL1.StartAsync(place, CancellationToken.None));
            Assert.Contains("--fresh", e.Message, StringComparison.Ordinal);
            Assert.Contains(place.StateFile, e.Message, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Orders_are_taken_from_whoever_can_read_the_secret_and_refused_with_a_reason()
    {
        await l1.FaultsAsync("none");
        string file = DevnetControl.FileOf(l1.Folder);
        await using (await DevnetControl.StartAsync(l1.Folder, new L1Control(l1.L1).ObeyAsync))
        {
            if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
            JsonObject set = await OrderAsync("l1-set-fault", ("provider", 2), ("fault", "lag"));
            Assert.Equal("lag:12", (string?)set["fault"]);
            JsonObject shown = await OrderAsync("l1-show");
            Assert.Equal(["none", "lag:12", "none"], shown["providers"]!.AsArray().Select(p => (string?)p!["fault"]));
            Assert.Equal((ulong)shown["head"]!["number"]! - 12, (ulong)shown["providers"]![1]!["head"]!["number"]!);
            Assert.Equal(ExitCode.Ok, await Program.Main(["devnet", "l1", "set-fault", "--data", l1.Folder, "--provider", "all", "--fault", "slow:1"]));
            Assert.Equal(ExitCode.Ok, await Program.Main(["devnet", "l1", "show", "--data", l1.Folder]));
            Assert.All(l1.L1.Providers, provider => Assert.Equal(new L1ProviderFault(L1FaultKind.Slow, 1), provider.Fault));
            Assert.Equal(ExitCode.Usage, await Program.Main(["devnet", "l1", "set-fault", "--data", l1.Folder, "--provider", "4", "--fault", "lag"]));
            Assert.Equal(ExitCode.Usage, await Program.Main(["devnet", "l1", "set-fault", "--data", l1.Folder, "--provider", "1", "--fault", "lagg"]));

            await RefusedAsync("no command", ("command", "l1-stop"));
            await RefusedAsync("'provider' is 1 to 3", ("command", "l1-set-fault"), ("provider", 4), ("fault", "none"));
            await RefusedAsync("no fault is called", ("command", "l1-set-fault"), ("provider", 1), ("fault", "nice"));
            await RefusedAsync("'depth' is 1 to 32", ("command", "l1-reorg"), ("depth", 33));

            string endpoint = (string)JsonNode.Parse(await File.ReadAllTextAsync(file))!["endpoint"]!;
            using var http = new HttpClient();
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", new string('0', 64));
            using var show = new StringContent("""{"command":"l1-show"}""", Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await http.PostAsync(endpoint, show);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }

        Assert.False(File.Exists(file));
        Assert.Equal(ExitCode.Unusable, await Program.Main(["devnet", "l1", "show", "--data", l1.Folder]));
    }

    private static async Task<JsonObject> CallAsync(ClientWebSocket socket, MessageReader messages, string method, string? parameter, CancellationToken limit)
    {
        var call = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 7, ["method"] = method, ["params"] = parameter is null ? [] : new JsonArray(parameter) };
        await socket.SendAsync(Encoding.UTF8.GetBytes(call.ToJsonString()), WebSocketMessageType.Text, endOfMessage: true, limit);
        do
        {
            Assert.True(await messages.ReadAsync(limit));
        }
        while (JsonNode.Parse(messages.Message.Span)!["id"] is null);

        return JsonNode.Parse(messages.Message.Span)!.AsObject();
    }

    private async Task UntilAsync(Task<bool> told, CancellationToken limit)
    {
        while (!told.IsCompleted)
        {
            await l1.MineAsync(1);
            await Task.WhenAny(told, Task.Delay(100, limit));
        }
    }

    private async Task RefusedAsync(string why, params (string Name, JsonNode Value)[] fields)
    {
        CommandException e = await Assert.ThrowsAsync<CommandException>(() => DevnetControl.OrderAsync(l1.Folder, Object(fields), CancellationToken.None));
        Assert.Contains(why, e.Message, StringComparison.Ordinal);
    }

    private Task<JsonObject> OrderAsync(string command, params (string Name, JsonNode Value)[] fields) =>
        DevnetControl.OrderAsync(l1.Folder, Object([("command", command), .. fields]), CancellationToken.None);

    private static JsonObject Object((string Name, JsonNode Value)[] fields)
    {
        var order = new JsonObject();
        foreach ((string name, JsonNode value) in fields) order[name] = value;
        return order;
    }
}
