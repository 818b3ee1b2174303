using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// The committees of a run, epoch by epoch. Where ordering decides they are noted here as the first node has them; the checker <see cref="HandOvers"/>
/// compares. Otherwise they are drawn from the seed, so that all nodes derive the same ones: at a boundary at most f members join, leave,
/// rotate keys or lose their seat; the others may get other seats. No committee has more faulty members, empty seats counted, than it stands.
/// </summary>
public sealed class SimulatedCommittees
{
    private readonly RunSettings _settings;
    private readonly SimulatedSignatures _signatures;
    private readonly List<SeatPlan> _plans = [];

    // Generations of the keys that each node used last; a key is used by one member in one stretch of epochs.
    private readonly (int Vote, int Node)[] _generations;

    public SimulatedCommittees(RunSettings settings, SimulatedSignatures signatures)
    {
        _settings = settings;
        _signatures = signatures;
        _generations = new (int, int)[settings.NodeCount];
        var seats = new SimulatedSeat[settings.Quorum.N];
        for (int i = 0; i < seats.Length; i++) seats[i] = Seat(new NodeId(i));
        _plans.Add(new SeatPlan(Epoch.Zero, settings.Quorum, seats));
    }

    /// <summary>The plan of an epoch that begins or has begun.</summary>
    public SeatPlan Of(Epoch epoch)
    {
        while ((ulong)_plans.Count <= epoch.Value)
        {
            Invariant.Check(!_settings.Changes.IsOrdered, "ordering has decided who serves an epoch before anybody enters it");
            _plans.Add(Draw(_plans[^1]));
        }

        return _plans[(int)epoch.Value];
    }

    /// <summary>The plan of an epoch as ordering decided it at a node.</summary>
    public SeatPlan Decided(CommitteePlan plan)
    {
        var seats = new SimulatedSeat[plan.Members.Count];
        for (int i = 0; i < seats.Length; i++) seats[i] = _signatures.SeatWith(plan.Members[i]) ?? SimulatedSeat.Empty;
        var decided = new SeatPlan(plan.Epoch, plan.Quorum, seats);
        if ((ulong)_plans.Count == plan.Epoch.Value) _plans.Add(decided);
        return decided;
    }

    /// <summary>Keys of a node that it has not used: another vote key, another node key or both; null when the run has no more for it.</summary>
    public SimulatedKeys? NewKeys(NodeId node, bool isVote, bool isNode)
    {
        if (!Renew(node, isVote, isNode)) return null;
        (int vote, int own) = _generations[node.Value];
        return _signatures.KeysOf(node, vote, own);
    }

    /// <summary>Who has a seat in an epoch; null for an empty one, and in an epoch that nobody has entered: a damaged message may name any.</summary>
    public NodeId? NodeAt(Epoch epoch, ReplicaId seat) => epoch.Value < (ulong)_plans.Count ? Of(epoch).NodeAt(seat) : null;

    /// <summary>Whether a node that goes on with a seat does so with another key.</summary>
    public bool IsRotation(NodeId node, Epoch epoch)
    {
        if (epoch == Epoch.Zero || Of(epoch).SeatOf(node) is not { } seat) return false;
        SeatPlan before = Of(new Epoch(epoch.Value - 1));
        return before.SeatOf(node) is { } old && before.Seats[old.Value].Keys != Of(epoch).Seats[seat.Value].Keys;
    }

    private SeatPlan Draw(SeatPlan before)
    {
        var epoch = new Epoch(before.Epoch.Value + 1);
        SeatPlan next = before with { Epoch = epoch };
        if (_settings.Changes.PerMille == 0) return next;
        var random = new Prng(_settings.Seed ^ 0xC0_3317_7EE5_0000UL ^ (epoch.Value << 48));
        int changes = random.Chance(_settings.Changes.PerMille) ? 1 + random.Below(before.Quorum.F) : 0;
        for (int i = 0; i < changes; i++)
        {
            if (Change(next, random) is { } changed && IsStandable(changed)) next = changed;
        }

        if (changes == 0 || random.Below(3) != 0) return next;
        SimulatedSeat[] shuffled = [.. next.Seats];
        random.Shuffle<SimulatedSeat>(shuffled);
        return next with { Seats = shuffled };
    }

    /// <summary>One change; null when the one drawn is not possible.</summary>
    private SeatPlan? Change(SeatPlan plan, Prng random)
    {
        var seats = plan.Seats.ToList();
        if (_settings.Disks.Count > 0 && random.Below(2) == 0)
        {
            // Whose disk fails comes back only with another vote key.
            NodeId failing = _settings.Disks[0].Member;
            if (plan.SeatOf(failing) is not { } failed || !Renew(failing, true, random.Below(2) == 0)) return null;
            seats[failed.Value] = Seat(failing);
            return plan with { Seats = seats };
        }

        int place = random.Below(seats.Count);
        SimulatedSeat seat = seats[place];
        switch (random.Below(4))
        {
            case 0 when seats.Count > QuorumLeast:
                seats.RemoveAt(place);
                break;
            case 0 or 1 when Unseated(plan, random) is { } joiner && seats.Count < _settings.MembersMax && Renew(joiner, true, true):
                seats.Insert(random.Below(seats.Count + 1), Seat(joiner));
                break;
            case 2 when seat.Node is { } node:
                int keys = 1 + random.Below(3);
                if (!Renew(node, (keys & 1) != 0, (keys & 2) != 0)) return null;
                seats[place] = Seat(node);
                break;
            case 3 when seat.Node is { } offender && _settings.IsLiar(offender):
                seats[place] = SimulatedSeat.Empty;
                break;
            default: return null;
        }

        return new SeatPlan(plan.Epoch, seats.Count == plan.Seats.Count ? plan.Quorum : QuorumParameters.ForMembers(seats.Count), seats);
    }

    private const int QuorumLeast = 4;

    /// <summary>Who lies, dies or is not there is within what the thresholds stand (consensus.md C9).</summary>
    private bool IsStandable(SeatPlan plan)
    {
        int faulty = 0;
        int dying = 0;
        foreach (SimulatedSeat seat in plan.Seats)
        {
            if (seat.Node is not { } node || _settings.IsLiar(node)) faulty++;
            else if (_settings.IsDying(node)) dying++;
        }

        (int n, int f, int p) = (plan.Quorum.N, plan.Quorum.F, plan.Quorum.P);
        int standable = n >= (3 * f) + (3 * p) + 1 ? f + p : f;
        return faulty <= f && faulty + dying <= standable;
    }

    private NodeId? Unseated(SeatPlan plan, Prng random)
    {
        var unseated = new List<NodeId>();
        for (int i = 0; i < _settings.NodeCount; i++)
        {
            if (plan.SeatOf(new NodeId(i)) is null) unseated.Add(new NodeId(i));
        }

        return unseated.Count == 0 ? null : unseated[random.Below(unseated.Count)];
    }

    /// <summary>New keys; false when the node has used up those that the run has for it.</summary>
    private bool Renew(NodeId node, bool isVote, bool isNode)
    {
        ref (int Vote, int Node) used = ref _generations[node.Value];
        if (int.Max(used.Vote, used.Node) + 1 >= SimulatedSignatures.Generations) return false;
        if (isVote) used.Vote++;
        if (isNode) used.Node++;
        return true;
    }

    private SimulatedSeat Seat(NodeId node)
    {
        (int vote, int own) = _generations[node.Value];
        return new SimulatedSeat(node, _signatures.KeysOf(node, vote, own));
    }
}
