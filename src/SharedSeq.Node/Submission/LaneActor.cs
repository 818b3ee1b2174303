using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// The own lane, one per epoch: gathers submissions into batches, makes each durable before its first send (consensus.md 5 h), and tells the submitters what
/// becomes of them, across the end of an epoch. Work here is per submission and per batch, never per transaction except for the one hash that is its id.
/// </summary>
public sealed class LaneActor : Actor<LaneMessage>
{
    /// <summary>Messages waiting. 8,192: more than a second of submissions at the highest rate measured; gateways wait beyond it.</summary>
    private const int MailboxMax = 8_192;

    private readonly ILaneShell _shell;
    private readonly TimeProvider _clock;
    private readonly LanePacing _pacing = new();
    private readonly Queue<(long Position, SealedBatch Batch)> _awaitingSync = new();
    private readonly Dictionary<(LaneId Lane, ulong Seq), SealedBatch> _open = [];
    private readonly Queue<LeftBatch> _left = new();
    private readonly Action<Exception> _onFatal;
    private OwnLaneStart? _next;
    private readonly byte[] _buffer = new byte[BatchBody.MaxBytes];
    private int _bytes;
    private int _count;
    private List<(ISubmissionObserver Observer, int First, int Count)> _waiting = [];
    private long _lastSealMs;
    private long _durable;

    /// <param name="lane">Where the own lane goes on; null without a seat.</param>
    /// <param name="shell">The node's parts.</param>
    /// <param name="clock">Monotonic time.</param>
    /// <param name="onFatal">Told when the actor is given up.</param>
    public LaneActor(OwnLaneStart? lane, ILaneShell shell, TimeProvider clock, Action<Exception> onFatal)
        : base("lane", MailboxMax, Supervision.Fatal)
    {
        _next = lane;
        _shell = shell;
        _clock = clock;
        _onFatal = onFatal;
    }

    /// <summary>The batch log has synced up to a position. Never lost: a full mailbox means the loop is awake and will look.</summary>
    public void OnBatchesDurable(long position)
    {
        Volatile.Write(ref _durable, position);
        TryTell(new LaneMessage.Wake());
    }

    protected override void OnFailed(Exception error, bool isFinal) => _onFatal(error);

    protected override async Task RunAsync(CancellationToken stopping)
    {
        using var wake = new Timer(_ => TryTell(new LaneMessage.Wake()));
        try
        {
            while (await Mailbox.WaitToReadAsync(stopping))
            {
                while (Mailbox.TryRead(out LaneMessage? message))
                {
                    Handle(message);
                    ReleaseDurable();
                }

                TakeLeft();
                long wait = SealWhenDue();
                if (wait > 0) wake.Change(wait, Timeout.Infinite);
            }
        }
        finally
        {
            foreach ((ISubmissionObserver observer, _, _) in _waiting) observer.OnRejected(SubmissionRejection.NotReady);
        }
    }

    private long NowMs => _clock.MonotonicMs();

    private void Handle(LaneMessage message)
    {
        switch (message)
        {
            case LaneMessage.Submit m: OnSubmit(m.Submission); break;
            case LaneMessage.Certified m: OnCertified(m.Proof); break;
            case LaneMessage.Committed m: OnCommitted(m.Block); break;
            case LaneMessage.EpochEntered m: Enter(m.Lane); break;
            case LaneMessage.Left m: OnLeft(m.Batches); break;
            case LaneMessage.Wake: break;
            default: Invariant.Throw($"a lane message of unhandled kind {message.GetType().Name}"); break;
        }
    }

    private void OnSubmit(Submission submission)
    {
        Invariant.Check(submission.Records.Length <= BatchBody.MaxBytes, "a submission fits one batch");
        if (_next is null)
        {
            SharedBuffer.Of(submission.Records)?.Release();
            submission.Observer.OnRejected(SubmissionRejection.NotReady);
            return;
        }

        if (_bytes + submission.Records.Length > BatchBody.MaxBytes)
        {
            if (!HasRoom())
            {
                SharedBuffer.Of(submission.Records)?.Release();
                submission.Observer.OnRejected(SubmissionRejection.LaneFull);
                return;
            }

            Seal(_next);
        }

        submission.Records.Span.CopyTo(_buffer.AsSpan(_bytes));
        SharedBuffer.Of(submission.Records)?.Release();
        _waiting.Add((submission.Observer, _count, submission.Count));
        _bytes += submission.Records.Length;
        _count += submission.Count;
        _pacing.Add(submission.Count, NowMs);
    }

    /// <summary>What is gathered and not sealed goes into the new lane; what is sealed stays in its own, which is ordered on for a while.</summary>
    private void Enter(OwnLaneStart? lane)
    {
        _next = lane;
        if (lane is not null) return;
        foreach ((ISubmissionObserver observer, _, _) in _waiting) observer.OnRejected(SubmissionRejection.NotReady);
        _waiting = [];
        _bytes = 0;
        _count = 0;
    }

    private void OnLeft(IReadOnlyList<Batch> batches)
    {
        foreach (Batch batch in batches)
        {
            SealedBatch? own = _open.Remove((batch.Header.Lane, batch.Header.Seq.Value), out SealedBatch? found) ? found : null;
            _left.Enqueue(new LeftBatch(batch.Body, own?.CarryOver() ?? []));
        }
    }

    /// <summary>Before what is submitted now: receipts were given for it. Waits for room, which the next commit makes.</summary>
    private void TakeLeft()
    {
        while (_left.TryPeek(out LeftBatch? left))
        {
            ReadOnlyMemory<byte> records = left.Body.Bytes;
            if (_next is not null && _bytes + records.Length > BatchBody.MaxBytes)
            {
                if (!HasRoom()) return;
                Seal(_next);
            }

            _left.Dequeue();
            if (_next is null)
            {
                foreach ((ISubmissionObserver observer, _, _) in left.Submissions) observer.OnRejected(SubmissionRejection.NotReady);
            }
            else
            {
                records.Span.CopyTo(_buffer.AsSpan(_bytes));
                foreach ((ISubmissionObserver observer, int first, int count) in left.Submissions) _waiting.Add((observer, _count + first, count));
                _bytes += records.Length;
                _count += left.Body.Count;
            }

            left.Body.Release();
        }
    }

    /// <summary>Seals when the gap is over; returns the milliseconds to wait otherwise, 0 when nothing waits.</summary>
    private long SealWhenDue()
    {
        if (_count == 0 || _next is null) return 0;
        long due = _lastSealMs + _pacing.GapMs - NowMs;
        if (due > 0) return due;

        // Without room the open batch waits for the next commit, which wakes this loop by its message.
        if (HasRoom()) Seal(_next);
        return 0;
    }

    private bool HasRoom()
    {
        (int batches, long bytes) = _shell.Room;
        int unsent = _awaitingSync.Count;
        return batches > unsent && bytes > (unsent + 1L) * BatchBody.MaxBytes;
    }

    private void Seal(OwnLaneStart next)
    {
        SharedBuffer buffer = BufferPool.Instance.Rent(_bytes);
        _buffer.AsSpan(0, _bytes).CopyTo(buffer.GetSpan());
        BatchBody body = BatchBody.Parse(buffer.Memory, _count);
        buffer.Release();
        MerkleTree tree = MerkleTree.FromLeafHashes(body.LeafHashes);
        var header = new BatchHeader(next.Lane, next.NextSeq, next.PreviousDigest, BatchFlags.None, _count, _bytes, tree.Root);
        var batch = new SealedBatch(_shell.Sign(header, body), tree, _waiting, NowMs);
        _awaitingSync.Enqueue((_shell.AppendOwnBatch(batch.Verified.Value), batch));
        _open.Add((next.Lane, next.NextSeq.Value), batch);
        _next = next with { NextSeq = next.NextSeq.Next(), PreviousDigest = header.Digest };
        _waiting = [];
        _bytes = 0;
        _count = 0;
        _lastSealMs = NowMs;
    }

    private void ReleaseDurable()
    {
        while (_awaitingSync.TryPeek(out (long Position, SealedBatch Batch) first) && first.Position <= Volatile.Read(ref _durable))
        {
            _awaitingSync.Dequeue();
            _shell.OnSealed(first.Batch.Verified);
            first.Batch.Tell(static (observer, place, _) => observer.OnReceived(place), 0);
        }
    }

    private void OnCertified(ProofOfAvailability proof)
    {
        // It covers the lane below it: where Acks of a batch were lost, or members grouped them, a later one's proof is the only one there will be.
        LaneId lane = proof.Tip.Lane;
        ulong first = proof.Tip.Seq.Value + 1;
        while (first > 0 && _open.TryGetValue((lane, first - 1), out SealedBatch? before) && !before.IsAccepted) first--;
        SealedBatch[] proven = [.. Between(lane, first, proof.Tip.Seq.Value)];
        BatchHeader[] headers = [.. proven.Select(batch => batch.Verified.Value.Header)];
        foreach (SealedBatch batch in proven)
        {
            batch.IsAccepted = true;
            _pacing.Certified(NowMs - batch.SealedMs);
            int later = (int)(batch.Verified.Value.Header.Seq.Value - first) + 1;
            var accepted = new AcceptanceProof(new ArraySegment<BatchHeader>(headers)[later..], proof);
            batch.Tell(static (observer, place, p) => observer.OnAccepted(place, p), accepted);
        }
    }

    private IEnumerable<SealedBatch> Between(LaneId lane, ulong first, ulong last)
    {
        for (ulong seq = first; seq <= last; seq++) yield return _open[(lane, seq)];
    }

    private void OnCommitted(ProvenBlock block)
    {
        foreach (LaneTip tip in block.Committed.Batches)
        {
            if (!_open.Remove((tip.Lane, tip.Seq.Value), out SealedBatch? batch)) continue;
            Invariant.Check(batch.Verified.Value.Header.Digest == tip.Digest, "the committed batch of the own lane is the own batch");
            batch.Tell(static (observer, place, b) => observer.OnCommitted(place, b), block);
        }
    }

    /// <summary>A batch on its way with the submissions in it.</summary>
    private sealed class SealedBatch(
        Verified<Batch> batch, MerkleTree tree, List<(ISubmissionObserver Observer, int First, int Count)> submissions, long sealedMs)
    {
        public long SealedMs { get; } = sealedMs;

        public Verified<Batch> Verified { get; } = batch;

        public bool IsAccepted { get; set; }

        public void Tell<T>(Action<ISubmissionObserver, LanePlace, T> what, T argument)
        {
            foreach ((ISubmissionObserver observer, int first, int count) in submissions)
                what(observer, new LanePlace(Verified.Value, tree, first, count), argument);
        }

        /// <summary>Its submissions for another batch with the same transactions: nobody is told twice that they are accepted.</summary>
        public List<(ISubmissionObserver Observer, int First, int Count)> CarryOver() =>
            [.. submissions.Select(item => ((ISubmissionObserver)new CarriedSubmission(item.Observer, IsAccepted), item.First, item.Count))];
    }

    /// <summary>A batch of a closed lane that is to be sealed again, and those of its submitters that still wait.</summary>
    private sealed record LeftBatch(BatchBody Body, List<(ISubmissionObserver Observer, int First, int Count)> Submissions);

    private sealed class CarriedSubmission(ISubmissionObserver observer, bool isAccepted) : ISubmissionObserver
    {
        public void OnRejected(SubmissionRejection reason) => observer.OnRejected(reason);

        public void OnReceived(LanePlace place)
        {
        }

        public void OnAccepted(LanePlace place, AcceptanceProof proof)
        {
            if (!isAccepted) observer.OnAccepted(place, proof);
        }

        public void OnCommitted(LanePlace place, ProvenBlock block) => observer.OnCommitted(place, block);
    }
}
