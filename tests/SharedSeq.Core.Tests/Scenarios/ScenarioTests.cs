using SharedSeq.Core.Tests.Vectors;

namespace SharedSeq.Core.Tests.Scenarios;

/// <summary>
/// Conversations of a whole committee, message by message: each *.txt here is a script with everything it caused written below each command.
/// To accept changed conversations: SHAREDSEQ_REWRITE_SCENARIOS=1 dotnet test --filter ScenarioTests, and commit only a diff that is understood.
/// </summary>
public class ScenarioTests
{
    private const string RewriteSwitch = "SHAREDSEQ_REWRITE_SCENARIOS";

    private static string Folder => Path.Combine(VectorFile.RepositoryRoot, "tests", "SharedSeq.Core.Tests", "Scenarios");

    public static TheoryData<string> Names =>
        [.. Directory.GetFiles(Folder, "*.txt").Select(path => Path.GetFileNameWithoutExtension(path)!).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_conversation_goes_as_written(string name)
    {
        string path = Path.Combine(Folder, name + ".txt");
        string written = File.ReadAllText(path);
        string played = new ScenarioScript().Play(written);
        if (Environment.GetEnvironmentVariable(RewriteSwitch) == "1") File.WriteAllText(path, played);
        else Assert.True(written == played, Difference(name, written, played));
    }

    private static string Difference(string name, string written, string played)
    {
        string[] expected = written.Split('\n');
        string[] actual = played.Split('\n');
        int at = 0;
        while (at < expected.Length && at < actual.Length && expected[at] == actual[at]) at++;
        return $"{name}.txt differs from line {at + 1} on (with {RewriteSwitch}=1 the file is written anew):\n" +
            $"  written: {string.Join("\n           ", expected.Skip(at).Take(5))}\n  played:  {string.Join("\n           ", actual.Skip(at).Take(5))}";
    }
}
