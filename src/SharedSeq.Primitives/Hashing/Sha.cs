using System.Security.Cryptography;

namespace SharedSeq.Primitives;

/// <summary>SHA-256 in one call, on the caller's stack.</summary>
public static class Sha
{
    public static Hash32 Of(ReadOnlySpan<byte> bytes)
    {
        Span<byte> digest = stackalloc byte[Hash32.Size];
        SHA256.HashData(bytes, digest);
        return new Hash32(digest);
    }
}
