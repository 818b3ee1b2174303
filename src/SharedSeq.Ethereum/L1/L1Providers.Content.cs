using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>What is in a block whose hash a quorum decided: from any one provider, verified.</summary>
public sealed partial class L1Providers
{
    /// <summary>
    /// Words of a contract's storage at a block of this chain, proved from the header's state root; null when no
    /// provider gave a proof. Not while a poll runs.
    /// </summary>
    /// <param name="block">A block that a poll gave.</param>
    /// <param name="contract">The contract.</param>
    /// <param name="slots">The slots.</param>
    /// <param name="cancellation">Gives up waiting.</param>
    /// <returns>The words, and what providers did wrong meanwhile.</returns>
    public async Task<(ProvedStorage? Storage, IReadOnlyList<L1Event> Events)> StorageAsync(
        VerifiedL1Block block, EvmAddress contract, IReadOnlyList<Hash32> slots, CancellationToken cancellation = default)
    {
        ProvedStorage? storage = await FirstAsync(
            [], L1Fault.WrongProof, async client => await client.StorageAsync(block.Header, contract, slots, cancellation));
        _status = ToStatus();
        return (storage, TakeEvents());
    }

    /// <summary>P7: headers down to the head, then content upwards; what can not be had stops it there.</summary>
    private async Task TakeOverAsync(
        EthereumHeader top, L1Provider[] voters, List<VerifiedL1Block> blocks, CancellationToken cancellation)
    {
        EthereumHeader[]? headers = await FirstAsync(
            voters, L1Fault.ForgedHeader, async client => await HeadersUpToAsync(client, top, cancellation));
        if (headers is null)
        {
            _events.Add(new L1ContentMissing(L1BlockId.Of(top)));
            return;
        }

        if (headers[0].ParentHash != Head.Hash)
        {
            // A quorum has our head and a quorum has a block that does not descend from it: they were asked at two times.
            // Below finalized that is a reorganisation in between, which the next poll sees; of finalized blocks it is none.
            if (_options.Tag == L1Tag.Finalized) Halt(new L1Conflict(Head, [new L1Answer(voters[0].Name, headers[0])]));
            return;
        }

        foreach (EthereumHeader header in headers)
        {
            IReadOnlyList<L1Log>? logs = await LogsAsync(header, voters, cancellation);
            if (logs is null)
            {
                _events.Add(new L1ContentMissing(L1BlockId.Of(header)));
                break;
            }

            blocks.Add(new VerifiedL1Block(header, logs));
        }

        // At once and at the end: whoever gives up before has neither the blocks nor a chain that claims them.
        _chain.AddRange(blocks.Select(block => L1BlockId.Of(block.Header)));
        if (_chain.Count > _options.BlocksKept) _chain.RemoveRange(0, _chain.Count - _options.BlocksKept);
        if (blocks.Count > 0) _events.Add(new L1Advanced(Head, blocks.Count));
    }

    /// <summary>The headers above our head up to one whose hash is decided; null when the client lacks one.</summary>
    private async Task<EthereumHeader[]?> HeadersUpToAsync(EthereumRpcClient client, EthereumHeader top, CancellationToken cancellation)
    {
        var headers = new EthereumHeader[top.Number - Head.Number];
        headers[^1] = top;
        EthereumCall[] calls =
            [.. Enumerable.Range(1, headers.Length - 1).Select(above => EthereumRpcClient.HeaderCall(Head.Number + (ulong)above))];
        EthereumAnswer[] answers = await client.BatchAsync(calls, cancellation);
        for (int i = headers.Length - 2; i >= 0; i--)
        {
            if (EthereumHeader.Read(answers[i].Value) is not { } header) return null;
            if (header.Hash != headers[i + 1].ParentHash) throw new WrongParentException($"{header} is not the parent of {headers[i + 1]}");
            headers[i] = header;
        }

        return headers;
    }

    /// <summary>The logs of our contracts: none without asking where the bloom excludes them, else out of all receipts.</summary>
    private async Task<IReadOnlyList<L1Log>?> LogsAsync(EthereumHeader header, L1Provider[] voters, CancellationToken cancellation)
    {
        if (!_options.Contracts.Any(header.Fields.LogsBloom.MayHold)) return [];
        IReadOnlyList<EvmReceipt>? receipts = await FirstAsync(
            voters, L1Fault.WrongReceipts, async client => await client.ReceiptsAsync(header, cancellation));
        if (receipts is null) return null;
        var logs = new List<L1Log>();
        int index = 0;
        for (int transaction = 0; transaction < receipts.Count; transaction++)
        {
            foreach (EvmLog log in receipts[transaction].Logs)
            {
                if (_options.Contracts.Contains(log.Address)) logs.Add(new L1Log(log, transaction, index));
                index++;
            }
        }

        return logs;
    }

    /// <summary>
    /// The first verified answer: those that voted first, the fastest of them before the others, then the rest. Whoever
    /// fails or lies is judged and the next one asked.
    /// </summary>
    private async Task<T?> FirstAsync<T>(L1Provider[] voters, L1Fault lie, Func<EthereumRpcClient, Task<T?>> ask)
        where T : class
    {
        IEnumerable<L1Provider> order = _providers.OrderBy(provider => voters.Contains(provider) ? 0 : 1)
            .ThenBy(provider => provider.State == L1ProviderState.Healthy ? 0 : 1).ThenBy(provider => provider.LatencyMeanMs ?? double.MaxValue);
        foreach (L1Provider provider in order.ToArray())
        {
            if (provider.State == L1ProviderState.Quarantined) continue;
            try
            {
                if (await ask(provider.Client) is { } answer) return answer;
                if (voters.Contains(provider)) provider.OnFault(L1Fault.Inconsistent, "it named a block that it does not have", _events);
            }
            catch (EthereumRpcException e)
            {
                provider.OnFault(L1Faults.Of(e, lie), e.Message, _events);
            }
            catch (WrongParentException e)
            {
                // Asked by number, a client that has just followed a reorganisation answers from the other fork.
                provider.OnFault(_options.Tag == L1Tag.Finalized ? L1Fault.WrongBlock : L1Fault.Fork, e.Message, _events);
            }
        }

        return null;
    }

    /// <summary>
    /// P8: goes down from a quorum's block at our height to a block of our chain, and drops ours above it. Deeper than
    /// what is kept, or without the headers, nothing changes.
    /// </summary>
    private async Task<bool> TryReorganizeAsync(EthereumHeader top, L1Provider[] onFork, CancellationToken cancellation)
    {
        EthereumHeader lowest = top;
        while (true)
        {
            int place = _chain.FindIndex(block => block.Hash == lowest.ParentHash);
            if (place >= 0)
            {
                L1BlockId[] dropped = [.. _chain[(place + 1)..].AsEnumerable().Reverse()];
                _chain.RemoveRange(place + 1, dropped.Length);
                _events.Add(new L1Reorganized(Head, dropped));
                return true;
            }

            if (lowest.Number <= _chain[0].Number)
            {
                Halt(new L1Conflict(Head, [.. onFork.Select(provider => new L1Answer(provider.Name, top))]));
                return false;
            }

            Hash32 parent = lowest.ParentHash;
            if (await FirstAsync(onFork, L1Fault.WrongBlock, async client => await client.HeaderAsync(parent, cancellation)) is not { } below)
                return false;
            lowest = below;
        }
    }

    /// <summary>A header by number is not the one below the header that is decided.</summary>
    private sealed class WrongParentException(string message) : Exception(message);
}
