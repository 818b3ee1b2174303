using System.Globalization;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>Stored bytes are pinned: a change here is a new format version.</summary>
public sealed class SegmentFormatVectors
{
    private static readonly LogInstanceId Instance =
        new(UInt128.Parse("0102030405060708090a0b0c0d0e0f10", NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    [Fact]
    public void A_record_has_these_bytes()
    {
        byte[] record = new byte[SegmentFormat.TotalBytes(5)];
        SegmentFormat.WriteRecord(record, SegmentFormat.Salt(Instance, 7), 3, [0xAA, 0xBB], "xyz"u8, 258, 2);
        Assert.Equal(
            "000000056b5999e62523688503020000000000020000000000000102aabb78797a00000000000000",
            Convert.ToHexStringLower(record));
    }

    [Fact]
    public void A_segment_header_has_these_bytes()
    {
        byte[] page = new byte[SegmentFormat.HeaderBytes];
        SegmentFormat.WriteHeader(page, new SegmentHeader(LogKind.Batches, Instance, 7, 257));
        Assert.Equal(
            "5353515345474d54000102000102030405060708090a0b0c0d0e0f100000000700000000000001012a255fa7",
            Convert.ToHexStringLower(page.AsSpan(0, 44)));
        Assert.False(page.AsSpan(44).ContainsAnyExcept((byte)0));
    }

    [Fact]
    public void The_checksum_is_crc_32c() => Assert.Equal(0xE3069283u, Crc32C.Of("123456789"u8));

    [Fact]
    public void Persisted_numbers_are_stable()
    {
        Assert.Equal(1, (int)LogKind.Votes);
        Assert.Equal(2, (int)LogKind.Batches);
        Assert.Equal(255, SegmentFormat.ClosedKind);
        Assert.Equal(1, (int)StorageRejection.Corrupted);
        Assert.Equal(17, (int)StorageRejection.GuardForeign);
    }

    [Fact]
    public void The_salt_differs_by_instance_and_by_segment_number()
    {
        uint salt = SegmentFormat.Salt(Instance, 7);
        Assert.NotEqual(salt, SegmentFormat.Salt(Instance, 8));
        Assert.NotEqual(salt, SegmentFormat.Salt(new(Instance.Value + 1), 7));
    }
}
