using SharedSeq.Consensus;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>That this node's results differ from the certified ones, with both kept as evidence.</summary>
/// <param name="Agreed">The highest height up to which they are known to be the same; what this node made of later heights is not to be believed.</param>
/// <param name="Own">The own result.</param>
/// <param name="OtherHash">Hash of the certified one, or of the one signed before.</param>
/// <param name="Certificate">The certificate of the other, when it is known.</param>
public sealed record Divergence(Height Agreed, BlockResult Own, Hash32 OtherHash, ResultCertificate? Certificate)
{
    public void Write(CanonicalWriter writer)
    {
        writer.U64(Agreed.Value);
        Own.Write(writer);
        writer.Hash(OtherHash);
        writer.Bool(Certificate is not null);
        Certificate?.Write(writer);
    }

    public static Divergence Read(ref CanonicalReader reader) =>
        new(new Height(reader.U64()), BlockResult.Read(ref reader), reader.Hash(), reader.Bool() ? ResultCertificate.Read(ref reader) : null);
}

/// <summary>
/// The mark in the data folder that this node's results differ from the certified ones. A node that starts with it serves what was certified and does
/// not go on; `store rebuild` removes it when the heights, applied anew, give the certified results.
/// </summary>
/// <param name="dataFolder">The node's data folder.</param>
/// <param name="files">The file system; null is the disk.</param>
public sealed class DivergenceFile(string dataFolder, IFileLayer? files = null)
{
    private readonly IFileLayer _files = files ?? DiskFileLayer.Instance;

    /// <summary>Where it is.</summary>
    public string FilePath { get; } = Path.Combine(dataFolder, "diverged");

    /// <summary>The divergence found by an earlier run; null when there was none.</summary>
    /// <exception cref="ConfigurationException">The file is not one of ours: whether this node may be believed can not be told.</exception>
    public Divergence? Read()
    {
        if (!_files.Exists(FilePath)) return null;
        try
        {
            var reader = new CanonicalReader(WholeFile.ReadAll(_files, FilePath));
            Divergence found = Divergence.Read(ref reader);
            reader.End("divergence");
            return found;
        }
        catch (Exception e) when (e is DecodeException or StorageException { Reason: StorageRejection.ReadFailed })
        {
            throw new ConfigurationException(
                ConfigurationRejection.Unreadable, $"{FilePath} says that this node diverged and can not be read: run: sharedseq store rebuild", e);
        }
    }

    /// <summary>Complete and durable when this returns: a node that forgot would serve what is not certified.</summary>
    /// <exception cref="StorageException">The disk does not take it.</exception>
    public void Write(Divergence divergence)
    {
        var writer = new CanonicalWriter(1024);
        divergence.Write(writer);
        FileReplacement.Write(_files, FilePath, writer.Written);
    }

    public void Delete()
    {
        if (!_files.Exists(FilePath)) return;
        _files.Delete(FilePath);
        _files.SyncFolder(dataFolder);
    }
}
