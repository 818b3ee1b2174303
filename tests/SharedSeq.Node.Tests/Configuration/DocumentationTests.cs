using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SharedSeq.Node.Tests.Configuration;

/// <summary>The documents that operators and clients read name everything there is: keys, methods and errors.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string Root = FindRoot();

    [Fact]
    public void Every_configuration_key_is_documented()
    {
        string document = Read("docs/CONFIGURATION.md");
        string[] missing = [.. KeysOf(typeof(NodeConfiguration), "").Where(key => !document.Contains($"| `{key}` |", StringComparison.Ordinal))];
        Assert.True(missing.Length == 0, $"docs/CONFIGURATION.md has no row for: {string.Join(", ", missing)}");
    }

    [Fact]
    public void No_documented_configuration_key_is_unknown()
    {
        HashSet<string> known = [.. KeysOf(typeof(NodeConfiguration), "")];
        string[] unknown = [.. KeyRow().Matches(Read("docs/CONFIGURATION.md")).Select(row => row.Groups["name"].Value).Where(key => !known.Contains(key))];
        Assert.True(unknown.Length == 0, $"docs/CONFIGURATION.md documents what does not exist: {string.Join(", ", unknown)}");
    }

    [Fact]
    public void Every_method_is_documented_and_no_other()
    {
        string[] methods = [.. MethodEntry().Matches(Read("src/SharedSeq.Node/Rpc/PublicMethods.cs")).Select(entry => entry.Groups["name"].Value)];
        Assert.True(methods.Length >= 20, $"only {methods.Length} methods found in PublicMethods.cs: the scan no longer fits the code");
        string[] documented = [.. MethodHeading().Matches(Read("docs/RPC.md")).Select(heading => heading.Groups["name"].Value)];
        Assert.Equal(methods.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_error_is_documented_with_its_code()
    {
        string document = Read("docs/RPC.md");
        string[] missing = [.. RpcError.All.Where(e => !document.Contains($"| {e.Code} | `{e.Name}` |", StringComparison.Ordinal)).Select(e => e.Name)];
        Assert.True(missing.Length == 0, $"docs/RPC.md has no row for: {string.Join(", ", missing)}");
    }

    private static IEnumerable<string> KeysOf(Type section, string path)
    {
        foreach (PropertyInfo property in section.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            string key = path + JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            Type type = property.PropertyType;
            if (type.IsGenericType && type.IsAssignableTo(typeof(IEnumerable))) type = type.GetGenericArguments()[0];
            if (type.Namespace != typeof(NodeConfiguration).Namespace)
            {
                yield return key;
                continue;
            }

            foreach (string inner in KeysOf(type, key + ".")) yield return inner;
        }
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "SharedSeq.sln"))) return at.FullName;
        }

        throw new InvalidOperationException($"No SharedSeq.sln above {AppContext.BaseDirectory}.");
    }

    [GeneratedRegex(@"^\| `(?<name>[a-zA-Z.]+)` \|", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex KeyRow();

    [GeneratedRegex(@"\[""(?<name>(?:sharedseq_|rpc\.)\w+)""\] =", RegexOptions.CultureInvariant)]
    private static partial Regex MethodEntry();

    [GeneratedRegex(@"^### `(?<name>[\w.]+)", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex MethodHeading();
}
