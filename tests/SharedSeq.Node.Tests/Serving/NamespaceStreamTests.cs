using System.Text.Json;
using SharedSeq.Client;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Node.Tests.Serving;

/// <summary>A follower trusts its genesis and no operator.</summary>
public sealed class NamespaceStreamTests : IAsyncLifetime
{
    private static readonly ulong Soon = StartSecond + 30;
    private readonly List<(Uri Operator, StreamFault Fault)> _left = [];
    private readonly List<ServedNetwork> _networks = [];
    private readonly CancellationTokenSource _deadline = new(TimeSpan.FromSeconds(60));

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (ServedNetwork network in _networks) await network.DisposeAsync();
        _deadline.Dispose();
    }

    [Fact]
    public async Task A_block_is_given_on_only_when_a_certificate_covers_it()
    {
        ServedNetwork network = Network();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        RpcMethod prove = network.Methods["sharedseq_getProof"];
        int calls = 0;
        network.Methods["sharedseq_getProof"] = call =>
        {
            if (Interlocked.Increment(ref calls) == 2) asked.SetResult();
            return prove(call);
        };
        OrderingResult last = await ThreeBlocksAsync(network);
        await using IAsyncEnumerator<FollowedBlock> follower = Follow(network, 1, await network.ServeAsync());
        Task<bool> first = follower.MoveNextAsync().AsTask();

        await asked.Task.WaitAsync(_deadline.Token);
        Assert.False(first.IsCompleted, "nothing is certified yet");
        network.Certify(last);

        Assert.True(await first);
        Assert.Equal(1UL, follower.Current.Block.Number);
        Assert.Equal(2UL, (await NextAsync(follower)).Block.Number);
        Assert.Equal(3UL, (await NextAsync(follower)).Block.Number);
        Assert.Empty(_left);
    }

    [Fact]
    public async Task An_operator_of_another_network_is_left_and_the_honest_one_read()
    {
        ServedNetwork other = Network(seed: 1), honest = Network();
        other.Certify(await ThreeBlocksAsync(other));
        honest.Certify(await ThreeBlocksAsync(honest));
        Uri lying = await other.ServeAsync();

        await using IAsyncEnumerator<FollowedBlock> follower = Follow(honest, 1, lying, await honest.ServeAsync());

        Assert.Equal(await HashOfAsync(honest, 1), (await NextAsync(follower)).Hash.ToString());
        Assert.Equal([(lying, StreamFault.BadProof)], _left);
    }

    [Fact]
    public async Task An_operator_that_makes_up_blocks_without_a_certificate_is_left_as_silent()
    {
        ServedNetwork forger = Network(), honest = Network();
        await ThreeBlocksAsync(forger, mark: 66);
        honest.Certify(await ThreeBlocksAsync(honest));
        Uri lying = await forger.ServeAsync();

        await using IAsyncEnumerator<FollowedBlock> follower = Follow(honest, 1_000, 1, lying, await honest.ServeAsync());

        Assert.Equal(await HashOfAsync(honest, 1), (await NextAsync(follower)).Hash.ToString());
        Assert.Equal((lying, StreamFault.Silent), _left[0]);
    }

    [Fact]
    public async Task An_operator_that_takes_the_subscription_and_says_nothing_is_left_as_silent()
    {
        ServedNetwork mute = Network(), honest = Network();
        mute.Methods["sharedseq_subscribe"] = _ => Task.FromResult<object?>("0x1");
        honest.Certify(await ThreeBlocksAsync(honest));
        Uri silent = await mute.ServeAsync();

        await using IAsyncEnumerator<FollowedBlock> follower = Follow(honest, 1_000, 1, silent, await honest.ServeAsync());

        Assert.Equal(1UL, (await NextAsync(follower)).Block.Number);
        Assert.Equal((silent, StreamFault.Silent), _left[0]);
    }

    [Fact]
    public async Task A_chain_that_does_not_continue_the_proved_one_is_left()
    {
        ServedNetwork honest = Network(), forger = Network();
        honest.Certify(await ThreeBlocksAsync(honest));
        await ThreeBlocksAsync(forger, mark: 66);
        await ThreeBlocksAsync(forger, mark: 67, at: 110);
        Uri lying = await forger.ServeAsync();
        await using IAsyncEnumerator<FollowedBlock> follower = Follow(honest, 1, await honest.ServeAsync(), lying);
        for (int i = 0; i < 3; i++) await NextAsync(follower);

        await honest.StopServingAsync();
        Task<bool> next = follower.MoveNextAsync().AsTask();
        while (_left.Count < 2)
        {
            Assert.False(_deadline.IsCancellationRequested, "both operators are left");
            await Task.Yield();
        }

        Assert.Equal((lying, StreamFault.BrokenChain), _left[1]);
        Assert.False(next.IsCompletedSuccessfully, "no forged block is given on");
        await _deadline.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
    }

    [Fact]
    public async Task A_block_with_other_transactions_than_its_root_commits_to_is_left_as_malformed()
    {
        ServedNetwork liar = Network();
        liar.Certify(await ThreeBlocksAsync(liar));
        JsonElement block = (await liar.CallAsync("sharedseq_getNamespaceBlock", 5UL, 1UL)).GetProperty("result");
        string altered = block.GetRawText().Replace("\"data\":\"0x01", "\"data\":\"0x02", StringComparison.Ordinal);
        Assert.NotEqual(block.GetRawText(), altered);
        liar.Methods["sharedseq_subscribe"] = call => Task.FromResult<object?>(call.Connection!.Subscribe(async (subscription, stop) =>
            await call.Connection.NotifyAsync(
                "sharedseq_subscription", new { subscription, result = JsonSerializer.Deserialize<JsonElement>(altered) }, stop)));

        await using IAsyncEnumerator<FollowedBlock> follower = Follow(liar, 1, await liar.ServeAsync());

        StreamException e = await Assert.ThrowsAsync<StreamException>(() => NextAsync(follower));
        Assert.Equal(StreamFault.Malformed, e.Fault);
    }

    [Fact]
    public async Task When_no_operator_can_ever_serve_it_the_stream_ends_with_the_reason()
    {
        ServedNetwork other = Network(seed: 1), another = Network(seed: 2), mine = Network();
        other.Certify(await ThreeBlocksAsync(other));
        another.Certify(await ThreeBlocksAsync(another));

        await using IAsyncEnumerator<FollowedBlock> follower = Follow(mine, 1, await other.ServeAsync(), await another.ServeAsync());

        Assert.Equal(StreamFault.BadProof, (await Assert.ThrowsAsync<StreamException>(() => NextAsync(follower))).Fault);
        Assert.Equal(2, _left.Count);
    }

    private ServedNetwork Network(byte seed = 0)
    {
        var network = new ServedNetwork(seed, Opaque(5));
        _networks.Add(network);
        return network;
    }

    /// <summary>Three blocks of namespace 5, and the height whose result is signed.</summary>
    private static async Task<OrderingResult> ThreeBlocksAsync(ServedNetwork network, byte mark = 1, ulong at = 10)
    {
        for (byte i = 0; i < 3; i++) await network.ApplyAsync(at + i, Tx(5, Soon, mark, i));
        return await network.ApplyAsync(at + 50);
    }

    /// <summary>With a patience that no busy machine uses up.</summary>
    private IAsyncEnumerator<FollowedBlock> Follow(ServedNetwork trusted, ulong from, params Uri[] operators) =>
        Follow(trusted, 60_000, from, operators);

    private IAsyncEnumerator<FollowedBlock> Follow(ServedNetwork trusted, int silenceMs, ulong from, params Uri[] operators)
    {
        var stream = new NamespaceStream(trusted.Committee.Genesis, new NamespaceId(5), operators)
        {
            SilenceMs = silenceMs,
            OperatorLeft = (rpc, why) => _left.Add((rpc, why.Fault)),
        };
        return stream.FollowAsync(from, _deadline.Token).GetAsyncEnumerator(_deadline.Token);
    }

    private static async Task<FollowedBlock> NextAsync(IAsyncEnumerator<FollowedBlock> follower)
    {
        Assert.True(await follower.MoveNextAsync(), "the stream goes on");
        return follower.Current;
    }

    private static async Task<string?> HashOfAsync(ServedNetwork network, ulong number) =>
        (await network.CallAsync("sharedseq_getNamespaceBlock", 5UL, number)).GetProperty("result").GetProperty("hash").GetString();
}
