using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// What the world does to the committee before stabilisation: crashes and restarts, cuts, clock jumps, deaths. At stabilisation everything heals,
/// in the shape the run was given, and stays healed.
/// </summary>
public sealed class EnvironmentFaults(SimulatedRun run, Prng random)
{
    private const long MinuteUs = 60_000_000;

    private readonly (Epoch Epoch, Slot Slot)[] _highestFirst = new (Epoch, Slot)[run.Settings.NodeCount];
    private long _armedUs;
    private bool _isStabilised;

    /// <summary>Stabilisation has begun: no new fault from now on.</summary>
    public bool IsStabilised => _isStabilised;

    private RunSettings Settings => run.Settings;

    private long EndUs => Settings.StabilisationMs * 1_000L;

    public void Start()
    {
        foreach (SimulatedNode node in run.Nodes)
        {
            // Joiners come at any time; whoever is seated and not there is missed as if it had crashed.
            long startUs = random.Between(0, node.Id.Value < Settings.Quorum.N ? 100_000 : EndUs);
            run.Schedule.At(startUs, node.Start);
        }

        Plan(Settings.RestartsPerMinute, RestartOne);
        Plan(Settings.CutsPerMinute, CutSome);
        if (Settings.ClockErrorMs > 0) Plan(60, JumpOne);
        if (Settings.Shape == RunShape.RestartStorm) Plan(1_200, RestartOne);
        if (Settings.Shape == RunShape.PowerCutAfterJump) PlanIsolations();
        foreach (DyingMember dying in Settings.Dying)
            run.Schedule.At(dying.AtMs * 1_000L, run.Nodes[dying.Member.Value].DieForGood);
        foreach (FailingDisk failing in Settings.Disks)
        {
            SimulatedNode node = run.Nodes[failing.Member.Value];
            run.Schedule.At(failing.SavedMs * 1_000L, node.SaveDisk);
            run.Schedule.At(failing.AtMs * 1_000L, () => node.FailDisk(failing.Fault));
            run.Schedule.At((failing.AtMs + failing.DownMs) * 1_000L, node.Start);
        }

        run.Schedule.At(EndUs, Stabilise);
    }

    /// <summary>Enters so many events a minute at random times before stabilisation.</summary>
    private void Plan(int perMinute, Action action)
    {
        if (perMinute == 0) return;
        for (long at = random.Between(0, 2 * MinuteUs / perMinute); at < EndUs; at += random.Between(1, 2 * MinuteUs / perMinute))
            run.Schedule.At(at, action);
    }

    private void RestartOne()
    {
        if (_isStabilised) return;
        SimulatedNode node = run.Nodes[random.Below(run.Nodes.Count)];
        if (!node.IsUp) return;
        Restart(node, random.Between(1_000, random.Below(4) == 0 ? 800_000 : 60_000));
    }

    private void Restart(SimulatedNode node, long downUs)
    {
        node.Crash();
        run.Coverage.Restarts++;
        run.Schedule.After(downUs, node.Start);
    }

    /// <summary>Cuts a random group off, in both directions or in one, for a while.</summary>
    private void CutSome()
    {
        if (_isStabilised) return;
        int n = run.Nodes.Count;
        bool isOneWay = random.Below(3) == 0;
        ulong group = random.NextU64();
        for (int i = 0; i < n; i++)
        {
            for (int j = 0; j < n; j++)
            {
                bool isAcross = (group >> i & 1) != 0 && (group >> j & 1) == 0;
                if (!isAcross) continue;
                run.Network.Cut(new NodeId(i), new NodeId(j));
                if (!isOneWay) run.Network.Cut(new NodeId(j), new NodeId(i));
            }
        }

        run.Schedule.After(random.Between(20_000, 1_500_000), run.Network.HealAll);
    }

    /// <summary>Everything honest members sign; what the power cut after a jump waits for.</summary>
    public void OnSigned(NodeId by, PeerMessage statement)
    {
        if (Settings.Shape != RunShape.PowerCutAfterJump) return;
        if (statement is not Vote { VoteKind: VoteKind.First } vote || !run.Nodes[by.Value].IsHonest) return;
        ref (Epoch Epoch, Slot Slot) highest = ref _highestFirst[by.Value];
        if (vote.Epoch > highest.Epoch) highest = (vote.Epoch, Slot.Zero);
        bool isJump = vote.Slot > highest.Slot.Next() && vote.Slot > run.Nodes[by.Value].FinalSlot.Plus(2);
        if (vote.Epoch == highest.Epoch && vote.Slot > highest.Slot) highest.Slot = vote.Slot;
        if (isJump && run.Schedule.NowUs >= _armedUs) run.Schedule.After(0, Stabilise);
    }

    /// <summary>One honest member is alone for a few slots, again and again.</summary>
    private void PlanIsolations()
    {
        var member = new NodeId(random.Below(run.Nodes.Count));
        while (!run.Nodes[member.Value].IsHonest) member = new NodeId(random.Below(run.Nodes.Count));
        _armedUs = random.Between(0, EndUs / 2);
        long at = _armedUs;
        while (at < EndUs)
        {
            run.Schedule.At(at, () => Isolate(member));
            at += random.Between(1_000, 6_000L * Settings.Replica.SlotTimeoutMs);
            run.Schedule.At(at, run.Network.HealAll);
            at += random.Between(1_000, 2_000L * Settings.Replica.SlotTimeoutMs);
        }
    }

    private void Isolate(NodeId member)
    {
        if (_isStabilised) return;
        foreach (SimulatedNode node in run.Nodes)
        {
            run.Network.Cut(node.Id, member);
            run.Network.Cut(member, node.Id);
        }
    }

    private void JumpOne()
    {
        if (_isStabilised) return;
        SimulatedNode node = run.Nodes[random.Below(run.Nodes.Count)];
        node.Clock.Jump(random.Between(-Settings.ClockErrorMs, Settings.ClockErrorMs));
    }

    private void Stabilise()
    {
        if (_isStabilised) return;
        _isStabilised = true;
        run.Network.HealAll();
        run.Network.Change(Settings.After);
        foreach (SimulatedNode node in run.Nodes) node.Clock.Synchronise(random.Between(-100, 100));
        run.Trace.Line($"{run.Schedule.NowUs} stabilisation {Settings.Shape}");
        if (Settings.Shape is RunShape.PowerCut or RunShape.PowerCutAfterJump)
        {
            foreach (SimulatedNode node in run.Nodes)
            {
                if (!node.IsUp) continue;
                node.Crash();
                run.Coverage.Restarts++;
            }
        }

        foreach (SimulatedNode node in run.Nodes) run.Schedule.After(random.Between(0, 50_000), node.Start);
        run.Schedule.After(50_001, () => run.IsStable = true);
    }
}
