using SharedSeq.Consensus;

namespace SharedSeq.Simulator;

/// <summary>What a replica keeps stays within its stated limits, whatever its peers send.</summary>
public sealed class MemoryBounds(SimulatedRun run) : Checker(run)
{
    public override void OnMoment()
    {
        foreach (SimulatedNode node in Run.Nodes)
        {
            if (node.IsHonest && node.Replica is { } replica) Check(node, replica);
        }
    }

    private void Check(SimulatedNode node, Replica replica)
    {
        NodeId id = node.Id;
        int peers = Run.Nodes.Count - 1;
        long heldBytesMax = long.Min((long)peers * HeldMessages.BytesPerPeer, HeldMessages.BytesMax);
        if (node.HeldMessages > peers * HeldMessages.PerPeer || node.HeldMessageBytes > heldBytesMax)
            Violate($"replica {id} holds {node.HeldMessages} messages of {node.HeldMessageBytes} bytes for the next epoch");
        ReplicaView view = replica.View();
        ulong open = view.Current.Value - view.FinalSlot.Value;
        ulong slots = open + (ulong)Run.Settings.Replica.SlotWindow + 1;
        if ((ulong)view.SlotsHeld > slots)
            Violate($"replica {id} holds {view.SlotsHeld} slots; {open} are open and the window is {Run.Settings.Replica.SlotWindow}");
        int evidence = Enum.GetValues<EvidenceKind>().Length * Run.Settings.MembersMax * ((int)replica.Committee.Epoch.Value + 1);
        if (view.EvidenceWaiting > evidence) Violate($"replica {id} keeps {view.EvidenceWaiting} items of evidence, its limit is {evidence}");
        int heights = LaneLimits.UndeliveredHeights;
        if (replica.Lanes.UndeliveredHeights > heights)
            Violate($"replica {id} keeps {replica.Lanes.UndeliveredHeights} undelivered heights, its limit is {heights}");
        CheckLanes(node, replica);
    }

    /// <summary>Lanes of ended epochs are gone when no height can advance them any more, and each lane is bounded by its window.</summary>
    private void CheckLanes(SimulatedNode node, Replica replica)
    {
        int proofs = Run.Settings.Replica.LaneWindowBatches + 1;
        foreach (LaneState lane in replica.Lanes.Open)
        {
            if (lane.Epoch.IsEnded && lane.Ranges.Count == 0 && node.ExecutedHeight > lane.Epoch.ClosesAt)
                Violate($"replica {node.Id} at height {node.ExecutedHeight} still keeps lane {lane.Id}, which closed at {lane.Epoch.ClosesAt}");
            if (lane.Proofs.Count > proofs || lane.Waiting.Count > LaneLimits.ReorderBatches)
                Violate($"replica {node.Id} keeps {lane.Proofs.Count} PoAs and {lane.Waiting.Count} waiting batches of lane {lane.Id}");
        }
    }
}
