using System;
using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>What state sync does.</summary>
public enum SyncPhase
{
    /// <summary>Looks whether others are so far ahead that their heights are not worth fetching.</summary>
    Watching = 0,

    /// <summary>Fetches the pieces of a checkpoint.</summary>
    Fetching = 1,

    /// <summary>All pieces are here; the shell compares their state with the certificate.</summary>
    Checking = 2,

    /// <summary>A checkpoint is ready to be installed: nothing more to do before the next start.</summary>
    Done = 3,
}

/// <summary>When a checkpoint is fetched, and how.</summary>
public sealed record StateSyncOptions
{
    /// <summary>Members that must offer the same checkpoint: f + 1, so that one of them is honest.</summary>
    public required int Agreeing { get; init; }

    /// <summary>Heights that a checkpoint must be ahead of the own archive, unless f + 1 others keep nothing of what lies between.</summary>
    public required ulong AheadHeights { get; init; }

    /// <summary>Milliseconds between two questions for checkpoints while nothing is fetched. 5,000: at the tip the answer is a few bytes.</summary>
    public long AskMs { get; init; } = 5_000;

    /// <summary>
    /// Pieces under way from one member, topped up with each tick. 4: with a tick of 40 ms at most 25 MiB a second, and no member's batches wait behind
    /// more than 1 MiB.
    /// </summary>
    public int PiecesPerPeer { get; init; } = 4;

    /// <summary>Milliseconds after which a piece is asked of another member. 4,000: four pieces on a link of 2 Mbit/s, which is too slow anyway.</summary>
    public long PieceMs { get; init; } = 4_000;
}

/// <summary>
/// How an empty or far too old member gets the ordering state of a certified checkpoint from the others (consensus.md 8). Pure: messages and time in,
/// effects out. It trusts the certificate alone: an offer must verify against the committee, every piece must have the hash that f + 1 members agree
/// on, and the whole must have the certified state root, which the shell finds out. Whoever is caught lying is asked for nothing any more. Members are told
/// apart by the shell's numbers for their sessions.
/// </summary>
/// <param name="options">When and how.</param>
/// <param name="isCertified">Whether a certificate verifies against its epoch's committee; null where that is not known: such offers are left alone.</param>
public sealed class StateSync(StateSyncOptions options, Func<ResultCertificate, bool?> isCertified)
{
    private readonly SortedDictionary<ulong, PeerOffers> _peers = [];
    private readonly SortedSet<ulong> _refused = [];
    private readonly Queue<int> _wanted = new();
    private readonly List<Asked> _asked = [];
    private Height _own;
    private bool[] _stored = [];
    private int _storedCount;

    public SyncPhase Phase { get; private set; }

    /// <summary>What is fetched or ready; null while watching.</summary>
    public CheckpointOffer? Offer { get; private set; }

    /// <summary>Pieces stored.</summary>
    public int Stored => _storedCount;

    /// <summary>Members that offer what is being fetched.</summary>
    public int Sources => Offer is { } offer ? CountOf(offer) : 0;

    /// <summary>A session is there: its member is asked at the next tick.</summary>
    public void OnConnected(ulong peer)
    {
        if (!_refused.Contains(peer)) _peers[peer] = new PeerOffers();
    }

    public void OnDisconnected(ulong peer)
    {
        _peers.Remove(peer);
        ReturnPieces(asked => asked.From == peer);
    }

    /// <summary>Time passed, and perhaps heights came by themselves.</summary>
    /// <param name="delivered">The newest height in the own archive.</param>
    /// <param name="nowMs">Monotonic.</param>
    /// <param name="effects">Where effects go.</param>
    public void OnTick(Height delivered, long nowMs, List<SyncEffect> effects)
    {
        _own = delivered;
        if (Phase is SyncPhase.Fetching && (Offer!.Height <= delivered || Sources == 0)) Forget(effects);
        if (Phase is SyncPhase.Watching) Choose(effects);
        if (Phase is not (SyncPhase.Watching or SyncPhase.Fetching)) return;
        RestTheSlow(nowMs);
        AskPieces(nowMs, effects);
        bool isAsking = Phase == SyncPhase.Watching || Sources < options.Agreeing;
        foreach ((ulong id, PeerOffers peer) in _peers)
        {
            if (!isAsking || nowMs < peer.AskAtMs) continue;
            peer.AskAtMs = nowMs + options.AskMs;
            effects.Add(new SyncEffect.Send(id, new CheckpointRequest(_own)));
        }
    }

    /// <summary>What a member can serve: asked for, or told because it keeps nothing of a block that was asked for. One a second is looked at.</summary>
    public void OnOffers(ulong from, CheckpointOffers message, long nowMs, List<SyncEffect> effects)
    {
        if (Phase is SyncPhase.Checking or SyncPhase.Done || !_peers.TryGetValue(from, out PeerOffers? peer) || nowMs < peer.DeafUntilMs) return;
        peer.DeafUntilMs = nowMs + long.Min(1_000, options.AskMs / 2);
        var taken = new List<CheckpointOffer>();
        foreach (CheckpointOffer offer in message.Offers)
        {
            bool isKnown = Offer is { } known && PeerOffers.AreEqual(known, offer);
            bool? isGood = isKnown ? true : offer.Fault() == OfferFault.None ? isCertified(offer.Certificate) : false;
            if (isGood == true) taken.Add(offer);
            if (isGood != false) continue;
            Refuse(from, SyncRejection.BadOffer, effects);
            return;
        }

        peer.Message = new CheckpointOffers(message.Oldest, taken);
        if (Phase == SyncPhase.Watching) Choose(effects);
    }

    /// <summary>A piece, or that a member has it no more.</summary>
    public void OnPiece(ulong from, PieceResponse piece, List<SyncEffect> effects)
    {
        if (Phase != SyncPhase.Fetching || Offer!.Pieces.Root != piece.Root) return;
        int at = _asked.FindIndex(asked => asked.From == from && asked.Index == piece.Index);
        if (at < 0) return;
        _asked.RemoveAt(at);
        if (Offer.Pieces.Holds(piece.Index, piece.Bytes.Span))
        {
            Store(piece, effects);
            return;
        }

        _wanted.Enqueue(piece.Index);
        if (!piece.Bytes.IsEmpty) Refuse(from, SyncRejection.BadPiece, effects);
        else if (_peers.TryGetValue(from, out PeerOffers? peer)) (peer.Message, peer.AskAtMs) = (null, long.MinValue);
    }

    /// <summary>The answer to <see cref="SyncEffect.Check"/>.</summary>
    public void OnChecked(SyncVerdict verdict, List<SyncEffect> effects)
    {
        Invariant.Check(Phase == SyncPhase.Checking, "a verdict answers a check");
        if (verdict == SyncVerdict.Certified)
        {
            Phase = SyncPhase.Done;
            return;
        }

        if (verdict == SyncVerdict.OtherState)
        {
            // Not what f + 1 members would agree on unless more than f lie; then the next ones may not.
            foreach (ulong peer in new List<ulong>(_peers.Keys))
            {
                if (_peers[peer].Has(Offer!)) Refuse(peer, SyncRejection.OtherState, effects);
            }
        }

        Forget(effects);
    }

    /// <summary>What is under way can not go on here: it begins anew.</summary>
    public void GiveUp(List<SyncEffect> effects)
    {
        if (Phase is SyncPhase.Fetching or SyncPhase.Checking) Forget(effects);
    }

    /// <summary>The newest checkpoint that enough members offer alike, if it is worth more than the heights up to it.</summary>
    private void Choose(List<SyncEffect> effects)
    {
        CheckpointOffer? best = null;
        bool isPruned = IsPruned();
        foreach (PeerOffers peer in _peers.Values)
        {
            foreach (CheckpointOffer offer in peer.All)
            {
                if (offer.Height <= (best?.Height ?? _own)) continue;
                if (CountOf(offer) < options.Agreeing) continue;
                if (isPruned || offer.Height.Value > _own.Value + options.AheadHeights) best = offer;
            }
        }

        if (best is null) return;
        Phase = SyncPhase.Fetching;
        Offer = best;
        _stored = new bool[best.Pieces.Count];
        _storedCount = 0;
        _wanted.Clear();
        for (int i = 0; i < best.Pieces.Count; i++) _wanted.Enqueue(i);
        effects.Add(new SyncEffect.Begin(best));
    }

    /// <summary>Whether f + 1 members keep nothing of the height behind the own archive: what others say they keep may be a lie.</summary>
    private bool IsPruned()
    {
        int count = 0;
        foreach (PeerOffers peer in _peers.Values) count += peer.Oldest > _own.Next() ? 1 : 0;
        return count >= options.Agreeing;
    }

    private int CountOf(CheckpointOffer offer)
    {
        int count = 0;
        foreach (PeerOffers peer in _peers.Values) count += peer.Has(offer) ? 1 : 0;
        return count;
    }

    private void AskPieces(long nowMs, List<SyncEffect> effects)
    {
        if (Phase != SyncPhase.Fetching) return;
        foreach ((ulong id, PeerOffers peer) in _peers)
        {
            if (nowMs < peer.RestUntilMs || !peer.Has(Offer!)) continue;
            for (int open = _asked.FindAll(asked => asked.From == id).Count; open < options.PiecesPerPeer && TryNext(out int index); open++)
            {
                _asked.Add(new Asked(id, index, nowMs));
                effects.Add(new SyncEffect.Send(id, new PieceRequest(Offer!.Pieces.Root, index)));
            }
        }
    }

    private bool TryNext(out int index)
    {
        while (_wanted.TryDequeue(out index))
        {
            if (!_stored[index]) return true;
        }

        return false;
    }

    /// <summary>Whose pieces do not come is left alone for a while, longer each time: others are asked for them.</summary>
    private void RestTheSlow(long nowMs)
    {
        foreach (Asked asked in _asked)
        {
            if (nowMs - asked.AtMs >= options.PieceMs && _peers.TryGetValue(asked.From, out PeerOffers? peer) && nowMs >= peer.RestUntilMs)
                peer.RestUntilMs = nowMs + (options.PieceMs << int.Min(++peer.Rests, 4));
        }

        ReturnPieces(asked => nowMs - asked.AtMs >= options.PieceMs);
    }

    private void ReturnPieces(Predicate<Asked> isGone)
    {
        foreach (Asked asked in _asked)
        {
            if (isGone(asked)) _wanted.Enqueue(asked.Index);
        }

        _asked.RemoveAll(isGone);
    }

    private void Store(PieceResponse piece, List<SyncEffect> effects)
    {
        if (_stored[piece.Index]) return;
        _stored[piece.Index] = true;
        _storedCount++;
        effects.Add(new SyncEffect.Store(piece.Index, piece.Bytes));
        if (_storedCount < Offer!.Pieces.Count) return;
        Phase = SyncPhase.Checking;
        _asked.Clear();
        effects.Add(new SyncEffect.Check(Offer));
    }

    private void Refuse(ulong peer, SyncRejection reason, List<SyncEffect> effects)
    {
        _peers.Remove(peer);
        _refused.Add(peer);
        ReturnPieces(asked => asked.From == peer);
        effects.Add(new SyncEffect.Refuse(peer, reason));
    }

    private void Forget(List<SyncEffect> effects)
    {
        Phase = SyncPhase.Watching;
        Offer = null;
        _asked.Clear();
        _wanted.Clear();
        effects.Add(new SyncEffect.GiveUp());
    }

    private readonly record struct Asked(ulong From, int Index, long AtMs);

    /// <summary>What one connected member said.</summary>
    private sealed class PeerOffers
    {
        public CheckpointOffers? Message { get; set; }

        public long AskAtMs { get; set; } = long.MinValue;

        /// <summary>Whatever it offers before then is not looked at: each offer costs signature checks.</summary>
        public long DeafUntilMs { get; set; } = long.MinValue;

        /// <summary>It is asked for no piece before then.</summary>
        public long RestUntilMs { get; set; } = long.MinValue;

        public int Rests { get; set; }

        public Height Oldest => Message?.Oldest ?? Height.Zero;

        public IReadOnlyList<CheckpointOffer> All => Message?.Offers ?? [];

        public bool Has(CheckpointOffer wanted)
        {
            foreach (CheckpointOffer offer in All)
            {
                if (AreEqual(offer, wanted)) return true;
            }

            return false;
        }

        /// <summary>The same result and the same pieces: a root of pieces beside another result is another offer.</summary>
        public static bool AreEqual(CheckpointOffer a, CheckpointOffer b) =>
            a.Pieces.Root == b.Pieces.Root && a.Certificate.Result == b.Certificate.Result;
    }
}
