using System.Globalization;

namespace SharedSeq.Primitives;

/// <summary>
/// Reads types and signatures as people write them: <c>transfer(address to, uint256 amount) returns (bool)</c>. The
/// texts are the program's own or an artifact's, so a wrong one is a <see cref="FormatException"/>.
/// </summary>
internal sealed class AbiText(string text)
{
    private int _at;
    private int _open;

    public AbiType Type()
    {
        AbiType type = Peek() == '(' ? AbiType.TupleOf(Parameters()) : Elementary();
        while (TryTake('['))
        {
            string digits = Word();
            Take(']');
            bool isCount = int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int count);
            if (!isCount && digits.Length > 0) throw Wrong($"'{digits}' is no number of elements");
            type = AbiType.ListOf(type, isCount ? count : null);
        }

        return type;
    }

    /// <summary>A list in parentheses, each a type, perhaps indexed, perhaps with a name.</summary>
    public AbiParameter[] Parameters()
    {
        // Nothing is built before it ends, so the depth of what is only begun is bounded apart.
        if (++_open > AbiType.DepthMax + 1) throw Wrong("too many levels");
        Take('(');
        var list = new List<AbiParameter>();
        while (!TryTake(')'))
        {
            if (list.Count > 0) Take(',');
            if (list.Count == AbiType.ItemsMax) throw Wrong("too many parameters");
            AbiType type = Type();
            string name = Word();
            bool isIndexed = name == "indexed";
            if (isIndexed) name = Word();
            // Where data lies is Solidity's business; its sources are quoted with it.
            if (name is "memory" or "calldata") name = Word();
            list.Add(new AbiParameter(name, type, isIndexed));
        }

        _open--;
        return [.. list];
    }

    /// <summary>The next name; empty when there is none.</summary>
    public string Word()
    {
        SkipSpace();
        int start = _at;
        while (_at < text.Length && (char.IsAsciiLetterOrDigit(text[_at]) || text[_at] is '_' or '$')) _at++;
        return text[start.._at];
    }

    public bool IsAtEnd()
    {
        SkipSpace();
        return _at == text.Length;
    }

    public void End()
    {
        if (!IsAtEnd()) throw Wrong("something follows");
    }

    private AbiType Elementary()
    {
        string name = Word();
        return AbiType.Elementary(name) ?? throw Wrong($"'{name}' is no type");
    }

    private char Peek()
    {
        SkipSpace();
        return _at < text.Length ? text[_at] : '\0';
    }

    private bool TryTake(char expected)
    {
        if (Peek() != expected) return false;
        _at++;
        return true;
    }

    private void Take(char expected)
    {
        if (!TryTake(expected)) throw Wrong($"'{expected}' is missing");
    }

    private void SkipSpace()
    {
        while (_at < text.Length && text[_at] == ' ') _at++;
    }

    private FormatException Wrong(string problem) =>
        new(string.Create(CultureInfo.InvariantCulture, $"'{text}' at {_at}: {problem}"));
}
