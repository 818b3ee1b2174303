using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>
/// Runs <see cref="StateSync"/>: carries its questions to peers and the pieces to the disk. What it gets changes nothing in the running node: once a
/// checkpoint is here and certified, it wants the node to be started again, and the start installs it. And runs <see cref="MissedHandOvers"/>, whose
/// hand-overs go into the running node's ledger.
/// </summary>
public sealed class StateSyncActor : Actor<SyncMessage>
{
    /// <summary>
    /// Messages waiting. 64, 16 MiB of pieces and 2 MiB of hand-overs: one answer with those for each question, and pieces that nobody asked for wait on
    /// their senders' connections.
    /// </summary>
    private const int MailboxMax = 64;

    /// <summary>Milliseconds between two looks at what is due; see StateSyncOptions.PiecesPerPeer.</summary>
    private const int TickMs = 40;

    private const int Nobody = -1;

    private readonly StateSync _sync;
    private readonly MissedHandOvers _missed;
    private readonly NodeLedger _ledger;
    private readonly Genesis _genesis;
    private readonly CheckpointFolder _folder;
    private readonly Func<Height> _delivered;
    private readonly Action<PeerId, PeerMessage> _send;
    private readonly Action<Committee> _onLed;
    private readonly Action<Height> _onReady;
    private readonly ILogger _logger;
    private readonly List<SyncEffect> _effects = [];
    private readonly List<SyncEffect> _missedEffects = [];
    private readonly ConcurrentDictionary<SyncRejection, long> _refused = new();
    private IncomingCheckpoint? _incoming;
    private Task _check = Task.CompletedTask;
    private SyncView _view = SyncView.Watching;
    private Epoch _ledTo;
    private long _startedAt;
    private int _asked = Nobody;
    private int _askedMissed = Nobody;

    /// <param name="options">When a checkpoint is fetched.</param>
    /// <param name="genesis">The network.</param>
    /// <param name="epochs">The committees that are known.</param>
    /// <param name="ledger">The own ledger, whose chain of hand-overs is made whole.</param>
    /// <param name="folder">Where checkpoints are kept.</param>
    /// <param name="delivered">The newest height of the own archive.</param>
    /// <param name="send">Sends to a peer; may lose it.</param>
    /// <param name="onLed">Hand-overs led to this committee.</param>
    /// <param name="onReady">A checkpoint waits to be installed.</param>
    /// <param name="logger">For the node's log.</param>
    public StateSyncActor(
        StateSyncOptions options, Genesis genesis, NodeEpochs epochs, NodeLedger ledger, CheckpointFolder folder, Func<Height> delivered,
        Action<PeerId, PeerMessage> send, Action<Committee> onLed, Action<Height> onReady, ILogger logger)
        : base("sync", MailboxMax, Supervision.Restart)
    {
        _sync = new StateSync(options, genesis, new P256Scheme(), epochs.IsCertified);
        _missed = new MissedHandOvers(options, genesis, new P256Scheme(), ledger.IsOwn);
        _ledger = ledger;
        _genesis = genesis;
        _folder = folder;
        _delivered = delivered;
        _send = send;
        _onLed = onLed;
        _onReady = onReady;
        _logger = logger;
    }

    /// <summary>What it does now.</summary>
    public SyncView View => Volatile.Read(ref _view);

    /// <summary>Members found lying, by reason.</summary>
    public IReadOnlyDictionary<SyncRejection, long> Refused => _refused;

    /// <summary>Whether a message may wait here: of hand-overs one answer of whoever was asked last, for either purpose. Called by peers' loops.</summary>
    public bool Takes(PeerId from, PeerMessage message) =>
        message is not HandOverResponse
        || Interlocked.CompareExchange(ref _asked, Nobody, from.Value) == from.Value
        || Interlocked.CompareExchange(ref _askedMissed, Nobody, from.Value) == from.Value;

    protected override void OnFailed(Exception error, bool isFinal) => _logger.Restarting(Name, error);

    protected override async Task RunAsync(CancellationToken stopping)
    {
        // After a failure, of the disk mostly: whatever was under way begins anew.
        EndIncoming();
        _folder.HandOvers.DropPart();
        _sync.StartAnew(_effects);
        _effects.Clear();
        _missed.StartAnew();
        _missedEffects.Clear();
        _ledTo = Epoch.Zero;
        using var tick = new Timer(_ => TryTell(new SyncMessage.Tick()), null, 0, TickMs);
        while (await Mailbox.WaitToReadAsync(stopping))
        {
            while (Mailbox.TryRead(out SyncMessage? message))
            {
                Handle(message);
                for (int i = 0; i < _effects.Count; i++) CarryOut(_effects[i]);
                _effects.Clear();
                foreach (SyncEffect effect in _missedEffects) CarryOutMissed(effect);
                _missedEffects.Clear();
            }

            TellLed();
            CheckpointOffer? offer = _sync.Offer;
            Volatile.Write(ref _view, offer is null ? SyncView.Watching with { LedTo = _sync.IsAskingHandOvers ? _sync.ChainEpoch : null } : new SyncView(
                _sync.Phase, offer.Height, _sync.Stored, offer.Pieces.Count, offer.Pieces.Size, _sync.Sources));
        }
    }

    protected override async ValueTask OnStoppedAsync()
    {
        await _check.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _incoming?.Dispose();
    }

    private void Handle(SyncMessage message)
    {
        long now = Environment.TickCount64;
        switch (message)
        {
            case SyncMessage.Connected m:
                _sync.OnConnected(m.Peer.Value, m.NodeKey);
                _missed.OnConnected(m.Peer.Value);
                break;
            case SyncMessage.Disconnected m:
                _sync.OnDisconnected(m.Peer.Value);
                _missed.OnDisconnected(m.Peer.Value);
                break;
            case SyncMessage.PeerSaid { Message: CheckpointOffers offers } m: _sync.OnOffers(m.From.Value, offers, now, _effects); break;
            case SyncMessage.PeerSaid { Message: HandOverResponse handOvers } m:
                _sync.OnHandOvers(m.From.Value, handOvers, now, _effects);
                _missed.OnHandOvers(m.From.Value, handOvers, now, _missedEffects);
                break;
            case SyncMessage.PeerSaid { Message: PieceResponse piece } m: _sync.OnPiece(m.From.Value, piece, _effects); break;
            case SyncMessage.Tick:
                _sync.OnTick(_delivered(), now, _effects);

                // While a checkpoint is on its way the ledger will be another, with hand-overs of its own.
                if (_missed.IsDue(now)) _missed.OnLook(_sync.Phase == SyncPhase.Watching ? _ledger.FindGap() : null, now, _missedEffects);
                break;
            case SyncMessage.Checked m: OnChecked(m.Verdict); break;
            default: Invariant.Throw($"a sync message of unhandled kind {message.GetType().Name}"); break;
        }
    }

    private void CarryOut(SyncEffect effect)
    {
        switch (effect)
        {
            case SyncEffect.Send e:
                if (e.Message is HandOverRequest) Volatile.Write(ref _asked, (int)e.To);
                _send(new PeerId((ushort)e.To), e.Message);
                break;
            case SyncEffect.Begin e:
                EndIncoming();
                _logger.SyncBegins(e.Offer.Height, _delivered(), e.Offer.Pieces.Size, _sync.Sources);
                _startedAt = Stopwatch.GetTimestamp();
                _incoming = _folder.Begin(e.Offer);
                break;
            case SyncEffect.KeepHandOvers e: _folder.HandOvers.Append(e.HandOvers); break;
            case SyncEffect.DropHandOvers:
                _folder.HandOvers.DropPart();
                _ledTo = Epoch.Zero;
                break;
            case SyncEffect.Store e: _incoming!.Write(e.Index, e.Bytes.Span); break;
            case SyncEffect.Check e: _check = Task.Run(() => TellAsync(new SyncMessage.Checked(Check(_incoming!)), Stopping).AsTask()); break;
            case SyncEffect.GiveUp: EndIncoming(); break;
            case SyncEffect.Refuse e:
                _refused.AddOrUpdate(e.Reason, 1, (_, count) => count + 1);
                _logger.SyncRefused(new PeerId((ushort)e.Peer), e.Reason, e.HandOver);
                break;
            default: Invariant.Throw($"a sync effect of unhandled kind {effect.GetType().Name}"); break;
        }
    }

    private void CarryOutMissed(SyncEffect effect)
    {
        switch (effect)
        {
            case SyncEffect.Send e:
                Volatile.Write(ref _askedMissed, (int)e.To);
                _send(new PeerId((ushort)e.To), e.Message);
                break;
            case SyncEffect.KeepHandOvers e:
                _ledger.FillGap(e.HandOvers);
                _logger.HandOversFilled(e.HandOvers[0].Ended, e.HandOvers[^1].Next.Epoch);
                break;
            default: CarryOut(effect); break;
        }
    }

    /// <summary>Beside the loop: tens of megabytes are read and hashed.</summary>
    private SyncVerdict Check(IncomingCheckpoint incoming)
    {
        try
        {
            if (!incoming.TryReadBack(out ReadOnlyMemory<byte> content)) return SyncVerdict.Damaged;
            CheckpointFolder.Open(_genesis, new P256Scheme(), incoming.Offer, content);
            return SyncVerdict.Certified;
        }
        catch (DecodeException e)
        {
            _logger.SyncOtherState(incoming.Offer.Height, e.Message);
            return SyncVerdict.OtherState;
        }
        catch (StorageException e)
        {
            _logger.SyncDamaged(incoming.Offer.Height, e.Message);
            return SyncVerdict.Damaged;
        }
    }

    private void OnChecked(SyncVerdict verdict)
    {
        CheckpointOffer offer = _sync.Offer!;
        if (verdict == SyncVerdict.Certified)
        {
            _incoming!.Dispose();
            _incoming = null;
            _folder.Accept();
        }

        _sync.OnChecked(verdict, _effects);
        if (verdict != SyncVerdict.Certified) return;
        _logger.SyncReady(offer.Height, offer.Pieces.Size, (long)Stopwatch.GetElapsedTime(_startedAt).TotalMilliseconds);
        _onReady(offer.Height);
    }

    /// <summary>Once for all that came in a row: whoever has a seat there may have a session.</summary>
    private void TellLed()
    {
        if (_sync.IsAskingHandOvers || _sync.ChainEpoch == _ledTo) return;
        _ledTo = _sync.ChainEpoch;
        _logger.SyncLed(_ledTo);
        _onLed(_sync.NewestCommittee);
    }

    private void EndIncoming()
    {
        _incoming?.Dispose();
        _incoming = null;
        _folder.DropIncoming();
    }
}
