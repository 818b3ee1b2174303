using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>
/// The hand-overs from the genesis to the epoch of a checkpoint of others, as state sync got them: what the checkpoint's certificate is verified by when it is
/// installed, and what the new ledger serves of the epochs before it. They are verified anew by whoever reads them.
/// </summary>
/// <code>for each: length u32 | hand-over</code>
/// <param name="folder">The folder of checkpoints.</param>
/// <param name="files">The file system.</param>
public sealed class HandOverFile(string folder, IFileLayer files)
{
    private readonly string _path = Path.Combine(folder, "hand-overs");

    private string Part => _path + FileReplacement.PartEnding;

    /// <summary>Writes some behind those written before.</summary>
    /// <exception cref="StorageException">The disk does not take it.</exception>
    public void Append(IReadOnlyList<HandOver> handOvers)
    {
        files.CreateFolder(folder);
        var writer = new CanonicalWriter(4_096);
        foreach (HandOver handOver in handOvers) writer.Bytes(handOver.Encode());
        using IStorageFile part = files.Open(Part, files.Exists(Part) ? FileOpening.Existing : FileOpening.Create);
        part.Write(writer.Written, part.Length);
    }

    /// <summary>What was written since the last time replaces what was there; nothing does when nothing was. Durable with the folder's next sync.</summary>
    /// <exception cref="StorageException">The disk does not take it.</exception>
    public void Accept()
    {
        if (!files.Exists(Part)) return;
        using (IStorageFile part = files.Open(Part, FileOpening.Existing)) part.Sync();
        files.Rename(Part, _path);
    }

    /// <summary>What was written since the last time is not wanted.</summary>
    public void DropPart()
    {
        if (files.Exists(Part)) files.Delete(Part);
    }

    /// <summary>All that lead to an epoch, one after the other, each verified by those before it as it is read, as often as they are read.</summary>
    /// <param name="genesis">The network.</param>
    /// <param name="scheme">Checks signatures.</param>
    /// <param name="to">The epoch that the last one leads to; none for the first.</param>
    /// <exception cref="DecodeException">They do not lead from the genesis to that epoch.</exception>
    /// <exception cref="StorageException">The disk can not be read.</exception>
    public IEnumerable<HandOver> Read(Genesis genesis, ISignatureScheme scheme, Epoch to)
    {
        // A chain for each time that they are read.
        foreach (HandOver handOver in Read(new CommitteeChain(genesis, scheme), to)) yield return handOver;
    }

    /// <summary>The committee of an epoch, as those lead to it.</summary>
    /// <exception cref="DecodeException">They do not lead there.</exception>
    /// <exception cref="StorageException">The disk can not be read.</exception>
    public Committee CommitteeOf(Genesis genesis, ISignatureScheme scheme, Epoch epoch)
    {
        var chain = new CommitteeChain(genesis, scheme);
        foreach (HandOver _ in Read(chain, epoch))
        {
            // extends the chain
        }

        return chain.Of(epoch)!;
    }

    private IEnumerable<HandOver> Read(CommitteeChain chain, Epoch to)
    {
        if (to == Epoch.Zero) yield break;
        if (!files.Exists(_path)) DecodeException.Throw(DecodeRejection.Truncated, $"{_path} is missing");
        using IStorageFile file = files.Open(_path, FileOpening.ReadOnly);
        byte[] buffer = new byte[sizeof(uint) + HandOver.MaxBytes];
        for (long at = 0; chain.Newest < to;)
        {
            int read = file.Read(buffer, at);
            HandOver handOver = Decode(buffer.AsSpan(0, read), out int length);
            HandOverRejection reason = chain.TryExtend(handOver);
            if (reason != HandOverRejection.None) DecodeException.Throw(DecodeRejection.Malformed, $"{_path}, behind epoch {chain.Newest}: {reason}");
            at += length;
            yield return handOver;
        }
    }

    private static HandOver Decode(ReadOnlySpan<byte> bytes, out int length)
    {
        var reader = new CanonicalReader(bytes);
        HandOver handOver = HandOver.Decode(reader.Bytes(HandOver.MaxBytes, "hand-over"));
        length = bytes.Length - reader.Remaining;
        return handOver;
    }
}
