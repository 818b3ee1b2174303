using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>
/// Gathers the result votes of one epoch into result certificates (ordering.md 4), and finds out when results differ. Pure and single-threaded.
/// Consensus never waits for it. Since effects chain, only the newest certificate matters: what lies below it is forgotten, and of what lies above
/// only the newest heights are kept, per voter, so that no member can fill the memory or push out another's votes.
/// </summary>
public sealed class ResultCollector
{
    /// <summary>Signed heights kept above the newest certificate, per voter: 3 s at 20 signed heights a second. A later one covers what was dropped.</summary>
    public const int WindowHeights = 64;

    /// <summary>Answers to one peer between two ticks.</summary>
    public const int AnswersPerTick = 4;

    private readonly Committee _committee;
    private readonly ReplicaId? _self;
    private readonly ulong _genesis;
    private readonly SortedDictionary<ulong, OwnResult> _own = [];
    private readonly SortedDictionary<ulong, ResultVote>[] _votes;
    private readonly SortedDictionary<ulong, ResultCertificate> _certificates = [];
    private readonly int[] _answers;
    private readonly List<(Hash32 Hash, int Votes)> _tallies = [];
    private ulong _splitReportedAt;

    // One E7 convicts: what else these members contradict themselves in would only cost checks and messages.
    private ReplicaSet _accused;

    // Where things stood at the last tick: only what is older than that is late and worth sending again.
    private ulong _certifiedAtTick;
    private ulong _ownVoteAtTick;

    /// <param name="committee">The epoch's committee.</param>
    /// <param name="self">The own seat; null for an observer, which signs nothing.</param>
    /// <param name="genesis">Height of the block that the epoch starts from: results at or below it are of epochs before.</param>
    public ResultCollector(Committee committee, ReplicaId? self, Height genesis = default)
    {
        _committee = committee;
        _self = self;
        _genesis = genesis.Value;
        _votes = new SortedDictionary<ulong, ResultVote>[committee.Count];
        for (int i = 0; i < _votes.Length; i++) _votes[i] = [];
        _answers = new int[committee.Count];
    }

    /// <summary>The certificate of the highest height held.</summary>
    public ResultCertificate? Newest { get; private set; }

    /// <summary>Whether this replica's results are known to be wrong. It stays so until the state is rebuilt and a new collector made.</summary>
    public bool IsDiverged { get; private set; }

    /// <summary>The highest height whose certified result is the own one: since effects chain, all below it agree too.</summary>
    public Height Agreed { get; private set; }

    private ulong NewestHeight => Newest?.Result.Height.Value ?? 0;

    private ReplicaSet Others => _self is { } self ? ReplicaSet.All(_committee.Count).Without(self) : ReplicaSet.All(_committee.Count);

    /// <summary>Before anything else after a restart: an own vote found in the vote log, which binds.</summary>
    public void Recover(ResultVote ownVote)
    {
        Invariant.Check(_self == ownVote.Voter, "a recovered result vote is an own one");
        if (ownVote.Epoch == _committee.Epoch) Keep(_votes[ownVote.Voter.Value], ownVote.Height.Value, ownVote);
    }

    /// <summary>A certificate found in the store at start.</summary>
    public void Recover(ResultCertificate certificate)
    {
        if (certificate.Result.Epoch == _committee.Epoch && certificate.Result.Height.Value > NewestHeight) Raise(certificate);
    }

    /// <summary>What an earlier run found out: up to where the own results are the certified ones, and whether they differ above it.</summary>
    public void Recover(Height agreed, bool isDiverged) => (Agreed, IsDiverged) = (agreed, isDiverged);

    /// <summary>
    /// Whether a vote is worth the cost of verifying it: votes beyond the quorum are not, unless they may be late or are the first to contradict their
    /// voter.
    /// </summary>
    public bool IsWanted(ResultVote vote)
    {
        if (vote.Epoch != _committee.Epoch || !_committee.Has(vote.Voter) || vote.Voter == _self) return false;
        ulong height = vote.Height.Value;
        ResultVote? known = height <= NewestHeight ? Certified(vote) : _votes[vote.Voter.Value].GetValueOrDefault(height);
        if (known is not null && known.ResultHash != vote.ResultHash) return !_accused.Has(vote.Voter);
        return height <= NewestHeight ? height <= _certifiedAtTick : known is null;
    }

    /// <summary>The result of a signed height was computed here.</summary>
    public void OnOwnResult(BlockResult result, List<ResultEffect> effects)
    {
        if (IsDiverged || result.Epoch != _committee.Epoch) return;
        ulong height = result.Height.Value;
        var own = new OwnResult(result, result.Hash);
        if (_certificates.TryGetValue(height, out ResultCertificate? certificate))
        {
            if (certificate.Result.Hash == own.Hash) Agree(result.Height);
            else Diverge(own, certificate.Result.Hash, certificate, effects);
            if (IsDiverged) return;
        }

        // What is certified needs no more votes: a replica that catches up signs nothing on its way.
        if (height <= NewestHeight) return;
        Keep(_own, height, own);
        if (_self is { } self && _votes[self.Value].TryGetValue(height, out ResultVote? before))
        {
            if (before.ResultHash != own.Hash) Diverge(own, before.ResultHash, null, effects);
            else effects.Add(new ResultEffect.Send(Others, before));
        }
        else if (_self is not null)
        {
            effects.Add(new ResultEffect.SignResult(result));
        }

        Evaluate(height, effects);
    }

    /// <summary>The answer to <see cref="ResultEffect.SignResult"/>.</summary>
    public void OnOwnVote(Verified<ResultVote> vote, List<ResultEffect> effects)
    {
        Invariant.Check(vote.Value.Voter == _self, "an own result vote is signed by this replica");
        if (IsDiverged) return;
        effects.Add(new ResultEffect.Send(Others, vote.Value));
        if (vote.Value.Height.Value <= NewestHeight) return;
        Keep(_votes[vote.Value.Voter.Value], vote.Value.Height.Value, vote.Value);
        Evaluate(vote.Value.Height.Value, effects);
    }

    /// <summary>A vote of another member, directly from it or passed on.</summary>
    public void OnVote(ReplicaId from, Verified<ResultVote> verified, List<ResultEffect> effects)
    {
        ResultVote vote = verified.Value;
        if (vote.Epoch != _committee.Epoch || vote.Voter == _self) return;
        ulong height = vote.Height.Value;
        if (height <= NewestHeight)
        {
            if (Certified(vote) is { } signed) AccuseIfContradicting(signed, vote, effects);

            // Its voter does not know the certificate yet. A vote that is merely the last to arrive is not worth an answer.
            if (height <= _certifiedAtTick) Answer(from, effects);
            return;
        }

        SortedDictionary<ulong, ResultVote> votes = _votes[vote.Voter.Value];
        if (votes.TryGetValue(height, out ResultVote? known))
        {
            AccuseIfContradicting(known, vote, effects);
            return;
        }

        Keep(votes, height, vote);
        Evaluate(height, effects);
    }

    /// <summary>A certificate that another member holds.</summary>
    public void OnCertificate(Verified<ResultCertificate> verified, List<ResultEffect> effects)
    {
        ResultCertificate certificate = verified.Value;
        if (certificate.Result.Epoch != _committee.Epoch || certificate.Result.Height.Value <= NewestHeight) return;
        Adopt(certificate, effects);
    }

    /// <summary>
    /// Who of several answers a request: the oldest epoch that has what is asked for. The newest certificate of one that ended is its boundary's, which hands
    /// over to the next, and of which whoever came or left with that boundary would hear nothing otherwise.
    /// </summary>
    /// <param name="oldestFirst">The collectors of the newest epochs.</param>
    /// <param name="request">The request.</param>
    /// <returns>Null when none has it.</returns>
    public static ResultCollector? AnswererOf(IEnumerable<ResultCollector> oldestFirst, ResultRequest request)
    {
        foreach (ResultCollector collector in oldestFirst)
        {
            if (collector.Newest?.Result.Height >= request.AtOrAbove) return collector;
        }

        return null;
    }

    /// <summary>A member asks: answered when the certificate asked for, or a later one, is held.</summary>
    public void OnRequest(ReplicaId from, ResultRequest request, List<ResultEffect> effects)
    {
        if (NewestHeight >= request.AtOrAbove.Value && Newest is not null) Answer(from, effects);
    }

    /// <summary>A session is there (again): whatever was sent before may be lost.</summary>
    public void OnPeerConnected(ReplicaId peer, List<ResultEffect> effects)
    {
        _answers[peer.Value] = 0;
        if (Newest is not null) Answer(peer, effects);
        ResendOwn(ReplicaSet.Of(peer), ulong.MaxValue, effects);
    }

    /// <summary>Every R (1 s): own votes that are still not certified go out again; members that hold a certificate above them answer with it.</summary>
    public void OnTick(List<ResultEffect> effects)
    {
        System.Array.Clear(_answers);
        ResendOwn(Others, _ownVoteAtTick, effects);
        if (IsDiverged || _self is null)
            effects.Add(new ResultEffect.Send(Others, new ResultRequest(new Height(ulong.Max(NewestHeight, _genesis) + 1))));
        _certifiedAtTick = NewestHeight;
        _ownVoteAtTick = HighestOwnVote();
    }

    private void ResendOwn(ReplicaSet to, ulong atOrBelow, List<ResultEffect> effects)
    {
        if (_self is not { } self || IsDiverged) return;
        foreach ((ulong height, ResultVote vote) in _votes[self.Value])
        {
            if (height > NewestHeight && height <= atOrBelow) effects.Add(new ResultEffect.Send(to, vote));
        }
    }

    private ulong HighestOwnVote()
    {
        ulong highest = 0;
        if (_self is not { } self) return highest;
        foreach (ulong height in _votes[self.Value].Keys) highest = height;
        return highest;
    }

    private void Answer(ReplicaId peer, List<ResultEffect> effects)
    {
        if (_answers[peer.Value]++ < AnswersPerTick) effects.Add(new ResultEffect.Send(ReplicaSet.Of(peer), new ResultResponse(Newest)));
    }

    /// <summary>Looks at one height after a vote or the own result came.</summary>
    private void Evaluate(ulong height, List<ResultEffect> effects)
    {
        if (!_own.TryGetValue(height, out OwnResult? own)) return;
        int voted = 0;
        int most = 0;
        Hash32 leading = own.Hash;
        _tallies.Clear();
        foreach (SortedDictionary<ulong, ResultVote> votes in _votes)
        {
            if (!votes.TryGetValue(height, out ResultVote? vote)) continue;
            voted++;
            int equal = Count(vote.ResultHash);
            if (equal <= most) continue;
            most = equal;
            leading = vote.ResultHash;
        }

        int quorum = _committee.Quorum.Quorum;
        if (most >= quorum && leading != own.Hash) Diverge(own, leading, null, effects);
        else if (most >= quorum) Adopt(Certify(height, own), effects);
        else if (most + (_committee.Count - voted) < quorum && height > _splitReportedAt)
        {
            _splitReportedAt = height;
            effects.Add(new ResultEffect.Split(new Height(height)));
        }
    }

    /// <summary>One more vote for a hash; nearly always there is one hash only.</summary>
    private int Count(Hash32 hash)
    {
        for (int i = 0; i < _tallies.Count; i++)
        {
            if (_tallies[i].Hash != hash) continue;
            _tallies[i] = (hash, _tallies[i].Votes + 1);
            return _tallies[i].Votes;
        }

        _tallies.Add((hash, 1));
        return 1;
    }

    private ResultCertificate Certify(ulong height, OwnResult own)
    {
        var signatures = new List<CertificateSignature>();
        for (int i = 0; i < _votes.Length && signatures.Count < _committee.Quorum.Quorum; i++)
        {
            if (_votes[i].TryGetValue(height, out ResultVote? vote) && vote.ResultHash == own.Hash)
                signatures.Add(new CertificateSignature(vote.Voter, IsExtra: false, vote.Signature));
        }

        return new ResultCertificate(own.Result, signatures);
    }

    private void Adopt(ResultCertificate certificate, List<ResultEffect> effects)
    {
        ulong height = certificate.Result.Height.Value;
        Accuse(certificate, effects);
        if (!IsDiverged && _own.TryGetValue(height, out OwnResult? own))
        {
            if (own.Hash == certificate.Result.Hash) Agree(certificate.Result.Height);
            else Diverge(own, certificate.Result.Hash, certificate, effects);
        }

        Raise(certificate);
        effects.Add(new ResultEffect.Certified(certificate));
    }

    private void Raise(ResultCertificate certificate)
    {
        Newest = certificate;
        Keep(_certificates, certificate.Result.Height.Value, certificate);
        Forget(_own);
        foreach (SortedDictionary<ulong, ResultVote> votes in _votes) Forget(votes);
    }

    private void Diverge(OwnResult own, Hash32 other, ResultCertificate? certificate, List<ResultEffect> effects)
    {
        if (IsDiverged) return;
        IsDiverged = true;
        effects.Add(new ResultEffect.Diverged(own.Result, other, certificate, Agreed));
    }

    private void Agree(Height height)
    {
        if (height > Agreed) Agreed = height;
    }

    private void Forget<T>(SortedDictionary<ulong, T> byHeight)
    {
        while (byHeight.Count > 0 && Lowest(byHeight) <= NewestHeight) byHeight.Remove(Lowest(byHeight));
    }

    private static void Keep<T>(SortedDictionary<ulong, T> byHeight, ulong height, T value)
    {
        byHeight[height] = value;
        if (byHeight.Count > WindowHeights) byHeight.Remove(Lowest(byHeight));
    }

    private static ulong Lowest<T>(SortedDictionary<ulong, T> byHeight)
    {
        foreach (ulong height in byHeight.Keys) return height;
        return ulong.MaxValue;
    }

    /// <summary>E7: a member's signature in a certificate beside its vote for another result of that height.</summary>
    private void Accuse(ResultCertificate certificate, List<ResultEffect> effects)
    {
        BlockResult result = certificate.Result;
        foreach (CertificateSignature item in certificate.Signatures)
        {
            if (!_votes[item.Voter.Value].TryGetValue(result.Height.Value, out ResultVote? vote)) continue;
            AccuseIfContradicting(vote, new ResultVote(result.Epoch, result.Height, result.Hash, item.Voter, item.Signature), effects);
        }
    }

    /// <summary>E7 of two votes of one member for one height, once for each member.</summary>
    private void AccuseIfContradicting(ResultVote a, ResultVote b, List<ResultEffect> effects)
    {
        if (a.ResultHash == b.ResultHash || _accused.Has(a.Voter)) return;
        _accused = _accused.With(a.Voter);
        effects.Add(new ResultEffect.EvidenceFound(Contradicting(a, b)));
    }

    /// <summary>What this vote's voter signed in the certificate of that very height, if that is kept.</summary>
    private ResultVote? Certified(ResultVote vote)
    {
        if (!_certificates.TryGetValue(vote.Height.Value, out ResultCertificate? certificate)) return null;
        foreach (CertificateSignature item in certificate.Signatures)
        {
            if (item.Voter == vote.Voter)
                return new ResultVote(vote.Epoch, vote.Height, certificate.Result.Hash, item.Voter, item.Signature);
        }

        return null;
    }

    private Evidence Contradicting(ResultVote a, ResultVote b) =>
        new(EvidenceKind.TwoResults, _committee.Epoch, a.Voter, Statement(a), Statement(b));

    private static SignedStatement Statement(ResultVote vote)
    {
        var content = new CanonicalWriter(8 + Hash32.Size);
        content.U64(vote.Height.Value);
        content.Hash(vote.ResultHash);
        return new SignedStatement(SignedKind.ResultVote, content.ToArray(), vote.Signature);
    }

    private sealed record OwnResult(BlockResult Result, Hash32 Hash);
}
