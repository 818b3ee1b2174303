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

    private readonly IFileLayer _files = files ?? DiskFileLayer.Instance;

    /// <summary>Writes a snapshot beside the others, visible only when it is complete and durable.</summary>
    /// <exception cref="StorageException">The disk does not take it.</exception>
    public void Write(OrderingSnapshot snapshot)
    {
        _files.CreateFolder(folder);
        string path = PathOf(snapshot.Height);
        string part = path + ".part";
        using (IStorageFile file = _files.Open(part, FileOpening.Create)) Write(file, snapshot);
        _files.Rename(part, path);
        _files.SyncFolder(folder);
        foreach (string old in Names().Skip(Kept)) _files.Delete(Path.Combine(folder, old));
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
            return names.Count < Kept ? Height.Zero : new Height(ulong.Parse(Path.GetFileNameWithoutExtension(names[^1]), CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Snapshots that check out, newest first.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> Read()
    {
        foreach (string name in Names())
        {
            byte[] bytes;
            using (IStorageFile file = _files.Open(Path.Combine(folder, name), FileOpening.ReadOnly))
            {
                bytes = new byte[file.Length];
                if (file.Read(bytes, 0) < bytes.Length) continue;
            }

            if (bytes.Length > Hash32.Size && Sha.Of(bytes.AsSpan(Hash32.Size)) == new Hash32(bytes.AsSpan(0, Hash32.Size)))
                yield return bytes.AsMemory(Hash32.Size);
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

    private List<string> Names() =>
        [.. _files.Names(folder).Where(name => name.EndsWith(".snapshot", StringComparison.Ordinal)).OrderDescending(StringComparer.Ordinal)];

    private string PathOf(Height height) => Path.Combine(folder, height.Value.ToString("d20", CultureInfo.InvariantCulture) + ".snapshot");
}
