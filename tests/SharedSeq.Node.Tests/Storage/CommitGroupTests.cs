using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>The memory of records that wait to be written.</summary>
public sealed class CommitGroupTests
{
    private readonly CommitGroup _group = new();
    private long _position;

    [Fact]
    public void Usual_groups_of_all_sizes_use_the_same_memory()
    {
        Fill(700_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1_000; i++) Fill(i % 300 == 0 ? 1_000_000 : 1_000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 10_000);
    }

    [Fact]
    public void Memory_of_a_burst_is_given_up_after_many_usual_groups_and_what_a_group_holds_survives_its_growth()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        Fill(3_000_000);
        Fill(3_000_000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 3_000_000, 6_000_000);
        for (int i = 0; i < 300; i++) Fill(1_000);
        before = GC.GetAllocatedBytesForCurrentThread();
        Fill(3_000_000);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 3_000_000, 6_000_000);
    }

    private void Fill(int bytes)
    {
        const int Record = 500;
        _group.StartRun(null!, fileOffset: 0, opensSegment: false);
        for (int i = 0; i < bytes / Record; i++) _group.Reserve(Record, ++_position).Fill((byte)i);
        ReadOnlySpan<byte> all = _group.BytesOf(_group.Runs[0]);
        if (all.Length != bytes / Record * Record) Assert.Fail($"{all.Length} bytes of {bytes} are held");
        for (int i = 0; i < bytes / Record; i++)
        {
            if (all.Slice(i * Record, Record).ContainsAnyExcept((byte)i)) Assert.Fail($"record {i} of {bytes} bytes is not what was written");
        }

        _group.Clear();
    }
}
