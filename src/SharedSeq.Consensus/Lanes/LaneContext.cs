using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>What the parts of the lane book share: settings, the committee, the lanes and who is connected.</summary>
internal sealed class LaneContext
{
    private readonly LaneState[] _lanes;

    public LaneContext(ReplicaOptions options, Committee committee, ReplicaId self)
    {
        Options = options;
        Committee = committee;
        Self = self;
        Connected = ReplicaSet.All(committee.Count);
        Others = ReplicaSet.All(committee.Count).Without(self);
        Random = new Prng(options.Seed ^ 0x6C616E6573UL);
        _lanes = new LaneState[committee.Count];
        for (int i = 0; i < _lanes.Length; i++)
            _lanes[i] = new LaneState(new LaneId(committee.Epoch, new ReplicaId((ushort)i), 0), options);
    }

    public ReplicaOptions Options { get; }

    public Committee Committee { get; }

    public ReplicaId Self { get; }

    /// <summary>All members but this one.</summary>
    public ReplicaSet Others { get; }

    /// <summary>Members with a session. Everybody counts as connected until the shell says otherwise: sends to the unreachable are lost, no more.</summary>
    public ReplicaSet Connected { get; set; }

    /// <summary>Highest height known to be committed: what own Acks name.</summary>
    public Height FinalHeight { get; set; }

    /// <summary>Members against whom evidence E5 or E6 was recorded: one proof each is enough.</summary>
    public ReplicaSet Accused { get; set; }

    public Prng Random { get; }

    /// <summary>Lanes by author. One worker per author in this version; the format has room for more.</summary>
    public IReadOnlyList<LaneState> Lanes => _lanes;

    public LaneState Own => _lanes[Self.Value];

    /// <summary>The lane, or null for one of another epoch, an unknown author or an unknown worker.</summary>
    public LaneState? Find(LaneId id) =>
        id.Epoch == Committee.Epoch && id.Worker == 0 && Committee.Has(id.Author) ? _lanes[id.Author.Value] : null;

    /// <summary>A line of the protocol trace, when traces are wanted. Rule L is lanes in general.</summary>
    public void Trace(List<ReplicaEffect> effects, string rule, string text)
    {
        if (Options.IsTraced) effects.Add(new ReplicaEffect.Trace(rule, Slot.Zero, text));
    }

    /// <summary>R with jitter, so that members do not re-send in step.</summary>
    public int ResendMs() => Options.ResendMs + Random.Below((Options.ResendMs / 8) + 1);
}
