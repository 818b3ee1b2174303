using System.Reflection;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace SharedSeq.Storage;

/// <summary>
/// Binds the SQLite provider to the system's library: the one bundled with the package is old and has known
/// vulnerabilities.
/// </summary>
internal static class SqliteLibrary
{
    private static readonly Lock Gate = new();
    private static bool _isBound;

    public static void Bind()
    {
        lock (Gate)
        {
            if (_isBound) return;
            NativeLibrary.SetDllImportResolver(typeof(SQLite3Provider_e_sqlite3).Assembly, Resolve);
            raw.SetProvider(new SQLite3Provider_e_sqlite3());
            _isBound = true;
        }
    }

    private static IntPtr Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != "e_sqlite3") return IntPtr.Zero;
        const StorageRejection Reason = StorageRejection.ReadFailed;
        if (NativeLibrary.TryLoad("libsqlite3.so.0", out IntPtr library)) return library;
        throw new StorageException(Reason, $"{Reason}: libsqlite3.so.0 is missing; run: apt-get install libsqlite3-0");
    }
}
