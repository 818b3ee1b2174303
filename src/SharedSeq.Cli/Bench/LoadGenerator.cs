using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>What one run of load gave.</summary>
internal sealed record LoadOutcome(
    long Committed, double Seconds, double P50Ms, double P99Ms, double LongestSilenceMs, long Refused, IReadOnlyCollection<Hash32> CommittedIds)
{
    public double PerSecond => Committed / Seconds;
}

/// <summary>
/// Puts load on operators over the binary submit stream and keeps a ledger of its own: which transactions were acknowledged as committed, by proofs
/// that are checked after the run. Latency counts from the scheduled send time.
/// </summary>
internal sealed class LoadGenerator(IReadOnlyList<Uri> operators, IReadOnlyList<NamespaceId> namespaces, MessageVerifier verifier, LoadOptions options)
{
    private readonly byte[] _template = RandomBytes(options.PayloadBytes);
    private readonly ConcurrentQueue<Hash32> _committed = new();
    private readonly ConcurrentDictionary<Height, SubmitReply.Committed> _proofs = new();
    private readonly LatencySamples _latencies = new();
    private long _counter;
    private long _measured;
    private long _refused;
    private long _measureFrom = long.MaxValue;
    private long _lastCommit;
    private long _longestSilence;
    private int _badProofs;

    public async Task<LoadOutcome> RunAsync(CancellationToken cancellation)
    {
        using var sending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task[] lines = [.. Enumerable.Range(0, options.Connections).Select(i => LineAsync(i, sending.Token, reading.Token))];
        await Task.Delay(TimeSpan.FromSeconds(options.WarmUpSeconds), cancellation);
        long from = Stopwatch.GetTimestamp();
        Volatile.Write(ref _lastCommit, from);
        Volatile.Write(ref _measureFrom, from);
        await Task.Delay(TimeSpan.FromSeconds(options.RunSeconds), cancellation);
        long measured = Interlocked.Read(ref _measured);
        double seconds = Stopwatch.GetElapsedTime(from).TotalSeconds;
        double silence = Stopwatch.GetElapsedTime(0, Volatile.Read(ref _longestSilence)).TotalMilliseconds;
        await sending.CancelAsync();

        // What is under way is waited for, so that the ledger is complete.
        reading.CancelAfter(TimeSpan.FromSeconds(15));
        await Task.WhenAll(lines);
        foreach (SubmitReply.Committed reply in _proofs.Values)
        {
            if (CommitCheck.CheckBlock(verifier, reply) != ReplyRejection.None) Interlocked.Increment(ref _badProofs);
        }

        if (_badProofs > 0) throw new CommandException($"{_badProofs} commit proofs did not verify: this run has no result");
        return new LoadOutcome(
            measured, seconds, _latencies.PercentileMs(0.5), _latencies.PercentileMs(0.99), silence, Interlocked.Read(ref _refused), _committed.ToArray());
    }

    private async Task LineAsync(int index, CancellationToken sending, CancellationToken reading)
    {
        Uri rpc = operators[index % operators.Count];
        while (!sending.IsCancellationRequested)
        {
            try
            {
                await using SubmitConnection connection = await SubmitConnection.OpenAsync(rpc, sending);
                var line = new Line(this, connection, namespaces[index % namespaces.Count], index);
                await line.RunAsync(sending, reading);
            }
            catch (Exception e) when (e is System.Net.WebSockets.WebSocketException or OperationCanceledException or HttpRequestException)
            {
                await Task.Delay(200, CancellationToken.None);
            }
        }
    }

    private static byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        Random.Shared.NextBytes(bytes);
        return bytes;
    }

    private void OnCommitted(SubmitReply.Committed reply, CommittedFrame frame, Hash32[] ids, long scheduled)
    {
        _proofs.TryAdd(reply.Headers[0].Height, reply);

        // Every frame's place is proved; checking a sample keeps the generator from being the bottleneck, a wrong one still voids the run.
        if (frame.Request % 64 == 0 && CommitCheck.CheckFrame(reply, frame, ids) != ReplyRejection.None) Interlocked.Increment(ref _badProofs);
        foreach (Hash32 id in ids) _committed.Enqueue(id);
        long now = Stopwatch.GetTimestamp();
        long from = Volatile.Read(ref _measureFrom);
        if (now < from) return;
        long silence = now - Interlocked.Exchange(ref _lastCommit, now);
        if (silence > Volatile.Read(ref _longestSilence)) Volatile.Write(ref _longestSilence, silence);
        Interlocked.Add(ref _measured, ids.Length);
        if (scheduled >= from) _latencies.Add((long)Stopwatch.GetElapsedTime(scheduled, now).TotalMicroseconds, ids.Length);
    }

    /// <summary>One connection: a sender that keeps its share of the load under way, and a reader.</summary>
    private sealed class Line(LoadGenerator load, SubmitConnection connection, NamespaceId ns, int index)
    {
        private readonly ConcurrentDictionary<ulong, (Hash32[] Ids, long Scheduled)> _underWay = new();
        private readonly SemaphoreSlim _room = new(
            load.Options.InFlight > 0 ? int.Max(1, load.Options.InFlight / load.Options.FrameSize / load.Options.Connections) : int.MaxValue);

        private readonly SubmitTransaction[] _frame = new SubmitTransaction[load.Options.FrameSize];

        public async Task RunAsync(CancellationToken sending, CancellationToken reading)
        {
            Task read = ReadAsync(reading);
            try
            {
                await SendAsync(sending);
            }
            catch (OperationCanceledException)
            {
                // the run is over; the reader collects what is under way
            }

            while (!_underWay.IsEmpty && !read.IsCompleted && !reading.IsCancellationRequested)
                await Task.WhenAny(read, Task.Delay(20, CancellationToken.None));
        }

        private async Task SendAsync(CancellationToken sending)
        {
            LoadOptions o = load.Options;
            double framesPerSecond = o.Rate > 0 ? (double)o.Rate / o.FrameSize / o.Connections : 0;
            long start = Stopwatch.GetTimestamp() + (long)(Stopwatch.Frequency * (index / (double)o.Connections) / double.Max(framesPerSecond, 1));
            for (long n = 0; ; n++)
            {
                sending.ThrowIfCancellationRequested();
                long scheduled = Stopwatch.GetTimestamp();
                if (framesPerSecond > 0)
                {
                    scheduled = start + (long)(n * Stopwatch.Frequency / framesPerSecond);
                    TimeSpan wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), scheduled);
                    if (wait > TimeSpan.FromMilliseconds(1)) await Task.Delay(wait, sending);
                }
                else
                {
                    await _room.WaitAsync(sending);
                    scheduled = Stopwatch.GetTimestamp();
                }

                Hash32[] ids = Fill();
                _underWay[(ulong)n] = (ids, scheduled);
                await connection.SendAsync(ns, SubmitWait.Committed, _frame, sending);
            }
        }

        /// <summary>Fresh payloads: the template with a counter in it, so that no two transactions are equal.</summary>
        private Hash32[] Fill()
        {
            var ids = new Hash32[_frame.Length];
            ulong validUntil = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 45;
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
        }

        private void Handle(SubmitReply reply)
        {
            switch (reply)
            {
                case SubmitReply.Committed committed:
                    foreach (CommittedFrame frame in committed.Frames)
                    {
                        if (!_underWay.TryRemove(frame.Request, out (Hash32[] Ids, long Scheduled) sent)) continue;
                        load.OnCommitted(committed, frame, sent.Ids, sent.Scheduled);
                        if (load.Options.InFlight > 0) _room.Release();
                    }

                    break;
                case SubmitReply.NotTaken refused:
                    if (_underWay.TryRemove(refused.Request, out (Hash32[] Ids, long Scheduled) dropped))
                    {
                        Interlocked.Add(ref load._refused, dropped.Ids.Length);
                        if (load.Options.InFlight > 0) _room.Release();
                    }

                    break;
                case SubmitReply.Refused refused:
                    Interlocked.Add(ref load._refused, refused.Transactions.Count);
                    break;
                default:
                    break;
            }
        }
    }

    private LoadOptions Options => options;
}
