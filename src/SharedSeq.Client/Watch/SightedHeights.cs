using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>The newest proven heights with their proofs, of whatever operator: what a new proof is compared with. Bounded by number and by bytes.</summary>
internal sealed class SightedHeights
{
    /// <summary>Heights. 256: a minute of looks at four operators four times a second.</summary>
    private const int HeightsMax = 256;

    /// <summary>Bytes of proof files. 16 MiB: a file of many headers, or of a large committee, is held a few times.</summary>
    private const long BytesMax = 16 * 1024 * 1024;

    private readonly SortedDictionary<ulong, (ProvenHeight Proven, int Operator)> _heights = [];
    private long _bytes;

    /// <summary>The highest one; null before the first.</summary>
    public ProvenHeight? Newest { get; private set; }

    /// <summary>Takes in a height.</summary>
    /// <returns>What was known of it when that is something else, and from whom.</returns>
    public (ProvenHeight Proven, int Operator)? Add(ProvenHeight proven, int from)
    {
        if (_heights.TryGetValue(proven.Height.Value, out (ProvenHeight Proven, int Operator) known))
            return known.Proven.Hash == proven.Hash ? null : known;
        _heights[proven.Height.Value] = (proven, from);
        _bytes += proven.File.Length;
        if (Newest is null || proven.Height > Newest.Height) Newest = proven;
        while (_heights.Count > HeightsMax || (_bytes > BytesMax && _heights.Count > 1))
        {
            (ulong lowest, (ProvenHeight oldest, _)) = _heights.First();
            _heights.Remove(lowest);
            _bytes -= oldest.File.Length;
        }

        return null;
    }

    public Hash32? HashAt(Height height) => _heights.TryGetValue(height.Value, out (ProvenHeight Proven, int) known) ? known.Proven.Hash : null;

    /// <summary>The highest height that another operator proved, at or below one.</summary>
    public Height? FromOther(int asked, Height atMost)
    {
        Height? found = null;
        foreach ((ulong height, (_, int from)) in _heights)
        {
            if (height > atMost.Value) break;
            if (from != asked) found = new Height(height);
        }

        return found;
    }
}
