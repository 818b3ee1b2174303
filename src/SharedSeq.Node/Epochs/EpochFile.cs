using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>
/// The newest epochs' starts in one small file of the data folder, written anew as a whole with each epoch: a node votes in an epoch only when its start is
/// in here.
/// </summary>
/// <code>32 bytes SHA-256 of what follows | u16 count | the starts, oldest first</code>
/// <param name="dataFolder">The node's data folder.</param>
/// <param name="files">The file system; null is the disk.</param>
public sealed class EpochFile(string dataFolder, IFileLayer? files = null)
{
    /// <summary>Epochs kept. 128: the lanes of a few may be open, members that come back are told of the last 64.</summary>
    public const int Kept = 128;

    /// <summary>What to do when it is lost: an archive that was pruned, and does not begin with a checkpoint of others, can not be applied again.</summary>
    internal const string Remedy = "it is made anew from the logs: run: sharedseq store rebuild; where heights were pruned, so that a rebuild is refused: "
        + "come back with new keys and an empty data folder";

    private readonly IFileLayer _files = files ?? DiskFileLayer.Instance;

    /// <summary>Where it is.</summary>
    public string FilePath { get; } = Path.Combine(dataFolder, "epochs");

    /// <summary>The starts kept, oldest first, without gaps; empty in the first epoch.</summary>
    /// <exception cref="StorageException">The file is not one of ours, or damaged.</exception>
    public IReadOnlyList<EpochStart> Read()
    {
        if (!_files.Exists(FilePath)) return [];
        try
        {
            byte[] bytes = WholeFile.ReadAll(_files, FilePath);
            var reader = new CanonicalReader(bytes);
            if (reader.Hash() != Sha.Of(bytes.AsSpan(Hash32.Size))) DecodeException.Throw(DecodeRejection.Malformed, "its hash is another");
            var starts = new EpochStart[reader.U16()];
            for (int i = 0; i < starts.Length; i++)
            {
                starts[i] = EpochStart.Read(ref reader);
                if (i > 0 && starts[i].Epoch != starts[i - 1].Epoch.Next()) DecodeException.Throw(DecodeRejection.NotCanonical, "epochs follow one another");
            }

            reader.End("epochs");
            return starts;
        }
        catch (Exception e) when (e is DecodeException or StorageException { Reason: StorageRejection.ReadFailed })
        {
            throw new StorageException(
                StorageRejection.Corrupted, $"{FilePath} can not be read ({e.Message}); {Remedy}", inner: e);
        }
    }

    /// <summary>Replaces the file, complete or not at all, durable when this returns; the oldest beyond <see cref="Kept"/> are left out.</summary>
    /// <param name="starts">All, oldest first.</param>
    /// <exception cref="StorageException">The disk does not take it.</exception>
    public void Write(IReadOnlyList<EpochStart> starts)
    {
        var content = new CanonicalWriter(4_096);
        int first = int.Max(0, starts.Count - Kept);
        content.U16((ushort)(starts.Count - first));
        for (int i = first; i < starts.Count; i++) starts[i].Write(content);
        var writer = new CanonicalWriter(content.Length + Hash32.Size);
        writer.Hash(Sha.Of(content.Written));
        writer.Raw(content.Written);
        _files.CreateFolder(dataFolder);
        FileReplacement.Write(_files, FilePath, writer.Written);
    }
}
