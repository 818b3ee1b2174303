using System.Diagnostics.CodeAnalysis;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// The epochs this node knows: ordering adds one when it has applied the boundary before it, durable before the replica may enter it; the replica makes it
/// the present one. Safe for all threads; looking one up costs no more than a comparison for the present epoch.
/// </summary>
public sealed class NodeEpochs : ICommitteeSource
{
    private readonly SigningDomain _domain;
    private readonly ISignatureScheme _scheme;
    private readonly Func<Committee, ReplicaId?> _seatIn;
    private readonly Func<PublicKey64, PeerId?> _peerOf;
    private readonly Policy _policy;
    private readonly EpochFile? _file;
    private readonly Lock _gate = new();

    // Held while the file is written. Nobody waits for it but who adds an epoch: what others look up is replaced as a whole, behind the disk.
    private readonly Lock _writing = new();
    private readonly List<EpochStart> _starts = [];
    private readonly EpochPart _first;
    private volatile EpochPart[] _parts;
    private volatile EpochPart _present;
    private Height? _boundary;

    /// <param name="genesis">The network: its committee is that of the first epoch.</param>
    /// <param name="scheme">Checks signatures.</param>
    /// <param name="seatIn">The own seat in a committee, by the own keys.</param>
    /// <param name="peerOf">The number of a peer's node key; null for an own key and for an empty seat's.</param>
    /// <param name="file">Where starts are kept; null keeps none.</param>
    /// <exception cref="Storage.StorageException">The file can not be read.</exception>
    public NodeEpochs(
        Genesis genesis, ISignatureScheme scheme, Func<Committee, ReplicaId?> seatIn, Func<PublicKey64, PeerId?> peerOf, EpochFile? file = null)
    {
        _peerOf = peerOf;
        _domain = genesis.Domain;
        _scheme = scheme;
        _seatIn = seatIn;
        _policy = genesis.Policy;
        _file = file;
        _present = _first = PartOf(new BlockId(Height.Zero, genesis.Hash), genesis.Timestamp, genesis.Committee, []);
        _parts = [_first];
        foreach (EpochStart start in file?.Read() ?? []) Remember(start);
    }

    /// <summary>The epoch that the replica is in.</summary>
    public EpochPart Present => _present;

    /// <summary>The newest one known: that of the next height to be ordered.</summary>
    public EpochPart Newest => _parts[^1];

    /// <summary>The present epoch's last height, once ordering knows it.</summary>
    public Height? Boundary
    {
        get
        {
            lock (_gate) return _boundary;
        }
    }

    /// <summary>An epoch by its number; null for one that has not begun here, or is older than what is kept.</summary>
    public EpochPart? Of(Epoch epoch)
    {
        EpochPart present = _present;
        if (present.Epoch == epoch) return present;
        EpochPart[] parts = _parts;
        ulong first = parts[0].Epoch.Value;
        return epoch.Value >= first && epoch.Value - first < (ulong)parts.Length ? parts[epoch.Value - first] : null;
    }

    /// <summary>Whether q members of its epoch signed a certificate; null where that epoch's committee is not known here.</summary>
    public bool? IsCertified(ResultCertificate certificate) =>
        Of(certificate.Result.Epoch) is { } part ? part.Verifier.TryVerify(certificate, out _) == VerificationRejection.None : null;

    /// <summary>Whether a lane is the own one of its epoch.</summary>
    public bool IsOwn(LaneId lane) => Of(lane.Epoch)?.Self == lane.Author;

    /// <summary>Its last height; null for one that has not ended as far as is known here.</summary>
    public Height? BoundaryOf(Epoch epoch) => Of(epoch.Next())?.Genesis.Height;

    /// <summary>The last height whose cut may advance an epoch's lanes; null for one that has not ended as far as is known here.</summary>
    public Height? ClosesAt(Epoch epoch) => BoundaryOf(epoch) is { } boundary ? boundary.Plus(_policy.ReceiptDeadlineHeights) : null;

    /// <summary>Whether a height after this one may still order batches of an epoch's lanes.</summary>
    public bool IsOpen(Epoch epoch, Height at) => Of(epoch) is not null && (ClosesAt(epoch) is not { } closes || at < closes);

    /// <summary>
    /// Whether nothing from this height on needs an epoch's batches: its lanes are closed, and what queued from them is placed or too old to be.
    /// </summary>
    /// <param name="epoch">The epoch.</param>
    /// <param name="height">The height from which on everything is kept.</param>
    /// <param name="at">Its timestamp.</param>
    public bool IsGone(Epoch epoch, Height height, TimestampMs at)
    {
        if (epoch >= Newest.Epoch) return false;
        if (Of(epoch.Next()) is not { } next) return true;
        ulong waitMs = ulong.Max(_policy.DedupSeconds * 1_000UL, _policy.EvmDedupMs);
        return height >= ClosesAt(epoch) && at.Value > next.Start.Value + (2 * waitMs);
    }

    /// <summary>Ordering has applied the boundary before this epoch. Durable when it returns; one that is known already is not written again.</summary>
    /// <exception cref="Storage.StorageException">It can not be written: the epoch must not be entered.</exception>
    public EpochPart Add(EpochStart start)
    {
        lock (_writing)
        {
            if (Of(start.Epoch) is { } known)
            {
                Invariant.Check(known.Genesis == start.Genesis, "an epoch begins at one boundary");
                return known;
            }

            Invariant.Check(start.Epoch == Newest.Epoch.Next(), "epochs follow one another");
            _file?.Write([.. _starts, start]);
            Remember(start);
            return Newest;
        }
    }

    /// <summary>
    /// The archive begins with a checkpoint, whose epoch others' hand-overs led to. What this node knows by itself of an epoch stays. Durable when it
    /// returns; before anything else of a start.
    /// </summary>
    /// <param name="starts">Of the newest epochs up to that of the next height, oldest first; none in the first epoch.</param>
    /// <exception cref="Storage.StorageException">They can not be written.</exception>
    public void StartAt(IReadOnlyList<EpochStart> starts)
    {
        lock (_writing)
        {
            if (starts.Count == 0 || Of(starts[^1].Epoch) is not null) return;
            EpochStart[] own = [.. _starts.Where(start => start.Epoch < starts[0].Epoch)];
            if (own.Length > 0 && own[^1].Epoch.Next() != starts[0].Epoch) own = [];
            EpochStart[] all = [.. own, .. starts.Select(start => _starts.Find(known => known.Epoch == start.Epoch) ?? start)];
            _file?.Write(all);
            _starts.Clear();
            _parts = [_first];
            foreach (EpochStart start in all) Remember(start);
        }
    }

    /// <summary>The replica is in this epoch now.</summary>
    public EpochPart Enter(Epoch epoch)
    {
        lock (_gate)
        {
            _boundary = null;
            return _present = Of(epoch) ?? throw new InvariantException("an epoch that begins is known");
        }
    }

    /// <summary>Ordering knows where the epoch of its last height ends.</summary>
    public void SetBoundary(Epoch epoch, Height boundary)
    {
        lock (_gate)
        {
            if (epoch == _present.Epoch) _boundary = boundary;
        }
    }

    /// <inheritdoc/>
    public EpochSeat Next(Committee ended, BlockId boundary)
    {
        EpochPart? next = Of(ended.Epoch.Next());
        Invariant.Check(next is not null && next.Genesis == boundary, "ordering has fixed the next committee before its epoch begins");
        return next.Seat;
    }

    /// <summary>Finds the place again after a restart, and makes its epoch the present one.</summary>
    /// <param name="delivered">The newest delivered block.</param>
    /// <param name="epoch">Its epoch.</param>
    /// <param name="boundary">That epoch's last height as ordering knows it after this block.</param>
    /// <exception cref="Storage.StorageException">The epoch's start is not known here.</exception>
    public EpochHistory Recover(DeliveredTip delivered, Epoch epoch, Height? boundary)
    {
        EpochPart part = Find(epoch, delivered);
        EpochSpan span = SpanOf(part) with { Boundary = boundary };
        DeliveredTip tip = delivered with { Epoch = span };
        if (boundary == delivered.Id.Height && !span.IsEndless)
        {
            part = Find(epoch.Next(), delivered);
            tip = delivered with { Slot = Slot.Zero, Epoch = SpanOf(part) };
        }

        Enter(part.Epoch);
        if (tip.Epoch.Boundary is { } known) SetBoundary(part.Epoch, known);
        var closed = new List<ClosedEpoch>();
        foreach (EpochPart ended in _parts)
        {
            if (ended.Epoch < part.Epoch) closed.Add(new ClosedEpoch(ended.Committee, ended.Self, BoundaryOf(ended.Epoch)!.Value));
        }

        return new EpochHistory(part.Seat, tip, closed, _policy.Epochs, (int)_policy.ReceiptDeadlineHeights, this);
    }

    private EpochPart Find(Epoch epoch, DeliveredTip delivered) => Of(epoch) ?? throw new Storage.StorageException(
        Storage.StorageRejection.Corrupted,
        $"height {delivered.Id.Height} leads into epoch {epoch}, whose start is not in {_file?.FilePath}; {EpochFile.Remedy}");

    private EpochSpan SpanOf(EpochPart part) => EpochSpan.From(part.Start, _policy.EpochSeconds, _policy.BoundaryLead);

    [MemberNotNull(nameof(_parts))]
    private void Remember(EpochStart start)
    {
        if (_starts.Count == EpochFile.Kept) _starts.RemoveAt(0);
        _starts.Add(start);
        EpochPart part = PartOf(start.Genesis, start.Timestamp, start.Plan.Committee(start.Genesis.Hash), start.Places);

        // The oldest that the file has forgotten follow, and with them the first epoch: parts have no gap.
        EpochPart[] kept = _parts is { } parts && parts[^1].Epoch.Next() == part.Epoch ? parts : [];
        if (kept.Length == EpochFile.Kept) kept = kept[1..];
        _parts = [.. kept, part];
    }

    private EpochPart PartOf(BlockId genesis, TimestampMs start, Committee committee, IReadOnlyList<SeatPlace> places) =>
        new(genesis, start, committee, _seatIn(committee), new MessageVerifier(_domain, committee, _scheme), _peerOf) { Places = places };
}
