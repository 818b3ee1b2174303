using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace SharedSeq.Primitives;

/// <summary>An account as the state trie holds it.</summary>
/// <param name="Nonce">Transactions it has sent, or contracts it has created.</param>
/// <param name="Balance">Wei.</param>
/// <param name="StorageRoot">The root of its storage.</param>
/// <param name="CodeHash">The hash of its code; that of no bytes for an account without.</param>
public sealed record EvmAccount(ulong Nonce, BigInteger Balance, Hash32 StorageRoot, Hash32 CodeHash)
{
    /// <summary>What an account that does not exist is taken for.</summary>
    public static readonly EvmAccount None = new(0, BigInteger.Zero, PatriciaTrie.EmptyRoot, Keccak256.Of([]));

    /// <summary>The account that a state root has at an address; <see cref="None"/> where it proves that there is none.</summary>
    public static PatriciaRejection TryProve(
        Hash32 stateRoot, EvmAddress address, IReadOnlyList<byte[]> nodes, [NotNullWhen(true)] out EvmAccount? account)
    {
        account = null;
        PatriciaRejection rejection = PatriciaProof.Verify(stateRoot, address.ToArray(), nodes, out byte[] value);
        if (rejection != PatriciaRejection.None) return rejection;
        if (value.Length == 0)
        {
            account = None;
            return PatriciaRejection.None;
        }

        var outer = new RlpReader(value);
        if (!outer.TryList(out RlpReader items) || !outer.AtEnd || !items.TryU64(out ulong nonce) ||
            !items.TryU256(out BigInteger balance) || !items.TryFixed(Hash32.Size, out ReadOnlySpan<byte> storageRoot) ||
            !items.TryFixed(Hash32.Size, out ReadOnlySpan<byte> codeHash) || !items.AtEnd)
        {
            return PatriciaRejection.MalformedValue;
        }

        account = new EvmAccount(nonce, balance, new Hash32(storageRoot), new Hash32(codeHash));
        return PatriciaRejection.None;
    }

    /// <summary>The word in a slot of this account's storage; zero where its root proves that there is none.</summary>
    public PatriciaRejection TryProveSlot(Hash32 slot, IReadOnlyList<byte[]> nodes, out Hash32 word)
    {
        word = default;
        PatriciaRejection rejection = PatriciaProof.Verify(StorageRoot, slot.ToArray(), nodes, out byte[] value);
        if (rejection != PatriciaRejection.None || value.Length == 0) return rejection;
        var reader = new RlpReader(value);
        // Zero is never stored: such a slot is not in the trie.
        return reader.TryWord(out word) && reader.AtEnd && !word.IsZero ? PatriciaRejection.None : PatriciaRejection.MalformedValue;
    }
}
