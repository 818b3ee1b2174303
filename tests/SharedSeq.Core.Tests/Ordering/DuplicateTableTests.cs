using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Ordering;

public sealed class DuplicateTableTests
{
    private static Hash32 Id(ulong n) => Sha.Of(BitConverter.GetBytes(n));

    private static byte[] Bytes(DuplicateTable table)
    {
        var writer = new CanonicalWriter();
        foreach (ReadOnlyMemory<byte> piece in table.BeginView().Pieces()) writer.Raw(piece.Span);
        table.EndView();
        return writer.ToArray();
    }

    private static byte[] Summary(DuplicateTable table)
    {
        var writer = new CanonicalWriter();
        table.WriteSummary(writer);
        return writer.ToArray();
    }

    [Fact]
    public void It_equals_a_plain_dictionary_over_hundreds_of_thousands_of_ids_and_pauses()
    {
        const uint limit = 30_000;
        var table = new DuplicateTable(limit, 10);
        var plain = new Dictionary<Hash32, ulong>();
        var random = new Prng(3);
        ulong now = 1_000_000;
        table.Advance(now);
        for (int step = 0; step < 400; step++)
        {
            now += random.Chance(20) ? (ulong)random.Between(1_000, 15_000) : (ulong)random.Between(0, 300);
            table.Advance(now);
            foreach (Hash32 gone in plain.Where(p => (p.Value + 999) / 1000 <= now / 1000).Select(p => p.Key).ToArray()) plain.Remove(gone);
            Assert.Equal((uint)plain.Count, table.Count);
            for (int i = 0; i < 1_000; i++)
            {
                Hash32 id = Id((ulong)random.Below(60_000));
                ulong forgetAt = now + (ulong)random.Between(1, 10_001);
                DuplicateVerdict expected = plain.TryGetValue(id, out ulong until) && now < until ? DuplicateVerdict.Present
                    : plain.Count >= limit ? DuplicateVerdict.Full : DuplicateVerdict.Added;
                // An id that may be taken again within its last second is kept twice until the second is over.
                if (expected == DuplicateVerdict.Added && plain.ContainsKey(id)) continue;
                Assert.Equal(expected, table.Add(id, now, forgetAt));
                if (expected == DuplicateVerdict.Added) plain[id] = forgetAt;
            }
        }
    }

    [Fact]
    public void A_restored_table_has_the_same_content_and_the_same_summary()
    {
        var table = new DuplicateTable(10_000, 10);
        table.Advance(5_000);
        for (ulong i = 0; i < 5_000; i++) table.Add(Id(i), 5_000, 5_001 + (i % 10_000));
        table.Advance(7_300);
        for (ulong i = 5_000; i < 6_000; i++) table.Add(Id(i), 7_300, 9_000 + i);
        var reader = new CanonicalReader(Bytes(table));
        var again = new DuplicateTable(10_000, 10);
        again.Restore(ref reader);
        reader.End("table");
        Assert.Equal(table.Count, again.Count);
        Assert.Equal(Bytes(table), Bytes(again));
        Assert.Equal(Summary(table), Summary(again));
        Assert.Equal(DuplicateVerdict.Present, again.Add(Id(5_500), 7_300, 9_999));
    }

    [Fact]
    public void A_view_stays_what_it_was_while_the_table_forgets_and_takes_other_ids()
    {
        var table = new DuplicateTable(100_000, 10);
        table.Advance(5_000);
        for (ulong i = 0; i < 20_000; i++) table.Add(Id(i), 5_000, 5_001 + (i % 10_000));
        byte[] before = Bytes(table);
        DuplicateView view = table.BeginView();
        for (ulong second = 6; second < 40; second++)
        {
            table.Advance(second * 1_000);
            for (ulong i = 0; i < 2_000; i++) table.Add(Id((second * 1_000_000) + i), second * 1_000, (second * 1_000) + 3_000);
        }

        var writer = new CanonicalWriter();
        foreach (ReadOnlyMemory<byte> piece in view.Pieces()) writer.Raw(piece.Span);
        table.EndView();
        Assert.Equal(before, writer.ToArray());
        Assert.NotEqual(before, Bytes(table));
    }

    [Fact]
    public void The_summary_changes_with_every_id_and_every_time()
    {
        var summaries = new HashSet<string>();
        foreach ((ulong id, ulong until) in new[] { (1UL, 5_001UL), (2UL, 5_001UL), (1UL, 5_002UL), (1UL, 6_001UL) })
        {
            foreach (int before in new[] { 0, 63, 64, 200 })
            {
                var table = new DuplicateTable(10_000, 10);
                table.Advance(5_000);
                for (ulong i = 0; i < (ulong)before; i++) table.Add(Id(1000 + i), 5_000, 5_500);
                table.Add(Id(id), 5_000, until);
                Assert.True(summaries.Add(Convert.ToHexString(Summary(table))));
            }
        }
    }

    [Fact]
    public void A_stored_time_outside_the_wheel_is_refused()
    {
        var table = new DuplicateTable(10, 10);
        table.Advance(5_000);
        table.Add(Id(1), 5_000, 6_000);
        byte[] bytes = Bytes(table);
        foreach (ulong until in new[] { 0UL, 5_000UL, 18_001UL, ulong.MaxValue })
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(^8), until);
            Assert.Throws<DecodeException>(() =>
            {
                var reader = new CanonicalReader(bytes);
                new DuplicateTable(10, 10).Restore(ref reader);
            });
        }
    }

    [Fact]
    public void A_remembered_id_has_20_bytes() => Assert.Equal(20, System.Runtime.CompilerServices.Unsafe.SizeOf<DuplicateTable.Entry>());

    [Fact]
    public void What_is_forgotten_while_it_is_viewed_is_used_again_afterwards()
    {
        const int perSecond = 5_000;
        const ulong warm = 30, end = 90;
        Hash32[] ids = [.. Enumerable.Range(0, (int)end * perSecond).Select(i => Id((ulong)i))];
        var table = new DuplicateTable(100_000, 10);
        (long before, int added) = (0, 0);
        for (ulong second = 1; second < end; second++)
        {
            table.Advance(second * 1_000);
            if (second == warm) before = GC.GetAllocatedBytesForCurrentThread();
            DuplicateView? view = second % 3 == 0 ? table.BeginView() : null;
            for (int i = 0; i < perSecond; i++)
                added += table.Add(ids[((int)second * perSecond) + i], second * 1_000, (second * 1_000) + 8_000) == DuplicateVerdict.Added ? 1 : 0;
            if (view is not null) table.EndView();
        }

        // The ids of these seconds alone have 6 MB.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 500_000);
        Assert.Equal(((int)end - 1) * perSecond, added);
    }
}
