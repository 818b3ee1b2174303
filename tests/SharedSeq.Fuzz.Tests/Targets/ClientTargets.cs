using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Fuzz.Tests;

/// <summary>What clients send to an operator, and what an operator sends to clients.</summary>
internal static class ClientTargets
{
    private static readonly TimestampMs Now = new(OrderingBench.Start);

    private static readonly SubmitIntake Intake = new(
        OrderingBench.MakeGenesis(new Policy(), OrderingBench.Opaque(5), OrderingBench.EvmNs(9)), null!,
        new LaneBacklog(_ => true, new OrderingBench(), _ => 0), () => Now, new AdmissionCounters());

    public static IEnumerable<FuzzTarget> All()
    {
        yield return new("submit frame", [], SubmitFrame) { Make = Frame, Mutate = ByteMutations.Mutate };
        yield return new("posted transactions", [], Posted) { Make = prng => Frame(prng)[20..] };
        yield return new("submit reply", [], Samples.Strict(SubmitReply.Read, (reply, writer) => reply.Write(writer)))
        {
            Make = prng => Samples.Bytes(Reply(new RandomValues(prng), prng).Write),
            Cases = 30_000,
        };
        yield return new("rpc request", [.. RpcRequests.Select(Encoding.UTF8.GetBytes)], Request)
        {
            Mutate = JsonMutations.Mutate,
            IsRefusal = static e => e is RefusedException,
            FixedBytesMax = 64 * 1024,
            BytesPerByteMax = 128,
        };
        yield return new("stream block", [StreamBlock()], Streamed)
        {
            Mutate = JsonMutations.Mutate,
            IsRefusal = static e => e is DecodeException or JsonException or FormatException or KeyNotFoundException or InvalidOperationException,
            BytesPerByteMax = 64,
        };
    }

    private static readonly string[] RpcRequests =
    [
        """{"jsonrpc":"2.0","id":1,"method":"text","params":["namespaceBlocks"]}""",
        """{"jsonrpc":"2.0","id":"a","method":"number","params":[18446744073709551615]}""",
        """{"jsonrpc":"2.0","id":null,"method":"number","params":["0xff"]}""",
        """{"jsonrpc":"2.0","method":"hash","params":["0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"]}""",
        """{"jsonrpc":"2.0","id":2,"method":"bytes","params":["0x00ff",{"proof":true}]}""",
        """{"jsonrpc":"2.0","id":3,"method":"options","params":[{"validUntil":"7","wait":"committed"}]}""",
        """[{"jsonrpc":"2.0","id":4,"method":"echo","params":{"a":[1,null]}},{"jsonrpc":"2.0","id":5,"method":"none"},{}]""",
    ];

    private static RpcDispatcher Dispatcher()
    {
        static RpcMethod Of(Func<RpcCall, object?> method) => call => Task.FromResult(method(call));
        var methods = new Dictionary<string, RpcMethod>(StringComparer.Ordinal)
        {
            ["text"] = Of(call => call.Text(0, "text")),
            ["number"] = Of(call => call.Number(0, "number")),
            ["hash"] = Of(call => call.Hash(0, "hash").ToString()),
            ["bytes"] = Of(call => call.Bytes(0, "bytes").Length),
            ["options"] = Of(call => PublicMethods.SendOptions(call.Optional(0)).ToString()),
            ["echo"] = Of(call => call.Count == 0 ? null : call.Parameters),
        };
        return new RpcDispatcher(methods, 100, new RpcCounters(), NullLogger.Instance);
    }

    private static readonly RpcDispatcher Requests = Dispatcher();

    /// <summary>Any bytes are answered, with JSON, and never as a fault of the node.</summary>
    private static byte[]? Request(byte[] input)
    {
        Task<ReadOnlyMemory<byte>> answering = Requests.HandleAsync(input, null, CancellationToken.None);
        Assert.True(answering.IsCompleted, "methods that only read their parameters wait for nothing");
        ReadOnlyMemory<byte> answer = answering.GetAwaiter().GetResult();
        if (answer.IsEmpty) return null;
        using JsonDocument document = JsonDocument.Parse(answer, new JsonDocumentOptions { MaxDepth = 128 });
        string text = Encoding.UTF8.GetString(answer.Span);
        Assert.DoesNotContain("\"code\":-32603", text, StringComparison.Ordinal);
        return text.Contains("\"result\"", StringComparison.Ordinal) ? null : throw new RefusedException(text);
    }

    private static byte[]? SubmitFrame(byte[] input)
    {
        var reader = new CanonicalReader(input);
        (ulong request, SubmitWait wait, NamespaceId ns, int count) = SubmitRequest.ReadOpening(ref reader);
        CanonicalReader again = reader;
        (ReadOnlyMemory<byte> records, int admitted, List<(ushort, byte)> refused) = Intake.Admit(ns, count, ref reader);
        Assert.Equal(count, admitted + refused.Count);
        if (admitted > 0 && records.Length <= BatchBody.MaxBytes) BatchBody.Parse(records, admitted);
        var transactions = new SubmitTransaction[count];
        for (int i = 0; i < count; i++)
        {
            byte[] payload = SubmitRequest.ReadTransaction(ref again, out ulong validUntil, BatchBody.MaxBytes).ToArray();
            transactions[i] = new SubmitTransaction(validUntil, payload);
        }

        return Samples.Bytes(writer => SubmitRequest.Write(writer, request, wait, ns, transactions));
    }

    private static byte[]? Posted(byte[] input)
    {
        int count = SubmitEndpoints.CountTransactions(input);
        var reader = new CanonicalReader(input);
        Intake.Admit(new NamespaceId(5), count, ref reader);
        return null;
    }

    private static byte[] Frame(Prng prng)
    {
        var values = new RandomValues(prng);
        var transactions = new SubmitTransaction[1 + values.Count(60)];
        for (int i = 0; i < transactions.Length; i++)
            transactions[i] = new SubmitTransaction(prng.Chance(700) ? OrderingBench.StartSecond + 9 : values.Number(), values.Bytes(values.Count(300)));
        ulong ns = prng.Below(3) switch { 0 => 5, 1 => 9, _ => values.Number() };
        return Samples.Bytes(writer => SubmitRequest.Write(
            writer, values.Number(), (SubmitWait)(1 + prng.Below(3)), new NamespaceId(ns), transactions));
    }

    private static SubmitReply Reply(RandomValues values, Prng prng)
    {
        switch (prng.Below(5))
        {
            case 0:
                return new SubmitReply.Refused(values.Number(), values.Some(1_024, () => ((ushort)prng.NextU64(), (byte)prng.NextU64())));
            case 1: return new SubmitReply.Accepted(values.Number(), values.Batch().Header, values.Range(), values.Headers(5), values.PoA());
            case 2:
                Header[] headers = [values.FullBlock().Header, .. values.Some(4, () => values.FullBlock().Header)];
                CommittedFrame[] frames = values.Some(4, () => new CommittedFrame(values.Number(), new BatchSeq(values.Number()), values.Range()));
                return new SubmitReply.Committed(headers, values.Commit(), values.Headers(5), frames);
            case 3: return new SubmitReply.NotTaken(values.Number(), (byte)prng.NextU64());
            default: return new SubmitReply.Unproven(values.Number(), new Height(values.Number()));
        }
    }

    private static byte[]? Streamed(byte[] input)
    {
        using JsonDocument document = JsonDocument.Parse(input);
        StreamSession.Read(document.RootElement);
        return null;
    }

    private static byte[] StreamBlock()
    {
        var bench = new OrderingBench(new Policy(), OrderingBench.Opaque(5));
        ulong soon = OrderingBench.StartSecond + 30;
        OrderingResult result = bench.Apply(10, OrderingBench.Tx(5, soon, 1), OrderingBench.Tx(5, soon, 2, 3));
        string encoded = Convert.ToHexStringLower(Samples.Bytes(result.Closed[0].Block.Write));
        return Encoding.UTF8.GetBytes(
            $$"""
            {"namespace":5,"number":1,"encoded":"0x{{encoded}}","transactions":[
            {"validUntil":{{soon}},"data":"0x01"},{"validUntil":{{soon}},"data":"0x0203"}]}
            """);
    }
}
