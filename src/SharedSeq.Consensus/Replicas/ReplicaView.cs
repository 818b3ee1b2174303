using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>How one member did as leader and session, counted since this replica started.</summary>
/// <param name="Member">The member.</param>
/// <param name="SlotsLed">Its slots whose first certificate was a block's.</param>
/// <param name="SlotsSkipped">Its slots whose first certificate was skip's.</param>
/// <param name="SlotsTimedOut">Its slots in which this replica's timer ran out.</param>
/// <param name="SeenInSlot">A slot it is known to have entered.</param>
/// <param name="IsConnected">Whether its session is up, as far as the shell said.</param>
public readonly record struct MemberView(
    ReplicaId Member, ulong SlotsLed, ulong SlotsSkipped, ulong SlotsTimedOut, Slot SeenInSlot, bool IsConnected);

/// <summary>Where a replica is: a copy for status and metrics, safe to hand to other threads.</summary>
/// <param name="Current">cur.</param>
/// <param name="Leader">The leader of cur.</param>
/// <param name="FinalSlot">Slot of the last commit.</param>
/// <param name="Final">The last commit.</param>
/// <param name="Ordered">The newest block handed to the lanes; behind Final while headers are missing.</param>
/// <param name="Archived">The newest height known to be archived.</param>
/// <param name="FastCommits">Commits by First votes.</param>
/// <param name="SlowCommits">Commits by Final votes.</param>
/// <param name="SlotsHeld">Slots in memory.</param>
/// <param name="OutOfWindow">Votes and proposals dropped because their slot is too far ahead.</param>
/// <param name="EvidenceWaiting">Evidence not in a committed block yet.</param>
/// <param name="IsHalted">Agreement was found broken.</param>
/// <param name="Members">By ReplicaId.</param>
public sealed record ReplicaView(
    Slot Current, ReplicaId Leader, Slot FinalSlot, BlockId Final, BlockId Ordered, Height Archived, ulong FastCommits, ulong SlowCommits,
    int SlotsHeld, ulong OutOfWindow, int EvidenceWaiting, bool IsHalted, IReadOnlyList<MemberView> Members)
{
    internal static ReplicaView Of(ReplicaState state)
    {
        var members = new MemberView[state.Committee.Count];
        for (int i = 0; i < members.Length; i++)
        {
            var id = new ReplicaId((ushort)i);
            PeerRecord peer = state.Peers[id];
            members[i] = new MemberView(id, peer.SlotsLed, peer.SlotsSkipped, peer.SlotsTimedOut, peer.Entered, peer.IsConnected);
        }

        return new ReplicaView(
            state.Current, state.Committee.LeaderOf(state.Current), state.LastFinalSlot, state.LastFinal, state.Chain.Ordered,
            state.Chain.Archived, state.FastCommits, state.SlowCommits, state.Slots.Count, state.OutOfWindow, state.Evidence.WaitingCount,
            state.IsHalted, members);
    }
}
