namespace SharedSeq.Core.Tests.Repository;

/// <summary>One place that breaks a rule of the repository.</summary>
/// <param name="Path">Relative to the repository's root, with slashes.</param>
/// <param name="Line">Counted from 1.</param>
/// <param name="Problem">What is wrong and what to do instead.</param>
public sealed record Finding(string Path, int Line, string Problem)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Path}:{Line}: {Problem}";

    /// <summary>Fails the running test with every finding, so that one run shows all there is to mend.</summary>
    public static void AssertNone(IEnumerable<Finding> findings)
    {
        List<string> lines = [.. findings.Select(finding => finding.ToString()).Order(StringComparer.Ordinal)];
        Assert.True(lines.Count == 0, $"{lines.Count} finding(s):\n{string.Join('\n', lines)}");
    }
}
