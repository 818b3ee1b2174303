using Microsoft.Extensions.Logging.Abstractions;
using SharedSeq.Cli;
using SharedSeq.Client;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Serving;

/// <summary>A client of several operators goes on when one fails or answers nonsense, and believes none of them alone.</summary>
public sealed class OperatorFailoverTests : IAsyncLifetime
{
    private readonly Dictionary<string, RpcMethod>[] _methods =
        [.. Enumerable.Range(0, 4).Select(_ => new Dictionary<string, RpcMethod>(StringComparer.Ordinal))];
    private readonly List<RpcServer> _servers = [];
    private readonly TestCommittee _committee = new(4, 7, 0);
    private NetworkClient _client = null!;

    public async Task InitializeAsync()
    {
        foreach (Dictionary<string, RpcMethod> methods in _methods)
        {
            var server = new RpcServer(
                new RpcSection { Listen = "127.0.0.1:0" }, new RpcDispatcher(methods, 16, new RpcCounters(), NullLogger.Instance), []);
            await server.StartAsync(CancellationToken.None);
            _servers.Add(server);
        }

        _client = new NetworkClient(_committee.Genesis, [.. _servers.Select(server => server.Address)]);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        foreach (RpcServer server in _servers) await server.DisposeAsync();
    }

    [Fact]
    public async Task A_submission_passes_over_operators_that_are_full_starting_slow_or_lie_and_takes_a_refusal_of_the_transaction_as_final()
    {
        // It begins with the second one and comes to the first last.
        var asked = new List<int>();
        RpcMethod[] answers =
        [
            _ => throw new RpcException(RpcError.TransactionRefused, "not admitted", new { reason = "Expired" }),
            _ => throw new RpcException(RpcError.LaneFull, "full", new { reason = "LaneFull" }),
            _ => Task.FromResult<object?>(new { receipt = "0x00" }),
            _ => Task.FromResult<object?>(17),
        ];
        for (int i = 0; i < answers.Length; i++)
        {
            int index = i;
            _methods[i]["sharedseq_sendTransaction"] = call =>
            {
                asked.Add(index);
                return answers[index](call);
            };
        }

        OperatorException e = await Assert.ThrowsAsync<OperatorException>(() => _client.SubmitAsync(new NamespaceId(5), new byte[4], 1));
        Assert.Equal("Expired", e.Reason);
        Assert.Equal([1, 2, 3, 0], asked);
    }

    [Theory]
    [InlineData(true, BreakerState.Halted)]
    [InlineData(false, BreakerState.Healthy)]
    public async Task One_operator_alone_can_neither_hide_nor_feign_that_the_network_stands_still(bool stands, BreakerState expected)
    {
        long height = 10;
        long lie = stands ? 1_000 : long.MaxValue;
        foreach (Dictionary<string, RpcMethod> methods in _methods)
            methods["sharedseq_health"] = _ => Task.FromResult<object?>(new { finalHeight = stands ? 10 : Interlocked.Increment(ref height) });
        _methods[2]["sharedseq_health"] = _ => Task.FromResult<object?>(new { finalHeight = stands ? Interlocked.Increment(ref lie) : lie });
        Assert.Equal(expected, (await _client.StateAsync()).State);
    }

    [Theory]
    [InlineData("localhost:8700")]
    [InlineData("operator")]
    [InlineData("ftp://operator/")]
    public void An_operators_address_that_is_none_is_refused_in_words(string address) =>
        Assert.Contains(address, Assert.Throws<CommandException>(() => UserErrors.AddressOf(address)).Message, StringComparison.Ordinal);
}
