using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>A place in a file, offset in bytes.</summary>
public readonly record struct FilePlace(string Path, long Offset);

/// <summary>
/// A file system in memory that remembers what is durable. <see cref="Crash"/> is a power cut: of what was written and
/// not synced an arbitrary part survives, sector by sector in any order; of the folder changes not synced, a prefix
/// survives. A crash or kill returns the disk as the next process finds it; this object is dead then, for whoever still
/// uses it.
/// <para>
/// It can lie, too, as disks do: <see cref="Divert"/> loses and misdirects writes, <see cref="Spoil"/> spoils what was
/// written, <see cref="RollBack"/> puts a folder back to an earlier state.
/// </para>
/// </summary>
public sealed class SimulatedFileLayer : IFileLayer
{
    private const int SectorBytes = 512;
    private readonly Lock _lock = new();
    private readonly SortedSet<string> _locks = new(StringComparer.Ordinal);
    private readonly List<Action<SortedDictionary<string, SimulatedContent>>> _folderChanges = [];
    private readonly SortedDictionary<string, SimulatedContent> _names = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, SimulatedContent> _durableNames = new(StringComparer.Ordinal);
    private bool _isDead;

    /// <summary>Syncs of file contents so far: lets a test see that a group of appends shared one.</summary>
    public long SyncCount { get; private set; }

    /// <summary>
    /// Asked where each write lands in truth: what it was meant for, somewhere else inside a file (misdirected), or
    /// nowhere when null (lost). It is acknowledged and synced all the same, and files grow as they were meant to.
    /// </summary>
    public Func<FilePlace, FilePlace?>? Divert { get; set; }

    public IStorageFile Open(string path, FileOpening opening)
    {
        lock (_lock)
        {
            RefuseIfDead(path);
            if (opening == FileOpening.Create)
            {
                SimulatedContent created = new();
                _names[path] = created;
                _folderChanges.Add(names => names[path] = created);
                return new SimulatedFile(this, path, created);
            }
            if (!_names.TryGetValue(path, out SimulatedContent? content))
                throw Missing(StorageRejection.ReadFailed, path);
            return new SimulatedFile(this, path, content);
        }
    }

    public bool Exists(string path)
    {
        lock (_lock) return _names.ContainsKey(path);
    }

    public IReadOnlyList<string> Names(string folder)
    {
        lock (_lock)
            return [.. _names.Keys.Where(path => IsIn(path, folder)).Select(path => Path.GetFileName(path))];
    }

    public void CreateFolder(string folder)
    {
        // Folders exist by the files in them.
    }

    public void Rename(string from, string to)
    {
        lock (_lock)
        {
            RefuseIfDead(from);
            if (!_names.Remove(from, out SimulatedContent? content))
                throw Missing(StorageRejection.WriteFailed, from);
            _names[to] = content;
            _folderChanges.Add(names =>
            {
                names.Remove(from);
                names[to] = content;
            });
        }
    }

    public void Delete(string path)
    {
        lock (_lock)
        {
            RefuseIfDead(path);
            _names.Remove(path);
            _folderChanges.Add(names => names.Remove(path));
        }
    }

    public void SyncFolder(string folder)
    {
        // One journal for all folders: syncing one makes the earlier changes of all durable, as ext4 and xfs do.
        lock (_lock)
        {
            RefuseIfDead(folder);
            foreach (Action<SortedDictionary<string, SimulatedContent>> change in _folderChanges) change(_durableNames);
            _folderChanges.Clear();
        }
    }

    public IDisposable? TryLock(string path)
    {
        lock (_lock) return _locks.Add(path) ? new Held(this, path) : null;
    }

    /// <summary>Cuts the power; <paramref name="prng"/> decides what survives of the unsynced writes.</summary>
    public SimulatedFileLayer Crash(Prng prng)
    {
        SimulatedFileLayer after = new();
        lock (_lock)
        {
            _isDead = true;
            int kept = prng.Below(_folderChanges.Count + 1);
            for (int i = 0; i < kept; i++) _folderChanges[i](_durableNames);
            int survivalPerMille = prng.Below(4) * 333;
            foreach ((string path, SimulatedContent content) in _durableNames)
                after.AddDurable(path, content.AfterCrash(prng, survivalPerMille));
        }
        return after;
    }

    /// <summary>Ends the process without a power cut (kill -9): locks are gone, written bytes stay.</summary>
    public SimulatedFileLayer Kill()
    {
        lock (_lock)
        {
            SimulatedFileLayer after = Copy();
            _isDead = true;
            return after;
        }
    }

    /// <summary>
    /// The files as they are now, for a test that opens the same state many times. Their unsynced parts stay unsynced.
    /// </summary>
    public SimulatedFileLayer Copy()
    {
        SimulatedFileLayer copy = new();
        lock (_lock)
        {
            foreach ((string path, SimulatedContent content) in _names) copy.AddDurable(path, content.Copy());
        }
        return copy;
    }

    /// <summary>What a power cut now would leave at the least: the files as they were last synced.</summary>
    public SimulatedFileLayer Durable()
    {
        SimulatedFileLayer copy = new();
        lock (_lock)
        {
            foreach ((string path, SimulatedContent content) in _durableNames)
                copy.AddDurable(path, content.Copy().AfterCrash(new Prng(0), survivalPerMille: 0));
        }
        return copy;
    }

    /// <summary>
    /// A latent error: the sector around an offset holds other bytes than were written, or can not be read any more
    /// until it is written again.
    /// </summary>
    public void Spoil(string path, long offset, bool isReadable)
    {
        lock (_lock)
        {
            if (!_names.TryGetValue(path, out SimulatedContent? content))
                throw Missing(StorageRejection.ReadFailed, path);
            content.Spoil(offset / SectorBytes, isReadable);
        }
    }

    /// <summary>
    /// A folder with all below it becomes what it was on another disk, as a restored backup does. Nothing in it is open.
    /// </summary>
    public void RollBack(string folder, SimulatedFileLayer earlier)
    {
        string below = folder + Path.DirectorySeparatorChar;
        lock (_lock)
        {
            foreach (string path in _names.Keys.Where(IsBelow).ToArray()) _names.Remove(path);
            foreach (string path in _durableNames.Keys.Where(IsBelow).ToArray()) _durableNames.Remove(path);
            foreach ((string path, SimulatedContent content) in earlier._names.Where(file => IsBelow(file.Key)))
                AddDurable(path, content.Copy());
        }

        bool IsBelow(string path) => path.StartsWith(below, StringComparison.Ordinal);
    }

    private void WriteWhereItLands(SimulatedContent content, string path, ReadOnlySpan<byte> bytes, long offset)
    {
        if (Divert is not { } divert)
        {
            content.Write(bytes, offset);
            return;
        }
        // Files are renamed while they are open: the disk knows them by what they are called now.
        string name = _names.FirstOrDefault(file => ReferenceEquals(file.Value, content)).Key ?? path;
        FilePlace meant = new(name, offset);
        FilePlace? lands = divert(meant);
        if (lands == meant)
        {
            content.Write(bytes, offset);
            return;
        }
        content.SetLength(long.Max(content.Length, offset + bytes.Length));
        if (lands is not { } place || !_names.TryGetValue(place.Path, out SimulatedContent? other)) return;
        int count = (int)long.Clamp(other.Length - place.Offset, 0, bytes.Length);
        other.Write(bytes[..count], place.Offset);
        // What nobody asked for is on the disk at once: no sync of that file follows.
        other.Sync();
    }

    private void AddDurable(string path, SimulatedContent content)
    {
        _names[path] = content;
        _durableNames[path] = content;
    }

    private static bool IsIn(string path, string folder) =>
        string.Equals(Path.GetDirectoryName(path), folder, StringComparison.Ordinal);

    private static StorageException Missing(StorageRejection reason, string path) =>
        new(reason, $"{reason}: {path} does not exist", path);

    private void RefuseIfDead(string path)
    {
        if (!_isDead) return;
        const StorageRejection Reason = StorageRejection.Closed;
        throw new StorageException(Reason, $"{Reason}: {path}: the process was ended", path);
    }

    private sealed class Held(SimulatedFileLayer owner, string path) : IDisposable
    {
        public void Dispose()
        {
            lock (owner._lock) owner._locks.Remove(path);
        }
    }

    private sealed class SimulatedContent
    {
        private readonly SortedSet<long> _dirtySectors = [];
        private readonly SortedSet<long> _unreadable = [];
        private byte[] _live = [];
        private byte[] _durable = [];
        private long _durableLength;

        public long Length { get; private set; }

        public SimulatedContent Copy()
        {
            SimulatedContent copy = new() { _live = [.. _live], _durable = [.. _durable], Length = Length };
            copy._durableLength = _durableLength;
            copy._dirtySectors.UnionWith(_dirtySectors);
            copy._unreadable.UnionWith(_unreadable);
            return copy;
        }

        public SimulatedContent AfterCrash(Prng prng, int survivalPerMille)
        {
            foreach (long sector in _dirtySectors)
                if (prng.Chance(survivalPerMille)) CopySector(sector);
            if (Length != _durableLength && prng.Chance(survivalPerMille)) _durableLength = Length;
            SimulatedContent after = new() { _live = [.. _durable], _durable = [.. _durable], Length = _durableLength };
            after._durableLength = _durableLength;
            after._unreadable.UnionWith(_unreadable);
            return after;
        }

        public int Read(Span<byte> target, long offset, string path)
        {
            int count = (int)long.Clamp(Length - offset, 0, target.Length);
            if (count == 0) return 0;
            foreach (long sector in _unreadable)
            {
                if (sector * SectorBytes >= offset + count || (sector + 1) * SectorBytes <= offset) continue;
                const StorageRejection Reason = StorageRejection.ReadFailed;
                throw new StorageException(Reason, $"{Reason}: {path} at offset {sector * SectorBytes}: latent error", path, offset);
            }
            _live.AsSpan((int)offset, count).CopyTo(target);
            return count;
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            if (bytes.Length == 0) return;
            SetLength(long.Max(Length, offset + bytes.Length));
            bytes.CopyTo(_live.AsSpan((int)offset));
            long last = (offset + bytes.Length - 1) / SectorBytes;
            for (long sector = offset / SectorBytes; sector <= last; sector++)
            {
                _dirtySectors.Add(sector);
                _unreadable.Remove(sector);
            }
        }

        public void Spoil(long sector, bool isReadable)
        {
            int start = (int)(sector * SectorBytes);
            int count = int.Min(SectorBytes, _live.Length - start);
            if (count <= 0 || start >= Length)
                throw new ArgumentOutOfRangeException(nameof(sector), $"the file has {Length} bytes");
            if (!isReadable)
            {
                _unreadable.Add(sector);
                return;
            }
            for (int i = start; i < start + count; i++) _live[i] ^= (byte)(0x5A + i);
            CopySector(sector);
        }

        public void SetLength(long length)
        {
            if (length > _live.Length)
            {
                Array.Resize(ref _live, (int)long.Max(length, 2L * _live.Length));
                Array.Resize(ref _durable, _live.Length);
            }
            if (length < Length) _live.AsSpan((int)length, (int)(Length - length)).Clear();
            Length = length;
        }

        public void Sync()
        {
            foreach (long sector in _dirtySectors) CopySector(sector);
            _dirtySectors.Clear();
            _durableLength = Length;
        }

        private void CopySector(long sector)
        {
            int start = (int)(sector * SectorBytes);
            int count = int.Min(SectorBytes, _live.Length - start);
            if (count > 0) _live.AsSpan(start, count).CopyTo(_durable.AsSpan(start));
        }
    }

    private sealed class SimulatedFile(SimulatedFileLayer owner, string path, SimulatedContent content) : IStorageFile
    {
        public long Length
        {
            get
            {
                lock (owner._lock) return content.Length;
            }
        }

        public int Read(Span<byte> target, long offset)
        {
            lock (owner._lock)
            {
                owner.RefuseIfDead(path);
                return content.Read(target, offset, path);
            }
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            lock (owner._lock)
            {
                owner.RefuseIfDead(path);
                owner.WriteWhereItLands(content, path, bytes, offset);
            }
        }

        public void Sync()
        {
            lock (owner._lock)
            {
                owner.RefuseIfDead(path);
                owner.SyncCount++;
                content.Sync();
            }
        }

        public void SetLength(long length)
        {
            lock (owner._lock)
            {
                owner.RefuseIfDead(path);
                content.SetLength(length);
            }
        }

        public void Allocate(long length) => SetLength(long.Max(length, Length));

        public void Forget(long offset, long length)
        {
        }

        public void Dispose()
        {
        }
    }
}
