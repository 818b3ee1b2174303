using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Primitives;

public sealed class SharedBufferTests
{
    private readonly BufferPool _pool = new(freeBytesMax: 1024 * 1024);

    [Fact]
    public void What_is_given_back_last_is_kept_and_pushes_out_what_is_kept_most()
    {
        SharedBuffer large = _pool.Rent(384 * 1024);
        SharedBuffer[] many = [.. Enumerable.Range(0, 8).Select(_ => _pool.Rent(128 * 1024))];
        foreach (SharedBuffer buffer in many) buffer.Release();
        Assert.Equal(1024 * 1024, _pool.FreeBytes);
        large.Release();
        Assert.Equal(((5 * 128) + 384) * 1024, _pool.FreeBytes);
        _pool.Rent(300 * 1024);
        Assert.Equal(5 * 128 * 1024, _pool.FreeBytes);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(8 * 1024, 12 * 1024)]
    [InlineData(65_537, 96 * 1024)]
    [InlineData(BatchBody.MaxBytes + 1_000, 528 * 1024)]
    [InlineData(540_673, 0)]
    public void Memory_of_batches_is_used_again_in_sizes_and_small_or_huge_one_is_garbage(int length, int kept)
    {
        SharedBuffer buffer = _pool.Rent(length);
        Assert.Equal(length, buffer.Memory.Length);
        buffer.Release();
        Assert.Equal(kept, _pool.FreeBytes);
        _pool.Rent(length);
        Assert.Equal(0, _pool.FreeBytes);
    }

    [Fact]
    public void One_of_the_next_size_that_is_free_is_used_before_one_more_is_made_and_a_much_larger_one_is_not()
    {
        _pool.Rent(90_000).Release();
        Assert.Equal(45_000, _pool.Rent(45_000).Memory.Length);
        Assert.Equal(96 * 1024, _pool.FreeBytes);
        Assert.Equal(60_000, _pool.Rent(60_000).Memory.Length);
        Assert.Equal(0, _pool.FreeBytes);
    }

    [Fact]
    public void The_last_user_gives_it_back_and_nobody_reads_it_or_holds_it_afterwards()
    {
        SharedBuffer buffer = _pool.Rent(100_000);
        ReadOnlyMemory<byte> slice = buffer.Memory[10..20];
        Assert.Same(buffer, SharedBuffer.Of(slice));
        Assert.True(buffer.TryHold());
        buffer.Release();
        Assert.Equal(10, slice.Span.Length);
        buffer.Release();
        Assert.Equal(128 * 1024, _pool.FreeBytes);
        Assert.False(buffer.TryHold());
        Assert.Throws<InvariantException>(() => slice.Span.Length);
        Assert.Throws<InvariantException>(buffer.Release);
        Assert.Equal(128 * 1024, _pool.FreeBytes);
    }

    [Fact]
    public void What_is_kept_for_later_is_bounded()
    {
        SharedBuffer[] many = [.. Enumerable.Range(0, 30).Select(_ => _pool.Rent(100_000))];
        foreach (SharedBuffer buffer in many) buffer.Release();
        Assert.Equal(1024 * 1024, _pool.FreeBytes);
    }

    [Fact]
    public async Task Users_on_several_threads_give_it_back_once()
    {
        for (int round = 0; round < 200; round++)
        {
            SharedBuffer buffer = _pool.Rent(50_000);
            Task[] users = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            {
                for (int i = 0; i < 50 && buffer.TryHold(); i++)
                {
                    Assert.Equal(50_000, buffer.GetSpan().Length);
                    buffer.Release();
                }
            }))];
            buffer.Release();
            await Task.WhenAll(users);
            Assert.False(buffer.TryHold());
            Assert.Equal(64 * 1024, _pool.FreeBytes);
        }
    }
}
