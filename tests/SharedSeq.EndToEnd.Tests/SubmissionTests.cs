using System.Net.WebSockets;
using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Node;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.EndToEnd.Tests;

/// <summary>Four operators that order two opaque namespaces, without execution clients.</summary>
public sealed class OpaqueDevnet : Devnet
{
    protected override string[] Options => ["--rollups", "0", "--opaque", "2", "--no-l1"];
}

/// <summary>What submitters and followers are promised, seen from outside of the processes.</summary>
public sealed class SubmissionTests(OpaqueDevnet devnet) : IClassFixture<OpaqueDevnet>
{
    private static readonly NamespaceId First = new(100_001);
    private static readonly NamespaceId Second = new(100_002);
    private static long _counter = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    private static ulong Soon => (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 30;

    [Theory]
    [InlineData(100_001UL, 0, 30, "Empty")]
    [InlineData(100_001UL, (128 * 1024) + 1, 30, "TooLarge")]
    [InlineData(100_001UL, 10, 0, "ValidUntilRequired")]
    [InlineData(100_001UL, 10, -5, "Expired")]
    [InlineData(100_001UL, 10, 600, "TooFarAhead")]
    [InlineData(77UL, 10, 30, "UnknownNamespace")]
    [InlineData(0UL, 10, 30, "SystemNamespace")]
    public async Task A_bad_transaction_is_refused_with_its_reason(ulong ns, int bytes, int validForSeconds, string reason)
    {
        using var client = new OperatorClient(devnet.Rpc(0));
        ulong validUntil = validForSeconds == 0 ? 0 : (ulong)(DateTimeOffset.UtcNow.ToUnixTimeSeconds() + validForSeconds);
        OperatorException e = await Assert.ThrowsAsync<OperatorException>(
            () => client.SendTransactionAsync(new NamespaceId(ns), new byte[bytes], validUntil, "accepted"));
        Assert.Equal(reason, e.Reason);
    }

    [Fact]
    public async Task A_transaction_of_exactly_the_limit_is_committed()
    {
        using var client = new OperatorClient(devnet.Rpc(1));
        byte[] payload = new byte[128 * 1024];
        Random.Shared.NextBytes(payload);
        JsonElement answer = await client.SendTransactionAsync(First, payload, Soon, "committed");
        Assert.Equal("committed", answer.GetProperty("status").GetString());
    }

    [Fact]
    public async Task The_same_transaction_twice_is_answered_twice_and_ordered_once()
    {
        byte[] payload = Fresh();
        ulong validUntil = Soon;
        using var one = new OperatorClient(devnet.Rpc(0));
        using var other = new OperatorClient(devnet.Rpc(2));
        JsonElement[] answers = await Task.WhenAll(
            one.SendTransactionAsync(First, payload, validUntil, "committed"), other.SendTransactionAsync(First, payload, validUntil, "committed"));
        string id = answers[0].GetProperty("txId").GetString()!;
        Assert.Equal(id, answers[1].GetProperty("txId").GetString());
        await UntilOrderedAsync(one, id);
        int times = 0;
        ulong head = (await one.CallAsync("sharedseq_getHead", [First.Value])).GetProperty("number").GetUInt64();
        for (ulong number = 1; number <= head; number++)
        {
            JsonElement block = await one.CallAsync("sharedseq_getNamespaceBlock", [First.Value, number, new { ids = true }]);
            times += block.GetProperty("ids").EnumerateArray().Count(item => item.GetString() == id);
        }

        Assert.Equal(1, times);
    }

    [Fact]
    public async Task One_bad_item_of_a_batch_harms_no_other()
    {
        using var client = new OperatorClient(devnet.Rpc(0));
        JsonElement answers = await client.CallAsync(
            "sharedseq_sendTransactions", [First.Value, new object[] { Hex(Fresh()), "0x", Hex(Fresh()) }, new { validUntil = Soon, wait = "accepted" }]);
        Assert.Equal("accepted", answers[0].GetProperty("status").GetString());
        Assert.Equal("Empty", answers[1].GetProperty("error").GetProperty("data").GetProperty("reason").GetString());
        Assert.Equal("accepted", answers[2].GetProperty("status").GetString());
    }

    [Fact]
    public async Task Every_proof_verifies_offline_against_the_genesis_and_a_flipped_byte_anywhere_is_refused_with_the_reason()
    {
        using var client = new OperatorClient(devnet.Rpc(3));
        JsonElement answer = await client.SendTransactionAsync(Second, Fresh(), Soon, "committed");
        string id = answer.GetProperty("txId").GetString()!;
        ulong height = answer.GetProperty("height").GetUInt64();
        await UntilOrderedAsync(client, id);
        ulong number = (await client.CallAsync("sharedseq_getTransaction", [id])).GetProperty("number").GetUInt64();
        var verifier = new ProofVerifier(new ProofTrust(GenesisFiles.Read(devnet.GenesisFile), new P256Scheme()));
        foreach ((string kind, object[] arguments) in (IReadOnlyList<(string, object[])>)
                        [
                ("receipt", [id]), ("transaction", [id]), ("commit", [height]), ("result", [height]), ("absence", [5UL]),
                ("namespaceBlock", [Second.Value, number]),
            ])
        {
            byte[] proof = [];
            await Devnet.UntilAsync($"the {kind} proof is there", async () =>
            {
                try
                {
                    proof = await client.GetProofAsync(kind, arguments);
                    return true;
                }
                catch (OperatorException e) when (e.Code is -32005 or -32007)
                {
                    return false;
                }
            });
            Assert.True(verifier.Verify(proof, out _).IsValid, kind);
            for (int at = 0; at < proof.Length; at++)
            {
                proof[at] ^= (byte)(1 << (at % 8));
                ProofVerdict verdict = verifier.Verify(proof, out Proof? refused);
                Assert.True(!verdict.IsValid && refused is null && verdict.Detail.Length > 0, $"{kind}, byte {at}: {verdict}");
                proof[at] ^= (byte)(1 << (at % 8));
            }

            // A forger renews the file's digest: then the content itself must not hold. Samples, because signatures are checked each time.
            for (int at = 0; at < proof.Length - Hash32.Size; at += 1 + (proof.Length / 256))
            {
                // The absent namespace is the claim itself: between the same neighbours another number is another true claim.
                if (kind == "absence" && at is >= 47 and < 55) continue;
                byte[] forged = [.. proof];
                forged[at] ^= (byte)(1 << (at % 8));
                Sha.Of(forged.AsSpan(..^Hash32.Size)).CopyTo(forged.AsSpan(^Hash32.Size..));
                Assert.False(verifier.Verify(forged, out _).IsValid, $"{kind} with a new digest, byte {at}");
            }
        }
    }

    [Fact]
    public async Task Asking_beyond_the_head_says_where_the_head_is()
    {
        using var client = new OperatorClient(devnet.Rpc(0));
        OperatorException e = await Assert.ThrowsAsync<OperatorException>(() => client.CallAsync("sharedseq_getNamespaceBlock", [First.Value, 1_000_000UL]));
        Assert.Equal(-32007, e.Code);
        e = await Assert.ThrowsAsync<OperatorException>(() => client.CallAsync("sharedseq_noSuchMethod", []));
        Assert.Equal(-32601, e.Code);
    }

    [Fact]
    public async Task A_bad_transaction_in_a_frame_is_named_and_the_others_are_committed_with_proof()
    {
        Genesis genesis = GenesisFiles.Read(devnet.GenesisFile);
        var network = new NetworkDirectory(genesis, [devnet.Rpc(1)]);
        await using SubmitConnection connection = await SubmitConnection.OpenAsync(devnet.Rpc(1), CancellationToken.None);
        ulong validUntil = Soon;
        SubmitTransaction[] frame = [new(validUntil, Fresh()), new(validUntil, Array.Empty<byte>()), new(validUntil, Fresh())];
        await connection.SendAsync(First, SubmitWait.Committed, frame, CancellationToken.None);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        bool isNamed = false;
        while (true)
        {
            foreach (SubmitReply reply in await connection.ReceiveAsync(deadline.Token))
            {
                if (reply is SubmitReply.Refused refused) isNamed = refused.Transactions.Single() == (1, (byte)AdmissionRejection.Empty);
                if (reply is not SubmitReply.Committed committed) continue;
                Assert.True(isNamed, "the refusal names the frame's second transaction");
                Assert.Equal(ReplyRejection.None, CommitCheck.CheckBlock(network, committed));
                Hash32[] ids = [IdOf(frame[0]), IdOf(frame[2])];
                Assert.Equal(ReplyRejection.None, CommitCheck.CheckFrame(committed, committed.Frames.Single(), ids));
                Assert.NotEqual(ReplyRejection.None, CommitCheck.CheckFrame(committed, committed.Frames.Single(), [ids[1], ids[0]]));
                return;
            }
        }
    }

    [Fact]
    public async Task A_garbage_frame_closes_the_stream_with_a_reason()
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(new Uri(devnet.Rpc(0), "v1/submit")) { Scheme = "ws" }.Uri, CancellationToken.None);
        await socket.SendAsync(new byte[] { 9, 9, 9 }, WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        WebSocketReceiveResult received = await socket.ReceiveAsync(new byte[100], deadline.Token);
        Assert.Equal(WebSocketCloseStatus.InvalidPayloadData, received.CloseStatus);
        Assert.NotEmpty(received.CloseStatusDescription!);
    }

    [Fact]
    public async Task A_stream_goes_on_at_another_operator_without_gap_or_double_when_the_first_is_killed()
    {
        // The last test of the class to need operator 1 alive revives it again.
        using var client = new OperatorClient(devnet.Rpc(0));
        ulong from = (await client.CallAsync("sharedseq_getHead", [Second.Value])).GetProperty("number").GetUInt64() + 1;
        var wanted = new List<string>();
        var seen = new List<string>();
        ulong next = from;
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await using IAsyncEnumerator<FollowedBlock> follower =
            new NamespaceStream(GenesisFiles.Read(devnet.GenesisFile), Second, [devnet.Rpc(1), devnet.Rpc(2)])
                .FollowAsync(from, deadline.Token).GetAsyncEnumerator(deadline.Token);
        for (int i = 0; i < 6; i++)
        {
            if (i == 3) devnet.Kill(1);
            wanted.Add((await client.SendTransactionAsync(Second, Fresh(), Soon, "committed")).GetProperty("txId").GetString()!);
            while (!seen.Contains(wanted[^1]))
            {
                Assert.True(await follower.MoveNextAsync(), "the stream goes on");
                Assert.Equal(next++, follower.Current.Block.Number);
                seen.AddRange(follower.Current.Transactions.Select(t => t.Id.ToString()));
            }
        }

        Assert.Equal(seen.Count, seen.Distinct(StringComparer.Ordinal).Count());
        Assert.Empty(wanted.Except(seen, StringComparer.Ordinal));
        devnet.Revive(1);
        using var revived = new OperatorClient(devnet.Rpc(1));
        await Devnet.UntilAsync("the killed operator serves the same head again", async () =>
        {
            try
            {
                JsonElement mine = await client.CallAsync("sharedseq_getNamespaceBlock", [Second.Value, next - 1]);
                return (await revived.CallAsync("sharedseq_getNamespaceBlock", [Second.Value, next - 1])).ToString() == mine.ToString();
            }
            catch (Exception e) when (e is HttpRequestException or OperatorException)
            {
                return false;
            }
        });
    }

    private static Hash32 IdOf(SubmitTransaction transaction) => BatchBody.IdOf(First, transaction.ValidUntil, transaction.Payload.Span).Value;

    private static byte[] Fresh() => BitConverter.GetBytes(Interlocked.Increment(ref _counter));

    private static string Hex(byte[] bytes) => "0x" + Convert.ToHexStringLower(bytes);

    private static Task UntilOrderedAsync(OperatorClient client, string id) => Devnet.UntilAsync($"{id} is ordered", async () =>
    {
        try
        {
            return (await client.CallAsync("sharedseq_getTransaction", [id])).GetProperty("status").GetString() == "committed";
        }
        catch (OperatorException)
        {
            return false;
        }
    });
}
