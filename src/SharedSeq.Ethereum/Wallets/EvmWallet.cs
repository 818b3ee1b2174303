using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>
/// Signs transactions with one secret that stays in memory: of the accounts of tests, benchmarks and the devnet; it
/// is opened from an encrypted file by <see cref="EthereumKeystore"/> where it moves real funds.
/// </summary>
public sealed class EvmWallet : IEvmSigner
{
    private readonly byte[] _secret;

    /// <param name="secret">32 bytes, above zero and below the group order.</param>
    public EvmWallet(ReadOnlySpan<byte> secret)
    {
        Address = Secp256k1.AddressOf(secret);
        _secret = secret.ToArray();
    }

    public EvmAddress Address { get; }

    /// <summary>The account that wallets show for a mnemonic: m/44'/60'/0'/0/index.</summary>
    public static EvmWallet FromMnemonic(string mnemonic, uint index) =>
        new(KeyDerivation.EthereumSecret(mnemonic, index));

    /// <summary>The secret, for files of accounts that anyone may use.</summary>
    public string ExportSecret() => EthereumJson.Bytes(_secret);

    /// <summary>Signs an EIP-1559 transaction.</summary>
    public byte[] Sign(EvmTransactionRequest request)
    {
        RlpWriter items = new RlpWriter().Number(request.ChainId).Number(request.Nonce)
            .Number(request.MaxPriorityFeePerGas).Number(request.MaxFeePerGas).Number(request.GasLimit)
            .Address(request.To).Number(request.Value).Bytes(request.Data.Span).List(new RlpWriter());
        byte[] type = [(byte)EvmTransactionType.DynamicFee];
        EvmSignature signature = SignText(new RlpWriter().Raw(type).List(items));
        items.Number(signature.Parity).Word(signature.R).Word(signature.S);
        return new RlpWriter().Raw(type).List(items).ToArray();
    }

    /// <inheritdoc/>
    public Task<byte[]> SignAsync(EvmTransactionRequest request, CancellationToken cancellation = default) =>
        Task.FromResult(Sign(request));

    /// <summary>Signs a hash, as that of a typed text (<see cref="Eip712Struct.DigestOf"/>).</summary>
    public EvmSignature SignDigest(Hash32 digest) => Secp256k1.Sign(digest, _secret);

    /// <summary>Signs a legacy transaction of EIP-155, at the request's highest fee as gas price.</summary>
    public byte[] SignLegacy(EvmTransactionRequest request)
    {
        RlpWriter text = LegacyItems(request).Number(request.ChainId).Number(0).Number(0);
        EvmSignature signature = SignText(new RlpWriter().List(text));
        ulong v = checked((request.ChainId * 2) + 35 + signature.Parity);
        RlpWriter items = LegacyItems(request).Number(v).Word(signature.R).Word(signature.S);
        return new RlpWriter().List(items).ToArray();
    }

    private static RlpWriter LegacyItems(EvmTransactionRequest request) =>
        new RlpWriter().Number(request.Nonce).Number(request.MaxFeePerGas).Number(request.GasLimit).Address(request.To)
            .Number(request.Value).Bytes(request.Data.Span);

    private EvmSignature SignText(RlpWriter text) => Secp256k1.Sign(Keccak256.Of(text.Written), _secret);
}
