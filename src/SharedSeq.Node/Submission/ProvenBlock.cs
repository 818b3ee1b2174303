using SharedSeq.Consensus;

namespace SharedSeq.Node;

/// <summary>A delivered height with what proves its commit: its header, its descendants' up to the one with a commit proof, and that proof.</summary>
public sealed record ProvenBlock(CommittedBlock Committed, IReadOnlyList<Header> Headers, CommitProof Proof);

/// <summary>Pairs delivered heights with commit proofs: nearly every height has its own; one without waits for the next that has.</summary>
public sealed class CommitProofPairing
{
    private readonly List<CommittedBlock> _waiting = [];

    /// <summary>Takes the next height; gives the heights that are proven by now, ascending.</summary>
    public IReadOnlyList<ProvenBlock> Add(CommittedBlock block)
    {
        _waiting.Add(block);
        if (block.Proof is null) return [];
        Header[] headers = [.. _waiting.Select(waiting => waiting.Block.Header)];
        var proven = new ProvenBlock[headers.Length];
        for (int i = 0; i < proven.Length; i++) proven[i] = new ProvenBlock(_waiting[i], new ArraySegment<Header>(headers)[i..], block.Proof);
        _waiting.Clear();
        return proven;
    }
}
