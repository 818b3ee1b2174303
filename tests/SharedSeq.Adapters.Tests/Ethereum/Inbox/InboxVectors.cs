using System.Buffers.Binary;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.Tests.Ethereum;

/// <summary>
/// What the inbox on a real EVM said and stored (tests/SharedSeq.Core.Tests/Vectors/forced-inbox.txt, made with cast and anvil by the script beside it).
/// </summary>
internal static class InboxVectors
{
    /// <summary>An ordinary rollup, and the largest id there is.</summary>
    public static readonly NamespaceId[] Namespaces = [new(901), new(ulong.MaxValue)];

    private static readonly Dictionary<string, byte[]> Values = File
        .ReadLines(Path.Combine(AppContext.BaseDirectory, "Ethereum", "Inbox", "forced-inbox.txt"))
        .Where(line => !line.StartsWith('#'))
        .Select(line => line.Split(" = "))
        .ToDictionary(parts => parts[0], parts => Convert.FromHexString(parts[1]));

    public static int Entries => Values.Keys.Count(name => name.StartsWith("entry.", StringComparison.Ordinal)) / 2;

    public static byte[] Bytes(string name) => Values[name];

    public static Hash32 Word(string name) => new(Values[name]);

    public static EvmAddress Address(string name) => new(Values[name]);

    public static ulong U64(string name) => BinaryPrimitives.ReadUInt64BigEndian(Values[name]);

    public static Hash32[] Topics(int entry) => [.. Bytes($"entry.{entry}.topics").Chunk(Hash32.Size).Select(word => new Hash32(word))];

    public static byte[] LogBytes(int entry) => (byte[])Bytes($"entry.{entry}.data").Clone();

    public static ForcedInboxLog Log(int entry)
    {
        Assert.True(ForcedInboxLog.TryRead(Topics(entry), LogBytes(entry), out ForcedInboxLog? log, out ForcedLogRejection rejection), rejection.ToString());
        return log;
    }
}
