using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Networking;
using SharedSeq.Primitives;

namespace SharedSeq.Node.Tests.Actors;

/// <summary>What actors need of the committee of genesis, seen from its first seat.</summary>
internal static class CommitteeParts
{
    public static NodeEpochs NewEpochs(this TestCommittee committee) =>
        new(committee.Genesis, new P256Scheme(), _ => new ReplicaId(0), key => PeerOf(committee, key));

    /// <summary>Peers are numbered by their seats.</summary>
    private static PeerId? PeerOf(TestCommittee committee, PublicKey64 key)
    {
        for (ushort i = 1; i < committee.Genesis.Members.Count; i++)
        {
            if (committee.Genesis.Members[i].NodeKey == key) return new PeerId(i);
        }

        return null;
    }

    public static Epochs NewReplica(this TestCommittee committee, ReplicaOptions options, IReadOnlyList<DurableRecord> log)
    {
        NodeEpochs epochs = committee.NewEpochs();
        DeliveredTip genesis = DeliveredTip.Genesis(committee.Genesis.Hash, committee.Genesis.Timestamp);
        return new Epochs(options, epochs.Recover(genesis, Epoch.Zero, null), new RecoveredState(log, genesis, []));
    }

    public static EpochResults NewResults(this TestCommittee committee)
    {
        NodeEpochs epochs = committee.NewEpochs();
        var results = new EpochResults(epochs, _ => committee[0]);
        results.Begin(epochs.Present);
        return results;
    }
}
