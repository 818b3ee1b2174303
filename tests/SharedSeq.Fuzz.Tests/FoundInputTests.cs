using System.Buffers.Binary;
using System.Text;
using SharedSeq.Storage;

namespace SharedSeq.Fuzz.Tests;

/// <summary>Inputs that fuzzing found to do more than be refused, each in its smallest form.</summary>
public sealed class FoundInputTests
{
    /// <summary>JSON's parser takes names and strings that can not be read: whoever looked at the object threw.</summary>
    [Theory]
    [InlineData("genesis json", """{"\ud800":1,"chainId":7}""")]
    [InlineData("genesis json", """{"protocolVersion":1,"chainId":7,"timestampMs":1,"committee":{"members":[{"voteKey":"\udc00"}]}}""")]
    [InlineData("configuration json", """{"\ud800":1}""")]
    [InlineData("configuration json", """{"genesis":"\ud800","dataDir":"d"}""")]
    [InlineData("configuration json", """{"genesis":"g","dataDir":"a\u0000b"}""")]
    [InlineData("configuration json", """{"genesis":"a\u0000b","dataDir":"d"}""")]
    [InlineData("configuration json", """{"genesis":"g","dataDir":"d","replica":{"voteKeyFile":"\u0000"}}""")]
    [InlineData("ethereum block", """{"\ud800":1}""")]
    [InlineData("ethereum receipt", """{"transactionHash":"\udc00x"}""")]
    [InlineData("ethereum receipt", "[]")]
    [InlineData("ethereum transaction answer", """{"hash":"\ud83d"}""")]
    [InlineData("rpc request", """{"jsonrpc":"2.0","id":"\ud800","method":"text","params":["a"]}""")]
    public void A_text_that_can_not_be_read_or_used_is_refused(string target, string text) => Check(target, Encoding.UTF8.GetBytes(text));

    /// <summary>A place of more than 31 bits became another one.</summary>
    [Fact]
    public void A_place_in_a_block_that_no_list_has_is_refused()
    {
        FuzzTarget target = DecoderFuzzTests.Targets["ethereum receipt"];
        string sample = Encoding.UTF8.GetString(target.Samples[0]);
        string above = sample.Replace("\"transactionIndex\":\"0x0\"", "\"transactionIndex\":\"0x100000000\"", StringComparison.Ordinal);
        Assert.NotEqual(sample, above);
        Check(target.Name, Encoding.UTF8.GetBytes(above));
    }

    /// <summary>Heads whose checksums hold and that no program of ours wrote: an index out of range, or a broken invariant.</summary>
    [Theory]
    [InlineData("votes segment", LogKind.Votes, 1, 3)]
    [InlineData("votes segment", LogKind.Votes, 1, 17)]
    [InlineData("votes segment", LogKind.Votes, 200, 16)]
    [InlineData("votes segment", LogKind.Votes, 250, 16)]
    [InlineData("votes segment", LogKind.Votes, 251, 0)]
    [InlineData("batches segment", LogKind.Batches, 1, 84)]
    [InlineData("batches segment", LogKind.Batches, 2, 7)]
    [InlineData("batches segment", LogKind.Batches, 3, 0)]
    [InlineData("batches segment", LogKind.Batches, 16, 0)]
    public void A_record_with_a_head_of_no_kind_of_the_log_is_damage(string target, LogKind kind, byte recordKind, int headBytes) =>
        Check(target, StorageTargets.SegmentImage(kind, [(recordKind, new byte[headBytes])]));

    [Fact]
    public void A_height_at_the_end_of_all_numbers_in_a_head_is_damage() =>
        Check("batches segment", StorageTargets.SegmentImage(LogKind.Batches, [(2, [.. Enumerable.Repeat((byte)0xFF, 8)])]));

    /// <summary>The table sent look-ups behind the end of the file.</summary>
    [Fact]
    public void A_run_whose_buckets_hold_more_entries_than_it_has_is_not_whole()
    {
        byte[] run = StorageTargets.Run();
        BinaryPrimitives.WriteInt32LittleEndian(run.AsSpan(32), int.MaxValue);
        Check("transaction run", StorageTargets.WithRunChecksum(run));
    }

    /// <summary>Two orders of the same ids were two encodings of one state.</summary>
    [Fact]
    public void Remembered_ids_that_do_not_ascend_by_their_second_are_refused()
    {
        byte[] snapshot = DecoderFuzzTests.Targets["ordering snapshot"].Samples[1];
        ulong due = BinaryPrimitives.ReadUInt64BigEndian(snapshot.AsSpan(snapshot.Length - 8));
        byte[] later = [.. snapshot];

        // The first of the ids becomes due after all others: 42 of them, of 24 bytes each.
        BinaryPrimitives.WriteUInt64BigEndian(later.AsSpan(snapshot.Length - (41 * 24) - 8), due + 5_000);
        Check("ordering snapshot", later);
    }

    /// <summary>One waiting transaction of author 65,535 made a table of half a megabyte.</summary>
    [Fact]
    public void A_waiting_transaction_of_no_member_is_refused()
    {
        byte[] snapshot = DecoderFuzzTests.Targets["ordering snapshot"].Samples[2];
        ReadOnlySpan<byte> lane = [0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0];
        int at = snapshot.AsSpan().LastIndexOf(lane);
        Assert.True(at > 0, "a batch of author 3 waits");
        byte[] foreign = [.. snapshot];
        BinaryPrimitives.WriteUInt16BigEndian(foreign.AsSpan(at + 8), ushort.MaxValue);
        Check("ordering snapshot", foreign);
    }

    private static void Check(string target, byte[] input) => FuzzRun.CheckRefused(DecoderFuzzTests.Targets[target], input);
}
