namespace SharedSeq.Core.Tests.Repository;

/// <summary>The files of the repository that the tests run in, without what builds and runs leave behind.</summary>
public static class RepositoryTree
{
    private static readonly string[] Untracked =
        ["bin", "obj", "artifacts", "node_modules", "dist", ".git", ".sharedseq", "TestResults", ".vs", ".idea"];

    private static readonly string[] TextSuffixes =
    [
        ".cs", ".csproj", ".props", ".targets", ".sln", ".json", ".md", ".txt", ".yaml", ".yml", ".tpl", ".sh",
        ".js", ".mjs", ".ts", ".html", ".css", ".sol", ".toml",
    ];

    /// <summary>The folder that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Every text file, read once.</summary>
    public static IReadOnlyList<SourceFile> Texts { get; } =
        [.. Files(Root).Where(IsText).Select(path => SourceFile.Read(Root, path))];

    /// <summary>Every C# file.</summary>
    public static IEnumerable<SourceFile> CSharp =>
        Texts.Where(file => file.Path.EndsWith(".cs", StringComparison.Ordinal));

    /// <summary>Every project file.</summary>
    public static IEnumerable<SourceFile> Projects =>
        Texts.Where(file => file.Path.EndsWith(".csproj", StringComparison.Ordinal));

    /// <summary>Every Markdown file.</summary>
    public static IEnumerable<SourceFile> Documents =>
        Texts.Where(file => file.Path.EndsWith(".md", StringComparison.Ordinal));

    /// <summary>Names at the top level, folders included.</summary>
    public static IEnumerable<string> TopLevel =>
        Directory.EnumerateFileSystemEntries(Root)
            .Select(entry => Path.GetFileName(entry))
            .Where(name => !Untracked.Contains(name));

    /// <summary>The one text file at <paramref name="path"/>.</summary>
    public static SourceFile Text(string path) => SourceFile.Read(Root, Path.Combine(Root, path));

    /// <summary>True when the file or folder exists.</summary>
    public static bool Exists(string path)
    {
        string full = Path.Combine(Root, path);
        return File.Exists(full) || Directory.Exists(full);
    }

    private static IEnumerable<string> Files(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder))
        {
            yield return file;
        }

        foreach (string child in Directory.EnumerateDirectories(folder))
        {
            if (Untracked.Contains(Path.GetFileName(child)))
            {
                continue;
            }

            foreach (string file in Files(child))
            {
                yield return file;
            }
        }
    }

    // Files without a suffix are scripts and licences here.
    private static bool IsText(string path) =>
        TextSuffixes.Contains(Path.GetExtension(path)) ||
            !Path.GetFileName(path).Contains('.', StringComparison.Ordinal);

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "SharedSeq.sln")))
            {
                return at.FullName;
            }
        }

        throw new InvalidOperationException($"No SharedSeq.sln above {AppContext.BaseDirectory}.");
    }
}
