using System.Diagnostics.CodeAnalysis;

namespace SharedSeq.Primitives;

/// <summary>A hash table without an enumerator, so that its order can not leak into deterministic code.</summary>
public sealed class Lookup<TKey, TValue>(int capacity = 0)
    where TKey : notnull
{
    private readonly Dictionary<TKey, TValue> _items = new(capacity);

    public int Count => _items.Count;

    public TValue this[TKey key]
    {
        get => _items[key];
        set => _items[key] = value;
    }

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value) => _items.TryGetValue(key, out value);

    public bool TryAdd(TKey key, TValue value) => _items.TryAdd(key, value);

    public bool Contains(TKey key) => _items.ContainsKey(key);

    public bool Remove(TKey key) => _items.Remove(key);

    public void Clear() => _items.Clear();
}
