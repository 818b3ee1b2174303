using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;

namespace SharedSeq.Primitives;

/// <summary>A custom error of a contract, or one of the two that Solidity itself raises.</summary>
public sealed class AbiError
{
    /// <summary><c>require(condition, "text")</c> and <c>revert("text")</c>.</summary>
    public static readonly AbiError Text = Parse("Error(string reason)");

    /// <summary>A check of the language failed: overflow, index out of range, assert.</summary>
    public static readonly AbiError Panic = Parse("Panic(uint256 code)");

    private readonly AbiFunction _form;

    /// <param name="name">The name.</param>
    /// <param name="parameters">The parameters.</param>
    public AbiError(string name, AbiParameter[] parameters) => _form = new AbiFunction(name, parameters, []);

    public string Name => _form.Name;

    public string Signature => _form.Signature;

    /// <summary>The first four bytes of what a call reverted with.</summary>
    public ReadOnlySpan<byte> Selector => _form.Selector;

    /// <summary>Reads <c>Name(type name, ...)</c>.</summary>
    /// <exception cref="FormatException">It is no such text.</exception>
    public static AbiError Parse(string text)
    {
        AbiFunction form = AbiFunction.Parse(text);
        return new AbiError(form.Name, [.. form.Inputs.Members]);
    }

    /// <summary>Whether these are the bytes of this error, and its values.</summary>
    public bool TryDecode(ReadOnlySpan<byte> reverted, [NotNullWhen(true)] out AbiValue? values)
    {
        values = null;
        if (!reverted.StartsWith(Selector)) return false;
        try
        {
            values = _form.DecodeCall(reverted);
            return true;
        }
        catch (DecodeException)
        {
            return false;
        }
    }

    /// <summary>
    /// What a reverted call says, for people: <c>BondTooSmall(required: 5, given: 3)</c>. Bytes of no known error are
    /// shown as hex.
    /// </summary>
    public static string Describe(ReadOnlySpan<byte> reverted, IEnumerable<AbiError> known)
    {
        const int ShownBytesMax = 128;
        if (reverted.IsEmpty) return "reverted without a reason";
        foreach (AbiError error in known.Append(Text).Append(Panic))
        {
            if (!error.TryDecode(reverted, out AbiValue? values)) continue;
            if (error == Text) return $"reverted: {values[0]}";
            return error == Panic ? $"panicked: {PanicText(values[0].AsNumber())}" : error.Describe(values);
        }

        string more = reverted.Length > ShownBytesMax ? "..." : "";
        return $"reverted with 0x{Convert.ToHexStringLower(reverted[..int.Min(reverted.Length, ShownBytesMax)])}{more}";
    }

    public override string ToString() => Signature;

    private string Describe(AbiValue values)
    {
        IEnumerable<string> parts = _form.Inputs.Members.Zip(
            values.Items, (member, value) => member.Name.Length == 0 ? value.ToString() : $"{member.Name}: {value}");
        return $"{Name}({string.Join(", ", parts)})";
    }

    private static string PanicText(BigInteger code) => code.ToString("x", CultureInfo.InvariantCulture) switch
    {
        "01" or "1" => "an assertion failed",
        "11" => "arithmetic overflow",
        "12" => "division by zero",
        "21" => "a number is no member of the enumeration",
        "22" => "stored bytes are encoded wrongly",
        "31" => "an empty array was popped",
        "32" => "an index is out of range",
        "41" => "too much memory was asked for",
        "51" => "an uninitialised function was called",
        _ => string.Create(CultureInfo.InvariantCulture, $"code {code}"),
    };
}
