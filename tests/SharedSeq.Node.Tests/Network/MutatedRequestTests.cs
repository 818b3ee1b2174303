using System.Globalization;
using System.Net;
using System.Text;
using SharedSeq.Fuzz.Tests;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Network;

/// <summary>
/// Every public method of a running operator under calls that were changed token by token: each is answered, with JSON and never as a fault of the node.
/// More with SHAREDSEQ_FUZZ_REQUESTS, other ones with SHAREDSEQ_FUZZ_SEED.
/// </summary>
[Collection("nodes")]
public sealed class MutatedRequestTests(OneNode one) : IClassFixture<OneNode>
{
    private static readonly int Requests = int.TryParse(Environment.GetEnvironmentVariable("SHAREDSEQ_FUZZ_REQUESTS"), out int requests) ? requests : 1_500;

    private static readonly ulong Seed = ulong.TryParse(Environment.GetEnvironmentVariable("SHAREDSEQ_FUZZ_SEED"), out ulong seed) ? seed : 1;

    private const string Hash = "\"0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\"";

    private const string Address = "\"0x00000000000000000000000000000000000beef1\"";

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task No_change_of_a_call_is_a_fault_of_the_node()
    {
        string id = await one.Node.CommitAsync();
        await one.Node.UntilOrderedAsync(id);
        string[] calls =
        [
            .. Calls("sharedseq_sendTransaction", $"{TestNetwork.Opaque},\"0x0102\",{{\"validUntil\":{TestNode.Soon},\"wait\":\"received\"}}"),
            .. Calls("sharedseq_sendTransactions", $"{TestNetwork.Opaque},[\"0x01\",\"0x02\"],{{\"validUntil\":{TestNode.Soon},\"wait\":\"received\"}}"),
            .. Calls("sharedseq_getTransaction", $"\"{id}\",{{\"proof\":true}}"), .. Calls("sharedseq_getReceipt", $"\"{id}\""),
            .. Calls("sharedseq_relayReceipt", "\"0x00\""), .. Calls("sharedseq_getBlock", "1"), .. Calls("sharedseq_getHead", $"{TestNetwork.Opaque}"),
            .. Calls("sharedseq_getNamespaceBlock", $"{TestNetwork.Opaque},1,{{\"ids\":true}}"),
            .. Calls("sharedseq_getResult", "1,{\"certificate\":true}"), .. Calls("sharedseq_getProof", "\"commit\",1"),
            .. Calls("sharedseq_getProof", $"\"namespaceBlock\",{TestNetwork.Opaque},1"), .. Calls("sharedseq_getProof", $"\"transaction\",\"{id}\""),
            .. Calls("sharedseq_getProof", "\"absence\",7"), .. Calls("sharedseq_getProof", $"\"rejection\",{Hash}"),
            .. Calls("sharedseq_getProof", $"\"receipt\",\"{id}\""), .. Calls("sharedseq_getProof", "\"result\",1"),
            .. Calls("sharedseq_getEvidence", Hash), .. Calls("sharedseq_getCommittee", "0"), .. Calls("sharedseq_getPolicy", ""),
            .. Calls("sharedseq_getGenesis", ""), .. Calls("sharedseq_health", ""), .. Calls("sharedseq_incidents", ""), .. Calls("rpc.discover", ""),
            .. Calls("sharedseq_subscribe", $"\"namespaceBlocks\",{{\"namespace\":{TestNetwork.Opaque},\"from\":1,\"window\":4}}"),
            .. Calls("sharedseq_acknowledge", "\"0x1\",1"), .. Calls("sharedseq_unsubscribe", "\"0x1\""),
        ];
        await AllAreAnsweredAsync(calls, "");
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public Task No_change_of_a_wallet_s_call_is_a_fault_of_the_node() => AllAreAnsweredAsync(
        [
            .. Calls("eth_chainId", ""), .. Calls("net_version", ""), .. Calls("eth_accounts", ""), .. Calls("eth_syncing", ""),
            .. Calls("eth_sendRawTransaction", "\"0xf863808304\""), .. Calls("eth_getTransactionCount", $"{Address},\"pending\""),
            .. Calls("eth_getTransactionByHash", Hash), .. Calls("eth_getTransactionReceipt", Hash),
            .. Calls("eth_call", $"{{\"to\":{Address},\"data\":\"0x01\"}},\"latest\""), .. Calls("eth_getBalance", $"{Address},\"latest\""),
            .. Calls("eth_getLogs", $"{{\"fromBlock\":\"0x0\",\"address\":{Address},\"topics\":[{Hash},null]}}"),
            .. Calls("eth_subscribe", $"\"logs\",{{\"address\":[{Address}]}}"), .. Calls("eth_unsubscribe", "\"0x1\""),
        ],
        string.Create(CultureInfo.InvariantCulture, $"rollups/{TestNetwork.Evm}"));

    private static IEnumerable<string> Calls(string method, string parameters) =>
        [$"{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{method}\",\"params\":[{parameters}]}}"];

    private async Task AllAreAnsweredAsync(string[] calls, string path)
    {
        byte[][] samples = [.. calls.Select(Encoding.UTF8.GetBytes)];
        var prng = new Prng(Seed);
        for (int i = 0; i < Requests; i++)
        {
            byte[] request = samples[i % samples.Length];
            if (i >= samples.Length)
            {
                do request = JsonMutations.Mutate(prng, request, samples);
                while (prng.Chance(400));
            }

            using var content = new ByteArrayContent(request);
            using HttpResponseMessage answer = await one.Node.Http.PostAsync(new Uri(one.Node.Host.Rpc, path), content);
            string text = await answer.Content.ReadAsStringAsync();
            bool isAnswered = answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.NoContent;
            Assert.True(
                isAnswered && !text.Contains("internal error", StringComparison.Ordinal),
                $"request {i} of seed {Seed}: {(int)answer.StatusCode} {text}\nto {Encoding.UTF8.GetString(request)}\n{Convert.ToHexStringLower(request)}");
        }
    }
}
