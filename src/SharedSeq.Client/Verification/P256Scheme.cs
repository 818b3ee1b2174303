using System.Collections.Concurrent;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>ECDSA P-256 over SHA-256 with the platform's key objects cached: importing a key for each check would cost three times the check.</summary>
public sealed class P256Scheme : ISignatureScheme
{
    /// <summary>Keys kept; committees are small, and keys come from genesis or verified state only.</summary>
    private const int MaxKeys = 4 * QuorumParameters.MaxMembers;
    private readonly ConcurrentDictionary<PublicKey64, P256PublicKey?> _keys = new();

    public bool Verify(PublicKey64 key, ReadOnlySpan<byte> text, Signature64 signature)
    {
        if (!_keys.TryGetValue(key, out P256PublicKey? known))
        {
            if (_keys.Count >= MaxKeys) _keys.Clear();
            P256PublicKey.TryImport(key, out known, out _);
            _keys[key] = known;
        }

        return known is not null && known.Verify(text, signature);
    }
}
