using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// The outcome of executing a committed height (ordering.md 4). Every replica computes the same bytes; q signatures over its hash are the result
/// certificate, the one thing a tenant, a light client or L1 checks.
/// </summary>
/// <param name="Epoch">The epoch of the height.</param>
/// <param name="Height">The committed height.</param>
/// <param name="BlockHash">The committed block's hash: the certificate implies the commit.</param>
/// <param name="NamespacesRoot">Commitment over every namespace's newest block and open-block prefix, sorted by namespace.</param>
/// <param name="EffectsRoot">H(effectsRoot of the height below || effects of this one): a later certificate covers the heights before it.</param>
/// <param name="AuctionRoot">Root over auction transcripts; zero without auctions.</param>
/// <param name="StateRoot">Root of the whole ordering state at checkpoints, zero elsewhere.</param>
/// <param name="NextCommitteeHash">The next committee at boundary heights, zero elsewhere.</param>
public sealed record BlockResult(
    Epoch Epoch, Height Height, Hash32 BlockHash, Hash32 NamespacesRoot, Hash32 EffectsRoot, Hash32 AuctionRoot, Hash32 StateRoot,
    Hash32 NextCommitteeHash)
{
    /// <summary>SHA-256("SharedSeq.result" || encoding).</summary>
    public Hash32 Hash
    {
        get
        {
            var writer = new CanonicalWriter(232);
            writer.Raw("SharedSeq.result"u8);
            Write(writer);
            return Sha.Of(writer.Written);
        }
    }

    public void Write(CanonicalWriter writer)
    {
        writer.U64(Epoch.Value);
        writer.U64(Height.Value);
        writer.Hash(BlockHash);
        writer.Hash(NamespacesRoot);
        writer.Hash(EffectsRoot);
        writer.Hash(AuctionRoot);
        writer.Hash(StateRoot);
        writer.Hash(NextCommitteeHash);
    }

    public static BlockResult Read(ref CanonicalReader reader) =>
        new(new Epoch(reader.U64()), new Height(reader.U64()), reader.Hash(), reader.Hash(), reader.Hash(), reader.Hash(), reader.Hash(),
            reader.Hash());
}
