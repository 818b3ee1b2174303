using Microsoft.Extensions.Logging;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>What the ledger's loop is told: an ordered height, a certificate or the PoA of an own batch, whichever is not null.</summary>
public readonly record struct LedgerEntry(LedgerHeight? Height = null, LedgerCertificate? Certificate = null, LedgerReceipt? Receipt = null);

/// <summary>
/// The node's ledger with the protocol's types: takes ordered heights in its own loop, many to a write, and answers questions about what was
/// ordered, with all that it was told. What does not follow from the heights is noted in the batch log too, so that nothing is lost with the ledger.
/// </summary>
public sealed class NodeLedger : Actor<LedgerEntry>, IOrderedFollower
{
    /// <summary>Heights waiting to be written. 4,096: ordering waits beyond it, so that memory stays bounded when the disk is slow.</summary>
    private const int MailboxMax = 4_096;

    /// <summary>Entries in one write: enough that a transaction's fixed cost does not matter.</summary>
    private const int EntriesPerWrite = 512;

    /// <summary>
    /// Least milliseconds between two writes. 100: a write costs some 20 file writes whatever is in it, and pages that several heights share are
    /// written once for all of them. A height that comes later than that after a write is written at once, and whoever asks earlier has what waits
    /// written first.
    /// </summary>
    private const int WriteGapMs = 100;

    /// <summary>Heights given up with one write. 256: five times as many as come meanwhile at the highest pace.</summary>
    private const int HeightsPerPruning = 256;

    /// <summary>Heights looked through for the transactions of an open block. 16,384: half a minute of the fastest heights.</summary>
    private const int OpenHeightsMax = 16_384;

    /// <summary>Epochs looked through for a missing hand-over at a time. 4,096: a few milliseconds; a year of one-minute epochs is 128 looks.</summary>
    private const int GapEpochsMax = 4_096;

    /// <summary>Bytes of a stored rejection: id, namespace and reason.</summary>
    private const int RejectionBytes = Hash32.Size + sizeof(ulong) + 1;

    private readonly Ledger _ledger;
    private readonly Genesis _genesis;
    private readonly BatchStore _batches;
    private readonly ILogger _logger;
    private readonly Action<Exception> _onFatal;
    private readonly Lock _writing = new();
    private BatchRetention? _retention;
    private readonly List<LedgerHeight> _heights = [];
    private readonly List<LedgerCertificate> _certificates = [];
    private readonly List<LedgerReceipt> _receipts = [];
    private readonly LedgerNoteWriter? _note;
    private readonly Height _start;
    private volatile bool _isHalted;

    // Hand-overs lead without a hole from the genesis to this epoch, as far as was looked.
    private Epoch _ledTo;

    // Taken out of the mailbox and not in the tables yet.
    private volatile bool _isWriting;

    /// <param name="dataFolder">The node's data folder.</param>
    /// <param name="genesis">The network.</param>
    /// <param name="batches">Where transactions are read.</param>
    /// <param name="logger">For the node's log.</param>
    /// <param name="onFatal">Told when the ledger can not go on.</param>
    /// <param name="note">Notes in the batch log; null for a ledger that is made from those notes.</param>
    /// <param name="start">The height that it begins after: that of the checkpoint that the archive begins with, 0 for genesis.</param>
    public NodeLedger(
        string dataFolder, Genesis genesis, BatchStore batches, ILogger logger, Action<Exception> onFatal, LedgerNoteWriter? note = null,
        Height start = default)
        : base("ledger", MailboxMax, Supervision.Fatal)
    {
        _ledger = new Ledger(FolderOf(dataFolder));
        _genesis = genesis;
        _batches = batches;
        _logger = logger;
        _onFatal = onFatal;
        _note = note;
        _start = start;
    }

    /// <summary>The newest height that queries see.</summary>
    public Height AppliedHeight => _ledger.AppliedHeight;

    /// <summary>Where the ledger's files are.</summary>
    public static string FolderOf(string dataFolder) => Path.Combine(dataFolder, "ledger");

    public async ValueTask OnOrderedAsync(OrderedHeight height, CancellationToken cancellation)
    {
        if (_isHalted) return;

        // Heights applied again after a restart: known to the tables, perhaps not to the transaction index.
        if (height.Result.Height <= _ledger.AppliedHeight && height.Result.Height <= _ledger.IndexedHeight) return;
        await TellAsync(new LedgerEntry(ToLedger(height)), cancellation);
    }

    public void OnCertified(ResultCertificate certificate)
    {
        var entry = new LedgerCertificate(certificate.Result.Height, Encode(certificate));

        // A full mailbox means that heights wait for the disk: a later certificate covers what this one does, but for a boundary's, which hands over.
        bool isTaken = TryTell(new LedgerEntry(Certificate: entry));
        if (!isTaken && certificate.Result.NextCommitteeHash != Hash32.Zero)
        {
            _ledger.Apply([], [entry], []);
            isTaken = true;
        }

        if (isTaken) _note?.Invoke(LedgerNote.Certificate, entry.Height, entry.Bytes.Span);
    }

    /// <summary>What is ordered from here on is not what the network ordered: it is not kept.</summary>
    public void OnDiverged(Divergence divergence) => _isHalted = true;

    /// <summary>Keeps evidence that was verified here; noted in the batch log the first time that its offence is seen.</summary>
    public void PutEvidence(Evidence evidence)
    {
        if (_ledger.GetEvidence(evidence.Id) is not null) return;
        LedgerEvidence item = ToLedger(evidence, Height.Zero);
        _note?.Invoke(LedgerNote.Evidence, AppliedHeight, item.Bytes.Span);
        _ledger.PutEvidence(item);
    }

    /// <summary>The logs have given up what is below these places: the tables follow, a little with each write.</summary>
    public void Prune(BatchRetention keep) => Volatile.Write(ref _retention, keep);

    /// <summary>All evidence that was verified here or that a committed block carries; the height is that of the first such block, 0 for none.</summary>
    public IReadOnlyList<(Evidence Evidence, Height Height)> Evidence() =>
        [.. Current().Evidence().Select(item => (ReadEvidence(item.Bytes.Span), item.Height))];

    /// <summary>At most so much of it, in the same order, behind that of one offence or from the first on; null when that offence is not known.</summary>
    public IReadOnlyList<(Evidence Evidence, Height Height)>? Evidence(Hash32? after, int most)
    {
        Ledger ledger = Current();
        LedgerEvidence? place = after is { } id ? ledger.GetEvidence(id) : null;
        if (after is not null && place is null) return null;
        return [.. ledger.Evidence(place, most).Select(item => (ReadEvidence(item.Bytes.Span), item.Height))];
    }

    /// <summary>What a replica that starts knows already. All delivered heights must be ordered again before, so that what they carry is known.</summary>
    public IReadOnlyList<RecoveredEvidence> RecordedEvidence() =>
        [.. Evidence().Select(item => new RecoveredEvidence(item.Evidence, item.Height > Height.Zero))];

    /// <summary>The evidence of one offence.</summary>
    public (Evidence Evidence, Height Height)? GetEvidence(Hash32 id) =>
        Current().GetEvidence(id) is { } item ? (ReadEvidence(item.Bytes.Span), item.Height) : null;

    public void PutExecution(LedgerExecution execution)
    {
        var writer = new CanonicalWriter(128);
        WriteExecution(writer, execution);
        _note?.Invoke(LedgerNote.Execution, AppliedHeight, writer.Written);
        _ledger.PutExecution(execution);
    }

    /// <summary>Keeps the PoA of an own batch, so that receipts are found after a restart. Left out when heights wait for the disk.</summary>
    public void PutProof(ProofOfAvailability proof)
    {
        var writer = new CanonicalWriter(512);
        proof.Write(writer);
        var receipt = new LedgerReceipt(proof.Tip.Lane, proof.Tip.Seq, writer.WrittenMemory);
        if (TryTell(new LedgerEntry(Receipt: receipt))) _note?.Invoke(LedgerNote.Proof, AppliedHeight, receipt.Proof.Span);
    }

    /// <summary>The nearest PoA kept of an own batch or of a later one of its lane, which covers it, too; null when there is none.</summary>
    public ProofOfAvailability? FindCover(LaneTip tip)
    {
        if (Current().GetReceiptAtOrAbove(tip.Lane, tip.Seq) is not { } bytes) return null;
        var reader = new CanonicalReader(bytes);
        return ProofOfAvailability.Read(ref reader);
    }

    /// <summary>Takes in what a note of the batch log holds, as this ledger did when the note was made.</summary>
    public async ValueTask TakeNoteAsync(LedgerNote kind, ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        switch (kind)
        {
            case LedgerNote.Certificate:
                Height height = ReadCertificate(bytes.ToArray())!.Result.Height;
                await TellAsync(new LedgerEntry(Certificate: new LedgerCertificate(height, bytes)), cancellation);
                break;
            case LedgerNote.Proof:
                LaneTip tip = ReadTip(bytes.Span);
                await TellAsync(new LedgerEntry(Receipt: new LedgerReceipt(tip.Lane, tip.Seq, bytes)), cancellation);
                break;
            case LedgerNote.Execution: _ledger.PutExecution(ReadExecution(bytes.Span)); break;
            case LedgerNote.Evidence: _ledger.PutEvidence(ToLedger(ReadEvidence(bytes.Span), Height.Zero)); break;
            default: Invariant.Throw($"a note of unknown kind {kind}"); break;
        }
    }

    public LedgerExecution? GetExecution(NamespaceId ns, ulong number) => Current().GetExecution(ns, number);

    public ulong HeadOf(NamespaceId ns) => Current().HeadOf(ns);

    /// <summary>A closed block; null when it is not here. Its transactions are, as long as their batches are kept.</summary>
    public StreamBlock? ReadStreamBlock(NamespaceId ns, ulong number)
    {
        if (Current().GetBlock(ns, number) is not { } stored) return null;
        var block = new CanonicalReader(stored.Block.Span);
        var content = new CanonicalReader(stored.Content.Span);
        return new StreamBlock(NamespaceBlock.Read(ref block), stored.Hash, BlockContent.Read(ref content), _batches);
    }

    public ResultCertificate? NewestCertificate() => ReadCertificate(Current().NewestCertificate());

    /// <summary>The certificate of exactly this height, if the result computed here is the certified one.</summary>
    public ResultCertificate? CertificateOf(Height height) =>
        CertificateAtOrAbove(height) is { } found && found.Result.Height == height && GetResult(height)?.Hash == found.Result.Hash ? found : null;

    public ResultCertificate? CertificateAtOrAbove(Height height) => ReadCertificate(Current().GetCertificateAtOrAbove(height));

    /// <summary>What leads from one committee to the next, as far as it is certified and here: from an epoch on, without gap.</summary>
    /// <param name="from">The epoch that hands over first.</param>
    /// <param name="most">How many at most.</param>
    public IReadOnlyList<HandOver> HandOvers(Epoch from, int most)
    {
        var found = new List<HandOver>();
        foreach ((Epoch ended, byte[] plan, byte[] certificate) in Current().HandOvers(from, most))
        {
            var reader = new CanonicalReader(plan);
            var handOver = new HandOver(CommitteePlan.Read(ref reader), ReadCertificate(certificate)!);
            bool isNext = ended.Value == from.Value + (ulong)found.Count;

            // A boundary whose certified result is not the one computed here names another committee.
            if (!isNext || handOver.Next.Hash != handOver.Boundary.Result.NextCommitteeHash) break;
            found.Add(handOver);
        }

        return found;
    }

    /// <summary>As many of them as go into one answer, encoded.</summary>
    /// <param name="from">The epoch that hands over first.</param>
    /// <param name="most">How many at most.</param>
    /// <param name="bytesMax">Bytes at most; the first is given in any case.</param>
    public IReadOnlyList<byte[]> HandOverPage(Epoch from, int most, int bytesMax)
    {
        var page = new List<byte[]>();
        int bytes = 0;
        foreach (HandOver handOver in HandOvers(from, most))
        {
            byte[] encoded = handOver.Encode();
            bytes += encoded.Length;
            if (page.Count > 0 && bytes > bytesMax) break;
            page.Add(encoded);
        }

        return page;
    }

    /// <summary>Takes what leads from the genesis to the height that this ledger begins after.</summary>
    /// <param name="handOvers">Verified; read as they are written.</param>
    /// <exception cref="StorageException">They can not be written.</exception>
    public void PutHandOvers(IEnumerable<HandOver> handOvers)
    {
        foreach (HandOver[] some in handOvers.Chunk(EntriesPerWrite))
        {
            _ledger.PutHandOvers([.. some.Select(item => (
                new LedgerBoundary(item.Ended, Encode(item.Next)), new LedgerCertificate(item.Boundary.Result.Height, Encode(item.Boundary))))]);
        }
    }

    /// <summary>
    /// Takes hand-overs of epochs that ended here without their certificates, because this node was away. Noted in the batch log: unlike those that a
    /// checkpoint brings they do not come with it again.
    /// </summary>
    /// <param name="handOvers">Verified.</param>
    /// <exception cref="StorageException">They can not be written.</exception>
    public void FillGap(IReadOnlyList<HandOver> handOvers)
    {
        foreach (HandOver item in handOvers) _note?.Invoke(LedgerNote.Certificate, item.Boundary.Result.Height, Encode(item.Boundary));
        PutHandOvers(handOvers);
    }

    /// <summary>
    /// The first hole in the chain of hand-overs; null when there is none, it was not found yet (a limited number of epochs is looked at in one call), or
    /// what was ordered here is not what the network ordered. Called by one thread.
    /// </summary>
    public HandOverGap? FindGap()
    {
        if (_isHalted) return null;
        int count = Current().CountHandOvers(_ledTo, GapEpochsMax);
        _ledTo = new Epoch(_ledTo.Value + (ulong)count);
        Epoch newest = NewestEpoch();
        if (count == GapEpochsMax || _ledTo >= newest) return null;
        if (_ledTo == Epoch.Zero) return new HandOverGap(_ledTo, null, newest);
        return HandOvers(new Epoch(_ledTo.Value - 1), 1) is [{ } before] ? new HandOverGap(_ledTo, before, newest) : null;
    }

    /// <summary>The epoch after the newest one that has ended here, whether its boundary is certified here or not.</summary>
    public Epoch NewestEpoch() => Current().NewestEpoch();

    /// <summary>Whether a hand-over leads to the committee, and has the result, that were computed here; null for an epoch that did not end here.</summary>
    public bool? IsOwn(HandOver handOver)
    {
        if (Current().GetBoundary(handOver.Ended) is not { } boundary) return null;
        return boundary.Next.Span.SequenceEqual(Encode(handOver.Next))
            && (GetResult(handOver.Boundary.Result.Height) is not { } result || result.Hash == handOver.Boundary.Result.Hash);
    }

    public BlockResult? GetResult(Height height)
    {
        if (Current().GetResult(height) is not { } bytes) return null;
        var reader = new CanonicalReader(bytes);
        return BlockResult.Read(ref reader);
    }

    /// <summary>What EffectsRoot covers of a height.</summary>
    public HeightEffects? GetEffects(Height height)
    {
        if (Current().GetResult(height) is not { } bytes) return null;
        var reader = new CanonicalReader(bytes);
        BlockResult.Read(ref reader);
        return HeightEffects.Read(ref reader);
    }

    /// <summary>Everything a height left out, in the order of its rejections root; null when the height is not here.</summary>
    /// <exception cref="DecodeException">The stored row is damaged.</exception>
    public IReadOnlyList<Rejection>? GetRejections(Height height)
    {
        if (Current().GetResult(height) is not { } bytes) return null;
        var reader = new CanonicalReader(bytes);
        BlockResult.Read(ref reader);
        HeightEffects effects = HeightEffects.Read(ref reader);
        if (effects.Rejections > reader.Remaining / RejectionBytes)
            DecodeException.Throw(DecodeRejection.Truncated, $"{effects.Rejections} rejections in {reader.Remaining} bytes");
        var rejections = new Rejection[effects.Rejections];
        for (int i = 0; i < rejections.Length; i++)
            rejections[i] = new Rejection(new TxId(reader.Hash()), new NamespaceId(reader.U64()), (RejectionReason)reader.Byte());
        return rejections;
    }

    /// <summary>
    /// Ids of the first transactions of a block that was still open at a height, by place; null when the heights that placed them are too many or not
    /// all here.
    /// </summary>
    public Hash32[]? OpenBlockIds(NamespaceId ns, ulong number, Height height, int count)
    {
        var ids = new Hash32[count];
        int missing = count;
        for (int walked = 0; missing > 0; walked++, height = height.Previous())
        {
            if (walked == OpenHeightsMax || height == Height.Zero || Current().GetGrowth(height) is not { } growth) return null;
            foreach (GrowthRun run in HeightGrowth.RunsOf(growth, ns, number))
            {
                if (_batches.Find(run.Batch) is not { } batch) return null;
                for (int i = 0; i < run.Length; i++) ids[run.First + i] = batch.Body.IdOf(run.Index + i).Value;
                missing -= run.Length;
            }
        }

        return ids;
    }

    /// <summary>The namespace heads behind a signed height's result, to prove from.</summary>
    public NamespaceHeads? GetHeads(Height height)
    {
        if (Current().GetHeads(height) is not { } bytes) return null;
        var reader = new CanonicalReader(bytes);
        return NamespaceHeads.Read(ref reader);
    }

    /// <summary>Finds an ordered transaction by its id or, on EVM namespaces, its keccak hash.</summary>
    public TransactionPlace? FindTransaction(Hash32 id)
    {
        foreach ((Height height, int place) in Current().FindTransaction(id))
        {
            if (Current().GetGrowth(height) is not { } growth) continue;
            if (HeightGrowth.Find(height, growth, place) is not { } found) continue;
            if (IsNamed(found, id)) return found;
        }

        return null;
    }

    public LedgerRejection? FindRejection(Hash32 id) => Current().GetRejection(id);

    /// <summary>Heights above this one must be ordered again after a start, so that the ledger misses none.</summary>
    public Height CompleteHeight => _ledger.CompleteHeight > _start ? _ledger.CompleteHeight : _start;

    /// <summary>A digest of what is rebuilt from the logs.</summary>
    public Hash32 ContentDigest() => _ledger.ContentDigest();

    protected override async Task RunAsync(CancellationToken stopping)
    {
        long nextWriteMs = 0;
        while (await Mailbox.WaitToReadAsync(CancellationToken.None))
        {
            long early = nextWriteMs - Environment.TickCount64;
            if (early > 0) await Task.Delay((int)early, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            nextWriteMs = Environment.TickCount64 + WriteGapMs;
            WriteWaiting();
            PruneSome();
        }
    }

    /// <summary>A little at a time, so that neither heights nor questions wait for it.</summary>
    private void PruneSome()
    {
        if (Volatile.Read(ref _retention) is not { } keep) return;
        if (_ledger.Prune(keep.FromHeight, keep.Lanes, HeightsPerPruning)) Interlocked.CompareExchange(ref _retention, null, keep);
    }

    protected override ValueTask OnStoppedAsync()
    {
        _ledger.Dispose();
        return ValueTask.CompletedTask;
    }

    protected override void OnFailed(Exception error, bool isFinal)
    {
        _logger.Restarting(Name, error);
        _onFatal(error);
    }

    /// <summary>The tables with everything in them that this node told it: whoever asks does not wait for the next write.</summary>
    private Ledger Current()
    {
        // The mailbox first: what another thread has taken out of it since is marked as being written.
        if (Depth > 0 || _isWriting) WriteWaiting();
        return _ledger;
    }

    private void WriteWaiting()
    {
        lock (_writing)
        {
            _isWriting = true;
            while (_heights.Count + _certificates.Count + _receipts.Count < EntriesPerWrite && Mailbox.TryRead(out LedgerEntry entry))
            {
                if (entry.Height is not null) _heights.Add(entry.Height);
                if (entry.Certificate is not null) _certificates.Add(entry.Certificate);
                if (entry.Receipt is not null) _receipts.Add(entry.Receipt);
            }

            _ledger.Apply(_heights, _certificates, _receipts);
            _heights.Clear();
            _certificates.Clear();
            _receipts.Clear();
            _isWriting = false;
        }
    }

    internal static void WriteExecution(CanonicalWriter writer, LedgerExecution execution)
    {
        writer.U64(execution.Namespace.Value);
        writer.U64(execution.Number);
        writer.Bool(execution.IsCertified);
        writer.Raw(execution.Outcome.Span);
    }

    internal static LedgerExecution ReadExecution(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes);
        var ns = new NamespaceId(reader.U64());
        ulong number = reader.U64();
        bool isCertified = reader.Bool();
        return new LedgerExecution(ns, number, reader.Raw(reader.Remaining).ToArray(), isCertified);
    }

    private static LaneTip ReadTip(ReadOnlySpan<byte> proof)
    {
        var reader = new CanonicalReader(proof);
        return ProofOfAvailability.Read(ref reader).Tip;
    }

    private static ResultCertificate? ReadCertificate(byte[]? bytes)
    {
        if (bytes is null) return null;
        var reader = new CanonicalReader(bytes);
        return ResultCertificate.Read(ref reader);
    }

    private static Evidence ReadEvidence(ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes);
        return Consensus.Evidence.Read(ref reader);
    }

    private static LedgerEvidence ToLedger(Evidence evidence, Height height)
    {
        var writer = new CanonicalWriter(512);
        evidence.Write(writer);
        return new LedgerEvidence(evidence.Id, writer.ToArray(), height);
    }

    private LedgerHeight ToLedger(OrderedHeight ordered)
    {
        OrderingResult result = ordered.Result;
        var writer = new CanonicalWriter(512);
        result.Result.Write(writer);
        result.Effects.Write(writer);
        foreach (Rejection rejection in result.Rejections)
        {
            writer.Hash(rejection.Id.Value);
            writer.U64(rejection.Namespace.Value);
            writer.Byte((byte)rejection.Reason);
        }

        byte[] resultBytes = writer.ToArray();
        byte[] heads = [];
        if (result.Heads is not null)
        {
            writer.Reset();
            result.Heads.Write(writer);
            heads = writer.ToArray();
        }

        return new LedgerHeight(
            result.Height, resultBytes, HeightGrowth.Encode(result.Growth), heads, HeightGrowth.Ids(result.Growth, _batches), Aliases(result.Growth),
            [.. result.Closed.Select(ToLedger)],
            [.. result.Rejections.Select(r => new LedgerRejection(r.Id.Value, r.Namespace, result.Height, (byte)r.Reason))],
            [.. ordered.Committed.Block.Payload.Evidence.Select(item => ToLedger(item, result.Height))],
            result.IsCheckpoint, result.NextCommittee is { } next ? new LedgerBoundary(result.Result.Epoch, Encode(next)) : null);
    }

    private static byte[] Encode(CommitteePlan plan)
    {
        var writer = new CanonicalWriter(1_024);
        plan.Write(writer);
        return writer.ToArray();
    }

    private static byte[] Encode(ResultCertificate certificate)
    {
        var writer = new CanonicalWriter(1_024);
        certificate.Write(writer);
        return writer.ToArray();
    }

    private static LedgerBlock ToLedger(ClosedBlock closed)
    {
        var block = new CanonicalWriter(NamespaceBlock.Size);
        closed.Block.Write(block);
        var content = new CanonicalWriter(closed.Content.EncodedBytes);
        closed.Content.Write(content);
        return new LedgerBlock(
            closed.Block.Namespace, closed.Block.Number, closed.Block.LastHeight, closed.Hash, block.WrittenMemory, content.WrittenMemory);
    }

    /// <summary>The index knows the beginning of an id only: the transaction itself decides.</summary>
    private bool IsNamed(TransactionPlace found, Hash32 id)
    {
        if (_batches.TryBorrow(found.Batch) is not { } lease) return false;
        using BodyLease batch = lease;
        return batch.Body.IdOf(found.Index).Value == id
            || (IsEvm(found.Namespace) && Keccak256.Of(batch.Body[found.Index].Payload) == id);
    }

    private bool IsEvm(NamespaceId ns) => _genesis.Find(ns)?.Admission == AdmissionKind.Evm;

    /// <summary>Wallets ask for EVM transactions by keccak hash; the place is that in the height's order of ids.</summary>
    private List<(ulong Alias, int Place)> Aliases(IReadOnlyList<NamespaceGrowth> growth)
    {
        var aliases = new List<(ulong, int)>();
        int placeInHeight = 0;
        foreach (NamespaceGrowth item in growth)
        {
            if (!IsEvm(item.Namespace))
            {
                placeInHeight += item.Count;
                continue;
            }

            for (int place = item.First; place < item.Content.Count; place++, placeInHeight++)
            {
                (LaneTip tip, int index) = item.Content[place];
                using BodyLease batch = _batches.Borrow(tip);
                aliases.Add((Keccak256.Of(batch.Body[index].Payload).Prefix, placeInHeight));
            }
        }

        return aliases;
    }
}
