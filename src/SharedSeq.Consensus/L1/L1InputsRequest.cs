using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Asks for the inputs of the L1 blocks between two views that committed blocks cite one after the other. The views are named by their digests, which say
/// what the answer must be.
/// </summary>
public sealed class L1InputsRequest(Hash32 before, ulong number, Hash32 after) : PeerMessage
{
    public override MessageKind Kind => MessageKind.L1InputsRequest;

    /// <summary>InputsDigest of the view before.</summary>
    public Hash32 Before { get; } = before;

    /// <summary>Number of the L1 block after.</summary>
    public ulong Number { get; } = number;

    /// <summary>InputsDigest of the view after.</summary>
    public Hash32 After { get; } = after;

    public override void Write(CanonicalWriter writer)
    {
        writer.Hash(Before);
        writer.U64(Number);
        writer.Hash(After);
    }

    public static L1InputsRequest Read(ref CanonicalReader reader) => new(reader.Hash(), reader.U64(), reader.Hash());
}

/// <summary>The answer to an <see cref="L1InputsRequest"/>; none when they are not held. Whoever asked checks them against both views.</summary>
public sealed class L1InputsResponse(L1Inputs inputs) : PeerMessage
{
    public override MessageKind Kind => MessageKind.L1InputsResponse;

    public L1Inputs Inputs { get; } = inputs;

    public override void Write(CanonicalWriter writer) => Inputs.Write(writer);

    public static L1InputsResponse Read(ref CanonicalReader reader) => new(L1Inputs.Read(ref reader));
}
