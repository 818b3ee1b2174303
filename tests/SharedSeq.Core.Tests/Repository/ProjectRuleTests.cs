namespace SharedSeq.Core.Tests.Repository;

/// <summary>The rules for project files, each fed one that breaks it.</summary>
public sealed class ProjectRuleTests
{
    private static readonly SourceFile Versions = new("Directory.Packages.props",
        "<Project><PackageVersion Include='Dapper' Version='2.1.86' /></Project>");

    [Fact]
    public void A_reference_outside_the_table_is_found_with_its_line()
    {
        SourceFile project = Project("Consensus",
            "<ItemGroup>\n<ProjectReference Include='../SharedSeq.Node/SharedSeq.Node.csproj' /></ItemGroup>");
        Finding finding = Assert.Single(ProjectRules.References(project));
        Assert.Equal(
            "src/SharedSeq.Consensus/SharedSeq.Consensus.csproj:2: Consensus may not reference Node, only: Primitives",
            finding.ToString());
        Assert.Empty(ProjectRules.References(
            Project("Node", "<ProjectReference Include='../SharedSeq.Storage/SharedSeq.Storage.csproj' />")));
        Found(ProjectRules.References(Project("Other", "")), "not in the table");
    }

    [Fact]
    public void A_deterministic_project_without_its_guards_is_found()
    {
        const string Guards = "<ImplicitUsings>disable</ImplicitUsings>" +
            "<PackageReference Include='Microsoft.CodeAnalysis.BannedApiAnalyzers' />" +
            "<AdditionalFiles Include='$(RepositoryRoot)src/BannedSymbols.txt' />";
        Assert.Empty(ProjectRules.DeterministicWiring(Project("Ordering", Guards)));
        Assert.Equal(3, ProjectRules.DeterministicWiring(Project("Ordering", "")).Count());
        Assert.Empty(ProjectRules.DeterministicWiring(Project("Node", "")));
        Found(ProjectRules.DeterministicWiring(Project("Ordering", Guards + "<PackageReference Include='Dapper' />")),
            "no package");
    }

    [Theory]
    [InlineData("*")]
    [InlineData("2.*")]
    [InlineData("[2.1,3)")]
    [InlineData("")]
    public void A_version_that_may_float_is_found(string version) => Found(
        ProjectRules.CentralVersions(new("a", $"<P><PackageVersion Include='Dapper' Version='{version}' /></P>")),
        "exact");

    [Fact]
    public void A_package_outside_the_central_list_is_found()
    {
        Found(ProjectRules.PackageReferences(
            Project("Storage", "<PackageReference Include='Dapper' Version='2.0.0' />"), Versions), "belongs in");
        Found(ProjectRules.PackageReferences(Project("Storage", "<PackageReference Include='Other' />"), Versions),
            "no version in");
        Assert.Empty(
            ProjectRules.PackageReferences(Project("Storage", "<PackageReference Include='Dapper' />"), Versions));
    }

    [Fact]
    public void An_npm_version_that_may_float_is_found()
    {
        const string Good = "{\n\"name\": \"any name\",\n\"devDependencies\": {\n\"viem\": \"2.57.20\"\n}\n}";
        Assert.Empty(ProjectRules.NpmVersions(new("package.json", Good)));
        Found(ProjectRules.NpmVersions(new("package.json", Good.Replace("2.57", "^2.57", StringComparison.Ordinal))),
            "package.json:4");
    }

    [Fact]
    public void Internals_opened_to_the_product_are_found()
    {
        Found(ProjectRules.OpenInternals(Project("Node", "<InternalsVisibleTo Include='SharedSeq.Cli' />")),
            "SharedSeq.Cli");
        Assert.Empty(
            ProjectRules.OpenInternals(Project("Node", "<InternalsVisibleTo Include='SharedSeq.Node.Tests' />")));
    }

    [Fact]
    public void A_project_outside_the_solution_is_found()
    {
        SourceFile solution =
            new("SharedSeq.sln", "Project(\"{F}\") = \"A\", \"src\\A\\A.csproj\", \"{1}\"\nEndProject\n");
        Assert.Empty(ProjectRules.Solution(solution, ["src/A/A.csproj"]));
        Found(ProjectRules.Solution(solution, ["src/A/A.csproj", "src/B/B.csproj"]), "dotnet sln add src/B/B.csproj");
        Found(ProjectRules.Solution(solution, []), "does not exist");
    }

    private static SourceFile Project(string name, string inner) =>
        new($"src/SharedSeq.{name}/SharedSeq.{name}.csproj", $"<Project>{inner}</Project>");

    private static void Found(IEnumerable<Finding> findings, string words) =>
        Assert.Contains(words, Assert.Single(findings).ToString(), StringComparison.Ordinal);
}
