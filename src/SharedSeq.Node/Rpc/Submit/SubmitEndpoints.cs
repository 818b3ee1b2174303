using System.Globalization;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SharedSeq.Client;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// The two high-rate ways in: the binary stream over a WebSocket at /v1/submit, and POST /v1/namespaces/{ns}/transactions with length-prefixed
/// transactions (validUntil u64, length u32, payload), which is answered with a verdict per transaction once they are accepted or committed.
/// </summary>
public sealed class SubmitEndpoints(SubmitIntake intake, BatchStore batches, RpcSection options) : IRpcEndpoints
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/submit", StreamAsync);
        routes.MapPost("/v1/namespaces/{ns}/transactions", PostAsync);
    }

    private async Task StreamAsync(HttpContext context)
    {
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            await context.Response.WriteAsync("open a WebSocket here\n", context.RequestAborted);
            return;
        }

        using WebSocket? socket = await RpcServer.AcceptAsync(context);
        if (socket is null) return;
        await new SubmitSession(socket, intake, batches).RunAsync(context.RequestAborted);
    }

    private async Task PostAsync(HttpContext context)
    {
        if (!ulong.TryParse((string?)context.Request.RouteValues["ns"], out ulong id))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "the namespace is a number");
            return;
        }

        if (!RpcServer.RateOf(context, options).TryTake(out int retryAfterMs))
        {
            context.Response.Headers.RetryAfter = ((retryAfterMs + 999) / 1_000).ToString(CultureInfo.InvariantCulture);
            await RefuseAsync(context, StatusCodes.Status429TooManyRequests, $"too many calls a second; again in {retryAfterMs} ms");
            return;
        }

        var ns = new NamespaceId(id);
        bool isCommitted = context.Request.Query["wait"] == "committed";
        ReadOnlyMemory<byte>? body = await RpcServer.ReadBodyAsync(context, options.RequestBytesMax);
        if (body is null)
        {
            await RefuseAsync(context, StatusCodes.Status413PayloadTooLarge, $"a request has at most {options.RequestBytesMax} bytes");
            return;
        }

        ReadOnlyMemory<byte> records;
        int admitted;
        int total;
        List<(ushort Index, byte Reason)> refused;
        try
        {
            total = CountTransactions(body.Value);
            (records, admitted, refused) = Admit(ns, total, body.Value);
        }
        catch (DecodeException e)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, e.Message);
            return;
        }

        await AnswerAsync(context, ns, records, admitted, total, refused, isCommitted);
    }

    private (ReadOnlyMemory<byte> Records, int Count, List<(ushort Index, byte Reason)> Refused) Admit(NamespaceId ns, int count, ReadOnlyMemory<byte> body)
    {
        var reader = new CanonicalReader(body.Span);
        return intake.Admit(ns, count, ref reader);
    }

    /// <summary>Reads a posted body through without admitting anything.</summary>
    internal static int CountTransactions(ReadOnlyMemory<byte> body)
    {
        var reader = new CanonicalReader(body.Span);
        int count = 0;
        while (reader.Remaining > 0)
        {
            SubmitRequest.ReadTransaction(ref reader, out _, SharedSeq.Consensus.BatchBody.MaxBytes);
            if (++count > SubmitRequest.MaxTransactions)
                DecodeException.Throw(DecodeRejection.OverLimit, $"at most {SubmitRequest.MaxTransactions} transactions in a request");
        }

        if (count == 0) DecodeException.Throw(DecodeRejection.Malformed, "no transaction");
        return count;
    }

    private async Task AnswerAsync(
        HttpContext context, NamespaceId ns, ReadOnlyMemory<byte> records, int admitted, int total,
        List<(ushort Index, byte Reason)> refused, bool isCommitted)
    {
        if (records.Length > SharedSeq.Consensus.BatchBody.MaxBytes)
        {
            await RefuseAsync(context, StatusCodes.Status413PayloadTooLarge,
                $"transactions of one request fit one batch of {SharedSeq.Consensus.BatchBody.MaxBytes} bytes");
            return;
        }

        ulong? height = null;
        string? notTaken = null;
        LanePlace place = default;
        if (admitted > 0)
        {
            var observer = new AwaitedSubmission();
            TimeSpan patience = TimeSpan.FromMilliseconds(NodeLimits.RpcWaitMs);
            await intake.SubmitAsync(ns, records, admitted, observer, context.RequestAborted);
            try
            {
                (place, _) = await observer.Accepted.WaitAsync(patience, context.RequestAborted);
                if (isCommitted)
                    height = (await observer.Committed.WaitAsync(patience, context.RequestAborted)).Block.Committed.Height.Value;
            }
            catch (SubmissionException e)
            {
                notTaken = e.Reason.ToString();
            }
            catch (TimeoutException)
            {
                notTaken = "Timeout";
            }
        }

        context.Response.StatusCode = notTaken is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        await context.Response.WriteAsJsonAsync(
            new { status = isCommitted ? "committed" : "accepted", height, notTaken, transactions = Verdicts(total, refused, place, notTaken) },
            context.RequestAborted);
    }

    private static List<object> Verdicts(int total, List<(ushort Index, byte Reason)> refused, LanePlace place, string? notTaken)
    {
        var verdicts = new List<object>(total);
        int nextRefused = 0;
        int nextTaken = 0;
        for (int i = 0; i < total; i++)
        {
            if (nextRefused < refused.Count && refused[nextRefused].Index == i)
                verdicts.Add(new { verdict = ((AdmissionRejection)refused[nextRefused++].Reason).ToString() });
            else if (notTaken is null)
                verdicts.Add(new { txId = place.Batch.Body.IdOf(place.First + nextTaken++).ToString(), verdict = "Taken" });
            else
                verdicts.Add(new { verdict = notTaken });
        }

        return verdicts;
    }

    private Task RefuseAsync(HttpContext context, int status, string message)
    {
        intake.CountRefused(status switch
        {
            StatusCodes.Status413PayloadTooLarge => SubmissionRejection.TooLarge,
            StatusCodes.Status429TooManyRequests => SubmissionRejection.TooManyCalls,
            _ => SubmissionRejection.Malformed,
        });
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new { error = message }, context.RequestAborted);
    }
}
