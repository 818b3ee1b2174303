using SharedSeq.Primitives;

namespace SharedSeq.Adapters.Tests.Contract;

public sealed class AttestationBookTests
{
    private static readonly NamespaceId Namespace = new(7001);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(3, 2)]
    [InlineData(4, 3)]
    [InlineData(7, 5)]
    [InlineData(10, 7)]
    public void A_block_is_executed_at_the_first_equal_attestation_above_half_of_n_plus_f(int members, int threshold)
    {
        AttestationBook book = Book(members);
        for (int i = 0; i < threshold - 1; i++) Assert.Null(book.Add(Id(i), Value(1, 'a')).Executed);
        Assert.Null(book.Executed);

        AttestationChange change = book.Add(Id(threshold - 1), Value(1, 'a'));

        Assert.Equal(Value(1, 'a'), change.Executed);
        Assert.Equal(Value(1, 'a'), book.Executed);
        Assert.True(book.TryGetExecuted(1, out Attestation? decided));
        Assert.Equal(Value(1, 'a'), decided);
        if (members > threshold) Assert.Null(book.Add(Id(threshold), Value(1, 'a')).Executed);
    }

    [Fact]
    public void Any_different_field_is_another_value()
    {
        Attestation value = Value(1, 'a');
        Attestation[] others =
        [
            value with { Hash = Hash('x') }, value with { StateRoot = Hash('x') },
            value with { SkippedRoot = Hash('x') },
        ];
        foreach (Attestation other in others)
        {
            AttestationBook book = Book(4);
            book.Add(Id(0), value);
            book.Add(Id(1), other);
            Assert.Null(book.Add(Id(2), value).Executed);
            Assert.NotNull(book.Add(Id(3), value).Executed);
            Assert.Equal([Id(1)], book.Deviant);
        }
    }

    [Fact]
    public void Two_values_with_f_plus_one_attesters_each_are_a_split()
    {
        AttestationBook book = Book(4);
        Assert.False(book.Add(Id(0), Value(5, 'a')).IsNewSplit);
        Assert.False(book.Add(Id(1), Value(5, 'a')).IsNewSplit);
        Assert.False(book.Add(Id(2), Value(5, 'b')).IsNewSplit);
        AttestationChange change = book.Add(Id(3), Value(5, 'b'));
        Assert.True(change.IsNewSplit);
        Assert.Null(change.Executed);
        Assert.Equal([5UL], book.Splits);
        Assert.Empty(book.Deviant);
    }

    [Fact]
    public void A_split_ends_when_an_operator_corrects_itself_and_the_last_minority_is_named()
    {
        AttestationBook book = Book(4);
        for (int i = 0; i < 4; i++) book.Add(Id(i), Value(5, i < 2 ? 'a' : 'b'));

        AttestationChange change = book.Add(Id(2), Value(5, 'a'));

        Assert.Equal(AttestationVerdict.Replaced, change.Verdict);
        Assert.Equal(Value(5, 'a'), change.Executed);
        Assert.Equal([Id(3)], change.NewlyDeviant);
        Assert.Empty(book.Splits);
        Assert.Equal([], book.Add(Id(3), Value(5, 'a')).NewlyDeviant);
        Assert.Empty(book.Deviant);
    }

    [Fact]
    public void The_odd_one_out_is_named_once_whether_it_came_before_or_after_the_decision()
    {
        AttestationBook before = Book(4), after = Book(4);
        before.Add(Id(3), Value(1, 'b'));
        before.Add(Id(0), Value(1, 'a'));
        before.Add(Id(1), Value(1, 'a'));
        Assert.Equal([Id(3)], before.Add(Id(2), Value(1, 'a')).NewlyDeviant);
        Assert.True(before.IsDeviant(Id(3)));

        for (int i = 0; i < 3; i++) after.Add(Id(i), Value(1, 'a'));
        Assert.Equal([Id(3)], after.Add(Id(3), Value(1, 'b')).NewlyDeviant);
        Assert.Equal([], after.Add(Id(3), Value(2, 'b')).NewlyDeviant);
        Assert.True(after.IsDeviant(Id(3)));
        Assert.False(after.IsDeviant(Id(0)));
    }

    [Fact]
    public void A_later_block_in_line_does_not_excuse_a_deviation_but_its_correction_does()
    {
        AttestationBook book = Book(4);
        for (ulong number = 1; number <= 2; number++)
        {
            for (int i = 0; i < 3; i++) book.Add(Id(i), Value(number, 'a'));
        }

        book.Add(Id(3), Value(1, 'b'));
        book.Add(Id(3), Value(2, 'a'));
        Assert.True(book.IsDeviant(Id(3)));
        Assert.Equal(AttestationVerdict.Contradicts, book.Add(Id(3), Value(1, 'c')).Verdict);
        Assert.Equal(AttestationVerdict.Contradicts, book.Add(Id(0), Value(1, 'b')).Verdict);
        Assert.Equal(AttestationVerdict.Replaced, book.Add(Id(3), Value(1, 'a')).Verdict);
        Assert.False(book.IsDeviant(Id(3)));
    }

    [Fact]
    public void Strangers_other_namespaces_and_repetitions_do_not_count()
    {
        var book = new AttestationBook(Namespace, AttesterSet.WithDefaultFaults([Id(0), Id(2), Id(5), Id(6)]));
        Assert.Equal(AttestationVerdict.NotAnAttester, book.Add(Id(1), Value(1, 'a')).Verdict);
        Assert.Equal(
            AttestationVerdict.WrongNamespace,
            book.Add(Id(0), Value(1, 'a') with { Namespace = new NamespaceId(7) }).Verdict);
        for (int i = 0; i < 3; i++)
        {
            AttestationVerdict expected = i == 0 ? AttestationVerdict.Recorded : AttestationVerdict.Duplicate;
            Assert.Equal(expected, book.Add(Id(2), Value(1, 'a')).Verdict);
        }

        Assert.Null(book.Executed);
        Assert.Equal(1, book.Count);
    }

    [Fact]
    public void Memory_is_bounded_and_no_attester_displaces_another()
    {
        var book = new AttestationBook(
            Namespace, AttesterSet.WithDefaultFaults([Id(0), Id(1), Id(2), Id(3)]), blocksKept: 8);
        for (ulong i = 0; i < 1_000; i++) book.Add(Id(3), Value(ulong.MaxValue - i, 'z'));
        Assert.Equal(8, book.Count);
        for (ulong number = 1; number <= 100; number++)
        {
            for (int i = 0; i < 3; i++) book.Add(Id(i), Value(number, 'a'));
            Assert.Equal(number, book.Executed!.Number);
        }

        Assert.Equal(4 * 8, book.Count);
        Assert.Equal(AttestationVerdict.TooOld, book.Add(Id(0), Value(92, 'a')).Verdict);
        Assert.False(book.TryGetExecuted(92, out _));
        Assert.True(book.TryGetExecuted(93, out _));
        Assert.Empty(book.Splits);
    }

    [Fact]
    public void Gaps_in_the_numbers_do_not_stop_the_head()
    {
        AttestationBook book = Book(4);
        for (int i = 0; i < 3; i++) book.Add(Id(i), Value(50, 'a'));
        for (int i = 0; i < 3; i++) book.Add(Id(i), Value(10, 'a'));
        Assert.Equal(50UL, book.Executed!.Number);
        Assert.Equal(3, book.Of(10).Count);
    }

    [Fact]
    public void Impossible_attester_sets_are_broken_invariants()
    {
        Assert.Throws<InvariantException>(() => new AttesterSet([], 0));
        Assert.Throws<InvariantException>(() => new AttesterSet([Id(1), Id(1)], 0));
        Assert.Throws<InvariantException>(() => new AttesterSet([Id(0), Id(1)], 1));
    }

    [Fact]
    public void An_operator_that_takes_another_place_is_not_counted_twice_and_what_is_decided_stays()
    {
        AttestationBook book = Book(4);
        for (int i = 1; i < 4; i++) book.Add(Id(i), Value(1, 'a'));
        book.Add(Id(1), Value(2, 'b'));
        book.Add(Id(2), Value(2, 'b'));

        // The first leaves: the others move up.
        AttestationBook next = book.For(AttesterSet.WithDefaultFaults([Id(0), Id(1), Id(2), Id(3)]));
        Assert.Equal(Value(1, 'a'), next.Executed);
        Assert.True(next.TryGetExecuted(1, out _));
        Assert.Null(next.Add(Id(0), Value(2, 'b')).Executed);
        Assert.Null(next.Add(Id(1), Value(2, 'b')).Executed);
        Assert.NotNull(next.Add(Id(2), Value(2, 'b')).Executed);
        Assert.Equal([Id(3)], next.Add(Id(3), Value(1, 'x')).NewlyDeviant);
    }

    private static AttestationBook Book(int members) =>
        new(Namespace, AttesterSet.WithDefaultFaults(Enumerable.Range(0, members).Select(Id)));

    private static ReplicaId Id(int index) => new((ushort)index);

    private static Attestation Value(ulong number, char value) =>
        new(Namespace, number, Hash(value), Hash('s'), Hash('k'));

    private static Hash32 Hash(char value) => Sha.Of([(byte)value]);
}
