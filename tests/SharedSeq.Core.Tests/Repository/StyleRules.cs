using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace SharedSeq.Core.Tests.Repository;

/// <summary>Rules for every C# file; docs/STYLE.md gives their reasons.</summary>
public static partial class StyleRules
{
    /// <summary>Lines; above it a file must be split.</summary>
    public const int FileLinesMax = 700;

    /// <summary>Lines; files above it stay rare.</summary>
    public const int FileLinesRare = 400;

    /// <summary>Lines from a method's signature to its closing brace.</summary>
    public const int MethodLinesMax = 70;

    /// <summary>Characters of one line; 120 is the aim.</summary>
    public const int ColumnsMax = 160;

    private const string Stub = "NotImplementedException";

    // Straight-line kernels, written out because a loop over an array is several times slower.
    private static readonly string[] Unrolled = ["src/SharedSeq.Primitives/Evm/KeccakPermutation.cs"];

    private static readonly string[] BannedWords =
        ["Helper", "Helpers", "Manager", "Util", "Utils", "Utility", "Utilities"];
    private static readonly string[] BannedSuffixes = ["Data", "Info", "Base", "Impl"];

    /// <summary>All rules of this class.</summary>
    public static IEnumerable<Func<SourceFile, IEnumerable<Finding>>> All =>
        [FileLength, MethodLength, LineLength, TypeNames, Namespaces, UnfinishedCode, Docstrings, WaitingInTests,
            TestNames];

    /// <summary>A file that nobody can read in one sitting is split by topic.</summary>
    public static IEnumerable<Finding> FileLength(SourceFile file)
    {
        if (file.Lines.Length - 1 > FileLinesMax)
        {
            yield return new(file.Path, FileLinesMax + 1,
                $"the file has {file.Lines.Length - 1} lines, at most {FileLinesMax}: split it by topic");
        }
    }

    /// <summary>Methods stay short enough to be seen whole.</summary>
    public static IEnumerable<Finding> MethodLength(SourceFile file)
    {
        foreach (SyntaxNode node in file.Syntax.DescendantNodes())
        {
            if (node is not (BaseMethodDeclarationSyntax or AccessorDeclarationSyntax) || Unrolled.Contains(file.Path))
            {
                continue;
            }

            FileLinePositionSpan span = node.GetLocation().GetLineSpan();
            int lines = span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
            if (lines > MethodLinesMax)
            {
                yield return file.At(node, $"the method has {lines} lines, at most {MethodLinesMax}: move a step out");
            }
        }
    }

    /// <summary>Lines fit a review window.</summary>
    public static IEnumerable<Finding> LineLength(SourceFile file)
    {
        for (int i = 0; i < file.Lines.Length; i++)
        {
            if (file.Lines[i].Length > ColumnsMax)
            {
                yield return new(file.Path, i + 1,
                    $"the line has {file.Lines[i].Length} columns, at most {ColumnsMax}");
            }
        }
    }

    /// <summary>A type is named after what it is in the glossary, not after where code was put.</summary>
    public static IEnumerable<Finding> TypeNames(SourceFile file)
    {
        foreach (SyntaxToken name in file.Syntax.DescendantNodes().Select(NameOfType).OfType<SyntaxToken>())
        {
            string[] words = [.. PascalWord().Matches(name.Text).Select(match => match.Value)];
            string? banned = words.FirstOrDefault(word => BannedWords.Contains(word)) ??
                BannedSuffixes.FirstOrDefault(suffix => words.Length > 0 && words[^1] == suffix);
            if (banned is not null)
            {
                yield return file.At(name,
                    $"the type name {name.Text} says '{banned}': name what it is (docs/glossary.md)");
            }
        }
    }

    /// <summary>File-scoped, and rooted at the project's name so that a type is found from its namespace.</summary>
    public static IEnumerable<Finding> Namespaces(SourceFile file)
    {
        string[] folders = file.Path.Split('/');
        string project = folders.Length > 2 ? folders[1] : "";
        foreach (BaseNamespaceDeclarationSyntax declared in file.Syntax.DescendantNodes()
            .OfType<BaseNamespaceDeclarationSyntax>())
        {
            string name = declared.Name.ToString();
            if (name != project && !name.StartsWith(project + ".", StringComparison.Ordinal))
            {
                yield return file.At(declared.Name,
                    $"namespace {name} does not start with the project's name {project}");
            }

            if (declared is not FileScopedNamespaceDeclarationSyntax)
            {
                yield return file.At(declared.Name, "use a file-scoped namespace");
            }
        }
    }

    /// <summary>What is not there is not declared: no stub, no note to self without a place that tracks it.</summary>
    public static IEnumerable<Finding> UnfinishedCode(SourceFile file)
    {
        foreach (SyntaxToken token in file.Syntax.DescendantTokens())
        {
            if (token.IsKind(SyntaxKind.IdentifierToken) && token.Text == Stub)
            {
                yield return file.At(token, "no stubs: leave the member out until it works");
            }
        }

        foreach (SyntaxTrivia trivia in file.Syntax.DescendantTrivia().Where(IsComment))
        {
            if (BareNote().IsMatch(trivia.ToFullString()))
            {
                yield return file.At(trivia.GetLocation(),
                    "a note to do something names where it is tracked: TODO(issue or ADR)");
            }
        }
    }

    /// <summary>A public type of the product says what it is for.</summary>
    public static IEnumerable<Finding> Docstrings(SourceFile file)
    {
        if (!file.IsProduct)
        {
            yield break;
        }

        foreach (MemberDeclarationSyntax type in file.Syntax.DescendantNodes().OfType<MemberDeclarationSyntax>())
        {
            if (NameOfType(type) is { } name && IsVisible(type) && !HasDocstring(type) && !IsTopicOf(type, file))
            {
                yield return file.At(name, $"the public type {name.Text} has no docstring that says what it is for");
            }
        }
    }

    /// <summary>
    /// A test waits for an event with a deadline that names what was missing, never for time to pass.
    /// </summary>
    public static IEnumerable<Finding> WaitingInTests(SourceFile file)
    {
        if (!file.IsTest)
        {
            yield break;
        }

        foreach (MemberAccessExpressionSyntax access in file.Syntax.DescendantNodes()
            .OfType<MemberAccessExpressionSyntax>())
        {
            string called = $"{access.Expression}.{access.Name.Identifier.Text}";
            bool isWait = called.EndsWith("Thread.Sleep", StringComparison.Ordinal) ||
                called.EndsWith("Task.Delay", StringComparison.Ordinal);
            // What another process does can only be asked for: in the one loop with a deadline that names it.
            if (isWait &&
                access.Ancestors().OfType<MethodDeclarationSyntax>().FirstOrDefault()?.Identifier.Text != "UntilAsync")
            {
                yield return file.At(access,
                    $"{called} in a test: wait for the event itself, with a deadline that names it");
            }
        }
    }

    /// <summary>A test's name is the sentence that it proves, and a test that does not run proves nothing.</summary>
    public static IEnumerable<Finding> TestNames(SourceFile file)
    {
        foreach (AttributeSyntax attribute in file.Syntax.DescendantNodes().OfType<AttributeSyntax>())
        {
            if (attribute.Name.ToString() is not ("Fact" or "Theory"))
            {
                continue;
            }

            if (attribute.Parent?.Parent is MethodDeclarationSyntax method &&
                !method.Identifier.Text.Contains('_', StringComparison.Ordinal))
            {
                yield return file.At(method.Identifier,
                    $"the test {method.Identifier.Text} is not named by a sentence_with_underscores");
            }

            if (attribute.ArgumentList?.Arguments.Any(argument =>
                argument.NameEquals?.Name.ToString() == "Skip") == true)
            {
                yield return file.At(attribute, "a skipped test proves nothing: mend it or remove it");
            }
        }
    }

    private static SyntaxToken? NameOfType(SyntaxNode node) => node switch
    {
        BaseTypeDeclarationSyntax type => type.Identifier,
        DelegateDeclarationSyntax type => type.Identifier,
        _ => null,
    };

    private static bool IsVisible(MemberDeclarationSyntax type) =>
        type.AncestorsAndSelf().OfType<MemberDeclarationSyntax>()
            .Where(member => member is not BaseNamespaceDeclarationSyntax)
            .All(member =>
                member.Modifiers.Any(SyntaxKind.PublicKeyword) || member.Parent is InterfaceDeclarationSyntax);

    // Node.Rpc.cs holds a topic of Node: the docstring stands in Node.cs.
    private static bool IsTopicOf(MemberDeclarationSyntax type, SourceFile file) =>
        type.Modifiers.Any(SyntaxKind.PartialKeyword) && Path.GetFileName(file.Path).Split('.').Length > 2;

    private static bool HasDocstring(MemberDeclarationSyntax type) =>
        type.GetLeadingTrivia()
            .Select(trivia => trivia.GetStructure())
            .OfType<DocumentationCommentTriviaSyntax>()
            .Any(comment => Letter().IsMatch(XmlMark().Replace(comment.ToFullString(), "")) ||
                comment.ToFullString().Contains("inheritdoc", StringComparison.Ordinal));

    private static bool IsComment(SyntaxTrivia trivia) =>
        trivia.IsKind(SyntaxKind.SingleLineCommentTrivia) ||
        trivia.IsKind(SyntaxKind.MultiLineCommentTrivia) ||
        trivia.IsKind(SyntaxKind.SingleLineDocumentationCommentTrivia);

    [GeneratedRegex("[A-Z]+(?![a-z])|[A-Z][a-z0-9]*")]
    private static partial Regex PascalWord();

    [GeneratedRegex(@"\b(TODO|FIXME|XXX)\b(?!\([^)]+\))")]
    private static partial Regex BareNote();

    [GeneratedRegex("<[^>]*>|/")]
    private static partial Regex XmlMark();

    [GeneratedRegex("[A-Za-z]")]
    private static partial Regex Letter();
}
