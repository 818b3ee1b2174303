using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>What a client should think of the network, from what its operators answer.</summary>
public enum BreakerState
{
    /// <summary>Enough operators answer and make progress.</summary>
    Healthy = 1,

    /// <summary>Some do not answer, or progress is slow; see the reason.</summary>
    Degraded = 2,

    /// <summary>Fewer than a quorum answer, or nothing is committed any more.</summary>
    Halted = 3,
}

/// <summary>A receipt that was checked, with what it promises.</summary>
/// <param name="Receipt">The receipt.</param>
/// <param name="Deadline">The height whose header shows whether the promise was kept.</param>
/// <param name="RelayedTo">How many operators besides the author were handed it.</param>
public sealed record AcceptedTransaction(Receipt Receipt, Height Deadline, int RelayedTo);

/// <summary>
/// A whole network as one client: submits to one operator or f+1, checks receipts, hands them on, follows namespaces across operators and knows how
/// the network does. It trusts the genesis it is given and nothing else.
/// </summary>
public sealed class NetworkClient : IDisposable
{
    /// <summary>Codes of refusals that say something of the operator and nothing of the transaction: its own fault, starting or stopping, its lane
    /// is full, it took too long, it was asked too much.</summary>
    private const int InternalError = -32603, NotReady = -32002, LaneFull = -32004, TimedOut = -32009, TooManyCalls = -32014, TooManyConnections = -32016;

    private readonly ConcurrentDictionary<Uri, OperatorClient> _clients = new();
    private int _next;

    public NetworkClient(Genesis genesis, IReadOnlyList<Uri> operators)
        : this(new NetworkDirectory(genesis, operators))
    {
    }

    /// <param name="network">What is known of the network; streams and other clients of this process may share it.</param>
    public NetworkClient(NetworkDirectory network) => Network = network;

    /// <summary>Committees and addresses, as far as they are known.</summary>
    public NetworkDirectory Network { get; }

    public Genesis Genesis => Network.Genesis;

    /// <summary>The operators known: those given, and those learnt of later committees.</summary>
    public IReadOnlyList<OperatorClient> Operators
    {
        get
        {
            IReadOnlyList<Uri> known = Network.Operators;

            // Calls may be under way at an address that was given up: it is not disposed of, and its idle connections close by themselves.
            if (_clients.Count > NetworkDirectory.OperatorsMax)
            {
                foreach (Uri gone in _clients.Keys.Except(known)) _clients.TryRemove(gone, out _);
            }

            return [.. known.Select(rpc => _clients.GetOrAdd(rpc, static at => new OperatorClient(at)))];
        }
    }

    /// <summary>
    /// Submits until one operator gives a receipt that checks out, then hands the receipt to f others, so that the promise holds whatever one operator does.
    /// Operators that do not answer, answer nonsense or can not take it now are passed over; a typed refusal of the transaction itself is final. It may have
    /// been sent to several then: ordering takes it once.
    /// </summary>
    /// <exception cref="OperatorException">The transaction is refused.</exception>
    /// <exception cref="HttpRequestException">No operator answers as it should.</exception>
    public async Task<AcceptedTransaction> SubmitAsync(
        NamespaceId ns, ReadOnlyMemory<byte> payload, ulong validUntil, CancellationToken cancellation = default)
    {
        Exception? last = null;
        IReadOnlyList<OperatorClient> operators = Operators;
        for (int attempt = 0; attempt < operators.Count; attempt++)
        {
            OperatorClient chosen = operators[(int)((uint)Interlocked.Increment(ref _next) % (uint)operators.Count)];
            try
            {
                JsonElement answer = await chosen.SendTransactionAsync(ns, payload, validUntil, "accepted", cancellation);
                byte[] encoded = OperatorClient.HexOf(answer, "receipt");
                Receipt receipt = await CheckAsync(encoded, BatchBody.IdOf(ns, validUntil, payload.Span), cancellation);
                int relayed = await RelayAsync("0x" + Convert.ToHexStringLower(encoded), chosen, cancellation);
                return new AcceptedTransaction(receipt, receipt.Deadline(Genesis.Policy.ReceiptDeadlineHeights), relayed);
            }
            catch (Exception e) when (e is HttpRequestException || (e is OperatorException refused && IsOfOperator(refused.Code)))
            {
                last = e;
            }
        }

        ExceptionDispatchInfo.Throw(last!);
        return null!;
    }

    /// <summary>How the network does, asked of all operators at once.</summary>
    public async Task<(BreakerState State, string Reason)> StateAsync(CancellationToken cancellation = default)
    {
        IReadOnlyList<OperatorClient> operators = Operators;
        ulong?[] first = await HeightsAsync(operators, cancellation);
        await Task.Delay(TimeSpan.FromSeconds(1), cancellation);
        ulong?[] second = await HeightsAsync(operators, cancellation);
        int answering = second.Count(height => height is not null);
        if (answering < int.Min(Quorum.Quorum, operators.Count)) return (BreakerState.Halted, $"{answering} of {operators.Count} operators answer");
        if (Believed(second) <= Believed(first)) return (BreakerState.Halted, "no height was committed for a second");
        return answering < operators.Count
            ? (BreakerState.Degraded, $"{answering} of {operators.Count} operators answer")
            : (BreakerState.Healthy, "");
    }

    public void Dispose()
    {
        foreach (OperatorClient item in _clients.Values) item.Dispose();
    }

    /// <summary>Of the newest committee known.</summary>
    private QuorumParameters Quorum => (Network.Newest is { } newest ? Network.Of(newest) : null)?.Quorum ?? Genesis.Quorum;

    private static bool IsOfOperator(int code) => code is InternalError or NotReady or LaneFull or TimedOut or TooManyCalls or TooManyConnections;

    /// <summary>The height that one honest operator at least is at: f of them may say anything.</summary>
    private ulong? Believed(ulong?[] heights)
    {
        ulong?[] known = [.. heights.Where(height => height is not null).OrderDescending()];
        return known.Length == 0 ? null : known[int.Min(Quorum.F, known.Length - 1)];
    }

    private async Task<Receipt> CheckAsync(byte[] encoded, TxId expected, CancellationToken cancellation)
    {
        Receipt receipt;
        try
        {
            receipt = Receipt.Decode(encoded);
        }
        catch (DecodeException e)
        {
            throw new HttpRequestException($"the operator's receipt is none: {e.Message}", e);
        }

        if (receipt.Transaction != expected) throw new HttpRequestException("the operator's receipt is for another transaction");
        Epoch epoch = receipt.Proof.Tip.Lane.Epoch;
        if (!Network.IsPossible(epoch)) throw new HttpRequestException($"the operator's receipt is of epoch {epoch}, which can not have begun yet");
        if (!await Network.FollowAsync(epoch, cancellation) || Network.VerifierOf(epoch) is not { } verifier)
            throw new HttpRequestException($"the operator's receipt is of epoch {epoch}, to which no hand-overs lead");
        var receipts = new ReceiptVerifier(verifier, Genesis.Policy.ReceiptDeadlineHeights);
        ReceiptRejection reason = receipts.TryVerify(receipt, newestKnown: null, out _);
        return reason == ReceiptRejection.None ? receipt : throw new HttpRequestException($"the operator's receipt does not verify: {reason}");
    }

    private async Task<int> RelayAsync(string receipt, OperatorClient author, CancellationToken cancellation)
    {
        int relayed = 0;
        foreach (OperatorClient other in Operators)
        {
            if (other == author || relayed >= Quorum.F) continue;
            try
            {
                await other.RelayReceiptAsync(receipt, cancellation);
                relayed++;
            }
            catch (Exception e) when (e is HttpRequestException or OperatorException)
            {
                // another one will do
            }
        }

        return relayed;
    }

    private static Task<ulong?[]> HeightsAsync(IReadOnlyList<OperatorClient> operators, CancellationToken cancellation) =>
        Task.WhenAll(operators.Select(item => HeightAsync(item, cancellation)));

    private static async Task<ulong?> HeightAsync(OperatorClient item, CancellationToken cancellation)
    {
        try
        {
            JsonElement health = await item.CallAsync("sharedseq_health", [], cancellation);
            return health.ValueKind == JsonValueKind.Object && health.TryGetProperty("finalHeight", out JsonElement height)
                && height.ValueKind == JsonValueKind.Number && height.TryGetUInt64(out ulong number) ? (ulong?)number : null;
        }
        catch (Exception e) when (e is HttpRequestException or OperatorException)
        {
            return null;
        }
    }
}
