using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>Signs in the name of the own seat of whichever epoch a statement belongs to. Each loop has its own: a signer is for one thread at a time.</summary>
public sealed class EpochSigners(NodeEpochs epochs, SigningDomain domain, NodeKeys keys)
{
    private readonly Dictionary<Epoch, StatementSigner> _signers = [];

    /// <summary>Signers kept at once. 4: the present epoch's and those of ended ones that owe something.</summary>
    private const int Kept = 4;

    /// <summary>Signs in the name of the own seat of an epoch.</summary>
    /// <exception cref="InvariantException">There is none: nothing asks a node to sign where it has no seat.</exception>
    public StatementSigner Of(Epoch epoch)
    {
        if (_signers.TryGetValue(epoch, out StatementSigner? signer)) return signer;
        if (epochs.Of(epoch) is not { Self: { } self } part)
            throw new InvariantException($"nothing is signed in epoch {epoch}, in which there is no own seat");
        if (_signers.Count == Kept) _signers.Remove(_signers.Keys.Min());
        CommitteeMember seat = part.Committee[self];
        return _signers[epoch] = new StatementSigner(domain, epoch, self, keys.SignerOf(seat.VoteKey), keys.SignerOf(seat.NodeKey));
    }
}
