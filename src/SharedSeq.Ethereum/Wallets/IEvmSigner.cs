using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>Signs transactions of one account: with a secret in this process, or by a signer elsewhere that keeps it.</summary>
public interface IEvmSigner
{
    /// <summary>The account.</summary>
    EvmAddress Address { get; }

    /// <summary>Signs an EIP-1559 transaction; the bytes are as they are sent.</summary>
    /// <exception cref="EthereumRpcException">A signer elsewhere gave no usable signature.</exception>
    Task<byte[]> SignAsync(EvmTransactionRequest request, CancellationToken cancellation = default);
}
