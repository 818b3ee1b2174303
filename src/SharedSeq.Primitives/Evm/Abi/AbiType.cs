using System.Globalization;

namespace SharedSeq.Primitives;

/// <summary>The kinds of Solidity's ABI that contracts here use; fixed-point numbers and function pointers are none.</summary>
public enum AbiKind : byte
{
    /// <summary>uint8 to uint256.</summary>
    Unsigned = 1,

    /// <summary>int8 to int256.</summary>
    Signed = 2,

    Bool = 3,

    Address = 4,

    /// <summary>bytes1 to bytes32.</summary>
    FixedBytes = 5,

    Bytes = 6,

    /// <summary>string: bytes that are meant as UTF-8; the chain does not check them.</summary>
    Text = 7,

    /// <summary>T[]: a length and that many elements.</summary>
    List = 8,

    /// <summary>T[n].</summary>
    FixedList = 9,

    Tuple = 10,
}

/// <summary>A type of Solidity's ABI, read from its canonical text such as <c>(uint64,bytes32[2])[]</c>.</summary>
/// <remarks>Source: docs.soliditylang.org, "Contract ABI Specification".</remarks>
public sealed class AbiType
{
    /// <summary>Levels of lists and tuples in a type; the deepest of our contracts has 3.</summary>
    public const int DepthMax = 8;

    /// <summary>Elements of a T[n] and members of a tuple; the longest of our contracts has 16.</summary>
    public const int ItemsMax = 256;

    private AbiType(AbiKind kind, int size, AbiType? element, AbiParameter[] members)
    {
        Kind = kind;
        Size = size;
        Element = element;
        Members = members;
        Depth = 1 + (element?.Depth ?? members.Select(member => member.Type.Depth).DefaultIfEmpty(0).Max());
        IsDynamic = kind is AbiKind.Bytes or AbiKind.Text or AbiKind.List ||
            (element?.IsDynamic ?? members.Any(member => member.Type.IsDynamic));
        HeadBytes = IsDynamic ? AbiCodec.WordBytes : kind switch
        {
            AbiKind.FixedList => checked(size * element!.HeadBytes),
            AbiKind.Tuple => members.Sum(member => member.Type.HeadBytes),
            _ => AbiCodec.WordBytes,
        };
    }

    public AbiKind Kind { get; }

    /// <summary>Bits of a number, bytes of bytesN, elements of T[n]; 0 for the other kinds.</summary>
    public int Size { get; }

    /// <summary>The type of a list's elements; null for the other kinds.</summary>
    public AbiType? Element { get; }

    /// <summary>A tuple's members; none for the other kinds.</summary>
    public IReadOnlyList<AbiParameter> Members { get; }

    /// <summary>Whether the length of its encoding depends on the value: it then stands behind an offset.</summary>
    public bool IsDynamic { get; }

    /// <summary>Bytes in the head of what holds it: the whole static value, or an offset.</summary>
    internal int HeadBytes { get; }

    private int Depth { get; }

    /// <summary>A tuple of these members; at the top level it may have none.</summary>
    public static AbiType Tuple(params AbiParameter[] members) => new(AbiKind.Tuple, 0, null, members);

    /// <summary>Reads a type; uint and int stand for 256 bits.</summary>
    /// <exception cref="FormatException">It is none that is spoken here.</exception>
    public static AbiType Parse(string text)
    {
        var source = new AbiText(text);
        AbiType type = source.Type();
        source.End();
        return type;
    }

    /// <summary>The canonical text, without the names of members.</summary>
    public override string ToString() => Kind switch
    {
        AbiKind.Unsigned => string.Create(CultureInfo.InvariantCulture, $"uint{Size}"),
        AbiKind.Signed => string.Create(CultureInfo.InvariantCulture, $"int{Size}"),
        AbiKind.Bool => "bool",
        AbiKind.Address => "address",
        AbiKind.FixedBytes => string.Create(CultureInfo.InvariantCulture, $"bytes{Size}"),
        AbiKind.Bytes => "bytes",
        AbiKind.Text => "string",
        AbiKind.List => $"{Element}[]",
        AbiKind.FixedList => string.Create(CultureInfo.InvariantCulture, $"{Element}[{Size}]"),
        _ => $"({string.Join(',', Members.Select(member => member.Type))})",
    };

    /// <summary>An elementary type by its name; null when there is none.</summary>
    internal static AbiType? Elementary(string name)
    {
        AbiType Of(AbiKind kind, int size = 0) => new(kind, size, null, []);
        switch (name)
        {
            case "bool": return Of(AbiKind.Bool);
            case "address": return Of(AbiKind.Address);
            case "bytes": return Of(AbiKind.Bytes);
            case "string": return Of(AbiKind.Text);
            case "uint": return Of(AbiKind.Unsigned, 256);
            case "int": return Of(AbiKind.Signed, 256);
            default: break;
        }

        if (SizeAfter(name, "uint") is { } unsigned && IsWidth(unsigned)) return Of(AbiKind.Unsigned, unsigned);
        if (SizeAfter(name, "int") is { } signed && IsWidth(signed)) return Of(AbiKind.Signed, signed);
        return SizeAfter(name, "bytes") is { } size and >= 1 and <= 32 ? Of(AbiKind.FixedBytes, size) : null;
    }

    /// <summary>A list of a type: T[] for null, T[n] otherwise.</summary>
    /// <exception cref="FormatException">It is nested too deep, or n is 0 or above the limit.</exception>
    internal static AbiType ListOf(AbiType element, int? count)
    {
        // A list of elements without bytes could claim any length at no cost, so nothing here has no bytes.
        if (count is < 1 or > ItemsMax) throw new FormatException($"a list has 1 to {ItemsMax} elements, not {count}");
        return Checked(new AbiType(count is null ? AbiKind.List : AbiKind.FixedList, count ?? 0, element, []));
    }

    /// <summary>A tuple inside another type.</summary>
    /// <exception cref="FormatException">It is nested too deep, or has no members or too many.</exception>
    internal static AbiType TupleOf(AbiParameter[] members) => members.Length is >= 1 and <= ItemsMax
        ? Checked(Tuple(members))
        : throw new FormatException($"a tuple has 1 to {ItemsMax} members, not {members.Length}");

    private static AbiType Checked(AbiType type)
    {
        if (type.Depth > DepthMax) throw new FormatException($"a type has at most {DepthMax} levels");
        return type.HeadBytes <= AbiCodec.BytesMax
            ? type
            : throw new FormatException($"a type without dynamic parts has at most {AbiCodec.BytesMax} bytes");
    }

    private static bool IsWidth(int bits) => bits is >= 8 and <= 256 && bits % 8 == 0;

    private static int? SizeAfter(string name, string prefix) =>
        name.StartsWith(prefix, StringComparison.Ordinal) && name.Length > prefix.Length && name[prefix.Length] != '0' &&
        int.TryParse(name.AsSpan(prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int size)
            ? size
            : null;
}

/// <summary>A parameter of a function, event or error, or a member of a tuple.</summary>
/// <param name="Name">May be empty.</param>
/// <param name="Type">Its type.</param>
/// <param name="IsIndexed">Whether an event has it in a topic.</param>
public sealed record AbiParameter(string Name, AbiType Type, bool IsIndexed = false);
