using System.Buffers;
using System.Security.Cryptography;

namespace SharedSeq.Primitives;

/// <summary>
/// SHA-256 in one call, without allocation. Made for very many small inputs (see <see cref="OpenSslSha"/>).
/// </summary>
public static class Sha
{
    public static Hash32 Of(ReadOnlySpan<byte> bytes) =>
        OpenSslSha.IsAvailable ? OpenSslSha.Hash(bytes, default) : ByPlatform(bytes);

    /// <summary>
    /// SHA-256 over two parts one after the other, such as a prefix on the stack and a payload where it lies.
    /// </summary>
    public static Hash32 Of(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second) =>
        OpenSslSha.IsAvailable ? OpenSslSha.Hash(first, second) : ByPlatform(first, second);

    /// <summary>The same by the platform's own call.</summary>
    internal static Hash32 ByPlatform(ReadOnlySpan<byte> bytes)
    {
        Span<byte> digest = stackalloc byte[Hash32.Size];
        SHA256.HashData(bytes, digest);
        return new Hash32(digest);
    }

    internal static Hash32 ByPlatform(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        int length = checked(first.Length + second.Length);
        byte[] joined = ArrayPool<byte>.Shared.Rent(length);
        first.CopyTo(joined);
        second.CopyTo(joined.AsSpan(first.Length));
        Hash32 hash = ByPlatform(joined.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(joined);
        return hash;
    }
}
