using System.Buffers.Binary;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>Heights of a ledger as a function of their number, so that a rebuilt ledger must come out equal.</summary>
internal static class LedgerFixture
{
    public static readonly NamespaceId Namespace = new(7);

    public static LedgerHeight HeightOf(ulong number, int transactions = 2, bool isCheckpoint = false)
    {
        Height height = new(number);
        return new LedgerHeight(
            height,
            new byte[] { 1, (byte)number },
            new byte[] { 2, (byte)number },
            number % 5 == 0 ? new byte[] { 3 } : default,
            Enumerable.Range(0, transactions).Select(i => Id(number, i).Prefix).ToArray(),
            transactions == 0 ? [] : [(Id(number, 100_000).Prefix, 0)],
            [new(Namespace, number, height, Id(number, 200_000), new[] { (byte)number }, Array.Empty<byte>())],
            number % 3 == 0 ? [new(Id(number, 300_000), Namespace, height, 3)] : [],
            number % 7 == 0 ? [new(Id(number, 400_000), new byte[] { 7, (byte)number }, height)] : [],
            isCheckpoint);
    }

    public static Hash32 Id(ulong height, int place)
    {
        byte[] bytes = new byte[12];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, height);
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(8), place);
        return Sha.Of(bytes);
    }

    public static List<LedgerHeight> Heights(ulong from, ulong to, int transactions = 2)
    {
        List<LedgerHeight> heights = [];
        for (ulong number = from; number <= to; number++) heights.Add(HeightOf(number, transactions));
        return heights;
    }
}
