namespace SharedSeq.Cli;

/// <summary>Remembers committed blocks as operators served them, to see later whether any of them was taken back.</summary>
internal sealed class BlockWitness
{
    private readonly Dictionary<ulong, string> _hashes = [];
    private int _conflicts;

    /// <summary>Heights remembered.</summary>
    public int Count => _hashes.Count;

    /// <summary>Asks each living operator for its newest block.</summary>
    public async Task NoteAsync(BenchNetwork network, CancellationToken cancellation)
    {
        foreach (int index in network.Alive)
        {
            ulong height = await network.HeightAsync(index, cancellation);
            if (height == 0) continue;
            string hash = await network.BlockHashAsync(index, height, cancellation);
            if (!_hashes.TryAdd(height, hash) && _hashes[height] != hash) _conflicts++;
        }
    }

    /// <summary>Heights that some living operator serves otherwise than they were served before.</summary>
    public async Task<ulong> RolledBackAsync(BenchNetwork network, CancellationToken cancellation)
    {
        if (_hashes.Count == 0) return 0;
        ulong highest = _hashes.Keys.Max();
        ulong lowestChanged = ulong.MaxValue;
        foreach (int index in network.Alive)
        {
            await DrillRun.UntilAsync(
                $"operator {index} reaches height {highest}, which was committed before", TimeSpan.FromSeconds(30),
                async () => await network.HeightAsync(index, cancellation) >= highest, cancellation);
            foreach ((ulong height, string hash) in _hashes)
            {
                if (await network.BlockHashAsync(index, height, cancellation) != hash) lowestChanged = ulong.Min(lowestChanged, height);
            }
        }

        ulong changed = lowestChanged == ulong.MaxValue ? 0 : highest - lowestChanged + 1;
        return ulong.Max(changed, (ulong)_conflicts);
    }
}
