using System.Buffers.Binary;
using SharedSeq.Primitives;

namespace SharedSeq.Storage;

/// <summary>
/// What the guard remembers of a vote log: which log, how often it was started, how far it had voted, and the position
/// up to which it was durable. The position says all: several records may belong to one slot. The same of the batch log,
/// which holds own batches and what was acked; a position of 0 before it was opened.
/// </summary>
internal readonly record struct VoteGuard(
    LogInstanceId Instance, ulong Incarnation, VotePosition Voted, long Position, LogInstanceId Batches = default,
    long BatchPosition = 0);

/// <summary>
/// The guard's file: two copies written in turn, each with its checksum, so that a torn write leaves the other.
/// <code>
/// copy at 0 and at 4096: 0 "SSQGUARD" | 8 u16 format | 10 u16 0 | 12 instance (16 bytes) | 28 u64 write counter
///                        36 u64 incarnation | 44 u64 epoch | 52 u64 slot | 60 u64 log position
///                        68 batch log's instance (16 bytes) | 84 u64 batch log position | 92 u32 crc of 0-91
/// </code>
/// </summary>
internal sealed class VoteGuardFile : IDisposable
{
    private const ushort Version = 2;
    private const int CopyBytes = 96;
    private const int CrcAt = 92;
    private const int CopyDistance = 4096;
    private readonly IStorageFile _file;
    private ulong _counter;

    private VoteGuardFile(IStorageFile file, ulong counter, VoteGuard? found)
    {
        _file = file;
        _counter = counter;
        Found = found;
    }

    /// <summary>What the file held when it was opened; null if it was created.</summary>
    public VoteGuard? Found { get; }

    private static ReadOnlySpan<byte> Magic => "SSQGUARD"u8;

    public static VoteGuardFile Open(string path, IFileLayer files)
    {
        if (!files.Exists(path)) return Create(path, files);
        IStorageFile file = files.Open(path, FileOpening.Existing);
        VoteGuard? newest = null;
        ulong counter = 0;
        bool isAllZero = true;
        Span<byte> copy = stackalloc byte[CopyBytes];
        for (int i = 0; i < 2; i++)
        {
            copy.Clear();
            bool isRead = TryRead(file, copy, i * CopyDistance);
            isAllZero &= isRead && !copy.ContainsAnyExcept((byte)0);
            if (!isRead || !TryDecode(copy, out VoteGuard guard, out ulong written) || written < counter) continue;
            newest = guard;
            counter = written;
        }
        // All zero: its creation was interrupted before the first write, hence before any vote.
        if (newest is not null || isAllZero) return new VoteGuardFile(file, counter, newest);
        file.Dispose();
        throw new StorageException(
            StorageRejection.GuardCorrupted,
            $"{StorageRejection.GuardCorrupted}: neither copy in the vote guard {path} can be read. Without it a "
            + "rolled back vote log can not be told from a current one; voting is refused. Re-enter with a new key at an "
            + "epoch boundary: sharedseq operator rotate",
            path);
    }

    /// <summary>Durable on return.</summary>
    public void Write(in VoteGuard guard)
    {
        Span<byte> copy = stackalloc byte[CopyBytes];
        copy.Clear();
        _counter++;
        Magic.CopyTo(copy);
        BinaryPrimitives.WriteUInt16BigEndian(copy[8..], Version);
        BinaryPrimitives.WriteUInt128BigEndian(copy[12..], guard.Instance.Value);
        BinaryPrimitives.WriteUInt64BigEndian(copy[28..], _counter);
        BinaryPrimitives.WriteUInt64BigEndian(copy[36..], guard.Incarnation);
        BinaryPrimitives.WriteUInt64BigEndian(copy[44..], guard.Voted.Epoch.Value);
        BinaryPrimitives.WriteUInt64BigEndian(copy[52..], guard.Voted.Slot.Value);
        BinaryPrimitives.WriteInt64BigEndian(copy[60..], guard.Position);
        BinaryPrimitives.WriteUInt128BigEndian(copy[68..], guard.Batches.Value);
        BinaryPrimitives.WriteInt64BigEndian(copy[84..], guard.BatchPosition);
        BinaryPrimitives.WriteUInt32BigEndian(copy[CrcAt..], Crc32C.Of(copy[..CrcAt]));
        _file.Write(copy, (long)(_counter % 2) * CopyDistance);
        _file.Sync();
    }

    public void Dispose() => _file.Dispose();

    /// <summary>A copy in a sector that can not be read is one that is not there: the other one decides.</summary>
    private static bool TryRead(IStorageFile file, Span<byte> copy, long offset)
    {
        try
        {
            file.Read(copy, offset);
            return true;
        }
        catch (StorageException e) when (e.Reason == StorageRejection.ReadFailed)
        {
            return false;
        }
    }

    private static VoteGuardFile Create(string path, IFileLayer files)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        files.CreateFolder(folder);
        IStorageFile file = files.Open(path, FileOpening.Create);
        file.Write(new byte[2 * CopyDistance], 0);
        file.Sync();
        files.SyncFolder(folder);
        return new VoteGuardFile(file, 0, null);
    }

    private static bool TryDecode(ReadOnlySpan<byte> copy, out VoteGuard guard, out ulong counter)
    {
        guard = default;
        counter = 0;
        if (!copy[..8].SequenceEqual(Magic) || BinaryPrimitives.ReadUInt16BigEndian(copy[8..]) != Version) return false;
        if (BinaryPrimitives.ReadUInt32BigEndian(copy[CrcAt..]) != Crc32C.Of(copy[..CrcAt])) return false;
        counter = BinaryPrimitives.ReadUInt64BigEndian(copy[28..]);
        CanonicalReader voted = new(copy[44..60]);
        guard = new(
            new(BinaryPrimitives.ReadUInt128BigEndian(copy[12..])),
            BinaryPrimitives.ReadUInt64BigEndian(copy[36..]),
            VoteLog.ReadVoted(ref voted),
            BinaryPrimitives.ReadInt64BigEndian(copy[60..]),
            new(BinaryPrimitives.ReadUInt128BigEndian(copy[68..])),
            BinaryPrimitives.ReadInt64BigEndian(copy[84..]));
        return true;
    }
}
