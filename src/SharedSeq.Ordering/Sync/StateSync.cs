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
    /// <summary>Heights that a checkpoint must be ahead of the own archive, unless f + 1 others keep nothing of what lies between.</summary>
    public required ulong AheadHeights { get; init; }

    /// <summary>Epochs of which the committee may be learnt from others: what a chain holds.</summary>
    public ulong EpochsMax { get; init; } = CommitteeChain.EpochsMax;

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
/// effects out. It trusts the genesis alone: hand-overs lead from it to the committee of a checkpoint's epoch, an offer must verify against that committee,
/// every piece must have the hash that f + 1 of its members agree on, and the whole must have the certified state root, which the shell finds out. Whoever is
/// caught lying is asked for nothing any more; where the way that it contradicts came from others, they may be the liars, and it leads anew, alone.
/// Members are told apart by the shell's numbers for their sessions, and their seats by their node keys.
/// </summary>
/// <param name="options">When and how.</param>
/// <param name="genesis">The network: its committee is that of the first epoch.</param>
/// <param name="scheme">Checks signatures.</param>
/// <param name="isCertified">Whether a certificate verifies against the committee that this member knows for its epoch; null where it knows none.</param>
public sealed class StateSync(StateSyncOptions options, Genesis genesis, ISignatureScheme scheme, Func<ResultCertificate, bool?> isCertified)
{
    private readonly SortedDictionary<ulong, PeerOffers> _peers = [];
    private readonly SortedSet<ulong> _refused = [];

    /// <summary>Never forgotten, or whoever comes back would begin with a clean slate: as many as there are registered node keys.</summary>
    private readonly SortedDictionary<ulong, Standing> _standings = [];

    /// <summary>Whom the hand-overs of the chain came from.</summary>
    private readonly SortedSet<ulong> _ledBy = [];
    private readonly Queue<int> _wanted = new();
    private readonly List<Asked> _asked = [];
    private CommitteeChain _chain = new(genesis, scheme);
    private AskedHandOvers? _handOvers;
    private ulong? _lastAsked;
    private ulong? _leader;
    private Height _own;
    private bool[] _stored = [];
    private int _storedCount;

    public SyncPhase Phase { get; private set; }

    /// <summary>What is fetched or ready; null while watching.</summary>
    public CheckpointOffer? Offer { get; private set; }

    /// <summary>Pieces stored.</summary>
    public int Stored => _storedCount;

    /// <summary>Members that offer what is being fetched.</summary>
    public int Sources => Offer is { } offer ? CountOf(offer, ofCommittee: false) : 0;

    /// <summary>The latest epoch whose committee was shown to follow from the genesis.</summary>
    public Epoch ChainEpoch => _chain.Newest!.Value;

    /// <summary>Its committee.</summary>
    public Committee NewestCommittee => _chain.Of(ChainEpoch)!;

    /// <summary>Whether a member was asked for hand-overs and has not answered.</summary>
    public bool IsAskingHandOvers => _handOvers is not null;

    /// <summary>A session is there: its member is asked at the next tick.</summary>
    /// <param name="peer">The session.</param>
    /// <param name="nodeKey">Whose it is.</param>
    public void OnConnected(ulong peer, PublicKey64 nodeKey)
    {
        if (_refused.Contains(peer)) return;
        if (!_standings.TryGetValue(peer, out Standing? standing)) _standings[peer] = standing = new Standing();
        _peers[peer] = new PeerOffers(nodeKey, standing);
    }

    public void OnDisconnected(ulong peer)
    {
        if (_handOvers is { } open && open.From == peer) EndQuestion(open, open.AtMs);
        if (_leader == peer) _leader = null;
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
        LookAround(nowMs, effects);
        if (Phase is not (SyncPhase.Watching or SyncPhase.Fetching)) return;
        RestTheSlow(nowMs);
        AskPieces(nowMs, effects);
        bool isAsking = Phase == SyncPhase.Watching || !IsAgreed(Offer!);
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
        var offered = new List<Offered>();
        foreach (CheckpointOffer offer in message.Offers)
        {
            var item = new Offered(offer);
            SyncRejection reason = offer.Fault() != OfferFault.None ? SyncRejection.BadOffer
                : offer.Certificate.Result.Epoch.Value >= options.EpochsMax ? SyncRejection.TooManyEpochs
                : Judge(item, from, peer);
            if (reason != SyncRejection.None)
            {
                Refuse(from, reason, effects);
                return;
            }

            offered.Add(item);
        }

        peer.Oldest = message.Oldest;
        peer.Offers = offered;
        LookAround(nowMs, effects);
    }

    /// <summary>What leads on from the newest committee that is known here: asked for, or it is not looked at.</summary>
    public void OnHandOvers(ulong from, HandOverResponse response, long nowMs, List<SyncEffect> effects)
    {
        if (_handOvers is not { } asked || asked.From != from || asked.Epoch != response.From) return;
        _handOvers = null;
        var taken = new List<HandOver>();
        SyncEffect.Refuse? lie = null;
        foreach (ReadOnlyMemory<byte> item in response.HandOvers)
        {
            lie = Take(from, item.Span, taken);
            if (lie is not null) break;
        }

        if (taken.Count > 0) effects.Add(new SyncEffect.KeepHandOvers(taken));
        if (lie is not null && DependsOnChain(lie.HandOver) && IsLedByOthers(from)) _peers[from].IsOther = true;
        else if (lie is not null) Refuse(lie, effects);
        JudgeLater(effects);
        if (lie is null && !IsFull(response) && _peers.TryGetValue(from, out PeerOffers? peer) && IsWanted(peer)) Rest(from, peer, nowMs);
        LookAround(nowMs, effects);
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
        else if (_peers.TryGetValue(from, out PeerOffers? peer)) (peer.Offers, peer.AskAtMs) = ([], long.MinValue);
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
                if (_peers[peer].Find(Offer!) is not null) Refuse(peer, SyncRejection.OtherState, effects);
            }
        }

        Forget(effects);
    }

    /// <summary>What is under way can not go on here, and nothing that was to be kept counts: all begins anew, but for the sessions.</summary>
    public void StartAnew(List<SyncEffect> effects)
    {
        if (Phase is SyncPhase.Fetching or SyncPhase.Checking) Forget(effects);
        DropChain();
        (_handOvers, _leader) = (null, null);
        foreach (PeerOffers peer in _peers.Values) (peer.Offers, peer.AskAtMs) = ([], long.MinValue);
    }

    /// <summary>
    /// What hand-overs lead to is newer than what can be chosen without them, so while an answer is waited for nothing is chosen; before each further
    /// question something may be, or whoever answers late and little would hold it up without end.
    /// </summary>
    private void LookAround(long nowMs, List<SyncEffect> effects)
    {
        if (Phase != SyncPhase.Watching) return;
        if (_handOvers is { } open)
        {
            if (nowMs - open.AtMs < options.PieceMs) return;
            EndQuestion(open, nowMs);
        }

        Choose(effects);
        if (Phase == SyncPhase.Watching) AskHandOvers(nowMs, effects);
    }

    /// <summary>The newest checkpoint that enough members offer alike, if it is worth more than the heights up to it.</summary>
    private void Choose(List<SyncEffect> effects)
    {
        CheckpointOffer? best = null;
        foreach (PeerOffers peer in _peers.Values)
        {
            foreach (Offered item in peer.Offers)
            {
                if (item.Agreeing is null || item.Offer.Height <= (best?.Height ?? _own) || !IsAgreed(item.Offer)) continue;
                if (IsFar(item.Offer) || CountPruned() >= item.Agreeing) best = item.Offer;
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

    private bool IsFar(CheckpointOffer offer) => offer.Height.Value > _own.Value + options.AheadHeights;

    /// <summary>Members of an offered checkpoint's committee that keep nothing behind the own archive: what others say they keep may be a lie.</summary>
    private int CountPruned()
    {
        int count = 0;
        foreach (PeerOffers peer in _peers.Values) count += IsPruned(peer) && peer.Offers.Exists(item => item.IsMember) ? 1 : 0;
        return count;
    }

    private bool IsPruned(PeerOffers peer) => peer.Oldest > _own.Next();

    /// <summary>Whether f + 1 of its committee offer it.</summary>
    private bool IsAgreed(CheckpointOffer offer)
    {
        foreach (PeerOffers peer in _peers.Values)
        {
            if (peer.Find(offer) is { Agreeing: { } agreeing }) return CountOf(offer, ofCommittee: true) >= agreeing;
        }

        return false;
    }

    private int CountOf(CheckpointOffer offer, bool ofCommittee)
    {
        int count = 0;
        foreach (PeerOffers peer in _peers.Values) count += peer.Find(offer) is { Agreeing: not null } item && (item.IsMember || !ofCommittee) ? 1 : 0;
        return count;
    }

    /// <summary>Compares an offer with the committee of its epoch, where that is known: if others led to it, it may be the wrong one.</summary>
    private SyncRejection Judge(Offered item, ulong from, PeerOffers peer)
    {
        ResultCertificate certificate = item.Offer.Certificate;
        if (_chain.Of(certificate.Result.Epoch) is not { } committee) return SyncRejection.None;
        bool isTaken = Offer is { } known && PeerOffers.AreEqual(known, item.Offer);
        bool? isOwn = isTaken ? true : isCertified(certificate);
        if (!(isOwn ?? IsSignedBy(committee, certificate)))
        {
            if (isOwn == false || committee.Epoch == Epoch.Zero || !IsLedByOthers(from)) return SyncRejection.BadOffer;
            peer.IsOther = true;
            return SyncRejection.None;
        }

        item.Agreeing = committee.Quorum.OneHonest;
        for (int i = 0; i < committee.Count; i++) item.IsMember |= committee[new ReplicaId((ushort)i)].NodeKey == peer.NodeKey;
        return SyncRejection.None;
    }

    private bool IsSignedBy(Committee committee, ResultCertificate certificate) =>
        new MessageVerifier(genesis.Domain, committee, scheme).TryVerify(certificate, out _) == VerificationRejection.None;

    /// <summary>The chain has grown: perhaps to the epochs of what was offered before.</summary>
    private void JudgeLater(List<SyncEffect> effects)
    {
        foreach ((ulong id, PeerOffers peer) in new SortedDictionary<ulong, PeerOffers>(_peers))
        {
            foreach (Offered item in peer.Offers)
            {
                if (peer.IsOther) break;
                if (item.Agreeing is not null || Judge(item, id, peer) == SyncRejection.None) continue;
                Refuse(id, SyncRejection.BadOffer, effects);
                break;
            }
        }
    }

    /// <summary>One member at a time is asked, of those that offer something for which hand-overs are missing here.</summary>
    private void AskHandOvers(long nowMs, List<SyncEffect> effects)
    {
        if (NextToAsk(nowMs) is not { } id) return;
        if (_peers[id].IsOther) LeadAnew(id, nowMs, effects);
        _lastAsked = id;
        _handOvers = new AskedHandOvers(id, ChainEpoch, nowMs);
        effects.Add(new SyncEffect.Send(id, new HandOverRequest(ChainEpoch)));
    }

    /// <summary>In turn, behind the last one that was asked: nobody is asked twice while another has not been.</summary>
    private ulong? NextToAsk(long nowMs)
    {
        if (_leader is { } leader && IsWanted(_peers[leader])) return leader;
        _leader = null;
        ulong? first = null;
        foreach ((ulong id, PeerOffers peer) in _peers)
        {
            if (!IsWanted(peer) || nowMs < peer.Standing.RestUntilMs || (peer.IsOther && nowMs < peer.Standing.AnewAtMs)) continue;
            if (_lastAsked is { } last && id > last) return id;
            first ??= id;
        }

        return first;
    }

    private bool IsWanted(PeerOffers peer) =>
        peer.Offers.Exists(item => item.Agreeing is null && item.Offer.Height > _own && (IsFar(item.Offer) || IsPruned(peer)));

    /// <summary>Whether no more would have gone into it.</summary>
    private static bool IsFull(HandOverResponse response)
    {
        int bytes = 0;
        foreach (ReadOnlyMemory<byte> item in response.HandOvers) bytes += item.Length;
        return response.HandOvers.Count == HandOverResponse.MaxHandOvers || bytes > HandOverResponse.MaxBytes - HandOverResponse.MaxHandOverBytes;
    }

    /// <summary>
    /// Keys that leaked long ago can sign a way that nobody honest continues. So whoever contradicts the way that others showed may show its own from the
    /// genesis on, and is asked alone until it proves wrong, is slow, or has shown what it offers. Each time it waits twice as long for the next.
    /// </summary>
    private void LeadAnew(ulong id, long nowMs, List<SyncEffect> effects)
    {
        Standing standing = _peers[id].Standing;
        standing.AnewAtMs = nowMs + (options.PieceMs << int.Min(++standing.Anew, 10));
        _leader = id;
        DropChain();
        effects.Add(new SyncEffect.DropHandOvers());
    }

    /// <summary>Only the genesis is known again.</summary>
    private void DropChain()
    {
        _chain = new CommitteeChain(genesis, scheme);
        _ledBy.Clear();
        foreach (PeerOffers peer in _peers.Values)
        {
            peer.IsOther = false;
            foreach (Offered item in peer.Offers)
            {
                if (item.Offer.Certificate.Result.Epoch != Epoch.Zero) (item.Agreeing, item.IsMember) = (null, false);
            }
        }
    }

    private bool IsLedByOthers(ulong peer) => _ledBy.Count > (_ledBy.Contains(peer) ? 1 : 0);

    /// <summary>Whether the committee before it refuses it, and not what it says itself.</summary>
    private static bool DependsOnChain(HandOverRejection reason) =>
        reason is HandOverRejection.TooFewSignatures or HandOverRejection.UnknownMember or HandOverRejection.BadSignature;

    private void EndQuestion(AskedHandOvers unanswered, long nowMs)
    {
        _handOvers = null;
        Rest(unanswered.From, _peers[unanswered.From], nowMs);
    }

    /// <summary>Takes what leads to the next epoch; else what is to be said of whoever sent it.</summary>
    private SyncEffect.Refuse? Take(ulong from, ReadOnlySpan<byte> bytes, List<HandOver> taken)
    {
        HandOverRejection reason;
        try
        {
            HandOver handOver = HandOver.Decode(bytes);

            // What this member knows by itself is not given up for keys of an old committee that may have leaked since.
            reason = handOver.Ended != ChainEpoch ? HandOverRejection.WrongEpoch
                : isCertified(handOver.Boundary) == false ? HandOverRejection.OtherCommittee
                : handOver.Next.Epoch.Value >= options.EpochsMax ? HandOverRejection.TooManyEpochs
                : _chain.TryExtend(handOver);
            if (reason == HandOverRejection.None)
            {
                taken.Add(handOver);
                _ledBy.Add(from);
            }
        }
        catch (DecodeException)
        {
            return new SyncEffect.Refuse(from, SyncRejection.BadHandOver);
        }

        return reason switch
        {
            HandOverRejection.None => null,
            HandOverRejection.TooManyEpochs => new SyncEffect.Refuse(from, SyncRejection.TooManyEpochs, reason),
            _ => new SyncEffect.Refuse(from, SyncRejection.BadHandOver, reason),
        };
    }

    private void AskPieces(long nowMs, List<SyncEffect> effects)
    {
        if (Phase != SyncPhase.Fetching) return;
        foreach ((ulong id, PeerOffers peer) in _peers)
        {
            if (nowMs < peer.Standing.RestUntilMs || peer.Find(Offer!) is not { Agreeing: not null }) continue;
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

    /// <summary>Whose pieces do not come is left alone for a while: others are asked for them.</summary>
    private void RestTheSlow(long nowMs)
    {
        foreach (Asked asked in _asked)
        {
            bool isLate = nowMs - asked.AtMs >= options.PieceMs;
            if (isLate && _peers.TryGetValue(asked.From, out PeerOffers? peer) && nowMs >= peer.Standing.RestUntilMs) Rest(asked.From, peer, nowMs);
        }

        ReturnPieces(asked => nowMs - asked.AtMs >= options.PieceMs);
    }

    /// <summary>Longer each time.</summary>
    private void Rest(ulong id, PeerOffers peer, long nowMs)
    {
        peer.Standing.RestUntilMs = nowMs + (options.PieceMs << int.Min(++peer.Standing.Rests, 4));
        if (_leader == id) _leader = null;
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

    private void Refuse(ulong peer, SyncRejection reason, List<SyncEffect> effects) => Refuse(new SyncEffect.Refuse(peer, reason), effects);

    private void Refuse(SyncEffect.Refuse lie, List<SyncEffect> effects)
    {
        _refused.Add(lie.Peer);
        OnDisconnected(lie.Peer);
        effects.Add(lie);
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

    private readonly record struct AskedHandOvers(ulong From, Epoch Epoch, long AtMs);

    /// <summary>One checkpoint that a member offers.</summary>
    private sealed class Offered(CheckpointOffer offer)
    {
        public CheckpointOffer Offer { get; } = offer;

        /// <summary>Members that must offer it alike: f + 1 of its committee, so that one of them is honest. Null while it is not known here.</summary>
        public int? Agreeing { get; set; }

        /// <summary>Whether the member that offers it has a seat in that committee.</summary>
        public bool IsMember { get; set; }
    }

    /// <summary>What a member earned, in this session and in those before it.</summary>
    private sealed class Standing
    {
        /// <summary>It is asked for no piece and no hand-over before then.</summary>
        public long RestUntilMs { get; set; } = long.MinValue;

        public int Rests { get; set; }

        /// <summary>It does not lead anew before then.</summary>
        public long AnewAtMs { get; set; } = long.MinValue;

        public int Anew { get; set; }
    }

    /// <summary>What one connected member said.</summary>
    private sealed class PeerOffers(PublicKey64 nodeKey, Standing standing)
    {
        public PublicKey64 NodeKey { get; } = nodeKey;

        public Standing Standing { get; } = standing;

        /// <summary>It contradicts the way that others showed.</summary>
        public bool IsOther { get; set; }

        public List<Offered> Offers { get; set; } = [];

        /// <summary>The oldest height that it keeps.</summary>
        public Height Oldest { get; set; }

        public long AskAtMs { get; set; } = long.MinValue;

        /// <summary>Whatever it offers before then is not looked at: each offer costs signature checks.</summary>
        public long DeafUntilMs { get; set; } = long.MinValue;

        public Offered? Find(CheckpointOffer wanted) => Offers.Find(item => AreEqual(item.Offer, wanted));

        /// <summary>The same result and the same pieces: a root of pieces beside another result is another offer.</summary>
        public static bool AreEqual(CheckpointOffer a, CheckpointOffer b) =>
            a.Pieces.Root == b.Pieces.Root && a.Certificate.Result == b.Certificate.Result;
    }
}
