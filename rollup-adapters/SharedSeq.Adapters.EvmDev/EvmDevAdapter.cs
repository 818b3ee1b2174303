using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.EvmDev;

/// <summary>
/// Drives an EVM dev chain (anvil) along a namespace: namespace block n becomes the client's block n, with the block's
/// time in whole seconds and exactly the valid transactions in committed order. The client keeps nothing across
/// restarts; whoever calls replays from the head of a new session. It needs nothing of its own to continue after a
/// crash: every call starts from where the client is. The client's newest block may be an attempt that a crash cut off,
/// so a new session takes it back; the caller must be able to deliver it again.
/// </summary>
public sealed class EvmDevAdapter : IRollupAdapter, IDisposable
{
    private readonly EvmDevOptions _options;
    private readonly EthereumRpcClient _client;
    private readonly AnvilCalls _calls;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private AdapterSession? _session;
    private ulong _sessions;
    private ulong _settled;
    private bool _isBaseFeeSet;

    public EvmDevAdapter(EvmDevOptions options)
    {
        _options = options;
        _client = new EthereumRpcClient(
            new EthereumRpcOptions { Endpoint = options.Endpoint, Timeout = options.Timeout });
        _calls = new AnvilCalls(_client);
    }

    /// <summary>A dev chain has no derivation and no contract: all rests on the operators' attestations.</summary>
    public AdapterGuarantees Guarantees { get; } =
        new(EnforcementStrength.Attested, EnforcementStrength.Attested, EnforcementStrength.Attested);

    public void Dispose()
    {
        _client.Dispose();
        _turn.Dispose();
    }

    public Task<AdapterSession> OpenAsync(
        NamespaceId ns, ulong startNumber, CancellationToken cancellation = default) =>
        InTurnAsync(() => OpenInTurnAsync(ns, startNumber, cancellation), cancellation);

    public Task<ExecutionOutcome> ExecuteAsync(
        AdapterSession session, AdapterBlock block, CancellationToken cancellation = default) =>
        InTurnAsync(() => ExecuteInTurnAsync(session, block, cancellation), cancellation);

    public Task<AdapterHead> HeadAsync(AdapterSession session, CancellationToken cancellation = default) =>
        InTurnAsync(async () =>
        {
            CheckSession(session);
            EthereumBlock head = await _client.LatestBlockAsync(cancellation);
            return new AdapterHead(head.Number, head.Hash);
        }, cancellation);

    private async Task<AdapterSession> OpenInTurnAsync(
        NamespaceId ns, ulong startNumber, CancellationToken cancellation)
    {
        _session = null;
        _isBaseFeeSet = false;
        EthereumAnswer[] answers = await _client.BatchAsync(
            [new EthereumCall("eth_chainId"), new EthereumCall("eth_syncing"), EthereumBlock.ByNumber(0)],
            cancellation);
        ulong chainId = EthereumJson.ReadU64(answers[0].Value, "chain id");
        if (chainId != _options.ChainId)
            throw Refuse(AdapterRejection.ClientInvalid, $"it runs chain {chainId}, not {_options.ChainId}");
        if (answers[1].Value.ValueKind != System.Text.Json.JsonValueKind.False)
            throw Refuse(AdapterRejection.ClientSyncing, "it is syncing");
        EthereumBlock genesis = EthereumBlock.Read(answers[2].Value)
            ?? throw Refuse(AdapterRejection.ClientInvalid, "it has no genesis block");
        if (genesis.TimestampSeconds != _options.GenesisTimestampSeconds)
        {
            throw Refuse(
                AdapterRejection.ClientInvalid,
                $"its genesis is of {genesis.TimestampSeconds}, not {_options.GenesisTimestampSeconds}");
        }

        EthereumBlock head = await _calls.HeadWithEmptyPoolAsync(cancellation);
        ulong continuesAt = ulong.Max(head.Number, 1);
        if (continuesAt < startNumber)
        {
            throw Refuse(
                AdapterRejection.OutOfRange,
                $"it needs block {continuesAt} and blocks below {startNumber} are not kept");
        }

        _settled = continuesAt - 1;
        if (head.Number > _settled) head = await TakeBackAsync(head, cancellation);
        _session = new AdapterSession(ns, ++_sessions, new AdapterHead(head.Number, head.Hash));
        return _session;
    }

    private async Task<ExecutionOutcome> ExecuteInTurnAsync(
        AdapterSession session, AdapterBlock block, CancellationToken cancellation)
    {
        CheckSession(session);
        if (block.Namespace != session.Namespace)
            throw Refuse(AdapterRejection.BadBlock, $"a block of namespace {block.Namespace}");
        if (block.Number == 0) throw Refuse(AdapterRejection.BadBlock, "blocks start at 1");
        EthereumBlock head = await _calls.HeadWithEmptyPoolAsync(cancellation);
        if (head.Number > _settled) head = await TakeBackAsync(head, cancellation);
        if (head.Number < _settled)
            throw Refuse(AdapterRejection.OutOfRange, $"the client fell back from block {_settled} to {head.Number}");
        if (head.Number + 1 < block.Number)
            throw Refuse(
                AdapterRejection.OutOfRange, $"block {block.Number} does not follow the client's head {head.Number}");
        bool isExecuted = head.Number >= block.Number;
        EthereumBlock parent = isExecuted
            ? await _client.BlockAsync(block.Number - 1, cancellation)
                ?? throw Refuse(AdapterRejection.UnknownBlock, $"{block.Number - 1}")
            : head;
        if (parent.Hash != block.ParentHash)
            throw Refuse(
                AdapterRejection.WrongParent, $"block {parent.Number} is {parent.Hash}, not {block.ParentHash}");
        if (block.TimestampSeconds < parent.TimestampSeconds)
        {
            throw Refuse(
                AdapterRejection.BadBlock,
                $"its time {block.TimestampSeconds} is below its parent's {parent.TimestampSeconds}");
        }


        EvmTransaction?[] transactions = PreparedTransactions.Decode(block.Transactions);
        EvmAddress[] senders = [.. transactions.OfType<EvmTransaction>().Select(tx => tx.Sender).Distinct()];
        Dictionary<EvmAddress, EvmAccount> accounts = await _calls.AccountsAsync(senders, parent.Number, cancellation);
        var build = new BlockBuild(_calls, parent, block, transactions, accounts, _options.ChainId);
        if (isExecuted)
        {
            return build.Retell(await _client.BlockAsync(block.Number, cancellation)
                ?? throw Refuse(AdapterRejection.UnknownBlock, $"{block.Number}"));
        }

        if (block.Number == 1) await _calls.RemoveHistoryContractAsync(cancellation);

        // An attempt that was cut off between taking a block back and setting the base fee again leaves a wrong one.
        if (!_isBaseFeeSet) await _calls.SetNextBaseFeeAsync(parent.NextBaseFeePerGas(), cancellation);
        _isBaseFeeSet = false;
        ExecutionOutcome outcome = await build.RunAsync(_client.BlockAsync, cancellation);
        _isBaseFeeSet = true;
        _settled = block.Number;
        return outcome;
    }

    /// <summary>
    /// Takes back what is above the last block known to be built to its end: attempts cut off, or blocks mined by a
    /// stranger.
    /// </summary>
    private async Task<EthereumBlock> TakeBackAsync(EthereumBlock head, CancellationToken cancellation)
    {
        _isBaseFeeSet = false;
        await _calls.RollBackAsync(head.Number - _settled, cancellation);
        EthereumBlock left = await _calls.HeadWithEmptyPoolAsync(cancellation);
        if (left.Number != _settled)
            throw Refuse(AdapterRejection.ClientInvalid, $"asked to take back to {_settled}, it is at {left.Number}");
        return left;
    }

    private void CheckSession(AdapterSession session)
    {
        if (_session is null || session.Id != _session.Id || session != _session)
            throw Refuse(AdapterRejection.StaleSession, $"session {session.Id} has ended");
    }

    private async Task<T> InTurnAsync<T>(Func<Task<T>> work, CancellationToken cancellation)
    {
        await _turn.WaitAsync(cancellation);
        try
        {
            return await work();
        }
        catch (EthereumRpcException e)
        {
            AdapterRejection rejection = e.Kind is EthereumRpcFailure.Unreachable or EthereumRpcFailure.Timeout
                ? AdapterRejection.ClientUnreachable
                : AdapterRejection.ClientInvalid;
            throw new AdapterException(rejection, e.Message, e);
        }
        finally
        {
            _turn.Release();
        }
    }

    private static AdapterException Refuse(AdapterRejection rejection, string what) => new(rejection, what);
}
