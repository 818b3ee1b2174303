using System.Collections.Generic;
using System.Text;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>What a namespace accepts (ordering.md 1). Values are pinned.</summary>
public enum AdmissionKind : byte
{
    /// <summary>Any bytes. validUntil is required and bounds how long an id is remembered, so replay is excluded with bounded memory.</summary>
    Opaque = 1,

    /// <summary>Signed EVM transactions. validUntil is 0; the nonce protects execution, equal payloads are dropped for a few seconds only.</summary>
    Evm = 2,
}

/// <summary>Which L1 block a namespace's blocks cite (ordering.md 2). Constant zero until the network follows an L1. Values are pinned.</summary>
public enum L1OriginMode : byte
{
    /// <summary>The newest adopted L1 view.</summary>
    Latest = 1,

    /// <summary>At most one origin further per block (OP Stack).</summary>
    StepOne = 2,
}

/// <summary>What happens to blocks that are due together after a pause of the network. Values are pinned.</summary>
public enum TimeGaps : byte
{
    /// <summary>Every due block is built, empty where nothing waits: block times have no gaps (OP Stack needs that).</summary>
    Fill = 1,

    /// <summary>
    /// When more blocks are due than one height may close, the times between are left out and the next block has the last due time. For
    /// rollups that do not need every block time: a network that was off for a night does not owe them hundreds of thousands of empty blocks.
    /// </summary>
    Jump = 2,
}

/// <summary>The terms of one namespace. Part of genesis; a change is a new policy version.</summary>
public sealed record NamespacePolicy
{
    /// <summary>UTF-8 bytes of a name.</summary>
    public const int MaxNameBytes = 64;

    /// <summary>Least byte cap: the largest transaction must fit, else it would hold up its namespace for good.</summary>
    public const ulong MinByteCap = BatchBody.MaxPayloadBytes + BatchBody.RecordOverhead;

    /// <summary>Largest byte cap, 1 GiB: block sizes and queue lengths stay within 31 bits.</summary>
    public const ulong MaxByteCap = 1UL << 30;

    /// <summary>Longest block time, one hour.</summary>
    public const uint MaxBlockTimeMs = 3_600_000;

    /// <summary>By convention the rollup's EVM chain id; never 0.</summary>
    public required NamespaceId Id { get; init; }

    /// <summary>Shown to people; lower-case letters, digits and hyphens.</summary>
    public required string Name { get; init; }

    public required AdmissionKind Admission { get; init; }

    /// <summary>The chain id that signed transactions must name; 0 for opaque namespaces.</summary>
    public ulong EvmChainId { get; init; }

    /// <summary>Milliseconds of committed time between blocks; 0 = a block at each height with something for the namespace.</summary>
    public uint BlockTimeMs { get; init; }

    public TimeGaps TimeGaps { get; init; } = TimeGaps.Fill;

    public L1OriginMode L1Origin { get; init; } = L1OriginMode.Latest;

    /// <summary>Record bytes in one namespace block. Default 8 MiB: what a subscriber takes in as one piece.</summary>
    public ulong ByteCap { get; init; } = 8 * 1024 * 1024;

    /// <summary>Weight when namespaces compete for the bytes of a height. Default 1.</summary>
    public uint Share { get; init; } = 1;

    /// <summary>Sum of declared gas limits in one block; 0 = none. Keep it equal to the execution client's block gas limit.</summary>
    public ulong GasCap { get; init; }

    /// <summary>
    /// Who attests execution: operators of genesis by their seats there, which go on being meant when seats move; null = every operator. Whoever joins
    /// later attests where this is null, or none of those named has a seat any more.
    /// </summary>
    public ReplicaSet? Attesters { get; init; }

    /// <summary>Whether the policy names an operator for an attester.</summary>
    public bool Attests(OperatorId id) => Attesters is not { } set || (id.Value < QuorumParameters.MaxMembers && set.Has(new ReplicaId((ushort)id.Value)));

    public void Write(CanonicalWriter writer)
    {
        writer.U64(Id.Value);
        writer.Bytes(Encoding.UTF8.GetBytes(Name));
        writer.Byte((byte)Admission);
        writer.U64(EvmChainId);
        writer.U32(BlockTimeMs);
        writer.Byte((byte)TimeGaps);
        writer.Byte((byte)L1Origin);
        writer.U64(ByteCap);
        writer.U32(Share);
        writer.U64(GasCap);
        writer.Bool(Attesters is not null);
        if (Attesters is not { } set) return;
        writer.U64((ulong)(set.Bits >> 64));
        writer.U64((ulong)set.Bits);
    }

    public static NamespacePolicy Read(ref CanonicalReader reader)
    {
        var policy = new NamespacePolicy
        {
            Id = new NamespaceId(reader.U64()),
            Name = Encoding.UTF8.GetString(reader.Bytes(MaxNameBytes, "namespace name")),
            Admission = (AdmissionKind)reader.Byte(),
            EvmChainId = reader.U64(),
            BlockTimeMs = reader.U32(),
            TimeGaps = (TimeGaps)reader.Byte(),
            L1Origin = (L1OriginMode)reader.Byte(),
            ByteCap = reader.U64(),
            Share = reader.U32(),
            GasCap = reader.U64(),
        };
        return reader.Bool() ? policy with { Attesters = new ReplicaSet(new System.UInt128(reader.U64(), reader.U64())) } : policy;
    }

    /// <summary>Everything wrong with these terms in a committee of <paramref name="members"/>; empty when they are usable.</summary>
    public IReadOnlyList<SettingFault> Faults(int members)
    {
        var faults = new List<SettingFault>();
        void Check(bool holds, string field, string why)
        {
            if (!holds) faults.Add(new SettingFault(field, why));
        }

        Check(Id != NamespaceId.System, "id", "0 is the system namespace");
        Check(IsName(Name), "name", $"1 to {MaxNameBytes} lower-case letters, digits and hyphens");
        Check(Admission is AdmissionKind.Opaque or AdmissionKind.Evm, "admission", "opaque or evm");
        Check(Admission != AdmissionKind.Evm || EvmChainId != 0, "evmChainId", "required with evm admission");
        Check(Admission == AdmissionKind.Evm || EvmChainId == 0, "evmChainId", "only with evm admission");
        Check(BlockTimeMs <= MaxBlockTimeMs, "blockTimeMs", $"at most {MaxBlockTimeMs}");
        Check(TimeGaps is TimeGaps.Fill or TimeGaps.Jump, "timeGaps", "fill or jump");
        Check(L1Origin is L1OriginMode.Latest or L1OriginMode.StepOne, "l1Origin", "latest or stepOne");
        Check(ByteCap is >= MinByteCap and <= MaxByteCap, "byteCap", $"{MinByteCap} to {MaxByteCap} bytes");
        Check(Share is >= 1 and <= 1_000_000, "share", "1 to 1000000");
        Check(Admission == AdmissionKind.Evm || GasCap == 0, "gasCap", "only with evm admission");
        Check(Attesters is not { } set || (set.Count > 0 && set.Except(ReplicaSet.All(members)).Count == 0),
            "attesters", "operators of the committee, at least one");
        return faults;
    }

    private static bool IsName(string name)
    {
        if (name.Length is 0 or > MaxNameBytes) return false;
        foreach (char c in name)
        {
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-')) return false;
        }

        return true;
    }
}

/// <summary>One setting that is out of its range, and why.</summary>
public readonly record struct SettingFault(string Field, string Why)
{
    public override string ToString() => $"{Field}: {Why}";
}
