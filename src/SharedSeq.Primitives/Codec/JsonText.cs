using System.Text.Json;
using System.Text.Unicode;

namespace SharedSeq.Primitives;

/// <summary>
/// What JSON's parser does not look at: bytes that are not UTF-8, and escapes that hold half a surrogate pair. It accepts both, and whoever reads the
/// string or the name later, or merely looks for another name in the object, gets an exception that is no refusal.
/// </summary>
public static class JsonText
{
    /// <summary>Whether all strings and names are Unicode.</summary>
    /// <param name="json">The text.</param>
    /// <param name="options">Those it is parsed with.</param>
    /// <exception cref="JsonException">It is not JSON by these options. Not thrown for a text that was parsed.</exception>
    public static bool IsUnicode(ReadOnlySpan<byte> json, JsonReaderOptions options = default)
    {
        if (!Utf8.IsValid(json)) return false;
        if (json.IndexOf("\\u"u8) < 0) return true;
        var reader = new Utf8JsonReader(json, options);
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName) reader.GetString();
            }

            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }
}
