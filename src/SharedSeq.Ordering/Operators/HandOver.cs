using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>Why a hand-over is refused. Values are stable.</summary>
public enum HandOverRejection
{
    None = 0,

    /// <summary>It does not lead from the epoch whose committee is trusted to the one after it.</summary>
    WrongEpoch = 1,

    /// <summary>The result names no next committee: its height is not the last of an epoch.</summary>
    NotABoundary = 2,

    /// <summary>The committee shown is not the one that the result names, or not the one that is known to serve the epoch.</summary>
    OtherCommittee = 3,

    /// <summary>Fewer than q signatures of the committee that hands over.</summary>
    TooFewSignatures = 4,

    /// <summary>Signed by somebody outside that committee.</summary>
    UnknownMember = 5,

    /// <summary>A signature does not verify.</summary>
    BadSignature = 6,

    /// <summary>More epochs than a chain holds; a later checkpoint leads on.</summary>
    TooManyEpochs = 7,

    /// <summary>The checkpoint that is trusted instead of the genesis has not been shown yet, or is later than this.</summary>
    BeforeCheckpoint = 8,
}

/// <summary>
/// What leads from one committee to the next (consensus.md 8): q members of an epoch certify the result of its boundary, which names the committee of the
/// epoch after it. The boundary's block is that epoch's genesis.
/// </summary>
/// <param name="Next">Who serves the epoch after the boundary's.</param>
/// <param name="Boundary">The certified result of the boundary.</param>
public sealed record HandOver(CommitteePlan Next, ResultCertificate Boundary)
{
    /// <summary>Bytes of the largest: 128 members with a certificate signed by all of them.</summary>
    public const int MaxBytes = HandOverResponse.MaxHandOverBytes;

    /// <summary>Bytes of the smallest: a plan of one member, a result, one signature.</summary>
    public const int MinBytes = 16 + (2 * PublicKey64.Size) + 208 + 2;

    /// <summary>The epoch that hands over.</summary>
    public Epoch Ended => Boundary.Result.Epoch;

    /// <summary>Names it, and with it the next committee and where its epoch starts: what a verifier may be given as a checkpoint.</summary>
    public Hash32 Checkpoint => Boundary.Result.Hash;

    /// <summary>The next committee. Nobody's word but the hand-over's own: a <see cref="CommitteeChain"/> checks it first.</summary>
    public Committee Committee => Next.Committee(Boundary.Result.BlockHash);

    /// <summary>Whether the committee that is trusted hands over by it.</summary>
    /// <param name="verifier">Of the committee of the epoch that ended.</param>
    public HandOverRejection Check(MessageVerifier verifier)
    {
        if (Ended != verifier.Committee.Epoch) return HandOverRejection.WrongEpoch;
        HandOverRejection reason = CheckNaming();
        if (reason != HandOverRejection.None) return reason;
        return verifier.TryVerify(Boundary, out _) switch
        {
            VerificationRejection.None => HandOverRejection.None,
            VerificationRejection.UnknownMember => HandOverRejection.UnknownMember,
            VerificationRejection.TooFewSignatures => HandOverRejection.TooFewSignatures,
            _ => HandOverRejection.BadSignature,
        };
    }

    /// <summary>Whether the result names this committee for the epoch after its own; signatures are not looked at.</summary>
    internal HandOverRejection CheckNaming()
    {
        if (Ended.Value == ulong.MaxValue || Next.Epoch.Value != Ended.Value + 1) return HandOverRejection.WrongEpoch;
        if (Boundary.Result.NextCommitteeHash == Hash32.Zero) return HandOverRejection.NotABoundary;
        return Next.Hash == Boundary.Result.NextCommitteeHash ? HandOverRejection.None : HandOverRejection.OtherCommittee;
    }

    public void Write(CanonicalWriter writer)
    {
        Next.Write(writer);
        Boundary.Write(writer);
    }

    /// <exception cref="DecodeException">The bytes do not begin with a hand-over.</exception>
    public static HandOver Read(ref CanonicalReader reader) => new(CommitteePlan.Read(ref reader), ResultCertificate.Read(ref reader));

    public byte[] Encode()
    {
        var writer = new CanonicalWriter(1_024);
        Write(writer);
        return writer.ToArray();
    }

    /// <exception cref="DecodeException">The bytes are not exactly one hand-over.</exception>
    public static HandOver Decode(System.ReadOnlySpan<byte> bytes)
    {
        var reader = new CanonicalReader(bytes);
        HandOver handOver = Read(ref reader);
        reader.End("hand-over");
        return handOver;
    }
}
