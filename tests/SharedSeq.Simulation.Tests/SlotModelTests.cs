using SharedSeq.Simulator;

namespace SharedSeq.Simulation.Tests;

/// <summary>The exhaustive model of one slot: it counts what an independent model counted, and notices every broken rule.</summary>
public sealed class SlotModelTests
{
    public static TheoryData<int> Instances => [.. Enumerable.Range(0, SlotModelInstance.All.Count)];

    public static TheoryData<int> Mutants => [.. Enumerable.Range(0, ModelMutant.All.Count)];

    [Theory]
    [MemberData(nameof(Instances))]
    public void Every_instance_has_the_states_that_are_known_and_no_violation(int index)
    {
        SlotModelInstance instance = SlotModelInstance.All[index];
        SlotModelResult result = SlotModel.Explore(instance.Rules);
        Assert.Equal((instance.States, 0, 0), (result.States, result.AgreementViolations, result.DeadStates));
        Assert.Equal(instance.DeadStatesWithoutCertificates, result.DeadStatesWithoutCertificates);
        Assert.True(instance.IsAsKnown(result));
    }

    [Theory]
    [MemberData(nameof(Mutants))]
    public void Each_mutant_is_caught_by_the_check_that_is_there_for_it(int index)
    {
        MutantVerdict verdict = ModelMutant.All[index].Verify();
        Assert.True(verdict.IsCaught, $"'{verdict.Mutant}', {verdict.Members} members: caught by {verdict.CaughtBy ?? "nobody"}");
        Assert.NotNull(verdict.Message);
    }
}
