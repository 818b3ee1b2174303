using System.Text.Json;
using SharedSeq.Ordering;

namespace SharedSeq.Core.Tests.Repository;

/// <summary>The repository keeps its own rules. RuleTests prove that each rule sees what it should.</summary>
public sealed class RepositoryTests
{
    private static readonly string[] TopLevel =
    [
        ".ci", ".editorconfig", ".gitattributes", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md",
        "Directory.Build.props",
        "Directory.Packages.props", "LICENSE", "README.md", "SECURITY.md", "SharedSeq.sln", "config", "docs",
        "global.json", "helm", "rollup-adapters", "sharedseq", "src", "tests",
    ];

    private static SourceFile Versions => RepositoryTree.Text("Directory.Packages.props");

    [Fact]
    public void Every_code_file_keeps_the_style_rules() => Finding.AssertNone(
        from file in RepositoryTree.CSharp from rule in StyleRules.All from finding in rule(file) select finding);

    [Fact]
    public void Long_files_stay_rare()
    {
        string[] product = [.. RepositoryTree.CSharp.Where(file => file.IsProduct).Select(file => file.Path)];
        string[] large =
        [
            .. RepositoryTree.CSharp
                .Where(file => file.IsProduct && file.Lines.Length - 1 > StyleRules.FileLinesRare)
                .Select(file => $"{file.Path}: {file.Lines.Length - 1} lines"),
        ];
        Assert.True(large.Length * 25 <= product.Length,
            $"More than one file in 25 is longer than {StyleRules.FileLinesRare} lines:\n{string.Join('\n', large)}");
    }

    [Fact]
    public void Deterministic_projects_hold_nothing_that_differs_between_runs() => Finding.AssertNone(
        from file in RepositoryTree.CSharp from rule in DeterminismRules.All from finding in rule(file) select finding);

    [Fact]
    public void Deterministic_projects_have_the_banned_api_analyzer() =>
        Finding.AssertNone(RepositoryTree.Projects.SelectMany(ProjectRules.DeterministicWiring));

    [Fact]
    public void Projects_reference_only_what_the_table_allows() =>
        Finding.AssertNone(RepositoryTree.Projects.SelectMany(ProjectRules.References));

    [Fact]
    public void Internals_are_open_to_tests_and_the_simulator_only() =>
        Finding.AssertNone(RepositoryTree.Projects.SelectMany(ProjectRules.OpenInternals));

    [Fact]
    public void Every_package_version_is_exact_and_central() => Finding.AssertNone(
    [
        .. ProjectRules.CentralVersions(Versions),
        .. RepositoryTree.Projects.SelectMany(project => ProjectRules.PackageReferences(project, Versions)),
        .. RepositoryTree.Texts.Where(file => Path.GetFileName(file.Path) == "package.json")
        .SelectMany(ProjectRules.NpmVersions),
    ]);

    [Fact]
    public void Every_project_is_in_the_solution() => Finding.AssertNone(
        ProjectRules.Solution(RepositoryTree.Text("SharedSeq.sln"),
            RepositoryTree.Projects.Select(project => project.Path)));

    [Fact]
    public void The_top_level_holds_what_was_decided_and_nothing_else()
    {
        Assert.Empty(RepositoryTree.TopLevel.Except(TopLevel, StringComparer.Ordinal)
            .Select(name => $"{name} does not belong at the top level"));
        Assert.Empty(TopLevel.Except(RepositoryTree.TopLevel, StringComparer.Ordinal)
            .Where(name => name != ".gitattributes")
            .Select(name => $"{name} is missing at the top level"));
    }

    [Fact]
    public void No_file_names_a_path_of_one_machine() =>
        Finding.AssertNone(RepositoryTree.Texts.SelectMany(file => TextRules.MachinePaths(file, RepositoryTree.Root)));

    [Fact]
    public void No_file_names_a_package_registry() =>
        Finding.AssertNone(RepositoryTree.Texts.SelectMany(TextRules.RegistryHosts));

    [Fact]
    public void Links_in_documents_lead_somewhere() => Finding.AssertNone(
        RepositoryTree.Documents.SelectMany(file => TextRules.Links(file, path =>
            !RepositoryTree.Exists(path) ? null
            : File.Exists(Path.Combine(RepositoryTree.Root, path)) ? RepositoryTree.Text(path).Text
            : "")));

    [Fact]
    public void Every_config_sample_parses()
    {
        JsonDocumentOptions options = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
        SourceFile[] samples =
        [
            .. RepositoryTree.Texts.Where(file => file.Path.StartsWith("config/", StringComparison.Ordinal) &&
                file.Path.EndsWith(".json", StringComparison.Ordinal)),
        ];
        Assert.NotEmpty(samples);
        foreach (SourceFile sample in samples)
        {
            Exception? error = Record.Exception(() => JsonDocument.Parse(sample.Text, options).Dispose());
            Assert.True(error is null, $"{sample.Path}: {error?.Message}");
        }
    }

    [Fact]
    public void The_genesis_sample_is_a_genesis()
    {
        Genesis genesis = GenesisJson.Read(RepositoryTree.Text("config/genesis.json").Text);
        Assert.Equal(4, genesis.Members.Count);
    }
}
