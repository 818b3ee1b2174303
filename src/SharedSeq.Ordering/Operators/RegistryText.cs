using System;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>
/// What keys of operators sign for the registry on L1 (docs/protocol/l1-operators.md); OperatorKeys.sol builds the same bytes. Bound to the L1 chain and the
/// registry's address, so to one network. No text of consensus begins like these: behind "SharedSeq" those have a version of two bytes.
/// </summary>
public static class RegistryText
{
    /// <summary>
    /// A key's proof of possession, for one owner: "SharedSeq.operatorKey" || role u8 || chain id u64 || registry || owner || key.
    /// </summary>
    /// <param name="l1ChainId">Chain id of the L1.</param>
    /// <param name="registry">Address of the registry there.</param>
    /// <param name="owner">The account that registers the key; nobody else's copy of the signature is worth anything.</param>
    /// <param name="role"><see cref="StatementRole.VoteKey"/> or <see cref="StatementRole.NodeKey"/>.</param>
    /// <param name="key">The key that signs.</param>
    public static byte[] KeyProof(ulong l1ChainId, EvmAddress registry, EvmAddress owner, StatementRole role, PublicKey64 key)
    {
        if (role is not (StatementRole.VoteKey or StatementRole.NodeKey))
            throw new ArgumentException($"a key is registered to vote or as node, not {role}", nameof(role));
        var writer = new CanonicalWriter(160);
        writer.Raw("SharedSeq.operatorKey"u8);
        writer.Byte((byte)role);
        writer.U64(l1ChainId);
        registry.CopyTo(writer.Reserve(EvmAddress.Size));
        owner.CopyTo(writer.Reserve(EvmAddress.Size));
        writer.PublicKey(key);
        return writer.ToArray();
    }

    /// <summary>
    /// What the node key signs to have its operator's seat emptied at the next epoch: "SharedSeq.operatorRemoval" || chain id u64 || registry || number u32.
    /// </summary>
    /// <param name="l1ChainId">Chain id of the L1.</param>
    /// <param name="registry">Address of the registry there.</param>
    /// <param name="id">The operator's number.</param>
    public static byte[] Removal(ulong l1ChainId, EvmAddress registry, OperatorId id)
    {
        var writer = new CanonicalWriter(64);
        writer.Raw("SharedSeq.operatorRemoval"u8);
        writer.U64(l1ChainId);
        registry.CopyTo(writer.Reserve(EvmAddress.Size));
        writer.U32(id.Value);
        return writer.ToArray();
    }
}
