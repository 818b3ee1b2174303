namespace SharedSeq.Networking;

/// <summary>One received frame. Whoever takes it over owns the array and may give it back to the pool when nothing refers to it any more.</summary>
public readonly struct PeerFrame(byte[] array, int length, FramePool pool)
{
    public ReadOnlyMemory<byte> Memory => new(array, 0, length);

    public int Length => length;

    public void Return() => pool.Return(array);
}
