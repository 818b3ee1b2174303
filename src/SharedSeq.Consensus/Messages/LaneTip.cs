using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>A place in a lane: the batch with this sequence and digest, and with it the whole lane up to there.</summary>
public readonly record struct LaneTip(LaneId Lane, BatchSeq Seq, Hash32 Digest)
{
    public const int Size = 12 + 8 + Hash32.Size;

    public void Write(CanonicalWriter writer)
    {
        writer.Lane(Lane);
        writer.U64(Seq.Value);
        writer.Hash(Digest);
    }

    public static LaneTip Read(ref CanonicalReader reader) => new(reader.Lane(), new BatchSeq(reader.U64()), reader.Hash());
}
