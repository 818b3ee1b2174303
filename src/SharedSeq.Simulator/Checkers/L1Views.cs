using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// In runs that follow an L1: every view that an honest replica delivers is the true chain's, further on by what the policy allows, and comes with the
/// true inputs. Honest members report what they saw for longer than the cooldown, honest leaders advance by q reports, honest voters keep to V4. What was
/// finalized at stabilisation is adopted everywhere, as long as L1 can be read.
/// </summary>
public sealed class L1Views(SimulatedRun run) : Checker(run)
{
    private readonly SortedDictionary<NodeId, L1View> _delivered = [];
    private readonly Dictionary<(NodeId, int), L1View> _adopted = [];
    private ulong? _owed;

    public override bool IsWaiting => _owed is { } owed && Run.Nodes.Any(node => Owes(node, owed));

    public override void OnDelivered(SimulatedNode node, CommittedBlock block)
    {
        if (Run.L1 is not { } l1 || !node.IsHonest) return;
        L1View before = BeforeOf(node, block);
        L1View view = block.View;
        _delivered[node.Id] = view;
        if (view == before && block.Inputs.IsNone) return;
        if (view.Number <= before.Number || view.Number - before.Number > (ulong)Run.Settings.Replica.L1!.MaxAdvance)
            Violate($"replica {node.Id} goes from {before} to {view} at height {block.Height}");
        else if (view != l1.ViewOf(view.Number)) Violate($"replica {node.Id} adopts {view} at height {block.Height}, L1 is at {l1.ViewOf(view.Number)}");
        else if (!block.Inputs.Leads(before, view)) Violate($"replica {node.Id} delivers height {block.Height} without the inputs up to {view}");
        Run.Coverage.ViewsAdopted++;
        if (view.Number > before.Number + 1) Run.Coverage.ViewsSkipped++;
    }

    public override void OnSigned(NodeId by, PeerMessage statement)
    {
        if (Run.L1 is null || !Run.Nodes[by.Value].IsHonest) return;
        if (statement is Proposal { Block: { Payload.Reports.Count: > 0 and var count } block } && count < ReportsOf(block.Header.Epoch))
            Violate($"replica {by} advances the view by {count} reports");
        if (statement is not ViewReport report || Run.Nodes[by.Value].ToldUs(report.Number) is not { } toldUs) return;

        // Clocks drift by half a per cent at most, and count whole milliseconds.
        long cooldownUs = (Run.Settings.Replica.L1!.CooldownMs * 995L) - 2_000;
        long seenUs = Run.Schedule.NowUs - toldUs;
        if (seenUs < cooldownUs) Violate($"replica {by} reports L1 block {report.Number} {seenUs} us after it saw it");
    }

    public override void OnMoment()
    {
        if (Run.L1 is not { } l1) return;
        foreach (SimulatedNode node in Run.Nodes) CheckAdopted(node, l1);
        if (!Run.IsStable || _owed is not null) return;
        _owed = Run.Settings.L1!.DownAtMs > 0 ? 0 : l1.HeadAt(Run.Schedule.NowUs / 1_000);
    }

    public override void OnEnd()
    {
        if (_owed is not { } owed) return;
        foreach (SimulatedNode node in Run.Nodes)
        {
            if (Owes(node, owed)) Violate($"L1 block {owed} was final at stabilisation, and replica {node.Id} is at {ViewOf(node)}");
        }
    }

    /// <summary>What a replica has committed, whether or not it can deliver it.</summary>
    private void CheckAdopted(SimulatedNode node, SimulatedL1 l1)
    {
        if (!node.IsHonest || node.Replica is not { } replica) return;
        L1View view = replica.AdoptedView;
        if (_adopted.TryGetValue((node.Id, node.Starts), out L1View? before) && view.Number < before.Number)
            Violate($"replica {node.Id} commits {view} after {before}");
        else if (view.Number > l1.HeadAt(Run.Schedule.NowUs / 1_000) || view != l1.ViewOf(view.Number))
            Violate($"replica {node.Id} commits {view}, which is not L1's");
        _adopted[(node.Id, node.Starts)] = view;
    }

    /// <summary>q, whatever a mutant takes it for.</summary>
    private int ReportsOf(Epoch epoch)
    {
        QuorumParameters quorum = Run.Committees.Of(epoch).Quorum;
        return quorum.N - quorum.F - quorum.P;
    }

    private L1View BeforeOf(SimulatedNode node, CommittedBlock block) => block.Height == Height.Zero.Next()
        ? SimulatedL1.Start
        : node.Disk.Archive.Records[(int)block.Height.Value - 2].View;

    private bool Owes(SimulatedNode node, ulong owed) => node.IsHonest && !node.IsDead && ViewOf(node).Number < owed;

    private L1View ViewOf(SimulatedNode node) => _delivered.GetValueOrDefault(node.Id) ?? SimulatedL1.Start;
}
