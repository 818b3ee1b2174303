using System.Text.RegularExpressions;

namespace SharedSeq.Core.Tests.Repository;

/// <summary>
/// A Helm template, rendered as far as its structure goes: every condition holds, a loop runs once, values come from
/// values.yaml, and what only a cluster knows becomes a placeholder.
/// </summary>
public sealed partial class ChartTemplate(SourceFile file)
{
    /// <summary>The template as written.</summary>
    public SourceFile File { get; } = file;

    /// <summary>Paths after .Values, each with its line.</summary>
    public IEnumerable<(int Line, string Path)> Values() =>
        from pair in File.Lines.Select((text, index) => (text, index))
        from Match match in ValuePath().Matches(pair.text)
        select (pair.index + 1, match.Groups[1].Value);

    /// <summary>Names of the named templates that it includes.</summary>
    public IEnumerable<string> Includes() => Include().Matches(File.Text).Select(match => match.Groups[1].Value);

    /// <summary>Blocks that are not closed, ends without a block, braces without a partner.</summary>
    public IEnumerable<Finding> Imbalances()
    {
        int depth = 0;
        for (int i = 0; i < File.Lines.Length; i++)
        {
            string line = File.Lines[i];
            if (Expression().Count(line) != line.Split("{{").Length - 1 ||
                line.Split("{{").Length != line.Split("}}").Length)
            {
                yield return new(File.Path, i + 1, "braces of a template without a partner");
            }

            depth += Opening().Count(line) - Closing().Count(line);
            if (depth < 0) yield return new(File.Path, i + 1, "an end without a block");
        }

        if (depth > 0) yield return new(File.Path, File.Lines.Length, "a block without an end");
    }

    /// <summary>The documents of the rendered file.</summary>
    public IEnumerable<YamlTree> Render(YamlTree values)
    {
        IEnumerable<string> lines = File.Lines
            .Where(line => !Control().IsMatch(line))
            .Select(line => Structure().IsMatch(line)
                ? Subtree(line, values) : Expression().Replace(line, match => Value(match.Value, values)));
        return string.Join('\n', lines).Split("\n---\n").Select(YamlTree.Parse);
    }

    // {{- toYaml .Values.x | nindent n }} and included labels: a mapping whose keys do not matter here.
    private static string Subtree(string line, YamlTree values)
    {
        string indent = line[..(line.Length - line.TrimStart().Length)];
        string name = ValuePath().Match(line) is { Success: true } match
            ? match.Groups[1].Value : Include().Match(line).Groups[1].Value;
        bool isList = values.At(name.Split('.'))?.Items.Count > 0;
        return $"{indent}{(isList ? "- " : "")}from: {name}";
    }

    private static string Value(string expression, YamlTree values)
    {
        bool asJson = expression.Contains("toJson", StringComparison.Ordinal);
        if (ValuePath().Match(expression) is not { Success: true } match) return "placeholder";
        YamlTree? value = values.At(match.Groups[1].Value.Split('.'));
        if (value?.Scalar is { } scalar) return asJson ? $"\"{scalar}\"" : scalar.Length == 0 ? "placeholder" : scalar;
        return asJson ? "[]" : "placeholder";
    }

    [GeneratedRegex(@"\.Values\.([A-Za-z][A-Za-z.]*)")]
    private static partial Regex ValuePath();

    [GeneratedRegex("(?:include|template) \"([^\"]+)\"")]
    private static partial Regex Include();

    [GeneratedRegex(@"\{\{-?[^{}]*-?\}\}")]
    private static partial Regex Expression();

    [GeneratedRegex(@"\{\{-? *(if|with|range|define)\b")]
    private static partial Regex Opening();

    [GeneratedRegex(@"\{\{-? *end *-?\}\}")]
    private static partial Regex Closing();

    [GeneratedRegex(@"^\s*\{\{-? *(if|with|range|else|end)\b")]
    private static partial Regex Control();

    [GeneratedRegex(@"^\s*\{\{-? *(toYaml|include)\b.*nindent")]
    private static partial Regex Structure();
}
