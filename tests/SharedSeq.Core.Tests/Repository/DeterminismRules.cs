using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace SharedSeq.Core.Tests.Repository;

/// <summary>
/// What the banned-API analyzer cannot see in the deterministic projects: keywords, literals and interfaces whose
/// order of elements is that of a hash table.
/// </summary>
public static class DeterminismRules
{
    private static readonly SyntaxKind[] Keywords =
    [
        SyntaxKind.FloatKeyword, SyntaxKind.DoubleKeyword, SyntaxKind.DecimalKeyword,
        SyntaxKind.AsyncKeyword, SyntaxKind.AwaitKeyword, SyntaxKind.LockKeyword, SyntaxKind.VolatileKeyword,
    ];

    private static readonly string[] Identifiers =
    [
        "dynamic", "Dictionary", "IDictionary", "IReadOnlyDictionary", "HashSet", "ISet", "IReadOnlySet",
        "FrozenDictionary",
        "FrozenSet", "ConcurrentDictionary", "ToDictionary", "ToHashSet", "ToLookup", "AsParallel",
    ];

    /// <summary>All rules of this class.</summary>
    public static IEnumerable<Func<SourceFile, IEnumerable<Finding>>> All => [Tokens];

    /// <summary>No floating point, no tasks, no locks, no order that a hash decides.</summary>
    public static IEnumerable<Finding> Tokens(SourceFile file)
    {
        if (!file.IsDeterministic)
        {
            yield break;
        }

        foreach (SyntaxToken token in file.Syntax.DescendantTokens())
        {
            if (Keywords.Contains(token.Kind()) ||
                (token.IsKind(SyntaxKind.IdentifierToken) && Identifiers.Contains(token.Text)))
            {
                yield return file.At(token, $"'{token.Text}' in a deterministic project: {Instead(token.Text)}");
            }
            else if (token.IsKind(SyntaxKind.NumericLiteralToken) && token.Value is float or double or decimal)
            {
                yield return file.At(token, $"the literal {token.Text} is not an integer: use a fraction of integers");
            }
        }
    }

    private static string Instead(string text) => text switch
    {
        "float" or "double" or "decimal" => "use integers, or UInt128 for products",
        "async" or "await" or "lock" or "volatile" => "the core is one synchronous step",
        "dynamic" => "name the type",
        _ => "hash order differs between runs, use an array by ReplicaId, SortedDictionary, SortedSet or Lookup",
    };
}
