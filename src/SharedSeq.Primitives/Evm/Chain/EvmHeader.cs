using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace SharedSeq.Primitives;

/// <summary>
/// A block header of Ethereum in any fork from Frontier to Osaka. Fields that a fork added are null before it; each
/// needs those above it, because the encoding has them by place.
/// </summary>
/// <remarks>Source: Ethereum Yellow Paper, section 4.4; EIP-1559, 4895, 4844, 4788, 7685.</remarks>
public sealed record EvmHeader
{
    /// <summary>Extra bytes a proof-of-stake block has at most.</summary>
    public const int ExtraBytesMax = 32;

    private const int NonceBytes = 8;

    public required Hash32 ParentHash { get; init; }

    public required Hash32 OmmersHash { get; init; }

    public required EvmAddress Beneficiary { get; init; }

    public required Hash32 StateRoot { get; init; }

    public required Hash32 TransactionsRoot { get; init; }

    public required Hash32 ReceiptsRoot { get; init; }

    public required LogsBloom LogsBloom { get; init; }

    public required BigInteger Difficulty { get; init; }

    public required ulong Number { get; init; }

    public required ulong GasLimit { get; init; }

    public required ulong GasUsed { get; init; }

    /// <summary>Seconds since 1970.</summary>
    public required ulong TimestampSeconds { get; init; }

    public required ReadOnlyMemory<byte> ExtraBytes { get; init; }

    /// <summary>The randomness of the beacon chain since Paris.</summary>
    public required Hash32 MixHash { get; init; }

    public required ulong Nonce { get; init; }

    /// <summary>Wei per gas, since London.</summary>
    public BigInteger? BaseFeePerGas { get; init; }

    /// <summary>Since Shanghai.</summary>
    public Hash32? WithdrawalsRoot { get; init; }

    /// <summary>Since Cancun, as the next two.</summary>
    public ulong? BlobGasUsed { get; init; }

    public ulong? ExcessBlobGas { get; init; }

    public Hash32? ParentBeaconBlockRoot { get; init; }

    /// <summary>Since Prague; Osaka adds none.</summary>
    public Hash32? RequestsHash { get; init; }

    /// <summary>Keccak-256 of the encoding: the block's hash. Computed at each call.</summary>
    /// <exception cref="InvalidOperationException">A field of a later fork is there and one of an earlier is not.</exception>
    public Hash32 ComputeHash() => Keccak256.Of(Encode());

    /// <inheritdoc cref="ComputeHash"/>
    public byte[] Encode()
    {
        RlpWriter items = new RlpWriter(700).Bytes(ParentHash.ToArray()).Bytes(OmmersHash.ToArray()).Address(Beneficiary)
            .Bytes(StateRoot.ToArray()).Bytes(TransactionsRoot.ToArray()).Bytes(ReceiptsRoot.ToArray()).Bytes(LogsBloom.Bits)
            .Number(Difficulty).Number(Number).Number(GasLimit).Number(GasUsed).Number(TimestampSeconds)
            .Bytes(ExtraBytes.Span).Bytes(MixHash.ToArray());
        Span<byte> nonce = stackalloc byte[NonceBytes];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(nonce, Nonce);
        items.Bytes(nonce);
        if (!HasFieldsInOrder()) throw new InvalidOperationException("a header lacks a field below one that it has");
        if (BaseFeePerGas is { } fee) items.Number(fee);
        if (WithdrawalsRoot is { } withdrawals) items.Bytes(withdrawals.ToArray());
        if (BlobGasUsed is { } blobGas) items.Number(blobGas);
        if (ExcessBlobGas is { } excess) items.Number(excess);
        if (ParentBeaconBlockRoot is { } beacon) items.Bytes(beacon.ToArray());
        if (RequestsHash is { } requests) items.Bytes(requests.ToArray());
        return new RlpWriter(720).List(items).ToArray();
    }

    /// <summary>Whether each field of a fork comes with all that earlier forks added.</summary>
    public bool HasFieldsInOrder()
    {
        bool[] present =
        [
            BaseFeePerGas is not null, WithdrawalsRoot is not null, BlobGasUsed is not null, ExcessBlobGas is not null,
            ParentBeaconBlockRoot is not null, RequestsHash is not null,
        ];
        return present.AsSpan().IndexOf(false) is var end && (end < 0 || !present.AsSpan(end).Contains(true));
    }

    /// <summary>Reads the encoding; strict, so that what is accepted encodes to the same bytes.</summary>
    public static bool TryDecode(
        ReadOnlySpan<byte> encoded, [NotNullWhen(true)] out EvmHeader? header, out DecodeRejection rejection)
    {
        header = null;
        var outer = new RlpReader(encoded);
        if (!outer.TryList(out RlpReader items))
        {
            rejection = outer.Failure;
            return false;
        }

        rejection = outer.AtEnd ? 0 : DecodeRejection.TrailingBytes;
        if (!outer.AtEnd) return false;
        header = Read(ref items);
        if (header is not null && items.AtEnd) return true;
        rejection = header is null ? items.Failure : DecodeRejection.TrailingBytes;
        header = null;
        return false;
    }

    private static EvmHeader? Read(ref RlpReader items)
    {
        if (!TryHash(ref items, out Hash32 parent) || !TryHash(ref items, out Hash32 ommers) ||
            !items.TryFixed(EvmAddress.Size, out ReadOnlySpan<byte> beneficiary) || !TryHash(ref items, out Hash32 state) ||
            !TryHash(ref items, out Hash32 transactions) || !TryHash(ref items, out Hash32 receipts) ||
            !items.TryFixed(LogsBloom.Size, out ReadOnlySpan<byte> bloom) || !items.TryU256(out BigInteger difficulty) ||
            !items.TryU64(out ulong number) || !items.TryU64(out ulong gasLimit) || !items.TryU64(out ulong gasUsed) ||
            !items.TryU64(out ulong timestamp) || !items.TryBytes(out ReadOnlySpan<byte> extra) ||
            !TryHash(ref items, out Hash32 mix) || !items.TryFixed(NonceBytes, out ReadOnlySpan<byte> nonce))
        {
            return null;
        }

        var header = new EvmHeader
        {
            ParentHash = parent,
            OmmersHash = ommers,
            Beneficiary = new EvmAddress(beneficiary),
            StateRoot = state,
            TransactionsRoot = transactions,
            ReceiptsRoot = receipts,
            LogsBloom = LogsBloom.From(bloom),
            Difficulty = difficulty,
            Number = number,
            GasLimit = gasLimit,
            GasUsed = gasUsed,
            TimestampSeconds = timestamp,
            ExtraBytes = extra.ToArray(),
            MixHash = mix,
            Nonce = System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(nonce),
        };
        return ReadLater(header, ref items);
    }

    private static EvmHeader? ReadLater(EvmHeader header, ref RlpReader items)
    {
        if (items.AtEnd) return header;
        if (!items.TryU256(out BigInteger fee)) return null;
        header = header with { BaseFeePerGas = fee };
        if (items.AtEnd) return header;
        if (!TryHash(ref items, out Hash32 withdrawals)) return null;
        header = header with { WithdrawalsRoot = withdrawals };
        if (items.AtEnd) return header;
        if (!items.TryU64(out ulong blobGas) || !items.TryU64(out ulong excess) || !TryHash(ref items, out Hash32 beacon)) return null;
        header = header with { BlobGasUsed = blobGas, ExcessBlobGas = excess, ParentBeaconBlockRoot = beacon };
        if (items.AtEnd) return header;
        return TryHash(ref items, out Hash32 requests) ? header with { RequestsHash = requests } : null;
    }

    private static bool TryHash(ref RlpReader items, out Hash32 hash)
    {
        bool read = items.TryFixed(Hash32.Size, out ReadOnlySpan<byte> bytes);
        hash = read ? new Hash32(bytes) : default;
        return read;
    }
}
