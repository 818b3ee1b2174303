using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>What one run of load gave, over the measured time: after the warm-up, until the end of what went on meanwhile.</summary>
internal sealed record LoadOutcome(
    long Committed, double Seconds, double LongestSilenceMs, long Refused, long Unanswered, long Unproven, long LedgerCount, IReadOnlyList<FrameSample> Samples)
{
    public double PerSecond => Committed / Seconds;

    /// <summary>Latency of what was committed, milliseconds; refused transactions have none.</summary>
    public double PercentileMs(double share) => LatencySamples.PercentileMs(Samples.Where(s => s.IsCommitted), share);

    /// <summary>p99 of what was scheduled in [from, to), Stopwatch ticks; refused counts as never.</summary>
    public double P99Ms(long from, long to) => LatencySamples.PercentileMs(Samples.Where(s => s.Scheduled >= from && s.Scheduled < to), 0.99);
}

/// <summary>
/// Puts load on operators over the binary submit stream and writes down in the ledger what is promised: receipts, and commits by proofs that are
/// checked after the run. Latency counts from the scheduled send time. A client whose operator dies goes on with the next one; what it had under way
/// there has no known outcome.
/// </summary>
internal sealed class LoadGenerator(
    IReadOnlyList<Uri> operators, IReadOnlyList<NamespaceId> namespaces, NetworkDirectory network, OutsideLedger ledger, LoadOptions options)
{
    /// <summary>How long the hand-over to the last epoch is waited for. 15 s, as what is under way at the end.</summary>
    private static readonly TimeSpan HandOverPatience = TimeSpan.FromSeconds(15);

    private readonly byte[] _template = RandomBytes(options.PayloadBytes);
    private readonly ConcurrentDictionary<Height, SubmitReply.Committed> _proofs = new();
    private readonly LatencySamples _samples = new();
    private long _counter;
    private long _measured;
    private long _refused;
    private long _unanswered;
    private long _unproven;
    private long _ledgerCount;
    private long _measureFrom = long.MaxValue;
    private long _lastCommit;
    private long _longestSilence;
    private int _badProofs;
    private string? _firstBad;

    /// <summary>What happened to each frame scheduled in the measured time, until now.</summary>
    public LatencySamples Samples => _samples;

    /// <summary>Warms up, measures for the time of the options, and waits for what is under way.</summary>
    public Task<LoadOutcome> RunAsync(CancellationToken cancellation) =>
        RunAsync(stopped => Task.Delay(TimeSpan.FromSeconds(options.RunSeconds), stopped), cancellation);

    /// <summary>Warms up, measures while something else happens, and waits for what is under way.</summary>
    /// <exception cref="CommandException">A proof does not hold.</exception>
    public async Task<LoadOutcome> RunAsync(Func<CancellationToken, Task> meanwhile, CancellationToken cancellation)
    {
        using var sending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var timer = new FineTimer();
        Task[] lines = [.. Enumerable.Range(0, options.Connections).Select(i => LineAsync(i, timer, sending.Token, reading.Token))];
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(options.WarmUpSeconds), cancellation);
            long from = Stopwatch.GetTimestamp();
            Volatile.Write(ref _lastCommit, from);
            Volatile.Write(ref _measureFrom, from);
            await meanwhile(cancellation);
            long measured = Interlocked.Read(ref _measured);
            double seconds = Stopwatch.GetElapsedTime(from).TotalSeconds;
            NoteSilence(Stopwatch.GetTimestamp());
            double silence = Stopwatch.GetElapsedTime(0, Volatile.Read(ref _longestSilence)).TotalMilliseconds;
            await sending.CancelAsync();

            // What is under way is waited for, so that the ledger is complete.
            reading.CancelAfter(TimeSpan.FromSeconds(15));
            await Task.WhenAll(lines);
            await CheckProofsAsync(cancellation);
            return new LoadOutcome(
                measured, seconds, silence, Interlocked.Read(ref _refused), Interlocked.Read(ref _unanswered), Interlocked.Read(ref _unproven),
                Interlocked.Read(ref _ledgerCount), _samples.Snapshot());
        }
        finally
        {
            await sending.CancelAsync();
            await reading.CancelAsync();
            await Task.WhenAll(lines);
        }
    }

    private async Task CheckProofsAsync(CancellationToken cancellation)
    {
        foreach (SubmitReply.Committed reply in _proofs.Values)
        {
            await UntilKnownAsync(reply.Proof.Epoch, cancellation);
            ReplyRejection reason = CommitCheck.CheckBlock(network, reply);
            if (reason != ReplyRejection.None)
                OnBadReply($"{reason}, epoch {reply.Proof.Epoch}, height {reply.Headers[0].Height}, known to epoch {network.Newest}");
        }

        if (_badProofs > 0) throw BenchRun.NoResult($"{_badProofs} replies could not be read or did not verify, the first: {_firstBad}");
    }

    /// <summary>What was committed just before the end may be of an epoch that began then: its hand-over is certified a moment later.</summary>
    private async Task UntilKnownAsync(Epoch epoch, CancellationToken cancellation)
    {
        long started = Stopwatch.GetTimestamp();
        while (!await network.FollowAsync(epoch, cancellation) && Stopwatch.GetElapsedTime(started) < HandOverPatience)
            await Task.Delay(100, cancellation);
    }

    private async Task LineAsync(int index, FineTimer timer, CancellationToken sending, CancellationToken reading)
    {
        for (int attempt = 0; !sending.IsCancellationRequested; attempt++)
        {
            int home = (index + attempt) % operators.Count;
            try
            {
                await using SubmitConnection connection = await SubmitConnection.OpenAsync(operators[home], sending);
                var line = new Line(this, connection, timer, home, namespaces[index % namespaces.Count], index);
                await line.RunAsync(sending, reading);
            }
            catch (Exception e) when (e is System.Net.WebSockets.WebSocketException or OperationCanceledException or HttpRequestException)
            {
                await Task.Delay(200, CancellationToken.None);
            }
        }
    }

    private void OnBadReply(string why)
    {
        Interlocked.CompareExchange(ref _firstBad, why, null);
        Interlocked.Increment(ref _badProofs);
    }

    private static byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }

    private void OnCommitted(SubmitReply.Committed reply, CommittedFrame frame, Hash32[] ids, int home, long scheduled)
    {
        _proofs.TryAdd(reply.Headers[0].Height, reply);

        // Every frame's place is proved; checking a sample keeps the generator from being the bottleneck, a wrong one still voids the run.
        if (frame.Request % 64 == 0 && CommitCheck.CheckFrame(reply, frame, ids) is var reason and not ReplyRejection.None)
            OnBadReply($"{reason}, epoch {reply.Proof.Epoch}, height {reply.Headers[0].Height}, batch {frame.Seq}");
        ledger.Commit(ids, reply.Proof);
        Interlocked.Add(ref _ledgerCount, ids.Length);
        long now = Stopwatch.GetTimestamp();
        long from = Volatile.Read(ref _measureFrom);
        if (now < from) return;
        NoteSilence(now);
        Interlocked.Add(ref _measured, ids.Length);
        if (scheduled >= from) _samples.Add(new FrameSample(home, scheduled, now, ids.Length));
    }

    private void OnRefused(int count, int home, long scheduled)
    {
        Interlocked.Add(ref _refused, count);
        if (scheduled >= Volatile.Read(ref _measureFrom)) _samples.Add(new FrameSample(home, scheduled, long.MaxValue, count));
    }

    private void NoteSilence(long now)
    {
        long silence = now - Interlocked.Exchange(ref _lastCommit, now);
        if (silence > Volatile.Read(ref _longestSilence)) Volatile.Write(ref _longestSilence, silence);
    }

    /// <summary>One connection: a sender that keeps its share of the load under way, and a reader.</summary>
    private sealed class Line(LoadGenerator load, SubmitConnection connection, FineTimer timer, int home, NamespaceId ns, int index)
    {
        /// <summary>35: outlives a cut of 20 s, and is not too far ahead of the committed time that stood still meanwhile (60 s by policy).</summary>
        private const ulong ValidForSeconds = 35;

        private readonly ConcurrentDictionary<ulong, (Hash32[] Ids, long Scheduled)> _underWay = new();
        private readonly SemaphoreSlim _room = new(
            load.Options.InFlight > 0 ? int.Max(1, load.Options.InFlight / load.Options.FrameSize / load.Options.Connections) : int.MaxValue);

        private readonly SubmitTransaction[] _frame = new SubmitTransaction[load.Options.FrameSize];

        public async Task RunAsync(CancellationToken sending, CancellationToken reading)
        {
            Task read = ReadAsync(reading);
            try
            {
                await SendAsync(sending, reading);
            }
            catch (OperationCanceledException)
            {
                // the run is over; the reader collects what is under way
                while (!_underWay.IsEmpty && !read.IsCompleted && !reading.IsCancellationRequested)
                    await Task.WhenAny(read, Task.Delay(20, CancellationToken.None));
            }
            finally
            {
                foreach ((Hash32[] ids, _) in _underWay.Values) Interlocked.Add(ref load._unanswered, ids.Length);
            }
        }

        private async Task SendAsync(CancellationToken sending, CancellationToken reading)
        {
            LoadOptions o = load.Options;
            SubmitWait wanted = o.WantsReceipts ? SubmitWait.Accepted | SubmitWait.Committed : SubmitWait.Committed;
            double framesPerSecond = o.Rate > 0 ? (double)o.Rate / o.FrameSize / o.Connections : 0;
            long start = Stopwatch.GetTimestamp() + (long)(Stopwatch.Frequency * (index / (double)o.Connections) / double.Max(framesPerSecond, 1));
            for (long n = 0; ; n++)
            {
                sending.ThrowIfCancellationRequested();
                long scheduled = Stopwatch.GetTimestamp();
                if (framesPerSecond > 0)
                {
                    scheduled = start + (long)(n * Stopwatch.Frequency / framesPerSecond);
                    if (scheduled > Stopwatch.GetTimestamp()) await timer.UntilAsync(scheduled, sending);
                }
                else
                {
                    await _room.WaitAsync(sending);
                    scheduled = Stopwatch.GetTimestamp();
                }

                // What is noted as under way is sent to the end, although no more is wanted: a send cut off would look like a frame without answer.
                Hash32[] ids = Fill();
                _underWay[(ulong)n] = (ids, scheduled);
                load.Ledger.Submit(ids);
                await connection.SendAsync(ns, wanted, _frame, reading);
            }
        }

        /// <summary>Fresh payloads: the template with a counter in it, so that no two transactions are equal.</summary>
        private Hash32[] Fill()
        {
            var ids = new Hash32[_frame.Length];
            ulong validUntil = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() + ValidForSeconds;
            byte[] bytes = new byte[_frame.Length * load._template.Length];
            for (int i = 0; i < _frame.Length; i++)
            {
                Memory<byte> payload = bytes.AsMemory(i * load._template.Length, load._template.Length);
                load._template.CopyTo(payload);
                BinaryPrimitives.WriteInt64BigEndian(payload.Span, Interlocked.Increment(ref load._counter));
                _frame[i] = new SubmitTransaction(validUntil, payload);
                ids[i] = BatchBody.IdOf(ns, validUntil, payload.Span).Value;
            }

            return ids;
        }

        private async Task ReadAsync(CancellationToken reading)
        {
            try
            {
                while (true)
                {
                    IReadOnlyList<SubmitReply> replies = await connection.ReceiveAsync(reading);
                    if (replies.Count == 0) return;
                    foreach (SubmitReply reply in replies) Handle(reply);
                }
            }
            catch (Exception e) when (e is System.Net.WebSockets.WebSocketException or OperationCanceledException)
            {
                // the operator died or the run is over
            }
            catch (DecodeException e)
            {
                // no client could read this: it proves nothing
                load.OnBadReply(e.Message);
            }
        }

        private void Handle(SubmitReply reply)
        {
            switch (reply)
            {
                case SubmitReply.Committed committed:
                    foreach (CommittedFrame frame in committed.Frames)
                    {
                        if (!_underWay.TryRemove(frame.Request, out (Hash32[] Ids, long Scheduled) sent)) continue;
                        load.OnCommitted(committed, frame, sent.Ids, home, sent.Scheduled);
                        if (load.Options.InFlight > 0) _room.Release();
                    }

                    break;
                case SubmitReply.Accepted accepted:
                    if (_underWay.TryGetValue(accepted.Request, out (Hash32[] Ids, long Scheduled) owed)) load.Ledger.Accept(owed.Ids, accepted);
                    break;
                case SubmitReply.NotTaken refused:
                    if (_underWay.TryRemove(refused.Request, out (Hash32[] Ids, long Scheduled) dropped))
                    {
                        load.OnRefused(dropped.Ids.Length, home, dropped.Scheduled);
                        if (load.Options.InFlight > 0) _room.Release();
                    }

                    break;
                case SubmitReply.Refused refused:
                    OnRefused(refused);
                    break;
                case SubmitReply.Unproven unproven:
                    // Without a proof it is no commit to the ledger; what has a receipt is looked for in the blocks all the same.
                    if (_underWay.TryRemove(unproven.Request, out (Hash32[] Ids, long Scheduled) late))
                    {
                        Interlocked.Add(ref load._unproven, late.Ids.Length);
                        if (load.Options.InFlight > 0) _room.Release();
                    }

                    break;
                default:
                    break;
            }
        }

        /// <summary>Transactions that did not pass the door; the rest of their frame, if any, goes on.</summary>
        private void OnRefused(SubmitReply.Refused refused)
        {
            if (!_underWay.TryGetValue(refused.Request, out (Hash32[] Ids, long Scheduled) sent)) return;
            load.OnRefused(refused.Transactions.Count, home, sent.Scheduled);
            Hash32[] left = [.. sent.Ids.Where((_, i) => refused.Transactions.All(t => t.Index != i))];
            if (left.Length > 0)
            {
                _underWay[refused.Request] = (left, sent.Scheduled);
            }
            else if (_underWay.TryRemove(refused.Request, out _) && load.Options.InFlight > 0)
            {
                _room.Release();
            }
        }
    }

    private LoadOptions Options => options;

    private OutsideLedger Ledger => ledger;
}
