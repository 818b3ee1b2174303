using System;
using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>Where the own ledger's chain of hand-overs has a hole.</summary>
/// <param name="From">The lowest ended epoch whose hand-over is not there.</param>
/// <param name="Before">The hand-over to that epoch, which is there; null for the first epoch.</param>
/// <param name="Newest">The epoch that the own heights have led to: of those before it hand-overs are taken.</param>
public sealed record HandOverGap(Epoch From, HandOver? Before, Epoch Newest);

/// <summary>
/// How a member that was away while boundaries were certified gets those certificates (consensus.md 8): heights bring the epochs, and nobody sends
/// certificates of old epochs by himself. Pure: what the ledger lacks, messages and time in, effects out. One member is asked at a time, in turn; what it
/// gives must lead on from the last hand-over held, and to what this member ordered itself. Whoever is caught lying is asked no more, whoever is silent or
/// has nothing rests.
/// </summary>
/// <param name="options">How often, and how long an answer is waited for.</param>
/// <param name="genesis">The network.</param>
/// <param name="scheme">Checks signatures.</param>
/// <param name="isOwn">Whether a hand-over is the one that this member ordered itself; null where it did not.</param>
public sealed class MissedHandOvers(StateSyncOptions options, Genesis genesis, ISignatureScheme scheme, Func<HandOver, bool?> isOwn)
{
    private readonly SortedSet<ulong> _connected = [];

    /// <summary>Kept over reconnects: as many as there are registered node keys.</summary>
    private readonly SortedDictionary<ulong, Standing> _standings = [];
    private Question? _open;
    private ulong? _lastAsked;
    private Epoch? _seen;
    private long _lookAtMs = long.MinValue;

    public void OnConnected(ulong peer) => _connected.Add(peer);

    public void OnDisconnected(ulong peer)
    {
        _connected.Remove(peer);
        if (_open is { } open && open.From == peer) EndQuestion(open, open.AtMs);
    }

    /// <summary>Whatever was under way is forgotten, but for the sessions and what their members earned.</summary>
    public void StartAnew() => (_open, _seen) = (null, null);

    /// <summary>Whether the ledger is to be looked at: <see cref="OnLook"/>.</summary>
    public bool IsDue(long nowMs) => _open is { } open ? nowMs - open.AtMs >= options.PieceMs : nowMs >= _lookAtMs;

    /// <summary>
    /// What the ledger lacks now. It is asked for when the look before saw the same: the newest boundary's certificate is mostly on its way.
    /// </summary>
    public void OnLook(HandOverGap? gap, long nowMs, List<SyncEffect> effects)
    {
        if (_open is { } late) EndQuestion(late, nowMs);
        _lookAtMs = nowMs + options.AskMs;
        bool isLasting = gap is not null && _seen == gap.From;
        _seen = gap?.From;
        if (!isLasting || NextToAsk(nowMs) is not { } peer) return;
        _lastAsked = peer;
        _open = new Question(peer, gap!, nowMs);
        effects.Add(new SyncEffect.Send(peer, new HandOverRequest(gap!.From)));
    }

    /// <summary>An answer; one that was not asked for is not looked at.</summary>
    public void OnHandOvers(ulong from, HandOverResponse response, long nowMs, List<SyncEffect> effects)
    {
        if (_open is not { } open || open.From != from || open.Gap.From != response.From) return;
        _open = null;
        CommitteeChain chain = ChainTo(open.Gap);
        var taken = new List<HandOver>();
        SyncEffect.Refuse? lie = null;
        foreach (ReadOnlyMemory<byte> item in response.HandOvers)
        {
            if (chain.Newest >= open.Gap.Newest) break;
            lie = Take(from, item.Span, chain, taken);
            if (lie is not null) break;
        }

        if (taken.Count > 0)
        {
            effects.Add(new SyncEffect.KeepHandOvers(taken));
            (_seen, _lookAtMs) = (chain.Newest, nowMs);
            StandingOf(from).Rests = 0;
        }

        if (lie is not null)
        {
            StandingOf(from).IsRefused = true;
            effects.Add(lie);
        }
        else if (taken.Count == 0) Rest(from, nowMs);
    }

    /// <summary>What is held is trusted: each was checked against the committee before it when it came.</summary>
    private CommitteeChain ChainTo(HandOverGap gap)
    {
        var chain = new CommitteeChain(genesis, scheme, gap.Before?.Checkpoint);
        if (gap.Before is { } before) Invariant.Check(chain.TryExtend(before) == HandOverRejection.None, "a chain begins with its checkpoint");
        Invariant.Check(chain.Newest == gap.From, "the hand-over before a hole leads to it");
        return chain;
    }

    private SyncEffect.Refuse? Take(ulong from, ReadOnlySpan<byte> bytes, CommitteeChain chain, List<HandOver> taken)
    {
        HandOverRejection reason;
        try
        {
            HandOver handOver = HandOver.Decode(bytes);
            reason = handOver.Ended != chain.Newest ? HandOverRejection.WrongEpoch
                : isOwn(handOver) == false ? HandOverRejection.OtherCommittee
                : chain.TryExtend(handOver);
            if (reason == HandOverRejection.None) taken.Add(handOver);
        }
        catch (DecodeException)
        {
            return new SyncEffect.Refuse(from, SyncRejection.BadHandOver);
        }

        return reason == HandOverRejection.None ? null : new SyncEffect.Refuse(from, SyncRejection.BadHandOver, reason);
    }

    /// <summary>In turn, behind the last one that was asked.</summary>
    private ulong? NextToAsk(long nowMs)
    {
        ulong? first = null;
        foreach (ulong peer in _connected)
        {
            Standing standing = StandingOf(peer);
            if (standing.IsRefused || nowMs < standing.RestUntilMs) continue;
            if (_lastAsked is { } last && peer > last) return peer;
            first ??= peer;
        }

        return first;
    }

    private void EndQuestion(Question unanswered, long nowMs)
    {
        _open = null;
        Rest(unanswered.From, nowMs);
    }

    /// <summary>Longer each time.</summary>
    private void Rest(ulong peer, long nowMs)
    {
        Standing standing = StandingOf(peer);
        standing.RestUntilMs = nowMs + (options.PieceMs << int.Min(++standing.Rests, 4));
    }

    private Standing StandingOf(ulong peer)
    {
        if (!_standings.TryGetValue(peer, out Standing? standing)) _standings[peer] = standing = new Standing();
        return standing;
    }

    private readonly record struct Question(ulong From, HandOverGap Gap, long AtMs);

    /// <summary>What a member earned.</summary>
    private sealed class Standing
    {
        public long RestUntilMs { get; set; } = long.MinValue;

        public int Rests { get; set; }

        public bool IsRefused { get; set; }
    }
}
