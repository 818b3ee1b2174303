using System;
using System.Collections.Generic;
using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>Reads one JSON object strictly: each key that is asked for is ticked off, and <see cref="End"/> refuses those that nobody asked for.</summary>
internal sealed class JsonFields
{
    private readonly JsonElement _element;
    private readonly string _path;
    private readonly SortedSet<string> _asked = new(StringComparer.Ordinal);

    public JsonFields(JsonElement element, string path)
    {
        if (element.ValueKind != JsonValueKind.Object) Throw(GenesisRejection.WrongType, path.Length == 0 ? "document" : path, "an object is wanted");
        _element = element;
        _path = path;
    }

    public bool Has(string key)
    {
        _asked.Add(key);
        return _element.TryGetProperty(key, out _);
    }

    public ulong U64(string key) => Number(key, Required(key));

    public ulong U64(string key, ulong fallback) => Has(key) ? U64(key) : fallback;

    public uint U32(string key)
    {
        ulong value = U64(key);
        if (value > uint.MaxValue) Throw(GenesisRejection.OutOfRange, PathOf(key), $"at most {uint.MaxValue}");
        return (uint)value;
    }

    public uint U32(string key, uint fallback) => Has(key) ? U32(key) : fallback;

    public string Text(string key)
    {
        JsonElement value = Required(key);
        if (value.ValueKind != JsonValueKind.String) Throw(GenesisRejection.WrongType, PathOf(key), "a text is wanted");
        return value.GetString()!;
    }

    public string Text(string key, string fallback) => Has(key) ? Text(key) : fallback;

    /// <summary>One of a few words; <paramref name="fallback"/> null makes the key required.</summary>
    public T Choice<T>(string key, string? fallback, params ReadOnlySpan<(string Word, T Value)> choices)
    {
        string word = fallback is null ? Text(key) : Text(key, fallback);
        foreach ((string choice, T value) in choices)
        {
            if (string.Equals(choice, word, StringComparison.Ordinal)) return value;
        }

        throw new GenesisException(GenesisRejection.OutOfRange, PathOf(key), $"'{word}' is not one of the choices");
    }

    public PublicKey64 PublicKey(string key)
    {
        Span<byte> bytes = stackalloc byte[PublicKey64.Size];
        if (!HexText.TryRead(Text(key), bytes)) Throw(GenesisRejection.WrongType, PathOf(key), "a public key is 64 bytes in hex");
        PublicKey64 value = PublicKey64.From(bytes);
        if (P256PublicKey.Check(value) != PublicKeyRejection.None) Throw(GenesisRejection.OutOfRange, PathOf(key), "not a P-256 public key");
        return value;
    }

    public JsonFields Object(string key) => new(Required(key), PathOf(key));

    public List<JsonFields> Objects(string key)
    {
        JsonElement value = Required(key);
        if (value.ValueKind != JsonValueKind.Array) Throw(GenesisRejection.WrongType, PathOf(key), "a list is wanted");
        var items = new List<JsonFields>();
        foreach (JsonElement item in value.EnumerateArray()) items.Add(new JsonFields(item, $"{PathOf(key)}[{items.Count}]"));
        return items;
    }

    /// <summary>"all" or absent is null; otherwise a list of operator indexes.</summary>
    public ReplicaSet? Replicas(string key)
    {
        if (!Has(key)) return null;
        JsonElement value = Required(key);
        if (value.ValueKind == JsonValueKind.String && value.ValueEquals("all")) return null;
        if (value.ValueKind != JsonValueKind.Array) Throw(GenesisRejection.WrongType, PathOf(key), "\"all\" or a list of operator indexes is wanted");
        ReplicaSet set = ReplicaSet.Empty;
        foreach (JsonElement item in value.EnumerateArray())
        {
            ulong index = Number(key, item);
            if (index >= QuorumParameters.MaxMembers || set.Has(new ReplicaId((ushort)index)))
                Throw(GenesisRejection.OutOfRange, PathOf(key), "operator indexes, each once");
            set = set.With(new ReplicaId((ushort)index));
        }

        return set;
    }

    /// <summary>Refuses keys that were not asked for.</summary>
    public void End()
    {
        foreach (JsonProperty property in _element.EnumerateObject())
        {
            if (!_asked.Contains(property.Name)) Throw(GenesisRejection.UnknownKey, PathOf(property.Name), "this key is not known");
        }
    }

    private JsonElement Required(string key)
    {
        _asked.Add(key);
        if (!_element.TryGetProperty(key, out JsonElement value)) Throw(GenesisRejection.MissingKey, PathOf(key), "this key is required");
        return value;
    }

    private ulong Number(string key, JsonElement value)
    {
        ulong number = 0;
        bool isNumber = value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out number);
        if (!isNumber) Throw(GenesisRejection.WrongType, PathOf(key), "a whole number from 0 is wanted");
        return number;
    }

    private string PathOf(string key) => _path.Length == 0 ? key : $"{_path}.{key}";

    [System.Diagnostics.CodeAnalysis.DoesNotReturn]
    private static void Throw(GenesisRejection reason, string path, string why) => GenesisException.Throw(reason, path, why);
}
