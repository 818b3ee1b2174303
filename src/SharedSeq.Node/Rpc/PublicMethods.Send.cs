using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

public sealed partial class PublicMethods
{
    /// <summary>sharedseq_sendTransaction(namespace, data, {validUntil, wait: received|accepted|committed}).</summary>
    private async Task<object?> SendTransactionAsync(RpcCall call)
    {
        var id = new NamespaceId(call.Number(0, "namespace"));
        byte[] payload = call.Bytes(1, "data");
        (ulong validUntil, string wait) = SendOptions(call.Optional(2));
        AwaitedSubmission submission = await SubmitAsync(id, payload, validUntil, call.Cancellation);
        return await AnswerAsync(id, payload, validUntil, submission, wait, call.Cancellation);
    }

    /// <summary>sharedseq_sendTransactions(namespace, [data...], options): each on its own, one bad item harms no other.</summary>
    private async Task<object?> SendTransactionsAsync(RpcCall call)
    {
        var id = new NamespaceId(call.Number(0, "namespace"));
        JsonElement items = call.Required(1, "transactions");
        if (items.ValueKind != JsonValueKind.Array) throw RpcCall.Bad("transactions", "is an array of hex strings");
        if (items.GetArrayLength() > node.Configuration.Rpc.BatchItemsMax)
            throw new RpcException(RpcError.RequestTooLarge, $"at most {node.Configuration.Rpc.BatchItemsMax} transactions in a call");
        (ulong validUntil, string wait) = SendOptions(call.Optional(2));
        var sent = new List<(byte[]? Payload, AwaitedSubmission? Submission, RpcException? Refusal)>();
        foreach (JsonElement item in items.EnumerateArray())
        {
            try
            {
                if (item.ValueKind != JsonValueKind.String) throw RpcCall.Bad("transactions", "is an array of hex strings");
                byte[] payload = RpcCall.BytesOf(item.GetString()!, "transactions");
                sent.Add((payload, await SubmitAsync(id, payload, validUntil, call.Cancellation), null));
            }
            catch (RpcException e)
            {
                sent.Add((null, null, e));
            }
        }

        var answers = new List<object?>(sent.Count);
        foreach ((byte[]? payload, AwaitedSubmission? submission, RpcException? refusal) in sent)
        {
            answers.Add(refusal is not null
                ? new { error = new { code = refusal.Error.Code, message = refusal.Message, data = refusal.Details } }
                : await AnswerOrErrorAsync(id, payload!, validUntil, submission!, wait, call.Cancellation));
        }

        return answers;
    }

    /// <summary>Admits a transaction and hands it to the lane; a typed refusal otherwise. The gateway of a rollup sends through here too.</summary>
    public async Task<AwaitedSubmission> SubmitAsync(NamespaceId id, byte[] payload, ulong validUntil, CancellationToken cancellation)
    {
        if (!node.IsReady()) throw new RpcException(RpcError.NotReady, "the node is starting or stopping");
        AdmissionVerdict verdict = node.Submit.Admit(id, validUntil, payload);
        if (verdict.Rejection is { } rejection)
        {
            RpcError error = rejection == AdmissionRejection.UnknownNamespace ? RpcError.UnknownNamespace : RpcError.TransactionRefused;
            throw new RpcException(error, $"not admitted: {rejection}", new { reason = rejection.ToString(), detail = verdict.EvmReason.ToString() });
        }

        var observer = new AwaitedSubmission();
        await node.Submit.SubmitOneAsync(id, validUntil, payload, observer, cancellation);
        return observer;
    }

    private async Task<object> AnswerOrErrorAsync(
        NamespaceId id, byte[] payload, ulong validUntil, AwaitedSubmission submission, string wait, CancellationToken cancellation)
    {
        try
        {
            return await AnswerAsync(id, payload, validUntil, submission, wait, cancellation);
        }
        catch (SubmissionException e)
        {
            return new { error = new { code = RpcError.LaneFull.Code, message = e.Message, data = new { reason = e.Reason.ToString() } } };
        }
        catch (RpcException e)
        {
            return new { error = new { code = e.Error.Code, message = e.Message, data = e.Details } };
        }
    }

    private static async Task<object> AnswerAsync(
        NamespaceId id, byte[] payload, ulong validUntil, AwaitedSubmission submission, string wait, CancellationToken cancellation)
    {
        string txId = BatchBody.IdOf(id, validUntil, payload).ToString();
        if (wait == "received") return new { txId, status = "received" };
        try
        {
            (LanePlace place, AcceptanceProof proof) = await submission.Accepted.WaitAsync(TimeSpan.FromMilliseconds(NodeLimits.RpcWaitMs), cancellation);
            string receipt = Hex(Receipt.Of(place.Batch, place.Tree, place.First, proof.Later, proof.Proof).Encode());
            if (wait == "accepted") return new { txId, status = "accepted", receipt };
            (_, ProvenBlock block) = await submission.Committed.WaitAsync(TimeSpan.FromMilliseconds(NodeLimits.RpcWaitMs), cancellation);
            return new { txId, status = "committed", receipt, height = block.Committed.Height.Value };
        }
        catch (TimeoutException)
        {
            throw new RpcException(RpcError.Timeout, $"not {wait} within {NodeLimits.RpcWaitMs} ms; ask for its status later", new { txId });
        }
    }

    internal static (ulong ValidUntil, string Wait) SendOptions(JsonElement? options)
    {
        ulong validUntil = 0;
        string wait = "accepted";
        if (options is not { } given) return (validUntil, wait);
        if (given.ValueKind != JsonValueKind.Object) throw RpcCall.Bad("options", "is an object");
        foreach (JsonProperty property in given.EnumerateObject())
        {
            switch (property.Name)
            {
                case "validUntil": validUntil = RpcCall.NumberOf(property.Value, "validUntil"); break;
                case "wait" when property.Value.ValueKind == JsonValueKind.String: wait = property.Value.GetString()!; break;
                default: throw RpcCall.Bad($"options.{property.Name}", "is not an option; known are validUntil and wait");
            }
        }

        return wait is "received" or "accepted" or "committed"
            ? (validUntil, wait)
            : throw RpcCall.Bad("options.wait", "is received, accepted or committed");
    }
}
