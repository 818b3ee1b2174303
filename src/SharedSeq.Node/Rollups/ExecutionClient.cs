using SharedSeq.Adapters.EvmDev;
using SharedSeq.Ethereum;
using SharedSeq.Ordering;

namespace SharedSeq.Node;

/// <summary>An execution client that this node drives: one it started, or one that runs elsewhere.</summary>
internal sealed class ExecutionClient(Uri endpoint, AnvilProcess? own) : IAsyncDisposable
{
    public Uri Endpoint { get; } = endpoint;

    /// <summary>Ends when an own client's process has ended; never for one that runs elsewhere.</summary>
    public Task Exited { get; } = own?.Exited ?? Task.Delay(Timeout.Infinite);

    /// <summary>Whether a restart brings it back to genesis.</summary>
    public bool IsOwn => own is not null;

    /// <summary>Starts an own client, at the port it had before if that is free, or names the one configured.</summary>
    /// <exception cref="AnvilException">It did not start.</exception>
    /// <exception cref="ToolchainException">It can not be installed.</exception>
    public static async Task<ExecutionClient> StartAsync(
        AdapterSection section, NamespacePolicy policy, ulong genesisSeconds, int formerPort, CancellationToken cancellation)
    {
        if (section.Rpc.Length > 0) return new ExecutionClient(new Uri(section.Rpc), null);
        string binary = await AnvilToolchain.ProvisionAsync(cancellation: cancellation);
        var options = new AnvilOptions
        {
            BinaryPath = binary,
            ChainId = policy.EvmChainId,
            GenesisTimestampSeconds = genesisSeconds,
            GasLimit = policy.GasCap == 0 ? 30_000_000 : policy.GasCap,
            Port = section.Port != 0 ? section.Port : formerPort,
        };
        AnvilProcess anvil;
        try
        {
            anvil = await AnvilProcess.StartAsync(options, cancellation);
        }
        catch (AnvilException e) when (e.Failure == AnvilFailure.Ended && section.Port == 0 && formerPort != 0)
        {
            // Another process has the former port by now.
            anvil = await AnvilProcess.StartAsync(options with { Port = 0 }, cancellation);
        }

        return new ExecutionClient(anvil.Endpoint, anvil);
    }

    public EthereumRpcClient Connect() =>
        new(new EthereumRpcOptions { Endpoint = Endpoint, Timeout = TimeSpan.FromSeconds(5), ConnectionsMax = 32 });

    public ValueTask DisposeAsync() => own?.DisposeAsync() ?? ValueTask.CompletedTask;
}
