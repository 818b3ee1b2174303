using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace SharedSeq.Core.Tests.Repository;

/// <summary>A text file of the repository, or a piece of one that a test made up; C# is parsed on first use.</summary>
public sealed class SourceFile
{
    private static readonly CSharpParseOptions Options =
        new(LanguageVersion.Preview, DocumentationMode.Parse, SourceCodeKind.Regular);

    private readonly Lazy<CompilationUnitSyntax> _syntax;

    /// <summary>A file with the given text.</summary>
    /// <param name="path">Relative to the repository's root, with slashes: rules look at it.</param>
    /// <param name="text">What the file holds.</param>
    public SourceFile(string path, string text)
    {
        Path = path;
        Text = text;
        Lines = text.Split('\n');
        _syntax = new(() => CSharpSyntaxTree.ParseText(text, Options).GetCompilationUnitRoot());
    }

    /// <summary>Relative to the repository's root, with slashes.</summary>
    public string Path { get; }

    /// <summary>All of it.</summary>
    public string Text { get; }

    /// <summary>Split at line feeds; a final line feed leaves an empty last line.</summary>
    public string[] Lines { get; }

    /// <summary>The C# syntax tree.</summary>
    public CompilationUnitSyntax Syntax => _syntax.Value;

    /// <summary>Ships to operators: below src or rollup-adapters.</summary>
    public bool IsProduct =>
        Path.StartsWith("src/", StringComparison.Ordinal) ||
            Path.StartsWith("rollup-adapters/", StringComparison.Ordinal);

    /// <summary>Below tests.</summary>
    public bool IsTest => Path.StartsWith("tests/", StringComparison.Ordinal);

    /// <summary>Part of the two projects that must give the same result on every machine and every run.</summary>
    public bool IsDeterministic =>
        Path.StartsWith("src/SharedSeq.Consensus/", StringComparison.Ordinal) ||
        Path.StartsWith("src/SharedSeq.Ordering/", StringComparison.Ordinal);

    /// <summary>Reads the file at the absolute <paramref name="path"/>.</summary>
    public static SourceFile Read(string root, string path) =>
        new(System.IO.Path.GetRelativePath(root, path).Replace('\\', '/'), File.ReadAllText(path));

    /// <summary>A finding at the start of <paramref name="node"/>.</summary>
    public Finding At(SyntaxNode node, string problem) => At(node.GetLocation(), problem);

    /// <summary>A finding at <paramref name="token"/>.</summary>
    public Finding At(SyntaxToken token, string problem) => At(token.GetLocation(), problem);

    /// <summary>A finding at <paramref name="location"/>.</summary>
    public Finding At(Location location, string problem) =>
        new(Path, location.GetLineSpan().StartLinePosition.Line + 1, problem);
}
