using SharedSeq.Cli;

namespace SharedSeq.EndToEnd.Tests;

/// <summary>The short drills, by the very command; `./sharedseq drill run all` runs the others too.</summary>
public sealed class DrillTests
{
    [Theory]
    [InlineData("D1")]
    [InlineData("D5")]
    [InlineData("D9")]
    [Trait("Speed", "Slow")]
    public async Task A_drill_meets_its_criteria(string name)
    {
        DrillReport report = await DrillCommand.RunAsync(Assert.Single(Drill.Named([name])), CancellationToken.None);

        // How long something took is for the command: other tests run beside this one.
        IEnumerable<string> unmet = report.Checks.Where(check => !check.IsMet && !check.IsTimed).Select(check => $"{check.Criterion}: {check.Measured}");
        Assert.NotEmpty(report.Checks);
        Assert.True(string.IsNullOrEmpty(report.Fault) && !unmet.Any(), $"{report.Name}: {report.Fault} {string.Join("; ", unmet)}");
        Assert.Equal((0UL, 0), (report.HeightsRolledBack!.Value, report.AcceptedLost!.Value));
    }

    [Fact]
    public void A_drill_that_does_not_exist_is_named_and_the_others_have_names_of_their_own()
    {
        CommandException refused = Assert.Throws<CommandException>(() => Drill.Named(["D5", "D99"]));
        Assert.Contains("D99", refused.Message, StringComparison.Ordinal);
        Assert.Equal(Drill.All.Count, Drill.Named(["all"]).Select(drill => drill.Name).Distinct().Count());
    }

    [Fact]
    public async Task A_drill_that_hangs_or_checks_nothing_has_failed()
    {
        var hanging = new Drill("H", "hangs", "never", SecondsMax: 1, (_, cancellation) => new TaskCompletionSource().Task.WaitAsync(cancellation));
        DrillReport report = await DrillCommand.RunAsync(hanging, CancellationToken.None);
        Assert.False(report.IsPassed);
        Assert.Contains("did not end within 1 s", report.Fault, StringComparison.Ordinal);
        var empty = new Drill("E", "checks nothing", "never", SecondsMax: 60, (_, _) => Task.CompletedTask);
        Assert.False((await DrillCommand.RunAsync(empty, CancellationToken.None)).IsPassed);
    }

    [Fact]
    public async Task Any_error_is_the_failure_of_its_drill_and_a_stop_from_outside_is_none()
    {
        var broken = new Drill("B", "breaks", "never", SecondsMax: 60, (_, _) => throw new KeyNotFoundException("no such metric"));
        DrillReport report = await DrillCommand.RunAsync(broken, CancellationToken.None);
        Assert.False(report.IsPassed);
        Assert.Contains("no such metric", report.Fault, StringComparison.Ordinal);
        Assert.Equal((null, null), (report.HeightsRolledBack, report.AcceptedLost));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => DrillCommand.RunAsync(broken, new CancellationToken(canceled: true)));
        Assert.Contains(DrillCommand.Create().Parse("run D5 --times 0").Errors, error => error.Message.Contains("--times", StringComparison.Ordinal));
    }
}
