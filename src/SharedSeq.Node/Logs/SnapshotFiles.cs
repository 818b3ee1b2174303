using System.Globalization;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// The ordering state at checkpoints, one file each, so that a restart applies only the heights since. A snapshot is a short cut, never the truth: one
/// that does not check out is left aside and the heights are applied from further back.
/// </summary>
public sealed class SnapshotFiles(string folder)
{
    /// <summary>Files kept: the newest may be damaged by a crash, the one before is not.</summary>
    private const int Kept = 2;

    /// <summary>Writes a snapshot beside the others, visible only when it is complete.</summary>
    public void Write(Height height, ReadOnlyMemory<byte> snapshot)
    {
        Directory.CreateDirectory(folder);
        string path = PathOf(height);
        string part = path + ".part";
        using (FileStream stream = File.Create(part))
        {
            stream.Write(Sha.Of(snapshot.Span).ToArray());
            stream.Write(snapshot.Span);
        }

        File.Move(part, path, overwrite: true);
        foreach (string old in Files().Skip(Kept)) File.Delete(old);
    }

    /// <summary>Forgets all: what they hold is not to be started from.</summary>
    public void Clear()
    {
        foreach (string path in Files()) File.Delete(path);
    }

    /// <summary>Height of the oldest snapshot kept, from which a restart may have to apply heights; 0 when there are not enough to rely on.</summary>
    public Height OldestKept
    {
        get
        {
            List<string> files = Files();
            return files.Count < Kept ? Height.Zero : new Height(ulong.Parse(Path.GetFileNameWithoutExtension(files[^1]), CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Snapshots that check out, newest first.</summary>
    public IEnumerable<byte[]> Read()
    {
        foreach (string path in Files())
        {
            byte[] bytes = File.ReadAllBytes(path);
            if (bytes.Length > Hash32.Size && Sha.Of(bytes.AsSpan(Hash32.Size)) == new Hash32(bytes.AsSpan(0, Hash32.Size)))
                yield return bytes[Hash32.Size..];
        }
    }

    private List<string> Files() =>
        Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*.snapshot").OrderDescending(StringComparer.Ordinal)] : [];

    private string PathOf(Height height) => Path.Combine(folder, height.Value.ToString("d20", CultureInfo.InvariantCulture) + ".snapshot");
}
