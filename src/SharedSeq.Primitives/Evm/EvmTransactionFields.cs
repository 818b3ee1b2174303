using System.Numerics;

namespace SharedSeq.Primitives;

/// <summary>
/// The fields of a raw transaction, read in one pass over the caller's bytes without allocation besides amounts above
/// 31 bits; everything that can be known without state and without the signer is checked here.
/// </summary>
internal ref struct EvmTransactionFields
{
    /// <summary>EIP-3860: twice the largest contract, 49,152 bytes.</summary>
    public const int InitCodeBytesMax = 49_152;

    private readonly ReadOnlySpan<byte> _all;
    private RlpReader _items;
    private DecodeRejection? _failure;

    /// <param name="type">The type that the first byte said.</param>
    /// <param name="items">The list of fields with its reader at the first.</param>
    /// <param name="all">The same list's bytes.</param>
    private EvmTransactionFields(EvmTransactionType type, RlpReader items, ReadOnlySpan<byte> all)
    {
        Type = type;
        _items = items;
        _all = all;
    }

    public EvmTransactionType Type { get; }

    public ulong? ChainId { get; private set; }

    public ulong Nonce { get; private set; }

    public BigInteger MaxPriorityFeePerGas { get; private set; }

    public BigInteger MaxFeePerGas { get; private set; }

    public ulong GasLimit { get; private set; }

    public EvmAddress? To { get; private set; }

    public BigInteger Value { get; private set; }

    public ReadOnlySpan<byte> Data { get; private set; }

    public int AccessListAddresses { get; private set; }

    public int AccessListKeys { get; private set; }

    public int Authorizations { get; private set; }

    public byte Parity { get; private set; }

    public Hash32 R { get; private set; }

    public Hash32 S { get; private set; }

    /// <summary>The encoded items that the signer signed, without the list's header.</summary>
    public ReadOnlySpan<byte> SignedItems { get; private set; }

    public static EvmRejection Parse(ReadOnlySpan<byte> bytes, out EvmTransactionFields fields)
    {
        fields = default;
        if (bytes.IsEmpty) return EvmRejection.Empty;
        EvmTransactionType type = EvmTransactionType.Legacy;
        byte first = bytes[0];
        if (first < 0x80)
        {
            if (first == 3) return EvmRejection.BlobTransaction;
            if (first is not (1 or 2 or 4)) return EvmRejection.UnknownType;
            type = (EvmTransactionType)first;
            bytes = bytes[1..];
        }

        var outer = new RlpReader(bytes);
        if (!outer.TryList(out RlpReader items)) return Reason(outer.Failure);
        if (!outer.AtEnd) return EvmRejection.TrailingBytes;
        fields = new EvmTransactionFields(type, items, bytes[^items.Remaining..]);
        bool read = type == EvmTransactionType.Legacy ? fields.ReadLegacy() : fields.ReadTyped();
        if (!read) return Reason(fields._failure ?? fields._items.Failure);
        if (!fields._items.AtEnd) return EvmRejection.Malformed;
        return fields.CheckMeaning();
    }

    private bool ReadLegacy()
    {
        if (!_items.TryU64(out ulong nonce) || !_items.TryU256(out BigInteger price)) return false;
        Nonce = nonce;
        MaxFeePerGas = MaxPriorityFeePerGas = price;
        if (!ReadCall()) return false;
        SignedItems = _all[..^_items.Remaining];
        if (!_items.TryU64(out ulong v)) return false;
        if (v >= 35) ChainId = (v - 35) / 2;
        Parity = v switch
        {
            27 or 28 => (byte)(v - 27),
            >= 35 => (byte)((v - 35) % 2),
            _ => byte.MaxValue,
        };
        return ReadSignature();
    }

    private bool ReadTyped()
    {
        if (!_items.TryU64(out ulong chainId) || !_items.TryU64(out ulong nonce)) return false;
        ChainId = chainId;
        Nonce = nonce;
        if (!_items.TryU256(out BigInteger fee)) return false;
        MaxPriorityFeePerGas = MaxFeePerGas = fee;
        if (Type != EvmTransactionType.AccessList)
        {
            if (!_items.TryU256(out fee)) return false;
            MaxFeePerGas = fee;
        }

        if (!ReadCall() || !ReadAccessList()) return false;
        if (Type == EvmTransactionType.SetCode && !ReadAuthorizations()) return false;
        SignedItems = _all[..^_items.Remaining];
        if (!_items.TryU64(out ulong parity)) return false;
        Parity = parity <= 1 ? (byte)parity : byte.MaxValue;
        return ReadSignature();
    }

    private bool ReadCall()
    {
        if (!_items.TryU64(out ulong gasLimit) || !_items.TryBytes(out ReadOnlySpan<byte> to)) return false;
        if (to.Length is not (0 or EvmAddress.Size)) return Fail(DecodeRejection.Malformed);
        if (!_items.TryU256(out BigInteger value) || !_items.TryBytes(out ReadOnlySpan<byte> data)) return false;
        GasLimit = gasLimit;
        To = to.IsEmpty ? null : new EvmAddress(to);
        Value = value;
        Data = data;
        return true;
    }

    private bool ReadAccessList()
    {
        if (!_items.TryList(out RlpReader entries)) return false;
        while (!entries.AtEnd)
        {
            if (!entries.TryList(out RlpReader entry)) return Fail(entries.Failure);
            if (!entry.TryFixed(EvmAddress.Size, out _) || !entry.TryList(out RlpReader keys))
                return Fail(entry.Failure);
            if (!entry.AtEnd) return Fail(DecodeRejection.Malformed);
            AccessListAddresses++;
            while (!keys.AtEnd)
            {
                if (!keys.TryFixed(Hash32.Size, out _)) return Fail(keys.Failure);
                AccessListKeys++;
            }
        }

        return true;
    }

    private bool ReadAuthorizations()
    {
        if (!_items.TryList(out RlpReader entries)) return false;
        while (!entries.AtEnd)
        {
            if (!entries.TryList(out RlpReader entry)) return Fail(entries.Failure);
            if (!entry.TryWord(out _) || !entry.TryFixed(EvmAddress.Size, out _) || !entry.TryU64(out _) ||
                !entry.TryU64(out ulong parity) || !entry.TryWord(out _) || !entry.TryWord(out _))
            {
                return Fail(entry.Failure);
            }

            if (parity > byte.MaxValue) return Fail(DecodeRejection.OverLimit);
            if (!entry.AtEnd) return Fail(DecodeRejection.Malformed);
            Authorizations++;
        }

        return true;
    }

    private bool ReadSignature()
    {
        if (!_items.TryWord(out Hash32 r) || !_items.TryWord(out Hash32 s)) return false;
        R = r;
        S = s;
        return true;
    }

    private readonly EvmRejection CheckMeaning()
    {
        if (Nonce == ulong.MaxValue) return EvmRejection.NonceTooHigh;
        if (MaxPriorityFeePerGas > MaxFeePerGas) return EvmRejection.TipAboveMaxFee;
        if (To is null && Data.Length > InitCodeBytesMax) return EvmRejection.InitCodeTooLarge;
        if (Type == EvmTransactionType.SetCode)
        {
            if (To is null) return EvmRejection.Malformed;
            if (Authorizations == 0) return EvmRejection.NoAuthorizations;
        }

        return GasLimit < IntrinsicGas() ? EvmRejection.GasBelowIntrinsic : EvmRejection.None;
    }

    /// <summary>
    /// Gas a transaction must bring to be valid (Prague): 21,000, calldata 4 and 16 per byte, creation 32,000 and 2 per
    /// word of init code (EIP-3860), access list 2,400 and 1,900 (EIP-2930), 25,000 per authorization (EIP-7702); never
    /// below the floor of EIP-7623.
    /// </summary>
    private readonly ulong IntrinsicGas()
    {
        ulong zeros = (ulong)Data.Count((byte)0);
        ulong tokens = zeros + (4 * ((ulong)Data.Length - zeros));
        ulong gas = 21_000 + (4 * tokens) + (2_400 * (ulong)AccessListAddresses) + (1_900 * (ulong)AccessListKeys) +
            (25_000 * (ulong)Authorizations);
        if (To is null) gas += 32_000 + (2 * (((ulong)Data.Length + 31) / 32));
        return ulong.Max(gas, 21_000 + (10 * tokens));
    }

    private bool Fail(DecodeRejection reason)
    {
        _failure = reason;
        return false;
    }

    private static EvmRejection Reason(DecodeRejection failure) => failure switch
    {
        DecodeRejection.Truncated => EvmRejection.Truncated,
        DecodeRejection.TrailingBytes => EvmRejection.TrailingBytes,
        DecodeRejection.NotCanonical => EvmRejection.NotCanonical,
        DecodeRejection.OverLimit => EvmRejection.FieldOutOfRange,
        _ => EvmRejection.Malformed,
    };
}
