using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SharedSeq.Primitives;

/// <summary>
/// SHA-256 by OpenSSL's low-level functions. The platform's call goes through OpenSSL's provider layer, which costs
/// about 0.4 us each time: at 65 bytes (a Merkle node) five times the hashing itself, and every transaction is hashed
/// on every replica. Where the library or a function is missing, or a known answer fails, <see cref="IsAvailable"/> is
/// false and the platform's call serves; both give the same bytes.
/// </summary>
internal static unsafe class OpenSslSha
{
    // SHA256_CTX has 112 bytes in all versions since 0.9.8; the rest is room.
    private const int ContextBytes = 128;

    // Above this a call takes long enough that the garbage collector must not have to wait for it.
    private const int ShortBytes = 4096;

    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, int> Initialise;
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte*, nuint, int> UpdateShort;
    private static readonly delegate* unmanaged[Cdecl]<byte*, byte*, nuint, int> UpdateLong;
    private static readonly delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte*, int> Finish;

    static OpenSslSha()
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess) return;
        if (!NativeLibrary.TryLoad("libcrypto.so.3", out nint library)) return;
        if (!NativeLibrary.TryGetExport(library, "SHA256_Init", out nint initialise)) return;
        if (!NativeLibrary.TryGetExport(library, "SHA256_Update", out nint update)) return;
        if (!NativeLibrary.TryGetExport(library, "SHA256_Final", out nint finish)) return;
        Initialise = (delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, int>)initialise;
        UpdateShort = (delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte*, nuint, int>)update;
        UpdateLong = (delegate* unmanaged[Cdecl]<byte*, byte*, nuint, int>)update;
        Finish = (delegate* unmanaged[Cdecl, SuppressGCTransition]<byte*, byte*, int>)finish;
        IsAvailable = KnownAnswerHolds();
    }

    /// <summary>Whether <see cref="Hash"/> may be called.</summary>
    public static readonly bool IsAvailable;

    /// <summary>SHA-256 over the two parts one after the other; either may be empty.</summary>
    [SkipLocalsInit]
    public static Hash32 Hash(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second)
    {
        byte* context = stackalloc byte[ContextBytes];
        byte* digest = stackalloc byte[Hash32.Size];
        Initialise(context);
        Update(context, first);
        Update(context, second);
        Finish(digest, context);
        return new Hash32(new ReadOnlySpan<byte>(digest, Hash32.Size));
    }

    private static void Update(byte* context, ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty) return;
        fixed (byte* data = bytes)
        {
            if (bytes.Length <= ShortBytes) UpdateShort(context, data, (nuint)bytes.Length);
            else UpdateLong(context, data, (nuint)bytes.Length);
        }
    }

    private static bool KnownAnswerHolds()
    {
        Hash32 expected = Hash32.Parse("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        return Hash("ab"u8, "c"u8) == expected;
    }
}
