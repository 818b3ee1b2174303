namespace SharedSeq.Core.Tests.Repository;

/// <summary>Each rule is fed a piece that breaks it and one that keeps it.</summary>
public sealed class RuleTests
{
    private const string InSource = "src/SharedSeq.Node/Some.cs";
    private const string InCore = "src/SharedSeq.Consensus/Some.cs";
    private const string InTests = "tests/SharedSeq.Core.Tests/Some.cs";

    [Theory]
    [InlineData("class LaneManager;", "Manager")]
    [InlineData("record StringUtils(int X);", "Utils")]
    [InlineData("interface IHelperOfLanes { }", "Helper")]
    [InlineData("struct BlockData { }", "Data")]
    [InlineData("enum PeerInfo { A }", "Info")]
    [InlineData("delegate void ActorBase();", "Base")]
    [InlineData("class Outer { class StoreImpl; }", "Impl")]
    public void A_type_name_that_says_nothing_is_found(string code, string word) =>
        Found(StyleRules.TypeNames(new(InSource, code)), $"says '{word}'");

    [Theory]
    [InlineData("class Database;")]
    [InlineData("class DataAvailability;")]
    [InlineData("class Informant;")]
    [InlineData("class BaseFee;")]
    public void A_word_inside_another_or_in_front_is_no_banned_name(string code) =>
        Assert.Empty(StyleRules.TypeNames(new(InSource, code)));

    [Fact]
    public void A_long_file_is_found()
    {
        Assert.Empty(StyleRules.FileLength(new(InSource, Repeat("\n", StyleRules.FileLinesMax))));
        Found(StyleRules.FileLength(new(InSource, Repeat("\n", StyleRules.FileLinesMax + 1))), "701 lines");
    }

    [Fact]
    public void A_long_method_constructor_or_accessor_is_found()
    {
        string body = "{" + Repeat("\n", StyleRules.MethodLinesMax) + "}";
        Found(StyleRules.MethodLength(new(InSource, "class A { void Run()" + body + "}")), "71 lines");
        Found(StyleRules.MethodLength(new(InSource, "class A { A()" + body + "}")), "71 lines");
        Found(StyleRules.MethodLength(new(InSource, "class A { int X { get " + body + "} }")), "71 lines");
        Assert.Empty(StyleRules.MethodLength(new(InSource, "class A { void Run() {" + Repeat("\n", 69) + "} }")));
    }

    [Fact]
    public void A_wide_line_is_found_with_its_number()
    {
        Finding finding = Assert.Single(StyleRules.LineLength(new(InSource, "// short\n//" + Repeat("x", 159))));
        Assert.Equal($"{InSource}:2: the line has 161 columns, at most 160", finding.ToString());
    }

    [Fact]
    public void A_foreign_or_nested_namespace_is_found()
    {
        Found(StyleRules.Namespaces(new(InSource, "namespace SharedSeq.NodeX;")), "does not start with");
        Found(StyleRules.Namespaces(new(InSource, "namespace SharedSeq.Node { class A; }")), "file-scoped");
        Assert.Empty(StyleRules.Namespaces(new(InSource, "namespace SharedSeq.Node.Rpc;")));
    }

    [Fact]
    public void A_stub_or_a_bare_note_is_found_but_not_its_name_in_a_string()
    {
        Found(StyleRules.UnfinishedCode(new(InSource, "class A { void F() => throw new NotImplementedException(); }")),
            "stub");
        Found(StyleRules.UnfinishedCode(new(InSource, "// TODO later\nclass A;")), "tracked");
        Found(StyleRules.UnfinishedCode(new(InSource, "/// <summary>FIXME</summary>\nclass A;")), "tracked");
        Assert.Empty(StyleRules.UnfinishedCode(new(InSource, "// TODO(ADR 3) shorter\nclass A;")));
        Assert.Empty(
            StyleRules.UnfinishedCode(new(InSource, "class A { string S = \"NotImplementedException TODO\"; }")));
    }

    [Theory]
    [InlineData("public class A;")]
    [InlineData("public enum A { X }")]
    [InlineData("/// <summary></summary>\npublic record A;")]
    [InlineData("// a comment is no docstring\npublic interface IA { }")]
    [InlineData("/// <summary>Outer.</summary>\npublic class A { public struct B { } }")]
    public void A_public_type_without_a_docstring_is_found(string code) =>
        Found(StyleRules.Docstrings(new(InSource, code)), "no docstring");

    [Theory]
    [InlineData("/// <summary>One leader's attempt.</summary>\n[Serializable]\npublic class A;")]
    [InlineData("class A;")]
    [InlineData("class A { public class B; }")]
    public void A_described_or_hidden_type_needs_no_more(string code) =>
        Assert.Empty(StyleRules.Docstrings(new(InSource, code)));

    [Fact]
    public void A_docstring_is_not_asked_of_tests() =>
        Assert.Empty(StyleRules.Docstrings(new(InTests, "public class A;")));

    [Theory]
    [InlineData("class A { void F() { Thread.Sleep(1); } }")]
    [InlineData("class A { async Task F() { await System.Threading.Tasks.Task.Delay(1); } }")]
    public void Waiting_for_time_in_a_test_is_found(string code)
    {
        Found(StyleRules.WaitingInTests(new(InTests, code)), "wait for the event");
        Assert.Empty(StyleRules.WaitingInTests(new(InSource, code)));
    }

    [Fact]
    public void Asking_again_until_a_named_deadline_is_allowed() => Assert.Empty(StyleRules.WaitingInTests(
        new(InTests, "class A { async Task UntilAsync() { while (true) await Task.Delay(20); } }")));

    [Fact]
    public void A_further_part_of_a_described_type_needs_no_docstring()
    {
        const string Part = "public partial class Some { }";
        Assert.Empty(StyleRules.Docstrings(new("src/SharedSeq.Node/Some.Topic.cs", Part)));
        Found(StyleRules.Docstrings(new(InSource, Part)), "no docstring");
    }

    [Fact]
    public void A_test_without_a_sentence_or_without_a_run_is_found()
    {
        Found(StyleRules.TestNames(new(InTests, "class A { [Fact] void Works() { } }")), "sentence");
        Found(StyleRules.TestNames(new(InTests, "class A { [Theory(Skip = \"slow\")] void It_works() { } }")),
            "skipped");
        Assert.Empty(StyleRules.TestNames(new(InTests, "class A { [Fact] void It_works() { } }")));
    }

    [Theory]
    [InlineData("class A { double X; }")]
    [InlineData("class A { float X; }")]
    [InlineData("class A { decimal X; }")]
    [InlineData("class A { object X = 1.5; }")]
    [InlineData("class A { object X = 1e3; }")]
    [InlineData("class A { dynamic X; }")]
    [InlineData("class A { async void F() { } }")]
    [InlineData("class A { void F() { await G(); } }")]
    [InlineData("class A { void F() { lock (this) { } } }")]
    [InlineData("class A { void F(Dictionary<int, int> all) { foreach (var x in all) { } } }")]
    [InlineData("class A { void F(IReadOnlyDictionary<int, int> all) { foreach (var x in all) { } } }")]
    [InlineData("class A { void F(int[] all) => all.ToHashSet(); }")]
    public void What_differs_between_runs_is_found_in_the_core_only(string code)
    {
        Assert.NotEmpty(DeterminismRules.Tokens(new(InCore, code)));
        Assert.Empty(DeterminismRules.Tokens(new(InSource, code)));
    }

    [Theory]
    [InlineData("class A { SortedDictionary<int, long> X; }")]
    [InlineData("// double, Dictionary and async in a comment\nclass A { string X = \"float\"; ulong Y = 15UL; }")]
    public void Ordered_collections_integers_and_words_are_allowed_in_the_core(string code) =>
        Assert.Empty(DeterminismRules.Tokens(new(InCore, code)));

    [Theory]
    [InlineData("see /" + "home/someone/notes")]
    [InlineData("`/" + "root/.nuget`")]
    [InlineData("C:" + "\\Users\\x")]
    [InlineData("cd /checkouts/main")]
    public void A_path_of_one_machine_is_found(string text) =>
        Found(TextRules.MachinePaths(new("README.md", text), "/checkouts/main"), "one machine");

    [Theory]
    [InlineData("https://example.org/home/page")]
    [InlineData("src/home/x and /usr/bin/chromium and /tmp/x")]
    [InlineData("/healthz /rollups/{namespace}")]
    public void An_address_or_a_system_path_is_none(string text) =>
        Assert.Empty(TextRules.MachinePaths(new("README.md", text), "/tmp/clone"));

    [Fact]
    public void A_registry_host_is_found() =>
        Found(TextRules.RegistryHosts(new("config/package-lock.json", "https://registry." + "npmjs.org/x")),
            "registry");

    [Fact]
    public void A_link_to_nothing_is_found()
    {
        static string? Read(string path) => path is "docs/b.md" ? "# A Heading, here\n" : path is "src" ? "" : null;
        const string Good =
            "[b](b.md) [h](./b.md#a-heading-here) [up](../src/) [w](https://x.y/z) `[no](link)`\n```\n[no](link)\n```";
        Assert.Empty(TextRules.Links(new("docs/a.md", Good), Read));
        Found(TextRules.Links(new("docs/a.md", "\n[c](c.md)"), Read), "docs/a.md:2: the link c.md leads to no file");
        Found(TextRules.Links(new("docs/a.md", "[h](b.md#other)"), Read), "no heading");
        Found(TextRules.Links(new("docs/a.md", "# One\n[h](#two)"), Read), "no heading");
    }

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));

    private static void Found(IEnumerable<Finding> findings, string words) =>
        Assert.Contains(words, Assert.Single(findings).ToString(), StringComparison.Ordinal);
}
