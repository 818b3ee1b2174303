using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// Links between all pairs of members: delay, loss, duplication, reordering, cuts. Before stabilisation all of it may happen; afterwards every
/// message arrives within the stable conditions' longest delay. A part of the messages travels as bytes through the real codec.
/// </summary>
public sealed class SimulatedNetwork
{
    private readonly SimulatedSchedule _schedule;
    private readonly Prng _random;
    private readonly int _members;
    private readonly int _codecPerMille;
    private readonly long[] _lastArrivalUs;
    private readonly bool[] _isCut;
    private readonly IReadOnlyList<SimulatedNode> _nodes;
    private NetworkConditions _conditions;

    /// <param name="schedule">Simulated time.</param>
    /// <param name="random">Decides delays and faults.</param>
    /// <param name="members">Number of nodes.</param>
    /// <param name="conditions">How it behaves at first.</param>
    /// <param name="codecPerMille">Messages that are encoded and decoded on the way, per mille.</param>
    /// <param name="nodes">By NodeId; filled before the first message.</param>
    public SimulatedNetwork(
        SimulatedSchedule schedule, Prng random, int members, NetworkConditions conditions, int codecPerMille,
        IReadOnlyList<SimulatedNode> nodes)
    {
        _schedule = schedule;
        _random = random;
        _members = members;
        _conditions = conditions;
        _codecPerMille = codecPerMille;
        _nodes = nodes;
        _lastArrivalUs = new long[members * members];
        _isCut = new bool[members * members];
    }

    public long SentCount { get; private set; }

    public long LostCount { get; private set; }

    /// <summary>From now on the network behaves like this; what is under way keeps the delay it was given.</summary>
    public void Change(NetworkConditions conditions)
    {
        _conditions = conditions;
        Array.Clear(_lastArrivalUs);
    }

    /// <summary>Nothing sent from one to the other arrives until <see cref="HealAll"/>; the other direction is not touched.</summary>
    public void Cut(NodeId from, NodeId to) => _isCut[Link(from, to)] = true;

    public void HealAll() => Array.Clear(_isCut);

    /// <summary>Sends one message, or a ping when it is null.</summary>
    public void Send(NodeId from, NodeId to, PeerMessage? message)
    {
        if (_conditions.CommitLossPerMille > 0 && IsCommitLost(message))
        {
            SentCount++;
            LostCount++;
            return;
        }

        int copies = CopiesOf(from, to);
        for (int i = 0; i < copies; i++)
        {
            long arrival = ArrivalOf(from, to);
            if (message is not null && _random.Chance(_codecPerMille)) Transmit(from, to, message.Encode(), arrival);
            else _schedule.At(arrival, () => _nodes[to.Value].OnArrival(from, message));
        }
    }

    private bool IsCommitLost(PeerMessage? message) => message switch
    {
        Vote { VoteKind: VoteKind.Final } or CommitProof => _random.Chance(_conditions.CommitLossPerMille),
        Vote { VoteKind: VoteKind.First } => _random.Chance(2 * _conditions.CommitLossPerMille / 3),
        _ => false,
    };

    /// <summary>Sends bytes, which need not be a message.</summary>
    public void SendFrame(NodeId from, NodeId to, byte[] frame)
    {
        int copies = CopiesOf(from, to);
        for (int i = 0; i < copies; i++) Transmit(from, to, frame, ArrivalOf(from, to));
    }

    private void Transmit(NodeId from, NodeId to, byte[] frame, long arrivalUs) =>
        _schedule.At(arrivalUs, () => _nodes[to.Value].OnFrame(from, frame));

    /// <summary>0 when the message is lost, 2 when it is duplicated.</summary>
    private int CopiesOf(NodeId from, NodeId to)
    {
        SentCount++;
        if (_isCut[Link(from, to)] || _random.Chance(_conditions.LossPerMille))
        {
            LostCount++;
            return 0;
        }

        return _conditions.DuplicatePerMille > 0 && _random.Chance(_conditions.DuplicatePerMille) ? 2 : 1;
    }

    private long ArrivalOf(NodeId from, NodeId to)
    {
        long delay = _random.Between(_conditions.DelayMinUs, _conditions.DelayMaxUs);
        if (_conditions.StragglerPerMille > 0 && _random.Chance(_conditions.StragglerPerMille)) delay *= _random.Between(2, 10);
        if (to == _conditions.Laggard) delay *= _conditions.LaggardFactor;
        long arrival = _schedule.NowUs + delay;
        if (_conditions.Reorders) return arrival;
        int link = Link(from, to);
        arrival = long.Max(arrival, _lastArrivalUs[link]);
        return _lastArrivalUs[link] = arrival;
    }

    private int Link(NodeId from, NodeId to) => (from.Value * _members) + to.Value;
}
