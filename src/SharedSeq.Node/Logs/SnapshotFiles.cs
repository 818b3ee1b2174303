using System.Globalization;
using System.Security.Cryptography;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>
/// The ordering state at checkpoints, one file each, so that a restart applies only the heights since. A snapshot is a short cut, never the truth: one
/// that does not check out is left aside and the heights are applied from further back.
/// </summary>
/// <code>32 bytes SHA-256 of what follows | the state, see OrderingMachine.Restore</code>
/// <param name="folder">Where they are.</param>
/// <param name="files">The file system; null is the disk.</param>
public sealed class SnapshotFiles(string folder, IFileLayer? files = null)
{
    /// <summary>Files kept: the newest may be damaged by a crash, the one before is not.</summary>
    private const int Kept = 2;

    /// <summary>Bytes between two syncs. 4 MiB: the logs' own syncs wait for no more than that.</summary>
    private const int SyncBytes = 4 * 1024 * 1024;

    private const string Ending = ".snapshot";

    /// <summary>Added to a file's name while it is being written.</summary>
    private const string PartEnding = ".part";

    /// <summary>Digits of a height in a file's name, so that names sort as heights do.</summary>
    private const int HeightDigits = 20;

    private readonly IFileLayer _files = files ?? DiskFileLayer.Instance;

    /// <summary>Writes a snapshot beside the others, visible only when it is complete and durable.</summary>
    /// <exception cref="StorageException">The disk does not take it.</exception>
    public void Write(OrderingSnapshot snapshot)
    {
        _files.CreateFolder(folder);
        string path = PathOf(snapshot.Height);
        string part = path + PartEnding;
        try
        {
            using (IStorageFile file = _files.Open(part, FileOpening.Create)) Write(file, snapshot);
            _files.Rename(part, path);
        }
        catch (StorageException)
        {
            TryDelete(part);
            throw;
        }

        _files.SyncFolder(folder);
        foreach (string old in Names().Skip(Kept)) _files.Delete(Path.Combine(folder, old));
    }

    /// <summary>At start: removes what a crash left half written. Nothing may be writing.</summary>
    /// <exception cref="StorageException">The disk does not take it.</exception>
    public void RemoveLeftovers()
    {
        foreach (string name in Names(Ending + PartEnding)) _files.Delete(Path.Combine(folder, name));
    }

    /// <summary>Forgets all: what they hold is not to be started from.</summary>
    public void Clear()
    {
        foreach (string name in Names()) _files.Delete(Path.Combine(folder, name));
    }

    /// <summary>Height of the oldest snapshot kept, from which a restart may have to apply heights; 0 when there are not enough to rely on.</summary>
    public Height OldestKept
    {
        get
        {
            List<string> names = Names();
            return names.Count < Kept ? Height.Zero : HeightOf(names[^1], Ending)!.Value;
        }
    }

    /// <summary>Snapshots that check out with their files' names, newest first.</summary>
    public IEnumerable<(string Name, ReadOnlyMemory<byte> State)> Read()
    {
        foreach (string name in Names())
        {
            if (TryRead(name) is { } bytes && bytes.Length > Hash32.Size && Sha.Of(bytes.AsSpan(Hash32.Size)) == new Hash32(bytes.AsSpan(0, Hash32.Size)))
                yield return (name, bytes.AsMemory(Hash32.Size));
        }
    }

    /// <summary>A snapshot's bytes; null when it can not be read, which is one more way not to check out.</summary>
    private byte[]? TryRead(string name)
    {
        try
        {
            using IStorageFile file = _files.Open(Path.Combine(folder, name), FileOpening.ReadOnly);
            byte[] bytes = new byte[file.Length];
            return file.Read(bytes, 0) == bytes.Length ? bytes : null;
        }
        catch (StorageException e) when (e.Reason == StorageRejection.ReadFailed)
        {
            return null;
        }
    }

    private static void Write(IStorageFile file, OrderingSnapshot snapshot)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long at = Hash32.Size;
        long synced = 0;
        foreach (ReadOnlyMemory<byte> piece in snapshot.Pieces())
        {
            sha.AppendData(piece.Span);
            file.Write(piece.Span, at);
            at += piece.Length;
            if (at - synced < SyncBytes) continue;
            file.Sync();
            synced = at;
        }

        Span<byte> hash = stackalloc byte[Hash32.Size];
        sha.GetHashAndReset(hash);
        file.Write(hash, 0);
        file.Sync();
    }

    private void TryDelete(string path)
    {
        try
        {
            if (_files.Exists(path)) _files.Delete(path);
        }
        catch (StorageException)
        {
            // why the write failed is what the caller must hear; the next start removes it
        }
    }

    /// <summary>The own files of an ending, newest first; what an operator put beside them is left alone.</summary>
    private List<string> Names(string ending = Ending) =>
        [.. _files.Names(folder).Where(name => HeightOf(name, ending) is not null).OrderDescending(StringComparer.Ordinal)];

    private static Height? HeightOf(string name, string ending) =>
        name.Length == HeightDigits + ending.Length && name.EndsWith(ending, StringComparison.Ordinal)
        && ulong.TryParse(name.AsSpan(0, HeightDigits), NumberStyles.None, CultureInfo.InvariantCulture, out ulong height)
            ? new Height(height)
            : null;

    private string PathOf(Height height) => Path.Combine(folder, height.Value.ToString("d20", CultureInfo.InvariantCulture) + Ending);
}
