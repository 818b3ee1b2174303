using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using SharedSeq.Adapters;
using SharedSeq.Adapters.EvmDev;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>The others executed a block differently: the own client is wrong.</summary>
public sealed record Deviation(ulong Number);

/// <summary>
/// Drives one execution client along its namespace: starts it, opens a session, executes the closed blocks in order and hands the outcomes to be
/// attested. Whatever fails starts it again; an own client then begins at genesis and is fed every block once more. Nothing here touches the order.
/// </summary>
internal sealed class AdapterActor : Actor<Deviation>
{
    /// <summary>Failures in a row that are answered by a new session; after them the client itself is started again.</summary>
    private const int SessionsMax = 5;

    private readonly NodeRuntime _node;
    private readonly Rollup _rollup;
    private readonly AdapterSection _section;
    private readonly AttestationActor _attestations;
    private readonly ILogger _logger;

    public AdapterActor(NodeRuntime node, Rollup rollup, AdapterSection section, AttestationActor attestations, ILogger logger)
        : base($"adapter-{rollup.Policy.Id}", 64, Supervision.Restart)
    {
        _node = node;
        _rollup = rollup;
        _section = section;
        _attestations = attestations;
        _logger = logger;
    }

    private NamespaceId Namespace => _rollup.Policy.Id;

    /// <summary>Where scripts find the own client's address.</summary>
    private string AddressFile =>
        Path.Combine(_node.Configuration.DataDir, string.Create(CultureInfo.InvariantCulture, $"execution-{Namespace}.rpc"));

    protected override void OnFailed(Exception error, bool isFinal)
    {
        _rollup.CountClientFailure();
        _logger.ExecutionFailed(Namespace, error.Message, isFinal);
    }

    protected override async Task RunAsync(CancellationToken stopping)
    {
        ulong genesisSeconds = _node.Genesis.Timestamp.Value / 1000;
        while (Mailbox.TryRead(out _))
        {
            // deviations of the client that this one replaces
        }

        await using ExecutionClient client =
            await ExecutionClient.StartAsync(_section, _rollup.Policy, genesisSeconds, FormerPort(), stopping);
        WriteAddress(client);
        using var adapter = new EvmDevAdapter(new EvmDevOptions
        {
            Endpoint = client.Endpoint,
            ChainId = _rollup.Policy.EvmChainId,
            GenesisTimestampSeconds = genesisSeconds,
        });
        _logger.Execution(Namespace, $"{(client.IsOwn ? "started" : "attached")} at {client.Endpoint}");
        try
        {
            await FollowAsync(client, adapter, stopping);
        }
        finally
        {
            _rollup.Closed();
        }
    }

    private async Task FollowAsync(ExecutionClient client, EvmDevAdapter adapter, CancellationToken stopping)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        _ = client.Exited.ContinueWith(
            _ => stop.CancelAsync(), stop.Token, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        int failures = 0;
        while (true)
        {
            ulong before = _rollup.Head;
            try
            {
                await FollowSessionAsync(client, adapter, stop.Token);
            }
            catch (OperationCanceledException) when (!stopping.IsCancellationRequested && client.Exited.IsCompleted)
            {
                throw new AdapterException(AdapterRejection.ClientUnreachable, "its process ended");
            }
            catch (AdapterException e) when (e.Rejection == AdapterRejection.Divergence)
            {
                Quarantine(before, e.Message);
                throw;
            }
            catch (AdapterException e) when (
                !client.Exited.IsCompleted && (e.IsTransient || e.Rejection is AdapterRejection.OutOfRange or AdapterRejection.StaleSession))
            {
                // The client may only be slow: starting it again would cost a replay of everything.
                failures = _rollup.Head > before ? 1 : failures + 1;
                if (failures > SessionsMax) throw;
                _rollup.CountClientFailure();
                _logger.Execution(Namespace, $"new session after: {e.Message}");
                await Task.Delay(200 * failures, stopping);
            }
        }
    }

    private async Task FollowSessionAsync(ExecutionClient client, EvmDevAdapter adapter, CancellationToken stopping)
    {
        AdapterSession session = await adapter.OpenAsync(Namespace, startNumber: 1, stopping);
        _rollup.Opened(client.Connect(), session.Head.Number);
        _logger.Execution(Namespace, $"session opened at block {session.Head.Number}, the order is at {_rollup.Feed.Head}");
        Hash32 parent = session.Head.Hash;
        for (ulong next = session.Head.Number + 1; ; next++)
        {
            StreamBlock block = await NextBlockAsync(next, stopping);
            ExecutionOutcome outcome = await adapter.ExecuteAsync(
                session,
                new AdapterBlock
                {
                    Namespace = Namespace,
                    Number = next,
                    ParentHash = parent,
                    Timestamp = block.Block.Timestamp,
                    Transactions = [.. block.Transactions.Select(t => t.Payload)],
                },
                stopping);
            parent = outcome.Hash;
            await _attestations.TellAsync(new AttestationInput.ExecutedHere(outcome), stopping);
            _rollup.ExecutedHere(next);
            if (_rollup.Pending.Count == 0) continue;
            foreach (StreamTransaction tx in block.Transactions) _rollup.Pending.Remove(Keccak256.Of(tx.Payload.Span));
        }
    }

    private async Task<StreamBlock> NextBlockAsync(ulong number, CancellationToken stopping)
    {
        while (true)
        {
            await _rollup.Feed.WaitAsync(number, stopping);
            while (Mailbox.TryRead(out Deviation? deviation))
            {
                Quarantine(deviation.Number, $"the operators executed block {deviation.Number} differently");
                throw new AdapterException(AdapterRejection.Divergence, $"block {deviation.Number} is not what the operators executed");
            }

            if (_node.Progress.Divergence is not null)
            {
                _logger.Execution(Namespace, "no longer fed: this node's order is not the certified one");
                await Task.Delay(Timeout.Infinite, stopping);
            }

            if (_rollup.Feed.TryRead(number, out StreamBlock? block) == FeedRejection.None) return block!;

            // In the feed no more and not in the ledger yet, or pruned for good; only time tells.
            _logger.Execution(Namespace, $"block {number} can not be read");
            await Task.Delay(1_000, stopping);
        }
    }

    private void Quarantine(ulong number, string why)
    {
        _rollup.SetQuarantine(number, why);
        _logger.Quarantined(Namespace, why);
    }

    private int FormerPort()
    {
        try
        {
            return File.Exists(AddressFile) && Uri.TryCreate(File.ReadAllText(AddressFile).Trim(), UriKind.Absolute, out Uri? uri) ? uri.Port : 0;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private void WriteAddress(ExecutionClient client) =>
        FileReplacement.Write(DiskFileLayer.Instance, AddressFile, Encoding.UTF8.GetBytes(client.Endpoint.ToString().TrimEnd('/') + "\n"));
}
