using SharedSeq.Client;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Node.Tests.Sync;

/// <summary>The way from the genesis to a checkpoint's epoch, as it lies beside the checkpoint.</summary>
public sealed class HandOverFileTests
{
    private const string Folder = "/data/checkpoint";
    private const string Name = Folder + "/hand-overs";

    private static readonly TestCommittee Genesis = new(4, 7, 0, Opaque(5));
    private static readonly TestEpochs Epochs = new(Genesis, 4);

    private readonly SimulatedFileLayer _files = new();

    [Fact]
    public void What_was_written_in_parts_is_read_as_one_way_and_ends_where_it_is_wanted()
    {
        Write(0, 1);
        Write(1, 3);
        HandOverFile open = Open();
        Assert.Equal(Way(4), Read(4));
        IEnumerable<HandOver> lazily = open.Read(Genesis.Genesis, new P256Scheme(), new Epoch(4));
        for (int i = 0; i < 2; i++) Assert.Equal(Way(4), lazily.Select(item => item.Checkpoint));
        Assert.Equal(Way(2), Read(2));
        Assert.Empty(Read(0));
        Assert.Equal(Epochs.Committee(3).EpochGenesis, open.CommitteeOf(Genesis.Genesis, new P256Scheme(), new Epoch(3)).EpochGenesis);
        Assert.Throws<DecodeException>(() => Read(5));
    }

    [Fact]
    public void What_is_not_complete_leaves_the_former_way_as_it_was_and_a_missing_one_is_refused()
    {
        Assert.Throws<DecodeException>(() => Read(1));
        Assert.Empty(Read(0));
        HandOverFile file = Open();
        file.Accept();
        file.Append(Epochs.HandOvers[..2]);
        file.Accept();
        file.Append(Epochs.HandOvers[..1]);
        Assert.Equal(Way(2), Read(2));
        file.DropPart();
        file.Accept();
        Assert.Equal(Way(2), Read(2));
        file.Append(Epochs.HandOvers[..3]);
        file.Accept();
        Assert.Equal(Way(3), Read(3));
    }

    [Fact]
    public void Every_damage_is_found_by_reading_it()
    {
        HandOverFile file = Open();
        file.Append(Epochs.HandOvers[..2]);
        file.Accept();
        byte[] bytes = ReadAll();
        for (int at = 0; at < bytes.Length; at += 7)
        {
            byte[] damaged = [.. bytes];
            damaged[at] ^= 4;
            WriteAll(damaged);
            Assert.Throws<DecodeException>(() => Read(2));
            WriteAll(bytes[..at]);
            Assert.Throws<DecodeException>(() => Read(2));
        }

        // Two in the wrong order.
        int first = 4 + Epochs.HandOvers[0].Encode().Length;
        WriteAll([.. bytes[first..], .. bytes[..first]]);
        DecodeException e = Assert.Throws<DecodeException>(() => Read(2));
        Assert.Contains(nameof(HandOverRejection.WrongEpoch), e.Message, StringComparison.Ordinal);
    }

    private static Hash32[] Way(int epochs) => [.. Epochs.HandOvers.Take(epochs).Select(item => item.Checkpoint)];

    private HandOverFile Open() => new(Folder, _files);

    private void Write(int first, int count)
    {
        HandOverFile file = Open();
        if (first > 0) file.Append(Epochs.HandOvers[..first]);
        file.Append(Epochs.HandOvers[first..(first + count)]);
        file.Accept();
    }

    private Hash32[] Read(ulong epoch)
    {
        HandOverFile file = Open();
        return [.. file.Read(Genesis.Genesis, new P256Scheme(), new Epoch(epoch)).Select(item => item.Checkpoint)];
    }

    private byte[] ReadAll()
    {
        using IStorageFile file = _files.Open(Name, FileOpening.ReadOnly);
        byte[] bytes = new byte[file.Length];
        file.Read(bytes, 0);
        return bytes;
    }

    private void WriteAll(byte[] bytes)
    {
        using IStorageFile file = _files.Open(Name, FileOpening.Create);
        file.Write(bytes, 0);
    }
}
