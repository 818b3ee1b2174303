using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>What has to happen before what an operator asked for takes effect. Names are those of the public interface.</summary>
public enum OperatorStep
{
    /// <summary>Nothing waits.</summary>
    Settled = 1,

    /// <summary>The candidate has not said that it is in step.</summary>
    SayReady = 2,

    /// <summary>It takes effect when the next epoch begins: that committee is fixed.</summary>
    NextEpoch = 3,

    /// <summary>It takes effect an epoch later, as things stand: that committee is fixed when the next epoch begins.</summary>
    EpochAfterNext = 4,

    /// <summary>It waits for room: at most f changes from one committee to the next, four members at least, and as many as a cut has room for.</summary>
    Room = 5,
}

/// <summary>Where one operator stands.</summary>
/// <param name="Operator">The operator.</param>
/// <param name="Seat">Its seat in the present epoch.</param>
/// <param name="NextSeat">Its seat in the next epoch.</param>
/// <param name="Step">What has to happen next.</param>
/// <param name="Keys">The keys of its seat in the present epoch; without one, those it will have.</param>
/// <param name="NewKeys">Other keys that it serves with later; the next committee, fixed an epoch ahead, may name them already.</param>
public readonly record struct OperatorOutlook(
    Operator Operator, ReplicaId? Seat, ReplicaId? NextSeat, OperatorStep Step, CommitteeMember Keys, CommitteeMember? NewKeys);

/// <content>What operators wait for.</content>
public sealed partial class OperatorRegistry
{
    /// <summary>Every operator by number, with what has to happen next if nobody says anything more.</summary>
    public OperatorOutlook[] Outlook()
    {
        CommitteeSeats next = Next ?? Present;
        (CommitteeSeats after, _) = CommitteeSelection.Select(_genesis, next, _operators);
        var outlook = new OperatorOutlook[_operators.Length];
        for (int i = 0; i < outlook.Length; i++)
        {
            Operator item = _operators[i];
            CommitteeMember serving = KeysIn(Present, item.Id) ?? item.Keys;
            CommitteeMember? fresh = item.NewKeys ?? (item.Keys == serving ? null : item.Keys);
            outlook[i] = new OperatorOutlook(item, Present.SeatOf(item.Id), next.SeatOf(item.Id), StepOf(item, next, after), serving, fresh);
        }

        return outlook;
    }

    private OperatorStep StepOf(Operator item, CommitteeSeats next, CommitteeSeats after)
    {
        if (item.State == OperatorState.Candidate) return OperatorStep.SayReady;
        CommitteeMember? keys = KeysIn(next, item.Id);
        if (KeysIn(Present, item.Id) != keys) return OperatorStep.NextEpoch;
        if (keys != KeysIn(after, item.Id)) return OperatorStep.EpochAfterNext;
        return item.State == OperatorState.Member && item.NewKeys is null ? OperatorStep.Settled : OperatorStep.Room;
    }

    private static CommitteeMember? KeysIn(CommitteeSeats seats, OperatorId id) => seats.SeatOf(id) is { } seat ? seats.Plan.Members[seat.Value] : null;
}

/// <summary>When a candidate may say that it is in step.</summary>
public static class OperatorReadiness
{
    /// <summary>Heights that a node may be behind the newest one it has heard of: less than a second under load.</summary>
    public const ulong LagHeightsMax = 256;

    /// <summary>
    /// The checkpoint to name in a Ready statement; null as long as there is nothing to say: the key is no candidate's, the node is behind, or no checkpoint
    /// that still counts has been certified.
    /// </summary>
    /// <param name="registry">Operators after the newest height ordered here.</param>
    /// <param name="voteKey">The own vote key.</param>
    /// <param name="ordered">The newest height ordered here.</param>
    /// <param name="certified">The newest height whose certified result equals the own one.</param>
    /// <param name="newest">The newest committed height this node has heard of.</param>
    public static OperatorCheckpoint? CheckpointToName(
        OperatorRegistry registry, PublicKey64 voteKey, Height ordered, Height certified, Height newest)
    {
        if (registry.Find(voteKey) is not { State: OperatorState.Candidate }) return null;
        if (newest.Value > ordered.Value + LagHeightsMax) return null;
        OperatorCheckpoint? named = null;
        foreach (OperatorCheckpoint checkpoint in registry.Checkpoints)
        {
            if (checkpoint.Height <= certified) named = checkpoint;
        }

        return named;
    }
}
