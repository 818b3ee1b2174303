using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node.Tests.Storage;

/// <summary>What a disk may do to what it acknowledged and synced.</summary>
internal enum DiskLie
{
    /// <summary>A sector can not be read any more.</summary>
    Unreadable,

    /// <summary>A sector reads back as something else.</summary>
    WrongBytes,

    /// <summary>A write never happened.</summary>
    LostWrite,

    /// <summary>A write went to another place of a file, and destroyed what was there.</summary>
    MisdirectedWrite,

    /// <summary>A folder is what it was some time ago.</summary>
    RolledBack,
}

/// <summary>Has a simulated disk lie once.</summary>
internal static class DiskLies
{
    private const int SectorBytes = 512;

    /// <summary>Spoils one sector of one of these files.</summary>
    public static void Spoil(SimulatedFileLayer files, IReadOnlyList<string> paths, DiskLie lie, Prng prng)
    {
        string path = paths[prng.Below(paths.Count)];
        long length;
        using (IStorageFile file = files.Open(path, FileOpening.ReadOnly)) length = file.Length;
        // Mostly where something is: files are filled from the front.
        long within = prng.Chance(700) ? long.Min(length, 16 * SectorBytes) : length;
        if (length > 0) files.Spoil(path, prng.Between(0, within - 1), isReadable: lie == DiskLie.WrongBytes);
    }

    /// <summary>The n-th write from now on to a file below the folder is lost, or lands elsewhere in one of its files.</summary>
    public static void Divert(SimulatedFileLayer files, string folder, DiskLie lie, int countdown, Prng prng)
    {
        ulong choice = prng.NextU64();
        files.Divert = meant =>
        {
            if (!meant.Path.StartsWith(folder, StringComparison.Ordinal) || countdown-- != 0) return meant;
            if (lie == DiskLie.LostWrite) return null;
            var random = new Prng(choice);
            string[] others = [meant.Path, .. PathsOf(files, Path.GetDirectoryName(meant.Path)!)];
            string target = others[random.Below(2) == 0 ? 0 : random.Below(others.Length)];
            return new FilePlace(target, SectorBytes * (long)random.Below(24));
        };
    }

    public static string[] PathsOf(IFileLayer files, string folder) =>
        [.. files.Names(folder).Where(name => !name.StartsWith("lock", StringComparison.Ordinal)).Select(name => Path.Combine(folder, name))];
}
