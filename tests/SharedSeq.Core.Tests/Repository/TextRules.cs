using System.Text.RegularExpressions;

namespace SharedSeq.Core.Tests.Repository;

/// <summary>Rules for every text file, code and documents alike.</summary>
public static partial class TextRules
{
    // Folders at the root of a file system that documents may name.
    private static readonly string[] SystemFolders =
        ["bin", "dev", "etc", "lib", "opt", "proc", "src", "tmp", "usr", "var"];

    /// <summary>No path of the machine somebody worked on.</summary>
    /// <param name="file">The text.</param>
    /// <param name="checkout">Where the repository lies now: its first folder is a machine's path too.</param>
    public static IEnumerable<Finding> MachinePaths(SourceFile file, string checkout)
    {
        string first = checkout.Split('/', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault() ?? "";
        string own = SystemFolders.Contains(first) || first.Length == 0 ? "" : "|" + Regex.Escape(first);
        // Characters that make it a part of a longer path or of an address are no start of an absolute path.
        Regex path = new($@"(?<![\w.$}})*\]/-])(/(root|home|Users|mnt{own})/[\w.-]+|[A-Z]:\\Users\\)");
        foreach ((int line, string text) in Matches(file, path))
        {
            yield return new(file.Path, line, $"{text} is a path of one machine: make it relative");
        }
    }

    /// <summary>No package registry by name: where packages come from is the builder's setting.</summary>
    public static IEnumerable<Finding> RegistryHosts(SourceFile file)
    {
        foreach ((int line, string text) in Matches(file, Registry()))
        {
            yield return new(file.Path, line, $"{text} names a package registry: leave that to the machine's settings");
        }
    }

    /// <summary>Links of a document lead to files and headings that exist.</summary>
    /// <param name="file">A Markdown file.</param>
    /// <param name="read">The text of a file by its path from the root; null when there is none; "" for a
    /// folder.</param>
    public static IEnumerable<Finding> Links(SourceFile file, Func<string, string?> read)
    {
        string folder = file.Path.Contains('/', StringComparison.Ordinal)
            ? file.Path[..file.Path.LastIndexOf('/')] : "";
        bool code = false;
        for (int i = 0; i < file.Lines.Length; i++)
        {
            code ^= file.Lines[i].TrimStart().StartsWith("```", StringComparison.Ordinal);
            if (code)
            {
                continue;
            }

            foreach (Match link in MarkdownLink().Matches(InlineCode().Replace(file.Lines[i], "")))
            {
                string target = link.Groups[1].Value;
                if (target.Contains("://", StringComparison.Ordinal) ||
                    target.StartsWith("mailto:", StringComparison.Ordinal))
                {
                    continue;
                }

                string[] parts = target.Split('#', 2);
                string? text = parts[0].Length == 0 ? file.Text : read(Resolve(folder, parts[0]));
                if (text is null)
                {
                    yield return new(file.Path, i + 1, $"the link {target} leads to no file");
                }
                else if (parts.Length == 2 && !Headings(text).Contains(parts[1]))
                {
                    yield return new(file.Path, i + 1, $"the link {target} leads to no heading");
                }
            }
        }
    }

    // The names that a heading gets on the usual hosts: lower case, punctuation dropped, spaces as hyphens.
    private static HashSet<string> Headings(string text) =>
        [.. text.Split('\n')
            .Where(line => line.StartsWith('#'))
            .Select(line =>
                NotInAnchor().Replace(line.TrimStart('#').Trim().ToLowerInvariant(), "").Replace(' ', '-'))];

    private static string Resolve(string folder, string target)
    {
        List<string> parts = [.. folder.Split('/', StringSplitOptions.RemoveEmptyEntries)];
        foreach (string part in target.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == ".." && parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part != ".")
            {
                parts.Add(part);
            }
        }

        return string.Join('/', parts);
    }

    private static IEnumerable<(int Line, string Text)> Matches(SourceFile file, Regex pattern)
    {
        for (int i = 0; i < file.Lines.Length; i++)
        {
            foreach (Match match in pattern.Matches(file.Lines[i]))
            {
                yield return (i + 1, match.Value);
            }
        }
    }

    [GeneratedRegex(@"registry\.(npmjs|yarnpkg)\.\w+|api\.nuget\.org|nuget\.org/v3|npm\.pkg\.github|pkgs\.dev\.azure")]
    private static partial Regex Registry();

    [GeneratedRegex(@"\[[^\]]*\]\(([^)\s]+)\)")]
    private static partial Regex MarkdownLink();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex InlineCode();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NotInAnchor();
}
