using System.Net.Http.Json;
using System.Text.Json;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>An operator refused a call; the code and name are those of rpc.discover.</summary>
public sealed class OperatorException(int code, string message, string? reason) : Exception(message)
{
    public int Code { get; } = code;

    /// <summary>The typed reason in the error's data, where there is one.</summary>
    public string? Reason { get; } = reason;
}

/// <summary>Typed JSON-RPC calls to one operator. Thread-safe; answers are an operator's word until a proof is checked.</summary>
public sealed class OperatorClient : IDisposable
{
    /// <summary>Bytes of an answer. 64 MiB: the largest namespace block as hex, and a batch's answers, are well below it.</summary>
    private const int AnswerBytesMax = 64 * 1024 * 1024;

    private readonly HttpClient _http;
    private long _nextId;

    /// <param name="rpc">The operator's public address.</param>
    /// <param name="timeout">For one call; default 15 s, more than a send waits for its level.</param>
    public OperatorClient(Uri rpc, TimeSpan? timeout = null)
    {
        Rpc = rpc;
        _http = new HttpClient { Timeout = timeout ?? TimeSpan.FromSeconds(15), MaxResponseContentBufferSize = AnswerBytesMax };
    }

    public Uri Rpc { get; }

    /// <summary>Calls a method with positional parameters.</summary>
    /// <exception cref="OperatorException">The operator refused.</exception>
    /// <exception cref="HttpRequestException">It could not be reached or did not answer in time.</exception>
    public async Task<JsonElement> CallAsync(string method, IReadOnlyList<object?> parameters, CancellationToken cancellation = default)
    {
        try
        {
            using HttpResponseMessage answer = await _http.PostAsJsonAsync(
                Rpc, new { jsonrpc = "2.0", id = Interlocked.Increment(ref _nextId), method, @params = parameters }, cancellation);
            byte[] bytes = await answer.Content.ReadAsByteArrayAsync(cancellation);
            using JsonDocument document = JsonDocument.Parse(bytes);
            if (!JsonText.IsUnicode(bytes)) throw new FormatException("a text in the answer is not Unicode");
            JsonElement body = document.RootElement.Clone();
            if (!body.TryGetProperty("error", out JsonElement error)) return body.GetProperty("result");
            string? reason = error.TryGetProperty("data", out JsonElement data) && data.ValueKind == JsonValueKind.Object
                && data.TryGetProperty("reason", out JsonElement given) ? given.ToString() : null;
            throw new OperatorException(error.GetProperty("code").GetInt32(), error.GetProperty("message").GetString() ?? "", reason);
        }
        catch (TaskCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new HttpRequestException($"{Rpc} did not answer in time", e);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new HttpRequestException($"{Rpc} answered something that is not JSON-RPC", e);
        }
    }

    /// <summary>Submits one transaction and waits for a level: received, accepted or committed.</summary>
    public Task<JsonElement> SendTransactionAsync(
        NamespaceId ns, ReadOnlyMemory<byte> payload, ulong validUntil, string wait, CancellationToken cancellation = default) =>
        CallAsync("sharedseq_sendTransaction", [ns.Value, "0x" + Convert.ToHexStringLower(payload.Span), new { validUntil, wait }], cancellation);

    /// <summary>Hands a receipt to this operator, which binds the network even if the author dies now.</summary>
    public Task<JsonElement> RelayReceiptAsync(string receiptHex, CancellationToken cancellation = default) =>
        CallAsync("sharedseq_relayReceipt", [receiptHex], cancellation);

    /// <summary>A proof file, ready for a verifier with the genesis document.</summary>
    public async Task<byte[]> GetProofAsync(string kind, IReadOnlyList<object?> parameters, CancellationToken cancellation = default)
    {
        JsonElement result = await CallAsync("sharedseq_getProof", [kind, .. parameters], cancellation);
        return HexOf(result, "proof");
    }

    /// <summary>
    /// A proof file that brings the hand-overs from the genesis to its epoch, for who has the genesis alone; without them where they are more than a file
    /// takes.
    /// </summary>
    /// <exception cref="HttpRequestException">The operator does not have them, or gives something else.</exception>
    public async Task<byte[]> GetWholeProofAsync(string kind, IReadOnlyList<object?> parameters, CancellationToken cancellation = default)
    {
        byte[] bytes = await GetProofAsync(kind, parameters, cancellation);
        if (!ProofFile.TryRead(bytes, out ProofFile? file, out ProofVerdict verdict))
            throw new HttpRequestException($"{Rpc} gives no proof file: {verdict}");
        ulong epoch = file.Proof.Epoch.Value;
        if (epoch is 0 or > ProofFile.MaxHandOvers) return bytes;
        List<HandOver> handOvers = await GetHandOversAsync(Epoch.Zero, (int)epoch, cancellation);
        if (handOvers.Count < (int)epoch)
        {
            throw new HttpRequestException(
                $"{Rpc} leads from the genesis to epoch {handOvers.Count} only, the proof is of epoch {epoch}: it does not have the certified end of epoch "
                + $"{handOvers.Count} yet; try again soon, or ask another operator");
        }

        if (ProofFile.Fitting(handOvers, bytes.Length) < handOvers.Count) return bytes;
        return new ProofFile(file.Chain, file.GenesisHash, file.Proof, handOvers).ToArray();
    }

    /// <summary>Hand-overs from an epoch on, as the operator gives them: at most one answer of them, none of them checked.</summary>
    /// <exception cref="HttpRequestException">No answer, or one that makes no sense.</exception>
    /// <exception cref="OperatorException">It refuses.</exception>
    public async Task<IReadOnlyList<HandOver>> GetHandOversAsync(Epoch from, CancellationToken cancellation = default)
    {
        JsonElement answer = await CallAsync("sharedseq_getHandOvers", [from.Value], cancellation);
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("handOvers", out JsonElement items) || items.ValueKind != JsonValueKind.Array)
            throw new HttpRequestException($"{Rpc} gives no hand-overs");
        try
        {
            return [.. items.EnumerateArray().Select(item => HandOver.Decode(HexOf(item)))];
        }
        catch (DecodeException e)
        {
            throw new HttpRequestException($"{Rpc} gives a hand-over that is none: {e.Message}", e);
        }
    }

    /// <summary>
    /// The epoch up to which the operator's heights have led it: where its hand-overs end before it, it lacks one, which it gets from others. Null for an
    /// older operator that does not say.
    /// </summary>
    /// <exception cref="HttpRequestException">No answer, or one that makes no sense.</exception>
    /// <exception cref="OperatorException">It refuses.</exception>
    public async Task<Epoch?> GetNewestEpochAsync(Epoch from, CancellationToken cancellation = default)
    {
        JsonElement answer = await CallAsync("sharedseq_getHandOvers", [from.Value], cancellation);
        return answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("newest", out JsonElement newest) && newest.TryGetUInt64(out ulong epoch)
            ? new Epoch(epoch) : null;
    }

    /// <summary>Hand-overs from an epoch on, as many as are wanted or there are.</summary>
    /// <inheritdoc cref="GetHandOversAsync(Epoch, CancellationToken)"/>
    public async Task<List<HandOver>> GetHandOversAsync(Epoch from, int most, CancellationToken cancellation = default)
    {
        var found = new List<HandOver>();
        while (found.Count < most)
        {
            IReadOnlyList<HandOver> page = await GetHandOversAsync(new Epoch(from.Value + (ulong)found.Count), cancellation);
            if (page.Count == 0) break;
            found.AddRange(page.Take(most - found.Count));
        }

        return found;
    }

    /// <summary>Where an epoch's members are reached, by the operator's word: one address for each at most. One without an address is left out.</summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="seats">Seats of its committee.</param>
    /// <param name="cancellation">Ends the call.</param>
    /// <exception cref="HttpRequestException">No answer, or one that makes no sense.</exception>
    /// <exception cref="OperatorException">It does not know that epoch.</exception>
    public async Task<IReadOnlyList<Uri>> GetMemberAddressesAsync(Epoch epoch, int seats, CancellationToken cancellation = default)
    {
        JsonElement answer = await CallAsync("sharedseq_getCommittee", [epoch.Value], cancellation);
        if (answer.ValueKind != JsonValueKind.Object || !answer.TryGetProperty("members", out JsonElement members)
            || members.ValueKind != JsonValueKind.Array) throw new HttpRequestException($"{Rpc} names no members of epoch {epoch}");
        var reached = new List<Uri>();
        foreach (JsonElement member in members.EnumerateArray().Take(seats))
        {
            if (member.ValueKind == JsonValueKind.Object && member.TryGetProperty("rpc", out JsonElement rpc) && rpc.ValueKind == JsonValueKind.String
                && Uri.TryCreate(rpc.GetString(), UriKind.Absolute, out Uri? address) && address.Scheme is "http" or "https") reached.Add(address);
        }

        return reached;
    }

    public void Dispose() => _http.Dispose();

    /// <summary>A member of an answer that is 0x and hex.</summary>
    /// <exception cref="HttpRequestException">It is not there or something else.</exception>
    internal static byte[] HexOf(JsonElement answer, string member) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(member, out JsonElement value)
            ? HexOf(value)
            : throw new HttpRequestException($"the answer has no {member}");

    /// <summary>A value that is 0x and hex.</summary>
    /// <exception cref="HttpRequestException">It is something else.</exception>
    internal static byte[] HexOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.GetString() is { } text && text.StartsWith("0x", StringComparison.Ordinal)
        && text.Length % 2 == 0 && text.AsSpan(2).IndexOfAnyExcept(HexDigits) < 0
            ? Convert.FromHexString(text.AsSpan(2))
            : throw new HttpRequestException("the answer has something else where bytes in hex belong");

    private static readonly System.Buffers.SearchValues<char> HexDigits = System.Buffers.SearchValues.Create("0123456789abcdefABCDEF");
}
