using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>A certificate held, and whether it is in the vote log.</summary>
internal sealed class HeldCertificate(Notarization certificate)
{
    public Notarization Certificate { get; } = certificate;

    public bool IsLogged { get; set; }
}

/// <summary>A block held, whether it is in the vote log, and what a carry block takes from its ancestors once that is known.</summary>
internal sealed class HeldBlock(Block block)
{
    public Block Block { get; } = block;

    public bool IsLogged { get; set; }

    public ResolvedBlock? Resolved { get; set; }
}

/// <summary>
/// Timestamp, cut and L1 view of a block, for a carry block those of its nearest other ancestor, and how far the epoch goes on its chain.
/// </summary>
internal sealed record ResolvedBlock(TimestampMs Timestamp, IReadOnlyList<LaneTip> Cut, EpochSpan Epoch, L1View View)
{
    /// <summary>The same of a child.</summary>
    public ResolvedBlock Of(Block child)
    {
        Header header = child.Header;
        return header.IsCarry
            ? this
            : new ResolvedBlock(header.Timestamp, header.Tips, Epoch.After(header.Height, header.Timestamp), child.Payload.L1View);
    }
}

/// <summary>The leader's block for a slot as it arrived first, or as this leader made it.</summary>
/// <param name="Block">The block.</param>
/// <param name="Signature">The leader's, for evidence; zero while an own proposal is not signed yet.</param>
/// <param name="Proofs">The PoAs that came with it and verify.</param>
/// <param name="IsEvidenceVerified">Every item of evidence in its payload verifies.</param>
/// <param name="AreReportsVerified">Its payload carries q view reports, and all verify.</param>
/// <param name="IsOwn">This replica leads the slot.</param>
internal sealed record Candidate(
    Block Block, Signature64 Signature, IReadOnlyList<Verified<ProofOfAvailability>> Proofs, bool IsEvidenceVerified, bool AreReportsVerified, bool IsOwn);

/// <summary>Everything about one slot above the last commit.</summary>
internal sealed class SlotState(Slot slot, QuorumParameters quorum)
{
    private readonly List<HeldCertificate> _certificates = new(1);
    private readonly List<HeldBlock> _blocks = new(1);
    private readonly List<Vote> _ownVotes = new(2);
    private readonly List<BlockId> _ownExtras = [];

    public Slot Slot { get; } = slot;

    public VotePool Pool { get; } = new(quorum);

    public IReadOnlyList<HeldCertificate> Certificates => _certificates;

    public IReadOnlyList<HeldBlock> Blocks => _blocks;

    /// <summary>Own votes that are signed and durable.</summary>
    public IReadOnlyList<Vote> OwnVotes => _ownVotes;

    /// <summary>Own First as decided: set before it is durable, so that it is never decided twice.</summary>
    public BlockId? OwnFirst { get; set; }

    public BlockId? OwnFinal { get; set; }

    /// <summary>When R7 may cast the Final; null until everything else allows it.</summary>
    public long? FinalAtMs { get; set; }

    public IReadOnlyList<BlockId> OwnExtras => _ownExtras;

    public Candidate? Candidate { get; set; }

    /// <summary>A second proposal's block is held too.</summary>
    public bool IsConflictHeld { get; set; }

    /// <summary>The own proposal once it is signed and durable.</summary>
    public Proposal? OwnProposal { get; set; }

    public bool IsProposed { get; set; }

    /// <summary>Something changed since the rules were last evaluated for this slot.</summary>
    public bool IsDirty { get; set; }

    public bool HasOwnVote => OwnFirst is not null || OwnFinal is not null;

    public Notarization? SkipCertificate => FindCertificate(BlockId.Skip)?.Certificate;

    public bool HasBlockCertificate
    {
        get
        {
            foreach (HeldCertificate held in _certificates)
            {
                if (!held.Certificate.Value.IsSkip) return true;
            }

            return false;
        }
    }

    public HeldCertificate? FindCertificate(BlockId value)
    {
        foreach (HeldCertificate held in _certificates)
        {
            if (held.Certificate.Value == value) return held;
        }

        return null;
    }

    public HeldCertificate AddCertificate(Notarization certificate)
    {
        var held = new HeldCertificate(certificate);
        _certificates.Add(held);
        return held;
    }

    public HeldBlock? FindBlock(BlockId id)
    {
        foreach (HeldBlock held in _blocks)
        {
            if (held.Block.Id == id) return held;
        }

        return null;
    }

    public HeldBlock AddBlock(Block block)
    {
        if (FindBlock(block.Id) is { } found) return found;
        var held = new HeldBlock(block);
        _blocks.Add(held);
        return held;
    }

    public bool HasOwnExtra(BlockId value) => _ownExtras.Contains(value);

    public void AddOwnExtra(BlockId value) => _ownExtras.Add(value);

    public void AddOwnVote(Vote vote) => _ownVotes.Add(vote);
}
