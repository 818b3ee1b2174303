using System.Text;

namespace SharedSeq.Primitives;

/// <summary>For whom a typed text is signed, so that a signature serves one contract on one chain only.</summary>
/// <param name="Name">The name of the signing domain.</param>
/// <param name="Version">Its version; signatures of different ones are not compatible.</param>
/// <param name="ChainId">The chain.</param>
/// <param name="VerifyingContract">The contract that verifies; null leaves the field out.</param>
public sealed record Eip712Domain(string Name, string Version, ulong ChainId, EvmAddress? VerifyingContract)
{
    /// <summary>The separator that contracts hold.</summary>
    public Hash32 ComputeSeparator()
    {
        string last = VerifyingContract is null ? "" : ",address verifyingContract";
        var type = Eip712Struct.Parse($"EIP712Domain(string name,string version,uint256 chainId{last})");
        AbiValue[] values = [Name, Version, ChainId];
        return type.HashOf(VerifyingContract is { } contract ? [.. values, contract] : values);
    }
}

/// <summary>
/// A struct of EIP-712: the hash of its values is what wallets sign. Members are elementary, lists of such, or structs
/// that are given when the text is read.
/// </summary>
/// <remarks>Source: EIP-712, "Typed structured data hashing and signing".</remarks>
public sealed class Eip712Struct
{
    private readonly Member[] _members;
    private readonly Hash32 _typeHash;

    private Eip712Struct(string name, Member[] members)
    {
        Name = name;
        _members = members;
        // The struct itself first, then all that it uses by name.
        IEnumerable<Eip712Struct> used =
            Used(this).DistinctBy(type => type.Name, StringComparer.Ordinal).OrderBy(type => type.Name, StringComparer.Ordinal);
        TypeText = Text + string.Concat(used.Where(type => type.Name != name).Select(type => type.Text));
        _typeHash = Keccak256.Of(Encoding.UTF8.GetBytes(TypeText));
    }

    public string Name { get; }

    /// <summary>The text whose hash begins every struct of this type: what contracts hold as TYPEHASH.</summary>
    public string TypeText { get; }

    private string Text => $"{Name}({string.Join(',', _members.Select(member => $"{member.TypeName} {member.Name}"))})";

    /// <summary>Reads <c>Mail(Person from,string contents)</c>; the structs named in it are looked up in <paramref name="known"/>.</summary>
    /// <exception cref="FormatException">It is no such text, or names a type that is not known.</exception>
    public static Eip712Struct Parse(string text, params Eip712Struct[] known)
    {
        int open = text.IndexOf('(', StringComparison.Ordinal);
        if (open < 1 || text[^1] != ')') throw new FormatException($"'{text}' is no struct");
        string[] parts = text[(open + 1)..^1].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return new Eip712Struct(text[..open], [.. parts.Select(part => ParseMember(part, known))]);
    }

    /// <summary>The hash of a struct's values in the order of its members.</summary>
    /// <exception cref="ArgumentException">A value is not one of its type, or their number is another.</exception>
    public Hash32 HashOf(params AbiValue[] values)
    {
        if (values.Length != _members.Length) throw new ArgumentException($"{Name} has {_members.Length} members, not {values.Length}", nameof(values));
        byte[] words = new byte[Hash32.Size * (1 + values.Length)];
        _typeHash.CopyTo(words);
        for (int i = 0; i < values.Length; i++)
            Word(_members[i].Type, _members[i].Lists, values[i]).CopyTo(words.AsSpan(Hash32.Size * (1 + i)));
        return Keccak256.Of(words);
    }

    /// <summary>The hash that is signed: of a struct's values for a domain.</summary>
    /// <inheritdoc cref="HashOf"/>
    public Hash32 DigestOf(Eip712Domain domain, params AbiValue[] values) =>
        Keccak256.Of([0x19, 0x01, .. domain.ComputeSeparator().ToArray(), .. HashOf(values).ToArray()]);

    public override string ToString() => TypeText;

    private static Member ParseMember(string text, Eip712Struct[] known)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != 2) throw new FormatException($"'{text}' is no type with a name");
        // A list is hashed alike with and without a fixed length, which is checked all the same.
        string[] levels = words[0].Split('[');
        object type = Array.Find(known, one => one.Name == levels[0]) ?? (object)AbiType.Parse(levels[0]);
        var lists = new int?[levels.Length - 1];
        for (int i = 0; i < lists.Length; i++)
        {
            AbiType list = AbiType.Parse("bool[" + levels[i + 1]);
            lists[i] = list.Kind == AbiKind.FixedList ? list.Size : null;
        }

        return new Member(words[1], words[0], type, lists);
    }

    private static IEnumerable<Eip712Struct> Used(Eip712Struct type) =>
        type._members.Select(member => member.Type).OfType<Eip712Struct>().SelectMany(used => Used(used).Prepend(used));

    /// <summary>What stands for a member: its word, or the hash of what is longer than one.</summary>
    private static byte[] Word(object type, ReadOnlySpan<int?> lists, AbiValue value)
    {
        if (lists.Length > 0)
        {
            if (lists[^1] is { } count && count != value.Count) throw new ArgumentException($"{value.Count} items in a list of {count}", nameof(value));
            byte[] words = new byte[Hash32.Size * value.Count];
            for (int i = 0; i < value.Count; i++) Word(type, lists[..^1], value[i]).CopyTo(words, Hash32.Size * i);
            return Keccak256.Of(words).ToArray();
        }

        if (type is Eip712Struct inner) return inner.HashOf([.. value.Items]).ToArray();
        var elementary = (AbiType)type;
        byte[]? bytes = elementary.Kind switch
        {
            AbiKind.Text => value.Utf8OrNull(),
            AbiKind.Bytes => value.BytesOrNull(),
            _ => AbiCodec.Encode(elementary, value),
        };
        if (bytes is null) throw new ArgumentException($"{value} is no {elementary}", nameof(value));
        return elementary.IsDynamic ? Keccak256.Of(bytes).ToArray() : bytes;
    }

    /// <param name="Name">Its name.</param>
    /// <param name="TypeName">Its type as written.</param>
    /// <param name="Type">An <see cref="AbiType"/> or an <see cref="Eip712Struct"/>.</param>
    /// <param name="Lists">The lists around the type, the innermost first; null for one of any length.</param>
    private sealed record Member(string Name, string TypeName, object Type, int?[] Lists);
}
