using System;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>Signs with one key. P-256 in a node; a deterministic stand-in in the simulator.</summary>
public interface ISigner
{
    Signature64 Sign(ReadOnlySpan<byte> text);
}

/// <summary>
/// Makes a replica's own statements: signs them with the right one of its two keys and hands them back as verified, because checking an own
/// signature proves nothing. Belongs to the shell; one thread at a time.
/// </summary>
public sealed class StatementSigner(SigningDomain domain, Epoch epoch, ReplicaId self, ISigner voteKey, ISigner nodeKey)
{
    private readonly CanonicalWriter _text = new(256);

    public Verified<Vote> Vote(Slot slot, VoteKind kind, BlockId value)
    {
        _text.Reset();
        Consensus.Vote.WriteSignedText(_text, domain, epoch, slot, kind, value);
        return new Verified<Vote>(new Vote(epoch, slot, kind, value, self, voteKey.Sign(_text.Written)));
    }

    public Verified<Proposal> Proposal(
        Block block, System.Collections.Generic.IReadOnlyList<ProofOfAvailability> proofs, Justification justification)
    {
        _text.Reset();
        Consensus.Proposal.WriteSignedText(_text, domain, epoch, block.Header.Slot, block.Id);
        return new Verified<Proposal>(new Proposal(block, voteKey.Sign(_text.Written), proofs, justification));
    }

    public Verified<ResultVote> Result(Height height, Hash32 resultHash)
    {
        _text.Reset();
        ResultVote.WriteSignedText(_text, domain, epoch, height, resultHash);
        return new Verified<ResultVote>(new ResultVote(epoch, height, resultHash, self, voteKey.Sign(_text.Written)));
    }

    public Verified<Ack> Ack(LaneTip tip, Height height)
    {
        _text.Reset();
        Consensus.Ack.WriteSignedText(_text, domain, tip, height);
        return new Verified<Ack>(new Ack(tip, self, height, nodeKey.Sign(_text.Written)));
    }

    /// <summary>An own batch: its signature is the author's Ack at the height named.</summary>
    public Verified<Batch> Batch(BatchHeader header, Height height, BatchBody body)
    {
        Verified<Ack> ack = Ack(header.Tip, height);
        return new Verified<Batch>(Consensus.Batch.Own(header, height, ack.Value.Signature, body));
    }

    public Verified<ViewReport> Report(L1View view)
    {
        _text.Reset();
        ViewReport.WriteSignedText(_text, domain, epoch, view.Number, view.Hash, view.InputsDigest);
        return new Verified<ViewReport>(new ViewReport(epoch, self, view.Number, view.Hash, view.InputsDigest, nodeKey.Sign(_text.Written)));
    }

    public Status Status(Slot finalSlot, BlockId final, Slot current)
    {
        _text.Reset();
        Consensus.Status.WriteSignedText(_text, domain, epoch, finalSlot, final, current);
        return new Status(epoch, self, finalSlot, final, current, nodeKey.Sign(_text.Written));
    }
}
