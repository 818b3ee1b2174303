using SharedSeq.Simulator;

namespace SharedSeq.Simulation.Tests;

/// <summary>Runs in which operators' statements decide who serves, by the ordering of each node.</summary>
public sealed class OrderedCommitteeTests
{
    private const int Runs = 12;

    [Fact]
    public void Operators_join_leave_and_rotate_by_statements_and_every_node_serves_what_the_boundaries_certify()
    {
        var seen = new Coverage();
        int runs = 0;
        for (ulong seed = 1; runs < Runs; seed++)
        {
            RunSettings settings = Swarm.Draw(seed, 4);
            if (!settings.Changes.IsOrdered) continue;
            runs++;
            RunResult result = Campaign.RunOne(settings, Mutant.None);
            Assert.True(result.Violation is null, result.Violation is null ? "" : RunReport.Describe(result));
            seen.Add(result.Coverage);
        }

        Assert.True(seen.StatementsOrdered >= Runs, $"{seen.StatementsOrdered} statements took effect in {Runs} runs");
        Assert.True(seen.MembersJoined > 0, "nobody joined");
        Assert.True(seen.MembersRotated > 0, "nobody rotated");
        Assert.True(seen.BoundariesCertified > Runs, $"{seen.BoundariesCertified} certificates of boundaries were compared");
    }
}
