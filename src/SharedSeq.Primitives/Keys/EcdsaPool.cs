using System.Security.Cryptography;

namespace SharedSeq.Primitives;

/// <summary>
/// A few platform key objects of one key. They are not documented as safe for parallel use, and importing one for each
/// use triples the cost of a verification (125 us instead of 43 us), so idle ones wait here. Renting never blocks: when
/// none is idle a new one is made, and what does not fit back is disposed.
/// </summary>
internal sealed class EcdsaPool(ECParameters parameters) : IDisposable
{
    private readonly ECDsa?[] _idle = new ECDsa?[int.Clamp(Environment.ProcessorCount, 1, 8)];
    private readonly ECParameters _parameters = parameters;
    private volatile bool _disposed;

    public ECDsa Rent()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        for (int i = 0; i < _idle.Length; i++)
        {
            if (Interlocked.Exchange(ref _idle[i], null) is { } key) return key;
        }
        return ECDsa.Create(_parameters);
    }

    public void Return(ECDsa key)
    {
        for (int i = 0; i < _idle.Length && !_disposed; i++)
        {
            if (Interlocked.CompareExchange(ref _idle[i], key, null) is null) return;
        }
        key.Dispose();
    }

    public void Dispose()
    {
        _disposed = true;
        for (int i = 0; i < _idle.Length; i++) Interlocked.Exchange(ref _idle[i], null)?.Dispose();
        CryptographicOperations.ZeroMemory(_parameters.D);
    }
}
