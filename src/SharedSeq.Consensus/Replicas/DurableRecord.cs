using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Kind byte of a vote log record. Values are pinned.</summary>
public enum DurableRecordKind : byte
{
    OwnVote = 1,
    OwnProposal = 2,
    BlockHeld = 3,
    CertificateHeld = 4,
    FinalHeld = 5,
    OwnResultVote = 6,
    L1InputsHeld = 7,
}

/// <summary>One record of the vote log: a decision, never an input. A restart loads them in order; it does not replay history (consensus.md 5).</summary>
public abstract record DurableRecord
{
    private DurableRecord()
    {
    }

    public abstract DurableRecordKind Kind { get; }

    /// <summary>(a) An own vote. Appended by the shell when it carries out CastVote.</summary>
    public sealed record OwnVote(Vote Vote) : DurableRecord
    {
        public override DurableRecordKind Kind => DurableRecordKind.OwnVote;
    }

    /// <summary>(b) An own proposal with full content. Appended by the shell when it carries out CastProposal.</summary>
    public sealed record OwnProposal(Proposal Proposal) : DurableRecord
    {
        public override DurableRecordKind Kind => DurableRecordKind.OwnProposal;
    }

    /// <summary>(d) A header with its payload, before any vote for it.</summary>
    public sealed record BlockHeld(Block Block) : DurableRecord
    {
        public override DurableRecordKind Kind => DurableRecordKind.BlockHeld;
    }

    /// <summary>(c), (e) A certificate that let the replica enter a slot or cast a final vote.</summary>
    public sealed record CertificateHeld(Notarization Certificate) : DurableRecord
    {
        public override DurableRecordKind Kind => DurableRecordKind.CertificateHeld;
    }

    /// <summary>(g) The newest commit proof.</summary>
    public sealed record FinalHeld(CommitProof Proof) : DurableRecord
    {
        public override DurableRecordKind Kind => DurableRecordKind.FinalHeld;
    }

    /// <summary>An own result vote: E7 must not arise from a restart.</summary>
    public sealed record OwnResultVote(ResultVote Vote) : DurableRecord
    {
        public override DurableRecordKind Kind => DurableRecordKind.OwnResultVote;
    }

    /// <summary>The inputs of a block that advances the L1 view, before the First vote for it (V6).</summary>
    public sealed record L1InputsHeld(Epoch Epoch, L1Inputs Inputs) : DurableRecord
    {
        public override DurableRecordKind Kind => DurableRecordKind.L1InputsHeld;
    }

    public void Write(CanonicalWriter writer)
    {
        switch (this)
        {
            case OwnVote r: r.Vote.Write(writer); break;
            case OwnProposal r: r.Proposal.Write(writer); break;
            case BlockHeld r: r.Block.Write(writer); break;
            case CertificateHeld r: r.Certificate.Write(writer); break;
            case FinalHeld r: r.Proof.Write(writer); break;
            case OwnResultVote r: r.Vote.Write(writer); break;
            case L1InputsHeld r:
                writer.U64(r.Epoch.Value);
                r.Inputs.Write(writer);
                break;
            default: Invariant.Throw("a durable record of no known kind"); break;
        }
    }

    public static DurableRecord Read(DurableRecordKind kind, ref CanonicalReader reader)
    {
        switch (kind)
        {
            case DurableRecordKind.OwnVote: return new OwnVote(Vote.Read(ref reader));
            case DurableRecordKind.OwnProposal: return new OwnProposal(Proposal.Read(ref reader));
            case DurableRecordKind.BlockHeld: return new BlockHeld(Block.Read(ref reader));
            case DurableRecordKind.CertificateHeld: return new CertificateHeld(Notarization.Read(ref reader));
            case DurableRecordKind.FinalHeld: return new FinalHeld(CommitProof.Read(ref reader));
            case DurableRecordKind.OwnResultVote: return new OwnResultVote(ResultVote.Read(ref reader));
            case DurableRecordKind.L1InputsHeld: return new L1InputsHeld(new Epoch(reader.U64()), L1Inputs.Read(ref reader));
            default:
                DecodeException.Throw(DecodeRejection.UnknownValue, $"vote log record kind {(byte)kind}");
                return null!;
        }
    }
}
