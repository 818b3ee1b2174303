using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>
/// Who served which epoch, as far as it follows from the genesis (consensus.md 8): each hand-over is checked against the committee before it. Where keys of
/// old committees may have leaked since, or the way from the genesis is long, a checkpoint is trusted instead: the chain begins with the hand-over that has
/// this hash, and nothing before it counts. Pure and single-threaded.
/// </summary>
public sealed class CommitteeChain
{
    /// <summary>Epochs held. 1,048,576: two years of one-minute epochs, 200 MiB where every one has another committee of four, and half of that at most
    /// where members stay.</summary>
    public const int EpochsMax = 1_048_576;

    private readonly ISignatureScheme _scheme;
    private readonly Hash32? _checkpoint;
    private readonly List<Served> _served = [];
    private ulong _first;

    /// <param name="genesis">Names the network; its committee serves epoch 0.</param>
    /// <param name="scheme">Checks signatures.</param>
    /// <param name="checkpoint">Hash of a boundary's result (<see cref="HandOver.Checkpoint"/>) that is trusted; null to begin with the genesis.</param>
    public CommitteeChain(Genesis genesis, ISignatureScheme scheme, Hash32? checkpoint = null)
    {
        Genesis = genesis;
        _scheme = scheme;
        _checkpoint = checkpoint;
        if (checkpoint is null) _served.Add(new Served(genesis.Quorum, genesis.Members, genesis.Hash));
    }

    public Genesis Genesis { get; }

    /// <summary>The latest epoch whose committee is known; null until the checkpoint has been shown.</summary>
    public Epoch? Newest => _served.Count == 0 ? null : new Epoch(_first + (ulong)_served.Count - 1);

    /// <summary>The committee of an epoch; null when it does not follow from what was shown.</summary>
    public Committee? Of(Epoch epoch)
    {
        if (epoch.Value < _first || epoch.Value - _first >= (ulong)_served.Count) return null;
        Served served = _served[(int)(epoch.Value - _first)];
        return new Committee(epoch, served.Quorum, served.Members, served.EpochGenesis);
    }

    /// <summary>
    /// Takes the hand-over to the epoch after the newest one. One to an epoch that is known already is checked like any other, must lead there, too, and
    /// changes nothing.
    /// </summary>
    public HandOverRejection TryExtend(HandOver handOver)
    {
        if (Newest is not { } newest) return TryBegin(handOver);
        if (Of(handOver.Ended) is not { } committee) return handOver.Ended < newest ? CheckEarly(handOver) : HandOverRejection.WrongEpoch;
        HandOverRejection reason = handOver.Check(new MessageVerifier(Genesis.Domain, committee, _scheme));
        if (reason != HandOverRejection.None) return reason;
        if (handOver.Ended < newest) return IsKnown(handOver) ? HandOverRejection.None : HandOverRejection.OtherCommittee;
        if (_served.Count == EpochsMax) return HandOverRejection.TooManyEpochs;
        Add(handOver);
        return HandOverRejection.None;
    }

    /// <summary>The checkpoint is as good as a genesis: the committees before it are not asked.</summary>
    private HandOverRejection TryBegin(HandOver handOver)
    {
        if (handOver.Checkpoint != _checkpoint) return HandOverRejection.BeforeCheckpoint;
        HandOverRejection reason = handOver.CheckNaming();
        if (reason != HandOverRejection.None) return reason;
        _first = handOver.Next.Epoch.Value;
        Add(handOver);
        return HandOverRejection.None;
    }

    /// <summary>Nothing before the checkpoint counts; to the first epoch known the checkpoint leads, and nothing else.</summary>
    private HandOverRejection CheckEarly(HandOver handOver)
    {
        if (handOver.Ended.Value + 1 != _first) return HandOverRejection.BeforeCheckpoint;
        return handOver.Checkpoint == _checkpoint ? handOver.CheckNaming() : HandOverRejection.OtherCommittee;
    }

    /// <summary>Keys of an old committee may have leaked since: what they sign now does not lead anywhere else.</summary>
    private bool IsKnown(HandOver handOver)
    {
        Served known = _served[(int)(handOver.Next.Epoch.Value - _first)];
        return known.EpochGenesis == handOver.Boundary.Result.BlockHash && known.Quorum == handOver.Next.Quorum
            && IsSame(known.Members, handOver.Next.Members);
    }

    private void Add(HandOver handOver)
    {
        IReadOnlyList<CommitteeMember> members = handOver.Next.Members;
        if (_served.Count > 0 && IsSame(_served[^1].Members, members)) members = _served[^1].Members;
        _served.Add(new Served(handOver.Next.Quorum, members, handOver.Boundary.Result.BlockHash));
    }

    private static bool IsSame(IReadOnlyList<CommitteeMember> a, IReadOnlyList<CommitteeMember> b)
    {
        if (a.Count != b.Count) return false;
        for (int i = 0; i < a.Count; i++)
        {
            if (a[i] != b[i]) return false;
        }

        return true;
    }

    private sealed record Served(QuorumParameters Quorum, IReadOnlyList<CommitteeMember> Members, Hash32 EpochGenesis);
}
