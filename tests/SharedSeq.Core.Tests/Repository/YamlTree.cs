namespace SharedSeq.Core.Tests.Repository;

/// <summary>
/// A node of the YAML that this repository writes by hand: nested mappings, lists by dashes, plain and quoted scalars,
/// flow lists of one line, literal blocks, comments. Anything else is an error, which keeps the files that simple.
/// </summary>
public sealed class YamlTree
{
    private readonly SortedDictionary<string, YamlTree> _fields = new(StringComparer.Ordinal);
    private readonly List<YamlTree> _items = [];

    /// <summary>The text of a scalar; null for mappings and lists.</summary>
    public string? Scalar { get; private init; }

    /// <summary>Keys of a mapping.</summary>
    public IEnumerable<string> Keys => _fields.Keys;

    /// <summary>Entries of a list.</summary>
    public IReadOnlyList<YamlTree> Items => _items;

    /// <summary>The value at a path of keys; null when there is none.</summary>
    public YamlTree? At(params ReadOnlySpan<string> path) =>
        path.Length == 0 ? this : _fields.TryGetValue(path[0], out YamlTree? next) ? next.At(path[1..]) : null;

    /// <summary>This node and everything below it.</summary>
    public IEnumerable<YamlTree> All() =>
        _fields.Values.Concat(_items).SelectMany(child => child.All()).Prepend(this);

    /// <summary>Paths of keys down to scalars, lists and empty mappings.</summary>
    public IEnumerable<string> Leaves(string prefix = "") =>
        _fields.Count == 0
            ? [prefix]
            : _fields.SelectMany(field => field.Value.Leaves(prefix.Length == 0 ? field.Key : $"{prefix}.{field.Key}"));

    /// <summary>Reads one document.</summary>
    /// <exception cref="FormatException">With the line, for anything outside the subset.</exception>
    public static YamlTree Parse(string text)
    {
        var reader = new Reader(text);
        YamlTree tree = reader.Block(0);
        reader.End();
        return tree;
    }

    private sealed class Reader(string text)
    {
        private readonly string[] _lines = text.Split('\n');
        private int _at;

        public YamlTree Block(int indent)
        {
            var tree = new YamlTree();
            while (Peek() is { } line && IndentOf(line) >= indent)
            {
                if (IndentOf(line) > indent) throw Error("unexpected indentation");
                string content = line.TrimStart();
                if (content.StartsWith("- ", StringComparison.Ordinal))
                {
                    // The entry's first key stands two columns further in, like its other keys.
                    _lines[_at] = new string(' ', indent + 2) + content[2..];
                    tree._items.Add(content.Contains(": ", StringComparison.Ordinal) || content.EndsWith(':')
                        ? Block(indent + 2) : ScalarLine());
                    continue;
                }

                int colon = content.IndexOf(':', StringComparison.Ordinal);
                if (colon < 1) throw Error("neither a key nor a list entry");
                _at++;
                if (!tree._fields.TryAdd(content[..colon], Value(content[(colon + 1)..].Trim(), indent)))
                {
                    throw Error($"the key {content[..colon]} is there twice");
                }
            }

            if (tree._items.Count > 0 && tree._fields.Count > 0) throw Error("a list and a mapping in one place");
            return tree;
        }

        public void End()
        {
            if (Peek() is not null) throw Error("text behind the end");
        }

        private YamlTree Value(string rest, int indent)
        {
            if (rest == "|") return new YamlTree { Scalar = Literal(indent) };
            if (rest == "{}") return new YamlTree();
            if (rest.StartsWith('[')) return Flow(rest);
            if (rest.Length > 0) return new YamlTree { Scalar = Unquote(rest) };
            int next = Peek() is { } line ? IndentOf(line) : -1;
            return next > indent ? Block(next) : new YamlTree { Scalar = "" };
        }

        private YamlTree ScalarLine() => new() { Scalar = Unquote(_lines[_at++].Trim()) };

        private static YamlTree Flow(string list)
        {
            var tree = new YamlTree();
            foreach (string item in list.Trim('[', ']').Split(',', StringSplitOptions.RemoveEmptyEntries))
            {
                tree._items.Add(new YamlTree { Scalar = Unquote(item.Trim()) });
            }

            return tree;
        }

        private string Literal(int indent)
        {
            int from = _at;
            while (_at < _lines.Length && (_lines[_at].Trim().Length == 0 || IndentOf(_lines[_at]) > indent)) _at++;
            return string.Join('\n', _lines[from.._at]);
        }

        private static string Unquote(string scalar) =>
            scalar.Length > 1 && scalar[0] == '"' && scalar[^1] == '"' ? scalar[1..^1] : scalar;

        private string? Peek()
        {
            while (_at < _lines.Length && (_lines[_at].Trim().Length == 0 || _lines[_at].TrimStart()[0] == '#')) _at++;
            return _at < _lines.Length ? _lines[_at] : null;
        }

        private static int IndentOf(string line) => line.Length - line.TrimStart(' ').Length;

        private FormatException Error(string why) => new($"line {_at + 1}: {why}");
    }
}
