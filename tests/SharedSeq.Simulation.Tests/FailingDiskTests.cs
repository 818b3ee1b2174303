using SharedSeq.Simulator;

namespace SharedSeq.Simulation.Tests;

/// <summary>Whose disk failed signs nothing with the keys it had; without a guard it does, and counts as a liar.</summary>
public sealed class FailingDiskTests
{
    [Theory]
    [InlineData(DiskFault.Lost)]
    [InlineData(DiskFault.RolledBack)]
    [InlineData(DiskFault.LatentError)]
    public void A_member_whose_disk_failed_refuses_to_vote_and_follows_as_an_observer(DiskFault fault)
    {
        using SimulatedRun run = Run(fault, isGuarded: true, out SimulatedNode node);
        RunResult result = run.Execute();
        Assert.Null(result.Violation?.Message);
        Assert.True(node.HasLostKeys && node.Seat is null, "the keys are retired");
        Assert.True(node.ExecutedHeight.Plus(5) >= run.HighestDelivered, $"it is at {node.ExecutedHeight}, the others at {run.HighestDelivered}");
        Coverage seen = result.Coverage;
        Assert.Equal(fault == DiskFault.Lost ? 1 : 0, seen.DisksLost);
        Assert.Equal(fault == DiskFault.RolledBack ? 1 : 0, seen.RollbacksRefused);
        Assert.Equal(fault == DiskFault.LatentError ? 1 : 0, seen.LatentErrorsFound);
        Assert.Equal(0, seen.RollbacksUnseen);
    }

    [Fact]
    public void Without_a_guard_nobody_notices_and_the_others_go_on()
    {
        using SimulatedRun run = Run(DiskFault.RolledBack, isGuarded: false, out SimulatedNode node);
        RunResult result = run.Execute();
        Assert.Null(result.Violation?.Message);
        Assert.Equal((1, false, false), (result.Coverage.RollbacksUnseen, node.HasLostKeys, node.IsHonest));
    }

    [Fact]
    public void A_member_that_ignores_its_guard_is_caught_by_the_checker_of_contradictions()
    {
        Mutant mutant = Mutant.Find("rolled-back member votes on")!;
        MutantVerdict verdict = MutantHunt.Hunt(mutant, 40);
        Assert.Equal(nameof(NoHonestEvidence), verdict.CaughtBy);
    }

    /// <summary>Four members in a good network; the disk of one fails in the middle.</summary>
    private static SimulatedRun Run(DiskFault fault, bool isGuarded, out SimulatedNode node)
    {
        var member = new NodeId(2);
        RunSettings drawn = Swarm.Draw(7, 4);
        RunSettings settings = drawn with
        {
            Shape = RunShape.Calm,
            StabilisationMs = 2_000,
            Before = drawn.After,
            DiskBefore = drawn.DiskAfter,
            RestartsPerMinute = 0,
            CutsPerMinute = 0,
            Dying = [],
            Liars = isGuarded ? [] : [new LyingMember(member, [AttackerKind.RolledBackVoter])],
            Epochs = default,
            Changes = CommitteeChanges.None,
            Disks = [new FailingDisk(member, fault, SavedMs: 700, AtMs: 1_200, DownMs: 30)],
        };
        var run = new SimulatedRun(settings, Mutant.None);
        node = run.Nodes[member.Value];
        return run;
    }
}
