using System.Runtime.InteropServices;

namespace SharedSeq.Primitives;

/// <summary>
/// secp256k1 by the installed libsecp256k1 with its recovery module (Debian: libsecp256k1-1). Callers have checked all
/// ranges: the library aborts the process on a recovery id that does not exist.
/// </summary>
internal static unsafe class Secp256k1Native
{
    // Values of secp256k1.h: context for signing and verifying, uncompressed public keys.
    private const uint ContextFlags = 0x301;
    private const uint Uncompressed = 2;

    // Opaque structures of secp256k1.h and secp256k1_recovery.h.
    private const int PublicKeyBytes = 64;
    private const int RecoverableSignatureBytes = 65;

    private const string SignatureFunction = "secp256k1_ecdsa_recoverable_signature_";
    private static readonly string[] Names = ["libsecp256k1.so.1", "libsecp256k1.so.2"];

    private static readonly delegate* unmanaged[Cdecl]<void*, byte*, byte*, int, int> ParseSignature;
    private static readonly delegate* unmanaged[Cdecl]<void*, byte*, byte*, byte*, int> Recover;
    private static readonly delegate* unmanaged[Cdecl]<void*, byte*, byte*, byte*, void*, void*, int> SignRecoverable;
    private static readonly delegate* unmanaged[Cdecl]<void*, byte*, int*, byte*, int> SerializeSignature;
    private static readonly delegate* unmanaged[Cdecl]<void*, byte*, nuint*, byte*, uint, int> SerializeKey;
    private static readonly void* Context;

#pragma warning disable CA1810 // The function pointers are one group that is found or missing together.
    static Secp256k1Native()
#pragma warning restore CA1810
    {
        foreach (string name in Names)
        {
            if (!NativeLibrary.TryLoad(name, out nint library)) continue;
            if (!NativeLibrary.TryGetExport(library, "secp256k1_context_create", out nint create) ||
                !NativeLibrary.TryGetExport(library, SignatureFunction + "parse_compact", out nint parse) ||
                !NativeLibrary.TryGetExport(library, "secp256k1_ecdsa_recover", out nint recover) ||
                !NativeLibrary.TryGetExport(library, "secp256k1_ecdsa_sign_recoverable", out nint sign) ||
                !NativeLibrary.TryGetExport(library, SignatureFunction + "serialize_compact", out nint compact) ||
                !NativeLibrary.TryGetExport(library, "secp256k1_ec_pubkey_serialize", out nint serialize))
            {
                continue;
            }

            ParseSignature = (delegate* unmanaged[Cdecl]<void*, byte*, byte*, int, int>)parse;
            Recover = (delegate* unmanaged[Cdecl]<void*, byte*, byte*, byte*, int>)recover;
            SignRecoverable = (delegate* unmanaged[Cdecl]<void*, byte*, byte*, byte*, void*, void*, int>)sign;
            SerializeSignature = (delegate* unmanaged[Cdecl]<void*, byte*, int*, byte*, int>)compact;
            SerializeKey = (delegate* unmanaged[Cdecl]<void*, byte*, nuint*, byte*, uint, int>)serialize;
            Context = ((delegate* unmanaged[Cdecl]<uint, void*>)create)(ContextFlags);
            return;
        }
    }

    public static bool IsAvailable => Context is not null;

    public static bool TryRecover(Hash32 hash, Hash32 r, Hash32 s, byte parity, Span<byte> publicKey64)
    {
        byte* message = stackalloc byte[Hash32.Size];
        byte* compact = stackalloc byte[2 * Hash32.Size];
        byte* signature = stackalloc byte[RecoverableSignatureBytes];
        byte* key = stackalloc byte[PublicKeyBytes];
        byte* encoded = stackalloc byte[65];
        hash.CopyTo(new Span<byte>(message, Hash32.Size));
        r.CopyTo(new Span<byte>(compact, Hash32.Size));
        s.CopyTo(new Span<byte>(compact + Hash32.Size, Hash32.Size));
        if (ParseSignature(Context, signature, compact, parity) == 0) return false;
        if (Recover(Context, key, signature, message) == 0) return false;
        nuint length = 65;
        if (SerializeKey(Context, encoded, &length, key, Uncompressed) == 0) return false;
        new ReadOnlySpan<byte>(encoded + 1, 64).CopyTo(publicKey64);
        return true;
    }

    public static EvmSignature Sign(Hash32 hash, ReadOnlySpan<byte> secret)
    {
        byte* message = stackalloc byte[Hash32.Size];
        byte* signature = stackalloc byte[RecoverableSignatureBytes];
        byte* compact = stackalloc byte[2 * Hash32.Size];
        hash.CopyTo(new Span<byte>(message, Hash32.Size));
        int recoveryId;
        fixed (byte* key = secret)
        {
            // Without a nonce function the library takes its own, which is RFC 6979; its signatures always have low s.
            int isSigned = SignRecoverable(Context, signature, message, key, null, null);
            Invariant.Check(isSigned == 1, "a checked secret signs");
        }

        SerializeSignature(Context, compact, &recoveryId, signature);
        Invariant.Check(recoveryId is 0 or 1, "r of a nonce point is below the group order");
        return new EvmSignature(
            new Hash32(new ReadOnlySpan<byte>(compact, Hash32.Size)),
            new Hash32(new ReadOnlySpan<byte>(compact + Hash32.Size, Hash32.Size)),
            (byte)recoveryId);
    }
}
