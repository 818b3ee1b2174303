using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace SharedSeq.Core.Tests.Repository;

/// <summary>Rules for project files, package versions and the solution.</summary>
public static partial class ProjectRules
{
    private static readonly string[] Core = ["Primitives", "Consensus", "Ordering"];
    private static readonly string[] Shell =
        [.. Core, "Storage", "Networking", "Ethereum", "Client", "Adapters", "Adapters.EvmDev"];

    /// <summary>
    /// Who may reference whom. Client holds the consensus and ordering code because a verifier must run the very format
    /// and certificate code of the replica (docs/adr/0002-client-shares-the-core.md).
    /// </summary>
    public static readonly SortedDictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Primitives"] = [],
        ["Consensus"] = ["Primitives"],
        ["Ordering"] = ["Primitives", "Consensus"],
        ["Storage"] = ["Primitives"],
        ["Networking"] = ["Primitives"],
        ["Ethereum"] = ["Primitives"],
        ["Client"] = Core,
        ["Node"] = Shell,
        ["Cli"] = ["Node", "Client", "Simulator"],
        ["Simulator"] = Core,
        ["Adapters"] = ["Primitives", "Client", "Ethereum"],
        ["Adapters.EvmDev"] = ["Adapters"],
        // Tests of the core must not need the shell; the others test whole programs.
        ["Core.Tests"] = [.. Core, "Client"],
        ["Simulation.Tests"] = [.. Core, "Simulator"],
        ["Fuzz.Tests"] = [.. Shell, "Node"],
        ["Node.Tests"] = [.. Shell, "Node", "Cli"],
        ["Adapters.Tests"] = ["Primitives", "Client", "Ethereum", "Adapters", "Adapters.EvmDev"],
        ["EndToEnd.Tests"] = [.. Shell, "Node", "Cli", "Simulator"],
    };

    private static readonly string[] Deterministic = ["Consensus", "Ordering"];

    /// <summary>A project references only what the table allows, so that dependencies run one way.</summary>
    public static IEnumerable<Finding> References(SourceFile project)
    {
        string name = ShortName(project.Path);
        if (!Allowed.TryGetValue(name, out string[]? allowed))
        {
            yield return new(project.Path, 1, $"{name} is not in the table of projects ({nameof(ProjectRules)}.cs)");
            yield break;
        }

        foreach ((int line, string include) in Includes(project, "ProjectReference"))
        {
            if (!allowed.Contains(ShortName(include)))
            {
                string others = allowed.Length == 0 ? "nothing" : string.Join(", ", allowed);
                yield return new(project.Path, line, $"{name} may not reference {ShortName(include)}, only: {others}");
            }
        }
    }

    /// <summary>In the deterministic projects every import is visible and a banned API is a build error.</summary>
    public static IEnumerable<Finding> DeterministicWiring(SourceFile project)
    {
        if (!Deterministic.Contains(ShortName(project.Path)))
        {
            yield break;
        }

        if (!project.Text.Contains("<ImplicitUsings>disable</ImplicitUsings>", StringComparison.Ordinal))
        {
            yield return new(project.Path, 1, "a deterministic project sets <ImplicitUsings>disable</ImplicitUsings>");
        }

        if (!Includes(project, "AdditionalFiles")
            .Any(file => file.Include.EndsWith("BannedSymbols.txt", StringComparison.Ordinal)))
        {
            yield return new(project.Path, 1, "a deterministic project has src/BannedSymbols.txt in AdditionalFiles");
        }

        List<(int Line, string Include)> packages =
            [.. Includes(project, "PackageReference"), .. Includes(project, "FrameworkReference")];
        if (!packages.Any(package => package.Include == "Microsoft.CodeAnalysis.BannedApiAnalyzers"))
        {
            yield return new(project.Path, 1, "a deterministic project has Microsoft.CodeAnalysis.BannedApiAnalyzers");
        }

        foreach ((int line, string include) in packages.Where(package =>
            !package.Include.EndsWith("Analyzers", StringComparison.Ordinal)))
        {
            yield return new(project.Path, line, $"a deterministic project uses no package: {include}");
        }
    }

    /// <summary>
    /// Internals are opened to test projects, and to the simulator, which builds the protocol mutants.
    /// </summary>
    public static IEnumerable<Finding> OpenInternals(SourceFile project)
    {
        foreach ((int line, string include) in Includes(project, "InternalsVisibleTo"))
        {
            if (include != "SharedSeq.Simulator" && !include.EndsWith(".Tests", StringComparison.Ordinal))
            {
                yield return new(project.Path, line,
                    $"internals are visible to {include}: only to the matching test project");
            }
        }
    }

    /// <summary>Versions stand in one file, each exact.</summary>
    public static IEnumerable<Finding> CentralVersions(SourceFile versions)
    {
        foreach (XElement package in Elements(versions, "PackageVersion"))
        {
            string version = package.Attribute("Version")?.Value ?? "";
            if (!ExactVersion().IsMatch(version))
            {
                yield return new(versions.Path, LineOf(package),
                    $"{package.Attribute("Include")?.Value} '{version}' is not an exact version");
            }
        }
    }

    /// <summary>Projects name packages of the central list and leave the version to it.</summary>
    public static IEnumerable<Finding> PackageReferences(SourceFile project, SourceFile versions)
    {
        string[] known = [.. Includes(versions, "PackageVersion").Select(package => package.Include)];
        foreach (XElement package in Elements(project, "PackageReference"))
        {
            string name = package.Attribute("Include")?.Value ?? "";
            if (package.Attribute("Version") is not null || package.Attribute("VersionOverride") is not null)
            {
                yield return new(project.Path, LineOf(package),
                    $"{name} has its version here: it belongs in {versions.Path}");
            }

            if (!known.Contains(name))
            {
                yield return new(project.Path, LineOf(package), $"{name} has no version in {versions.Path}");
            }
        }
    }

    /// <summary>The same for npm: an exact version of every package.</summary>
    public static IEnumerable<Finding> NpmVersions(SourceFile package)
    {
        bool dependencies = false;
        for (int i = 0; i < package.Lines.Length; i++)
        {
            dependencies = package.Lines[i].Contains("ependencies\"", StringComparison.Ordinal) ||
                (dependencies && !package.Lines[i].Contains('}', StringComparison.Ordinal));
            Match entry = NpmEntry().Match(package.Lines[i]);
            if (dependencies && entry.Success && !ExactVersion().IsMatch(entry.Groups[2].Value))
            {
                yield return new(package.Path, i + 1,
                    $"{entry.Groups[1].Value} '{entry.Groups[2].Value}' is not an exact version");
            }
        }
    }

    /// <summary>What is built from the solution is all there is.</summary>
    public static IEnumerable<Finding> Solution(SourceFile solution, IEnumerable<string> projects)
    {
        SortedSet<string> missing = new(projects, StringComparer.Ordinal);
        for (int i = 0; i < solution.Lines.Length; i++)
        {
            Match entry = SolutionEntry().Match(solution.Lines[i]);
            string path = entry.Groups[1].Value.Replace('\\', '/');
            if (entry.Success && !missing.Remove(path))
            {
                yield return new(solution.Path, i + 1, $"{path} does not exist or is listed twice");
            }
        }

        foreach (string path in missing)
        {
            yield return new(solution.Path, 1, $"{path} is not in the solution: dotnet sln add {path}");
        }
    }

    private static string ShortName(string path) =>
        Path.GetFileNameWithoutExtension(path.Replace('\\', '/')).Replace("SharedSeq.", "", StringComparison.Ordinal);

    private static IEnumerable<(int Line, string Include)> Includes(SourceFile file, string element) =>
        Elements(file, element).Select(found => (LineOf(found), found.Attribute("Include")?.Value ?? ""));

    private static IEnumerable<XElement> Elements(SourceFile file, string element) =>
        XDocument.Parse(file.Text, LoadOptions.SetLineInfo).Descendants(element);

    private static int LineOf(XElement element) => ((System.Xml.IXmlLineInfo)element).LineNumber;

    [GeneratedRegex(@"^\d+(\.\d+){1,3}(-[\w.]+)?$")]
    private static partial Regex ExactVersion();

    [GeneratedRegex("^\\s*\"([^\"]+)\"\\s*:\\s*\"([^\"]*)\"")]
    private static partial Regex NpmEntry();

    [GeneratedRegex("= \"[^\"]+\", \"([^\"]+\\.csproj)\"")]
    private static partial Regex SolutionEntry();
}
