namespace SharedSeq.Consensus;

/// <summary>A statement whose signatures were checked. Only <see cref="MessageVerifier"/> makes one, and the replica takes nothing else.</summary>
public readonly struct Verified<T>
    where T : class
{
    internal Verified(T value) => Value = value;

    public T Value { get; }
}
