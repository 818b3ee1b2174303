using System.Globalization;
using System.Text.Json.Nodes;
using SharedSeq.Ethereum;

namespace SharedSeq.Cli;

/// <summary>The commands that a devnet's L1 obeys while it runs.</summary>
internal sealed class L1Control(DevnetL1 l1)
{
    /// <summary>How long a provider is waited for when its answers are shown.</summary>
    private static readonly TimeSpan ShowPatience = TimeSpan.FromSeconds(2);

    public Task<JsonObject> ObeyAsync(JsonObject command, CancellationToken cancellation) => TextOf(command, "command") switch
    {
        "l1-show" => ShowAsync(cancellation),
        "l1-set-fault" => SetFaultAsync(command, cancellation),
        "l1-reorg" => ReorgAsync(command, cancellation),
        string other => throw new CommandException($"the devnet knows no command '{other}'"),
    };

    private static string TextOf(JsonObject command, string field) =>
        command[field] is JsonValue value && value.TryGetValue(out string? text) ? text : throw new CommandException($"the command has no '{field}'");

    private static int NumberOf(JsonObject command, string field, int least, int most) =>
        command[field] is JsonValue value && value.TryGetValue(out int number) && number >= least && number <= most
            ? number
            : throw new CommandException(string.Create(CultureInfo.InvariantCulture, $"'{field}' is {least} to {most}"));

    private async Task<JsonObject> SetFaultAsync(JsonObject command, CancellationToken cancellation)
    {
        int number = NumberOf(command, "provider", 1, l1.Providers.Count);
        if (!L1ProviderFault.TryParse(TextOf(command, "fault"), out L1ProviderFault fault, out string why)) throw new CommandException(why);
        await l1.SetFaultAsync(number, fault, cancellation);
        return new JsonObject { ["provider"] = number, ["fault"] = fault.ToString() };
    }

    private async Task<JsonObject> ReorgAsync(JsonObject command, CancellationToken cancellation)
    {
        int depth = NumberOf(command, "depth", 1, DevnetL1.ReorgBlocksMax);
        await l1.ReorgAsync(depth, cancellation);
        return new JsonObject { ["depth"] = depth, ["head"] = await HeadAsync(l1.Client, cancellation) };
    }

    private async Task<JsonObject> ShowAsync(CancellationToken cancellation)
    {
        JsonObject[] providers = await Task.WhenAll(l1.Providers.Select(provider => ShowAsync(provider, cancellation)));
        return new JsonObject
        {
            ["chainId"] = DevnetL1.ChainId,
            ["rpc"] = l1.Endpoint.ToString(),
            ["pid"] = l1.Pid,
            ["head"] = await HeadAsync(l1.Client, cancellation),
            ["providers"] = new JsonArray([.. providers]),
        };
    }

    private static async Task<JsonObject> ShowAsync(L1Provider provider, CancellationToken cancellation)
    {
        using var client = new EthereumRpcClient(new EthereumRpcOptions { Endpoint = provider.Proxy.Endpoint, Timeout = ShowPatience });
        return new JsonObject
        {
            ["provider"] = provider.Number,
            ["http"] = provider.Proxy.Endpoint.ToString(),
            ["webSocket"] = provider.Proxy.SocketEndpoint.ToString(),
            ["fault"] = provider.Fault.ToString(),
            ["faultSeconds"] = Math.Round(provider.FaultAge.TotalSeconds, 1),
            ["answered"] = provider.Answered,
            ["head"] = await HeadAsync(client, cancellation),
        };
    }

    /// <summary>What an endpoint says of itself now, or why it does not.</summary>
    private static async Task<JsonObject> HeadAsync(EthereumRpcClient client, CancellationToken cancellation)
    {
        try
        {
            ulong chainId = await client.ChainIdAsync(cancellation);
            EthereumBlock latest = await client.LatestBlockAsync(cancellation);
            L1Window window = await L1Window.OfAsync(client, cancellation);
            return new JsonObject
            {
                ["chainId"] = chainId,
                ["number"] = latest.Number,
                ["hash"] = latest.Hash.ToString(),
                ["safe"] = window.Safe,
                ["finalized"] = window.Finalized,
            };
        }
        catch (EthereumRpcException e)
        {
            return new JsonObject { ["error"] = e.Message };
        }
    }
}
