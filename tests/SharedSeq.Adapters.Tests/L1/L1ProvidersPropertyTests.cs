using SharedSeq.Ethereum;

namespace SharedSeq.Adapters.Tests.L1;

/// <summary>
/// Random lies on every minority: <see cref="L1Network"/> checks that no block comes out that is not the true chain's.
/// </summary>
public sealed class L1ProvidersPropertyTests
{
    private static readonly L1Lie[] Lies =
        [.. Enum.GetValues<L1Lie>().Where(lie => lie is not (L1Lie.Slow or L1Lie.Lag))];

    [Fact]
    public async Task With_a_minority_that_lies_in_changing_ways_only_true_blocks_come_out_and_every_poll_reaches_the_newest()
    {
        for (int seed = 0; seed < 100; seed++)
        {
            var random = new Random(seed);
            int count = random.Next(3, 8);
            using var network = new L1Network(count, change: options => options with { Probation = TimeSpan.FromSeconds(random.Next(1, 100)) });
            int[] liars = [.. Enumerable.Range(0, count).OrderBy(_ => random.Next()).Take(count - network.Options.Quorum)];
            for (int poll = 0; poll < 12; poll++)
            {
                network.Chain.MineTo(network.Chain.Latest + (ulong)random.Next(0, 12));
                foreach (int liar in liars)
                {
                    if (random.Next(3) > 0) continue;
                    network.Members[liar].Lie = Lies[random.Next(Lies.Length)];
                    network.Members[liar].StaysAt = random.Next(4) == 0 ? (ulong)random.Next((int)network.Chain.Latest + 1) : null;
                }

                await network.PollAsync();
                Assert.True(network.Head == network.Chain.Finalized, $"seed {seed}, poll {poll}: head {network.Head}, finalized {network.Chain.Finalized}");
                Assert.Null(network.Providers.Status.Halt);
                Assert.All(
                    Enumerable.Range(0, count).Except(liars),
                    honest => Assert.True(network.StatusOf(honest).LastFault == L1Fault.None, $"seed {seed}: {network.StatusOf(honest)}"));
            }
        }
    }

    [Fact]
    public async Task With_honest_providers_that_are_apart_in_time_the_view_follows_at_the_pace_of_a_quorum()
    {
        for (int seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            using var network = new L1Network(5);
            L1Lie lie = Lies[random.Next(Lies.Length)];
            network.Members[4].Lie = lie;
            for (int poll = 0; poll < 10; poll++)
            {
                network.Chain.MineTo(network.Chain.Latest + (ulong)random.Next(1, 6));
                ulong latest = network.Chain.Latest;
                for (int i = 0; i < 4; i++) network.Members[i].StaysAt = latest - ulong.Min(latest, (ulong)random.Next(3));
                ulong before = network.Head;
                await network.PollAsync();
                ulong third = network.Members.Take(4).Select(member => member.StaysAt!.Value).OrderDescending().ElementAt(2);
                ulong expected = ulong.Max(before, ulong.Max(third, 4) - 4);
                Assert.True(network.Head >= expected, $"seed {seed} ({lie}), poll {poll}: head {network.Head}, a quorum has {expected}");
            }
        }
    }
}
