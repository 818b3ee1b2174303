using System.Globalization;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>
/// The ordering state at checkpoints, one file each, so that a restart applies only the heights since, and so that members that have nothing can start
/// from it. A snapshot is a short cut, never the truth: one that does not check out is left aside and the heights are applied from further back.
/// </summary>
/// <code>32 bytes PieceList.Root of what follows | see CheckpointContent</code>
/// <param name="folder">Where they are.</param>
/// <param name="files">The file system; null is the disk.</param>
public sealed class SnapshotFiles(string folder, IFileLayer? files = null)
{
    /// <summary>Files kept: the newest may be damaged by a crash, the one before is not.</summary>
    private const int Kept = 2;

    /// <summary>Bytes between two syncs. 4 MiB: the logs' own syncs wait for no more than that.</summary>
    private const int SyncBytes = 4 * 1024 * 1024;

    private const string Ending = ".snapshot";

    /// <summary>Digits of a height in a file's name, so that names sort as heights do.</summary>
    private const int HeightDigits = 20;

    private readonly IFileLayer _files = files ?? DiskFileLayer.Instance;

    /// <summary>Writes a snapshot beside the others, visible only when it is complete and durable.</summary>
    /// <param name="snapshot">The state.</param>
    /// <param name="hold">Finds a batch that the state names, and holds its bytes; null when it is not here any more.</param>
    /// <returns>What it can be served by.</returns>
    /// <exception cref="StorageException">The disk does not take it.</exception>
    /// <exception cref="MissingBatchException">A batch that the state names is not here.</exception>
    public PieceList Write(OrderingSnapshot snapshot, Func<LaneTip, Batch?> hold)
    {
        _files.CreateFolder(folder);
        PieceList pieces;
        using (var replacement = new FileReplacement(_files, PathOf(snapshot.Height)))
        {
            pieces = Write(replacement.File, snapshot, hold);
            replacement.Commit();
        }

        foreach (string old in Names().Skip(Kept)) _files.Delete(Path.Combine(folder, old));
        return pieces;
    }

    /// <summary>One piece of a snapshot; null when it is not here any more. Not checked: who receives it does.</summary>
    public byte[]? ReadPiece(Height height, PieceList pieces, int index)
    {
        string path = PathOf(height);
        try
        {
            if (!_files.Exists(path)) return null;
            using IStorageFile file = _files.Open(path, FileOpening.ReadOnly);
            byte[] bytes = new byte[pieces.BytesOf(index)];
            return file.Read(bytes, Hash32.Size + PieceList.OffsetOf(index)) == bytes.Length ? bytes : null;
        }
        catch (StorageException)
        {
            // removed between the two calls: newer ones took its place
            return null;
        }
    }

    /// <summary>At start: removes what a crash left half written. Nothing may be writing.</summary>
    /// <exception cref="StorageException">The disk does not take it.</exception>
    public void RemoveLeftovers()
    {
        foreach (string name in Names(Ending + FileReplacement.PartEnding)) _files.Delete(Path.Combine(folder, name));
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
    /// <param name="leftAside">Told the name of one that does not, and why.</param>
    public IEnumerable<StoredSnapshot> Read(Action<string, string>? leftAside = null)
    {
        foreach (string name in Names())
        {
            if (TryRead(name, out string why) is { } found) yield return found;
            else leftAside?.Invoke(name, why);
        }
    }

    private StoredSnapshot? TryRead(string name, out string why)
    {
        why = "it can not be read as a whole";
        if (TryReadBytes(name) is not { } bytes || bytes.Length <= Hash32.Size) return null;
        var hasher = new PieceHasher();
        hasher.Add(bytes.AsSpan(Hash32.Size));
        why = "it is larger than a state may be";
        if (hasher.IsTooLarge) return null;
        PieceList pieces = hasher.Finish();
        why = "its hash is another than that of its content";
        return pieces.Root == new Hash32(bytes.AsSpan(0, Hash32.Size))
            ? new StoredSnapshot(name, HeightOf(name, Ending)!.Value, pieces, bytes.AsMemory(Hash32.Size))
            : null;
    }

    /// <summary>A snapshot's bytes; null when it can not be read, which is one more way not to check out.</summary>
    private byte[]? TryReadBytes(string name)
    {
        try
        {
            return WholeFile.ReadAll(_files, Path.Combine(folder, name));
        }
        catch (StorageException e) when (e.Reason == StorageRejection.ReadFailed)
        {
            return null;
        }
    }

    private static PieceList Write(IStorageFile file, OrderingSnapshot snapshot, Func<LaneTip, Batch?> hold)
    {
        var hasher = new PieceHasher();
        long at = Hash32.Size;
        long synced = 0;
        foreach (ReadOnlyMemory<byte> piece in CheckpointContent.Write(snapshot, hold))
        {
            hasher.Add(piece.Span);
            if (hasher.IsTooLarge) throw new StorageException(StorageRejection.RecordTooLarge, $"the state of height {snapshot.Height} has more than 1 GiB");
            file.Write(piece.Span, at);
            at += piece.Length;
            if (at - synced < SyncBytes) continue;
            file.Sync();
            synced = at;
        }

        PieceList pieces = hasher.Finish();
        file.Write(pieces.Root.ToArray(), 0);
        return pieces;
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

/// <summary>A snapshot that was read and is whole.</summary>
/// <param name="Name">Its file's name.</param>
/// <param name="Height">The height whose state it is, by its name.</param>
/// <param name="Pieces">What it can be served by.</param>
/// <param name="Content">See CheckpointContent.</param>
public sealed record StoredSnapshot(string Name, Height Height, PieceList Pieces, ReadOnlyMemory<byte> Content);
