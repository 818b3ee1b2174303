using System.Text.Json;

namespace SharedSeq.Primitives;

/// <summary>
/// The interface of a contract as the compiler describes it in JSON: its functions, events and errors by name. A name
/// that is there more than once is asked for with its types, <c>transfer(address,uint256)</c>.
/// </summary>
public sealed class AbiContract
{
    private readonly List<AbiFunction> _functions = [];
    private readonly List<AbiEvent> _events = [];
    private readonly List<AbiError> _errors = [];

    private AbiContract()
    {
    }

    public IReadOnlyList<AbiFunction> Functions => _functions;

    public IReadOnlyList<AbiEvent> Events => _events;

    public IReadOnlyList<AbiError> Errors => _errors;

    /// <summary>The arguments of its constructor; an empty tuple when it has none.</summary>
    public AbiType Constructor { get; private set; } = AbiType.Tuple();

    /// <summary>Reads the array that compilers write; fallback and receive functions have no ABI and are passed over.</summary>
    /// <exception cref="FormatException">It is no such array, or has a type that is not spoken here.</exception>
    public static AbiContract Parse(JsonElement abi)
    {
        if (abi.ValueKind != JsonValueKind.Array) throw new FormatException("the ABI of a contract is a JSON array");
        var contract = new AbiContract();
        foreach (JsonElement item in abi.EnumerateArray()) contract.Add(item);
        return contract;
    }

    /// <inheritdoc cref="Parse(JsonElement)"/>
    public static AbiContract Parse(string json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return Parse(document.RootElement);
        }
        catch (JsonException e)
        {
            throw new FormatException("the ABI of a contract is no JSON", e);
        }
    }

    /// <exception cref="KeyNotFoundException">There is none of this name, or more than one.</exception>
    public AbiFunction Function(string name) => Only(_functions, name, f => f.Name, f => f.Signature);

    /// <inheritdoc cref="Function"/>
    public AbiEvent Event(string name) => Only(_events, name, e => e.Name, e => e.Signature);

    /// <inheritdoc cref="Function"/>
    public AbiError Error(string name) => Only(_errors, name, e => e.Name, e => e.Signature);

    private static T Only<T>(List<T> items, string name, Func<T, string> nameOf, Func<T, string> signatureOf)
    {
        List<T> found = items.FindAll(item => nameOf(item) == name || signatureOf(item) == name);
        return found.Count == 1 ? found[0] : throw new KeyNotFoundException($"{found.Count} items are called {name}");
    }

    private void Add(JsonElement item)
    {
        switch (Text(item, "type"))
        {
            case "function":
                _functions.Add(new AbiFunction(Text(item, "name"), Parameters(item, "inputs"), Parameters(item, "outputs")));
                break;
            case "event":
                if (item.TryGetProperty("anonymous", out JsonElement anonymous) && anonymous.ValueKind == JsonValueKind.True)
                    throw new FormatException($"the event {Text(item, "name")} is anonymous, so its logs can not be told from others");
                _events.Add(new AbiEvent(Text(item, "name"), Parameters(item, "inputs")));
                break;
            case "error":
                _errors.Add(new AbiError(Text(item, "name"), Parameters(item, "inputs")));
                break;
            case "constructor":
                Constructor = AbiType.Tuple(Parameters(item, "inputs"));
                break;
            case "fallback" or "receive":
                break;
            case var other:
                throw new FormatException($"an ABI item of type '{other}'");
        }
    }

    private static AbiParameter[] Parameters(JsonElement item, string field)
    {
        if (!item.TryGetProperty(field, out JsonElement list)) return [];
        if (list.ValueKind != JsonValueKind.Array) throw new FormatException($"'{field}' is no array");
        return [.. list.EnumerateArray().Select(Parameter)];
    }

    private static AbiParameter Parameter(JsonElement item)
    {
        bool isIndexed = item.TryGetProperty("indexed", out JsonElement indexed) && indexed.ValueKind == JsonValueKind.True;
        return new AbiParameter(Text(item, "name"), Type(item), isIndexed);
    }

    /// <summary>A type whose tuple members stand apart in "components".</summary>
    private static AbiType Type(JsonElement item)
    {
        string text = Text(item, "type");
        if (!text.StartsWith("tuple", StringComparison.Ordinal)) return AbiType.Parse(text);
        AbiType type = AbiType.TupleOf(Parameters(item, "components"));
        string lists = text["tuple".Length..];
        // The brackets behind are those of any other list: read behind an elementary type and put around the tuple.
        AbiType form = AbiType.Parse("bool" + lists);
        var counts = new Stack<int?>();
        for (AbiType? level = form; level?.Element is not null; level = level.Element)
            counts.Push(level.Kind == AbiKind.List ? null : level.Size);
        foreach (int? count in counts) type = AbiType.ListOf(type, count);
        return type;
    }

    private static string Text(JsonElement item, string field) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(field, out JsonElement value) &&
        value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new FormatException($"an ABI item has no text '{field}'");
}
