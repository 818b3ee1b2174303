using System.Text;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Vectors;

/// <summary>
/// Pins byte formats: a text file in tests/SharedSeq.Core.Tests/Vectors with lines "name = hex", compared with what the
/// code makes today. A changed byte is a decision, not an accident: the test fails with the difference until somebody
/// has written the file anew on purpose and reviewed the diff.
/// <code>
/// [Fact]
/// public void Votes_are_encoded_as_pinned()
/// {
///     VectorFile pins = new("votes");              // Vectors/votes.txt
///     pins.Pin("first vote", writer => vote.Write(writer));
///     pins.Pin("first vote, signed text", textBytes);
///     pins.Check();                                // fails on any changed, missing or unknown name
/// }
/// </code>
/// Use fixed inputs: no random keys, and no signatures made in the test (they differ each time; pin known ones).
/// To accept a changed format: SHAREDSEQ_REWRITE_VECTORS=1 dotnet test --filter Votes_are_encoded_as_pinned
/// Vectors that come from elsewhere are only read: <see cref="Read"/>.
/// </summary>
public sealed class VectorFile(string name)
{
    /// <summary>The environment variable that makes <see cref="Check"/> write instead of compare.</summary>
    public const string RewriteSwitch = "SHAREDSEQ_REWRITE_VECTORS";

    private readonly List<(string Name, string Hex)> _pins = [];

    public static bool IsRewriting => Environment.GetEnvironmentVariable(RewriteSwitch) == "1";

    /// <summary>The folder with SharedSeq.sln, found upwards from the running test.</summary>
    public static string RepositoryRoot { get; } = FindRoot();

    private string FilePath => PathOf(name);

    /// <summary>Pins bytes under a name, unique in the file.</summary>
    public void Pin(string pin, ReadOnlySpan<byte> bytes)
    {
        Assert.False(pin.Contains('=', StringComparison.Ordinal) || pin.Contains('\n', StringComparison.Ordinal), pin);
        Assert.DoesNotContain(_pins, existing => existing.Name == pin);
        _pins.Add((pin, Convert.ToHexStringLower(bytes)));
    }

    public void Pin(string pin, Hash32 hash) => Pin(pin, hash.ToArray());

    /// <summary>Pins what <paramref name="write"/> writes.</summary>
    public void Pin(string pin, Action<CanonicalWriter> write)
    {
        CanonicalWriter writer = new();
        write(writer);
        Pin(pin, writer.Written);
    }

    /// <summary>Compares everything pinned with the file; names must be the same in the same order.</summary>
    public void Check()
    {
        if (IsRewriting)
        {
            File.WriteAllText(FilePath, Render());
            return;
        }
        Assert.True(File.Exists(FilePath), $"{FilePath} does not exist; {Instruction}");
        List<(string Name, string Hex)> expected = Parse(FilePath);
        StringBuilder difference = new();
        foreach ((string pin, string hex) in _pins)
        {
            string? pinned = expected.Find(item => item.Name == pin).Hex;
            if (pinned is null) difference.AppendLine($"  {pin}: not in the file");
            else if (pinned != hex) difference.AppendLine($"  {pin}: {DescribeChange(pinned, hex)}");
        }
        foreach ((string pin, _) in expected)
        {
            if (!_pins.Exists(item => item.Name == pin)) difference.AppendLine($"  {pin}: in the file, no longer made");
        }
        Assert.True(difference.Length == 0, $"{name}.txt differs; {Instruction}\n{difference}");
        Assert.Equal(expected.Select(item => item.Name), _pins.Select(item => item.Name));
    }

    /// <summary>Reads a file of vectors that this code does not make, such as known answers of a standard.</summary>
    public static IReadOnlyDictionary<string, byte[]> Read(string name) =>
        Parse(PathOf(name)).ToDictionary(item => item.Name, item => Convert.FromHexString(item.Hex));

    private static string Instruction =>
        $"if the format is meant to change, run the test with {RewriteSwitch}=1 and review the diff";

    private static string PathOf(string name) =>
        Path.Combine(RepositoryRoot, "tests", "SharedSeq.Core.Tests", "Vectors", name + ".txt");

    private string Render()
    {
        // A comment at the top of an existing file is kept: it says where vectors come from.
        IEnumerable<string> head = File.Exists(FilePath)
            ? File.ReadLines(FilePath).TakeWhile(line => line.StartsWith('#'))
            : [];
        return string.Concat(head.Concat(_pins.Select(pin => $"{pin.Name} = {pin.Hex}")).Select(line => line + "\n"));
    }

    private static List<(string Name, string Hex)> Parse(string path)
    {
        List<(string, string)> pins = [];
        foreach (string line in File.ReadLines(path))
        {
            if (line.Length == 0 || line[0] == '#') continue;
            int at = line.IndexOf(" =", StringComparison.Ordinal);
            Assert.True(at > 0, $"{path}: not 'name = hex': {line}");
            pins.Add((line[..at], line[(at + 2)..].Trim()));
        }
        return pins;
    }

    private static string DescribeChange(string pinned, string made)
    {
        int same = pinned.AsSpan().CommonPrefixLength(made) / 2;
        return $"differs from byte {same} on\n    pinned {Cut(pinned, same)}\n    made   {Cut(made, same)}";
    }

    private static string Cut(string hex, int from)
    {
        string rest = hex[(2 * from)..];
        return $"({hex.Length / 2} bytes) ..{(rest.Length > 80 ? rest[..80] + ".." : rest)}";
    }

    private static string FindRoot()
    {
        for (string? folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "SharedSeq.sln"))) return folder;
        }
        throw new InvalidOperationException("no folder with SharedSeq.sln above the tests");
    }
}
