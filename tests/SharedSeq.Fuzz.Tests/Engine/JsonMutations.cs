using System.Text;
using SharedSeq.Primitives;

namespace SharedSeq.Fuzz.Tests;

/// <summary>
/// Changes JSON token by token, so that most results still are JSON: values of other types and at the edges of number formats, names left out, doubled
/// and unknown, deep nesting, comments, strings that are not Unicode. Now and then bytes, so that some are not.
/// </summary>
internal static class JsonMutations
{
    private static readonly string[] Words =
    [
        "null", "true", "false", "0", "-1", "-0", "1", "1.5", "1e3", "1e400", "-1e-400", "2147483648", "4294967295", "4294967296",
        "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616", "1000000000000000000000000000000000000000",
        "\"\"", "\"0\"", "\"0x\"", "\"0X1\"", "\"0x0\"", "\"0xf\"", "\"0xzz\"", "\"-1\"", "\" 1\"", "\"1,000\"", "\"18446744073709551615\"",
        "\"0xffffffffffffffff\"", "\"0x10000000000000000\"", "\"\\ud800\"", "\"\\udc00x\"", "\"a\\u0000b\"", "\"\\u0000\"", "\"\u00e9\u6f22\ud83d\ude00\"",
        "\"all\"", "\"evm\"", "\"opaque\"", "\"none\"", "\"password\"", "\"127.0.0.1:0\"", "\"http://[\"", "\"/\"", "\"..\"",
        "[]", "{}", "[null]", "[[]]", "{\"\":1}", "{\"a\":{}}", "{\"\\ud800\":1}", "[1,2,3]", "// c\n", "/* c */", "NaN", "Infinity", "'a'",
    ];

    public static byte[] Mutate(Prng prng, byte[] input, IReadOnlyList<byte[]> samples)
    {
        if (prng.Chance(150)) return ByteMutations.Mutate(prng, input, samples);
        List<string> tokens = Tokens(Encoding.UTF8.GetString(input));
        if (tokens.Count == 0) return Encoding.UTF8.GetBytes(Words[prng.Below(Words.Length)]);
        int at = prng.Below(tokens.Count);
        switch (prng.Below(8))
        {
            case 0:
            case 1:
            case 2: tokens[ValueNear(prng, tokens, at)] = Words[prng.Below(Words.Length)]; break;
            case 3: tokens.RemoveRange(at, int.Min(1 + prng.Below(6), tokens.Count - at)); break;
            case 4: Double(prng, tokens, at); break;
            case 5: Swap(prng, tokens, at); break;
            case 6: tokens[ValueNear(prng, tokens, at)] = Nested(prng, tokens[at]); break;
            default: tokens[at] = Escaped(prng, tokens[at]); break;
        }

        byte[] changed = Encoding.UTF8.GetBytes(string.Concat(tokens));
        return changed.Length <= ByteMutations.InputBytesMax ? changed : input;
    }

    /// <summary>A token that is a value or a name, at or behind a place.</summary>
    private static int ValueNear(Prng prng, List<string> tokens, int at)
    {
        for (int i = 0; i < 8 && at + i < tokens.Count; i++)
        {
            if (tokens[at + i] is not ("{" or "}" or "[" or "]" or ":" or ",")) return at + i;
        }

        return prng.Below(tokens.Count);
    }

    private static void Double(Prng prng, List<string> tokens, int at)
    {
        int length = int.Min(1 + prng.Below(12), tokens.Count - at);
        tokens.InsertRange(at, [.. tokens.GetRange(at, length), .. prng.Chance(500) ? new[] { "," } : []]);
    }

    private static void Swap(Prng prng, List<string> tokens, int at)
    {
        int other = prng.Below(tokens.Count);
        (tokens[at], tokens[other]) = (tokens[other], tokens[at]);
    }

    private static string Nested(Prng prng, string token)
    {
        int depth = 1 << prng.Below(12);
        return prng.Chance(500)
            ? new string('[', depth) + token + new string(']', depth)
            : string.Concat(Enumerable.Repeat("{\"a\":", depth)) + token + new string('}', depth);
    }

    private static string Escaped(Prng prng, string token)
    {
        if (token.Length < 2 || token[0] != '"') return token + token;
        string[] inside = ["\\u0000", "\\ud83d", "\\udc00", "\\n", "\\x", "0", " ", "f", "\t", new string('a', 1 << prng.Below(12))];
        return token.Insert(1 + prng.Below(token.Length - 1), inside[prng.Below(inside.Length)]);
    }

    private static List<string> Tokens(string text)
    {
        List<string> tokens = [];
        for (int at = 0; at < text.Length;)
        {
            int start = at++;
            if (text[start] == '"')
            {
                while (at < text.Length && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
                at = int.Min(at + 1, text.Length);
            }
            else if (!char.IsWhiteSpace(text[start]) && !IsMark(text[start]))
            {
                while (at < text.Length && !IsMark(text[at]) && !char.IsWhiteSpace(text[at]) && text[at] != '"') at++;
            }

            if (!char.IsWhiteSpace(text[start])) tokens.Add(text[start..at]);
        }

        return tokens;
    }

    private static bool IsMark(char letter) => letter is '{' or '}' or '[' or ']' or ':' or ',';
}
