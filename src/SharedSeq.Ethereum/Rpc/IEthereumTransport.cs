namespace SharedSeq.Ethereum;

/// <summary>Carries the JSON of one request to an execution client and brings back the JSON that answers it.</summary>
internal interface IEthereumTransport : IDisposable
{
    /// <summary>The id of the next request's first call; the others of a batch follow it.</summary>
    int NextId(int calls);

    /// <summary>Sends a request and waits for its answer, as many bytes as the limit allows.</summary>
    /// <exception cref="EthereumRpcException">There was no answer; the kind says why.</exception>
    /// <exception cref="OperationCanceledException">The time is over, or the caller gave up.</exception>
    Task<ReadOnlyMemory<byte>> ExchangeAsync(ReadOnlyMemory<byte> body, CancellationToken cancellation);

    /// <summary>What came was no answer to what was asked: nothing more of that connection is used.</summary>
    void Distrust();
}
