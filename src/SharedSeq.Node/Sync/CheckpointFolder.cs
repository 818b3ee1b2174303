using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>A checkpoint of others, checked in every part against its certificate.</summary>
/// <param name="Offer">Its certificate and blocks.</param>
/// <param name="Content">Its batches and state.</param>
/// <param name="Machine">The machine of the state, to be used once.</param>
public sealed record CertifiedCheckpoint(CheckpointOffer Offer, CheckpointContent Content, OrderingMachine Machine)
{
    public Height Height => Offer.Height;

    /// <summary>What leads from the genesis to its epoch, verified as it is read; may be read more than once.</summary>
    public IEnumerable<HandOver> HandOvers { get; init; } = [];

    /// <summary>The hand-over of its own epoch, if it is the state behind that epoch's boundary.</summary>
    public HandOver? OwnHandOver => Offer.Certificate.Result.NextCommitteeHash == Hash32.Zero ? null
        : new HandOver(Machine.Operators.Next!.Plan, Offer.Certificate);

    /// <summary>Its block as the archive begins with it: nothing of it is ordered again, so it names no batches.</summary>
    public CommittedBlock Block => new(Offer.Block, Offer.Timestamp, null, [], Offer.Cut);

    /// <summary>
    /// How the newest epochs began, up to the one of the height behind it. When those before its own began nobody certifies: they count as begun when
    /// its own did, so that what is kept for them is kept longer rather than shorter.
    /// </summary>
    /// <exception cref="DecodeException">The hand-overs do not lead to its epoch.</exception>
    /// <exception cref="StorageException">The disk can not be read.</exception>
    public IReadOnlyList<EpochStart> EpochStarts()
    {
        TimestampMs startedAt = Machine.EpochStartedAt;
        var starts = new Queue<EpochStart>();
        foreach (HandOver handOver in HandOvers)
        {
            BlockResult boundary = handOver.Boundary.Result;
            if (starts.Count == EpochFile.Kept) starts.Dequeue();
            starts.Enqueue(new EpochStart(new BlockId(boundary.Height, boundary.BlockHash), startedAt, handOver.Next));
        }

        if (EpochStart.After(Machine, Offer.Block.Header.Hash) is { } next) starts.Enqueue(next);
        return [.. starts];
    }
}

/// <summary>
/// The checkpoints that this node got from others: one on its way, one to be installed by the next start, and the one that its archive begins with,
/// which `store rebuild` needs as long as it does.
/// </summary>
/// <code>length u32 | offer | content, see CheckpointContent</code>
/// <param name="dataFolder">The node's data folder.</param>
/// <param name="files">The file system; null is the disk.</param>
public sealed class CheckpointFolder(string dataFolder, IFileLayer? files = null)
{
    private const int LengthBytes = 4;

    /// <summary>Bytes of an offer in a file. 2 MiB: what fits a frame.</summary>
    private const int OfferBytesMax = 2 * 1024 * 1024;

    private readonly IFileLayer _files = files ?? DiskFileLayer.Instance;
    private readonly string _folder = Path.Combine(dataFolder, "checkpoint");

    /// <summary>What leads to the checkpoint on its way, and to those that came before.</summary>
    public HandOverFile HandOvers { get; } = new(Path.Combine(dataFolder, "checkpoint"), files ?? DiskFileLayer.Instance);

    private string Incoming => Path.Combine(_folder, "incoming.part");

    private string Next => Path.Combine(_folder, "next");

    private string Base => Path.Combine(_folder, "base");

    /// <summary>Whether a checkpoint waits to be installed.</summary>
    public bool HasNext => _files.Exists(Next);

    /// <summary>Makes room for the pieces of an offer.</summary>
    /// <exception cref="StorageException">The disk does not take it.</exception>
    public IncomingCheckpoint Begin(CheckpointOffer offer)
    {
        _files.CreateFolder(_folder);
        var writer = new CanonicalWriter(4096);
        writer.U32(0);
        offer.Write(writer);
        writer.PatchU32(0, (uint)(writer.Length - LengthBytes));
        IStorageFile file = _files.Open(Incoming, FileOpening.Create);
        file.Write(writer.Written, 0);
        return new IncomingCheckpoint(offer, file, writer.Length);
    }

    /// <summary>What is on its way is not wanted any more.</summary>
    public void DropIncoming()
    {
        if (_files.Exists(Incoming)) _files.Delete(Incoming);
    }

    /// <summary>What came is complete, durable and certified: the next start installs it. What leads to it is durable before.</summary>
    public void Accept()
    {
        HandOvers.Accept();
        _files.SyncFolder(_folder);
        _files.Rename(Incoming, Next);
        _files.SyncFolder(_folder);
    }

    /// <summary>The checkpoint to be installed; null when there is none.</summary>
    /// <param name="genesis">The network.</param>
    /// <param name="scheme">Checks signatures.</param>
    /// <param name="isCertified">By the committees known here; where it knows none, the hand-overs that came with it decide.</param>
    /// <exception cref="DecodeException">It is not what its certificate says.</exception>
    public CertifiedCheckpoint? ReadNext(Genesis genesis, ISignatureScheme scheme, Func<ResultCertificate, bool?> isCertified) =>
        Read(Next, genesis, scheme, isCertified);

    /// <summary>The checkpoint that the archive begins with; null when it begins with the genesis, or after what is kept was pruned since.</summary>
    /// <exception cref="DecodeException">It is not what its certificate says.</exception>
    public CertifiedCheckpoint? ReadBase(Genesis genesis, ISignatureScheme scheme, Func<ResultCertificate, bool?> isCertified) =>
        Read(Base, genesis, scheme, isCertified);

    /// <summary>The next one is installed: the archive begins with it.</summary>
    public void Installed()
    {
        _files.Rename(Next, Base);
        _files.SyncFolder(_folder);
    }

    /// <summary>The next one is not worth installing any more.</summary>
    public void DropNext()
    {
        _files.Delete(Next);
        _files.SyncFolder(_folder);
    }

    /// <summary>Height of the checkpoint that the archive begins with; null when it begins with the genesis.</summary>
    /// <exception cref="StorageException">The file is damaged.</exception>
    public Height? BaseHeight()
    {
        try
        {
            return HeightOf(Base);
        }
        catch (DecodeException e)
        {
            throw Damaged(e);
        }
    }

    /// <summary>Height of the checkpoint to be installed; null when there is none.</summary>
    /// <exception cref="DecodeException">The file is damaged.</exception>
    public Height? NextHeight() => HeightOf(Next);

    /// <summary>What to do when the checkpoint that the archive begins with can not be read.</summary>
    public static StorageException Damaged(DecodeException e) => new(
        StorageRejection.Corrupted,
        $"the checkpoint that the archive begins with is damaged ({e.Message}); restore the folder 'checkpoint' of the data folder, "
        + "or start again from an empty data folder with new keys", inner: e);

    private Height? HeightOf(string path)
    {
        if (!_files.Exists(path)) return null;
        using IStorageFile file = _files.Open(path, FileOpening.ReadOnly);
        byte[] head = new byte[long.Min(file.Length, LengthBytes + OfferBytesMax)];
        file.Read(head, 0);
        var reader = new CanonicalReader(head);
        var offer = new CanonicalReader(reader.Bytes(OfferBytesMax, "offer"));
        return CheckpointOffer.Read(ref offer).Height;
    }

    private CertifiedCheckpoint? Read(string path, Genesis genesis, ISignatureScheme scheme, Func<ResultCertificate, bool?> isCertified)
    {
        if (!_files.Exists(path)) return null;
        byte[] bytes;
        try
        {
            bytes = WholeFile.ReadAll(_files, path);
        }
        catch (StorageException e) when (e.Reason == StorageRejection.ReadFailed)
        {
            throw new DecodeException(DecodeRejection.Truncated, e.Message);
        }

        var reader = new CanonicalReader(bytes);
        var offerReader = new CanonicalReader(reader.Bytes(OfferBytesMax, "offer"));
        CheckpointOffer offer = CheckpointOffer.Read(ref offerReader);
        offerReader.End("offer");
        bool isGood = offer.Fault() == OfferFault.None && (isCertified(offer.Certificate) ?? IsSigned(genesis, scheme, offer.Certificate));
        if (!isGood) DecodeException.Throw(DecodeRejection.Malformed, "the certificate of a checkpoint does not verify");
        return Open(genesis, scheme, offer, bytes.AsMemory(bytes.Length - reader.Remaining)) with
        {
            HandOvers = HandOvers.Read(genesis, scheme, offer.Certificate.Result.Epoch),
        };
    }

    private bool IsSigned(Genesis genesis, ISignatureScheme scheme, ResultCertificate certificate)
    {
        Committee committee = HandOvers.CommitteeOf(genesis, scheme, certificate.Result.Epoch);
        return new MessageVerifier(genesis.Domain, committee, scheme).TryVerify(certificate, out _) == VerificationRejection.None;
    }

    /// <summary>The state of an offer whose certificate was verified.</summary>
    internal static CertifiedCheckpoint Open(Genesis genesis, ISignatureScheme scheme, CheckpointOffer offer, ReadOnlyMemory<byte> content)
    {
        var taken = CheckpointContent.Read(content);
        return new CertifiedCheckpoint(offer, taken, taken.Open(genesis, scheme, offer));
    }
}

/// <summary>A checkpoint whose pieces come in any order.</summary>
public sealed class IncomingCheckpoint(CheckpointOffer offer, IStorageFile file, int contentAt) : IDisposable
{
    public CheckpointOffer Offer { get; } = offer;

    public void Write(int index, ReadOnlySpan<byte> bytes) => file.Write(bytes, contentAt + PieceList.OffsetOf(index));

    /// <summary>All pieces as they are on the disk, synced.</summary>
    /// <param name="content">The bytes.</param>
    /// <returns>Whether they are those that were written.</returns>
    public bool TryReadBack(out ReadOnlyMemory<byte> content)
    {
        file.Sync();
        byte[] bytes = new byte[Offer.Pieces.Size];
        content = bytes;
        if (file.Read(bytes, contentAt) < bytes.Length) return false;
        for (int i = 0; i < Offer.Pieces.Count; i++)
        {
            if (!Offer.Pieces.Holds(i, bytes.AsSpan((int)PieceList.OffsetOf(i), Offer.Pieces.BytesOf(i)))) return false;
        }

        return true;
    }

    public void Dispose() => file.Dispose();
}
