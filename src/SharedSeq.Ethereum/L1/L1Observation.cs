using System.Text.Json;

namespace SharedSeq.Ethereum;

/// <summary>What one provider answered in one round of a poll.</summary>
internal sealed record L1Observation(L1Provider Provider)
{
    /// <summary>What was wrong; none when the answers are usable.</summary>
    public L1Fault Fault { get; init; }

    public string Detail { get; init; } = "";

    public EthereumHeader? Latest { get; init; }

    public EthereumHeader? Safe { get; init; }

    public EthereumHeader? Finalized { get; init; }

    /// <summary>Its block at the number that was asked for; null when it has none.</summary>
    public EthereumHeader? Asked { get; init; }

    /// <summary>How long the answer took; null when it was known without asking.</summary>
    public TimeSpan? Latency { get; init; }

    public bool IsUsable => Fault == L1Fault.None;

    /// <summary>Asks for the chain, the tags, and the block at the height of the head, in one request.</summary>
    public static async Task<L1Observation> OfTagsAsync(
        L1Provider provider, L1Options options, ulong number, TimeProvider time, CancellationToken cancellation)
    {
        EthereumCall[] calls =
        [
            new("eth_chainId"), EthereumRpcClient.HeaderCall(number), EthereumRpcClient.HeaderCall("finalized"),
            EthereumRpcClient.HeaderCall("safe"), EthereumRpcClient.HeaderCall("latest"),
        ];
        return await GuardedAsync(provider, time, async () =>
        {
            EthereumAnswer[] answers = await provider.Client.BatchAsync(calls, cancellation);
            ulong chainId = EthereumJson.ReadU64(answers[0].Value, "chain id");
            var seen = new L1Observation(provider)
            {
                Asked = EthereumHeader.Read(answers[1].Value),
                Finalized = ReadTag(answers[2], options.Tag == L1Tag.Finalized),
                Safe = ReadTag(answers[3], options.Tag == L1Tag.Safe),
                Latest = EthereumHeader.Read(answers[4].Value),
            };
            if (chainId != options.ChainId)
                return seen with { Fault = L1Fault.WrongChain, Detail = $"it is on chain {chainId}, not {options.ChainId}" };
            return seen.Checked(number);
        });
    }

    /// <summary>Asks for the block at a number.</summary>
    public static Task<L1Observation> OfNumberAsync(L1Provider provider, ulong number, TimeProvider time, CancellationToken cancellation) =>
        GuardedAsync(provider, time, async () =>
        {
            JsonElement answer = await provider.Client.CallAsync(EthereumRpcClient.HeaderCall(number), cancellation);
            return new L1Observation(provider) { Asked = EthereumHeader.Read(answer) }.CheckedNumber(number);
        });

    private static async Task<L1Observation> GuardedAsync(L1Provider provider, TimeProvider time, Func<Task<L1Observation>> ask)
    {
        long start = time.GetTimestamp();
        try
        {
            L1Observation seen = await ask();
            return seen with { Latency = time.GetElapsedTime(start) };
        }
        catch (EthereumRpcException e)
        {
            return new L1Observation(provider) { Fault = L1Faults.Of(e), Detail = e.Message, Latency = time.GetElapsedTime(start) };
        }
    }

    /// <summary>A tag that is not followed may be refused: some clients answer so while they have no such block.</summary>
    private static EthereumHeader? ReadTag(EthereumAnswer answer, bool isFollowed) =>
        answer.Error is not null && !isFollowed ? null : EthereumHeader.Read(answer.Value);

    private L1Observation Checked(ulong number)
    {
        if (CheckedNumber(number) is { IsUsable: false } wrong) return wrong;
        if (Latest is null) return this with { Fault = L1Fault.Inconsistent, Detail = "it has no newest block" };
        bool isInOrder = (Finalized?.Number ?? 0) <= (Safe?.Number ?? ulong.MaxValue) && (Safe?.Number ?? Finalized?.Number ?? 0) <= Latest.Number;
        return isInOrder
            ? this
            : this with { Fault = L1Fault.Inconsistent, Detail = "its finalized, safe and newest blocks are not in this order" };
    }

    private L1Observation CheckedNumber(ulong number) => Asked is null || Asked.Number == number
        ? this
        : this with { Fault = L1Fault.WrongBlock, Detail = $"asked for block {number}, it answered with {Asked}" };
}
