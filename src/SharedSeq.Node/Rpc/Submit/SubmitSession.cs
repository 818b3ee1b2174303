using System.Net.WebSockets;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// One connection of the binary submit stream: a read loop that admits frames, a write loop that joins whatever happened since the last write into
/// one message. Bytes under way are bounded per connection; beyond it reading pauses, which the client feels as TCP back-pressure.
/// </summary>
internal sealed class SubmitSession(WebSocket socket, SubmitIntake intake, BatchStore batches)
{
    /// <summary>Bytes of one client message. 2 MiB: four full batches.</summary>
    private const int MessageBytesMax = 2 * 1024 * 1024;

    /// <summary>Payload bytes a connection may have under way. 32 MiB: several seconds of the highest rate measured on one connection.</summary>
    private const long InFlightBytesMax = 32L * 1024 * 1024;

    /// <summary>Replies that may wait to be sent before reading pauses; a refused transaction counts as one. 8,192: what a frame is told at the highest
    /// rate measured, for 50 ms.</summary>
    private const int UnsentMax = 8_192;

    /// <summary>Milliseconds that one message may take to be sent. 30,000, as long as a subscriber may take nothing: what waits for the client keeps
    /// batches in memory, so that one which never reads is dropped.</summary>
    private const int SendMsMax = 30_000;

    private readonly Lock _gate = new();
    private List<SubmitEvent> _events = [];
    private int _unsent;
    private readonly SemaphoreSlim _hasEvents = new(0, 1);
    private readonly SemaphoreSlim _hasRoom = new(0, 1);
    private long _inFlight;

    public async Task RunAsync(CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        Task write = WriteAndStopAsync(stop);
        try
        {
            await ReadLoopAsync(stop.Token);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // the client went away, or we stop
        }
        finally
        {
            await stop.CancelAsync();
            await write.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Queues something to tell the client. Called from the lane's loop: adds to a list, no more.</summary>
    public void Post(in SubmitEvent item)
    {
        lock (_gate)
        {
            _events.Add(item);
            _unsent += WeightOf(item);
        }

        Signal(_hasEvents);
    }

    /// <summary>Bytes of a frame are no longer under way.</summary>
    public void Release(int bytes)
    {
        if (Interlocked.Add(ref _inFlight, -bytes) < InFlightBytesMax) Signal(_hasRoom);
    }

    private async Task ReadLoopAsync(CancellationToken cancellation)
    {
        var messages = new MessageReader(socket, MessageBytesMax, 16 * 1024);
        while (await messages.ReadAsync(cancellation))
        {
            if (!await HandleAsync(messages.Message, cancellation)) return;
            while (!HasRoom()) await _hasRoom.WaitAsync(cancellation);
        }
    }

    private bool HasRoom()
    {
        lock (_gate) return _unsent < UnsentMax && Interlocked.Read(ref _inFlight) < InFlightBytesMax;
    }

    private async ValueTask<bool> HandleAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        ulong request;
        SubmitWait wait;
        NamespaceId ns;
        ReadOnlyMemory<byte> records;
        int count;
        try
        {
            var reader = new CanonicalReader(message.Span);
            (request, wait, ns, int transactions) = SubmitRequest.ReadOpening(ref reader);
            (records, count, List<(ushort, byte)> refused) = intake.Admit(ns, transactions, ref reader);
            if (refused.Count > 0) Post(new SubmitEvent(null!, default, null, null, new SubmitReply.Refused(request, refused)));
        }
        catch (DecodeException e)
        {
            intake.CountRefused(SubmissionRejection.Malformed);
            await socket.CloseOutputAsync(WebSocketCloseStatus.InvalidPayloadData, e.Message[..int.Min(e.Message.Length, 120)], cancellation);
            return false;
        }

        if (count == 0) return true;
        var frame = new SubmitFrame(this, request, wait, records.Length);
        if (records.Length > BatchBody.MaxBytes)
        {
            intake.CountRefused(SubmissionRejection.TooLarge);
            Post(new SubmitEvent(frame, default, null, null, new SubmitReply.NotTaken(request, (byte)SubmissionRejection.TooLarge)));
            return true;
        }

        Interlocked.Add(ref _inFlight, records.Length);
        await intake.SubmitAsync(ns, records, count, frame, cancellation);
        return true;
    }

    /// <summary>A reader that waits for room must not outlive the writer that would make it.</summary>
    private async Task WriteAndStopAsync(CancellationTokenSource stop)
    {
        try
        {
            await WriteLoopAsync(stop.Token);
        }
        finally
        {
            await stop.CancelAsync();
        }
    }

    private async Task WriteLoopAsync(CancellationToken cancellation)
    {
        var writer = new CanonicalWriter(64 * 1024);
        List<SubmitEvent> taken = [];
        while (true)
        {
            await _hasEvents.WaitAsync(cancellation);
            lock (_gate) (taken, _events) = (_events, taken);
            writer.Reset();
            Encode(taken, writer);
            int weight = 0;
            foreach (SubmitEvent item in taken) weight += WeightOf(item);
            taken.Clear();
            if (writer.Length > 0)
            {
                using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                deadline.CancelAfter(SendMsMax);
                await socket.SendAsync(writer.WrittenMemory, WebSocketMessageType.Binary, endOfMessage: true, deadline.Token);
            }

            lock (_gate) _unsent -= weight;
            Signal(_hasRoom);
        }
    }

    private static int WeightOf(in SubmitEvent item) => item.Ready is SubmitReply.Refused refused ? refused.Transactions.Count : 1;

    private void Encode(List<SubmitEvent> events, CanonicalWriter writer)
    {
        for (int i = 0; i < events.Count;)
        {
            SubmitEvent item = events[i];
            if (item.Committed is not null)
            {
                i = EncodeCommitted(events, i, writer);
                continue;
            }

            SubmitReply reply = item.Ready ?? new SubmitReply.Accepted(
                item.Frame.Request, item.Place.Batch.Header, item.Place.Tree.ProveRange(item.Place.First, item.Place.Count),
                item.Accepted!.Later, item.Accepted.Proof);
            reply.Write(writer);
            i++;
        }
    }

    /// <summary>Joins the run of frames of one lane committed at one height into one reply with one proof; after a change of the epoch a height may hold
    /// batches of the own lane of the ended one, too, which have a chain of their own.</summary>
    private int EncodeCommitted(List<SubmitEvent> events, int first, CanonicalWriter writer)
    {
        ProvenBlock block = events[first].Committed!;
        LaneId lane = events[first].Place.Batch.Header.Lane;
        var frames = new List<CommittedFrame>();
        int i = first;
        if (block.Headers.Count > SubmitReply.Committed.MaxHeaders)
        {
            for (; i < events.Count && ReferenceEquals(events[i].Committed, block); i++)
                new SubmitReply.Unproven(events[i].Frame.Request, block.Committed.Height).Write(writer);
            return i;
        }

        for (; i < events.Count && ReferenceEquals(events[i].Committed, block) && events[i].Place.Batch.Header.Lane == lane; i++)
        {
            LanePlace place = events[i].Place;
            frames.Add(new CommittedFrame(events[i].Frame.Request, place.Batch.Header.Seq, place.Tree.ProveRange(place.First, place.Count)));
        }

        var chain = new List<BatchHeader>();
        foreach (LaneTip tip in block.Committed.Batches)
        {
            if (tip.Lane == lane && batches.FindHeader(tip) is { } header) chain.Add(header);
        }

        new SubmitReply.Committed(block.Headers, block.Proof, chain, frames).Write(writer);
        return i;
    }

    private static void Signal(SemaphoreSlim signal)
    {
        try
        {
            if (signal.CurrentCount == 0) signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // somebody signalled at the same time, which is as good
        }
    }
}
