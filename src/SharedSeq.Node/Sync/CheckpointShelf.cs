using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// The checkpoints that this node can serve to others: its newest snapshots, each once its result is certified. Safe for all peers' loops at once.
/// </summary>
/// <param name="files">The snapshots.</param>
/// <param name="logs">Their blocks.</param>
/// <param name="certificateOf">The certificate of exactly this height, if the own result is the certified one; null while there is none.</param>
public sealed class CheckpointShelf(SnapshotFiles files, NodeLogs logs, Func<Height, ResultCertificate?> certificateOf)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<ulong, Entry> _entries = [];
    private long _piecesServed;

    /// <summary>Pieces given to others.</summary>
    public long PiecesServed => Interlocked.Read(ref _piecesServed);

    /// <summary>Takes in what is on the disk at start.</summary>
    public void Load()
    {
        foreach (StoredSnapshot found in files.Read()) Add(found.Height, found.Pieces);
    }

    /// <summary>A snapshot was written.</summary>
    public void Add(Height height, PieceList pieces)
    {
        lock (_gate)
        {
            _entries[height.Value] = new Entry(height, pieces);
            while (_entries.Count > CheckpointOffers.MaxOffers) _entries.Remove(_entries.Keys.First());
        }
    }

    /// <summary>What can be offered to a member that has the heights up to one.</summary>
    public CheckpointOffers OffersAbove(Height above)
    {
        var offers = new List<CheckpointOffer>();
        lock (_gate)
        {
            foreach (Entry entry in _entries.Values)
            {
                if (entry.Height <= above) continue;
                entry.Offer ??= Make(entry);
                if (entry.Offer is not null) offers.Add(entry.Offer);
            }
        }

        return new CheckpointOffers(logs.FirstBlock, offers);
    }

    /// <summary>A piece, empty when its checkpoint is not here any more.</summary>
    public PieceResponse Read(PieceRequest request)
    {
        Entry? entry;
        lock (_gate) entry = _entries.Values.FirstOrDefault(item => item.Pieces.Root == request.Root);
        byte[]? bytes = entry is null || request.Index >= entry.Pieces.Count ? null : files.ReadPiece(entry.Height, entry.Pieces, request.Index);
        if (bytes is not null) Interlocked.Increment(ref _piecesServed);
        return new PieceResponse(request.Root, request.Index, bytes);
    }

    /// <summary>Null while its result is not certified, and where too many carry blocks follow each other.</summary>
    private CheckpointOffer? Make(Entry entry)
    {
        if (certificateOf(entry.Height) is not { } certificate) return null;
        var blocks = new List<Block>();
        for (Height at = entry.Height; blocks.Count < CheckpointOffer.MaxBlocks && at > Height.Zero; at = at.Previous())
        {
            if (logs.ReadBlock(at) is not { } found) return null;
            blocks.Add(found.Block);
            if (found.Block.Header.IsCarry) continue;
            var offer = new CheckpointOffer(certificate, blocks, entry.Pieces);
            return offer.Fault() == OfferFault.None ? offer : null;
        }

        return null;
    }

    private sealed class Entry(Height height, PieceList pieces)
    {
        public Height Height { get; } = height;

        public PieceList Pieces { get; } = pieces;

        public CheckpointOffer? Offer { get; set; }
    }
}
