using SharedSeq.Core.Tests.Vectors;
using SharedSeq.Primitives;

namespace SharedSeq.Fuzz.Tests;

/// <summary>What decoders are fed from besides made values: the vectors that pin the formats.</summary>
internal static class Samples
{
    public delegate T Reader<out T>(ref CanonicalReader reader);

    /// <summary>All vectors of a file whose name begins or ends so, for example "proof of".</summary>
    public static byte[][] Vectors(string file, Func<string, bool> isWanted) =>
        [.. VectorFile.Read(file).Where(item => isWanted(item.Key)).Select(item => item.Value)];

    public static byte[] TestFile(params string[] path) =>
        File.ReadAllBytes(Path.Combine([VectorFile.RepositoryRoot, .. path]));

    /// <summary>Decode and encode again with a value's own two sides.</summary>
    public static Func<byte[], byte[]?> Strict<T>(Reader<T> read, Action<T, CanonicalWriter> write, Action<T>? use = null) => input =>
    {
        var reader = new CanonicalReader(input);
        T value = read(ref reader);
        reader.End("value");
        use?.Invoke(value);
        return Bytes(writer => write(value, writer));
    };

    public static byte[] Bytes(Action<CanonicalWriter> write)
    {
        var writer = new CanonicalWriter();
        write(writer);
        return writer.ToArray();
    }
}
