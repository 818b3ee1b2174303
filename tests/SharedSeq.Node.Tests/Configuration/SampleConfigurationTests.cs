using System.Collections;
using System.Reflection;
using System.Text.Json;

namespace SharedSeq.Node.Tests.Configuration;

/// <summary>The samples under config are what an operator starts from: they load, and the big one names every key.</summary>
public sealed class SampleConfigurationTests
{
    private static readonly JsonDocumentOptions WithComments =
        new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    private static readonly string Folder = FindFolder();

    [Fact]
    public void The_operator_sample_loads()
    {
        NodeConfiguration configuration =
            ConfigurationLoader.Load(Path.Combine(Folder, "operator.json"), new Dictionary<string, string>(), []);
        Assert.Equal(901UL, Assert.Single(configuration.Adapters).Namespace);
    }

    [Fact]
    public void The_operator_sample_names_every_key_there_is()
    {
        using JsonDocument sample =
            JsonDocument.Parse(File.ReadAllText(Path.Combine(Folder, "operator.json")), WithComments);
        Assert.Empty(KeysMissing(typeof(NodeConfiguration), sample.RootElement, ""));
    }

    private static IEnumerable<string> KeysMissing(Type section, JsonElement json, string path)
    {
        foreach (PropertyInfo property in section.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            string key = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
            if (!json.TryGetProperty(key, out JsonElement value))
            {
                yield return $"{path}{key}";
            }
            else if (value.ValueKind == JsonValueKind.Object)
            {
                foreach (string missing in KeysMissing(property.PropertyType, value, $"{path}{key}.")) yield return missing;
            }
            else if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0 &&
                property.PropertyType.IsAssignableTo(typeof(IEnumerable)))
            {
                Type item = property.PropertyType.GetGenericArguments()[0];
                foreach (string missing in KeysMissing(item, value[0], $"{path}{key}[0].")) yield return missing;
            }
        }
    }

    private static string FindFolder()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "SharedSeq.sln"))) return Path.Combine(at.FullName, "config");
        }

        throw new InvalidOperationException($"No SharedSeq.sln above {AppContext.BaseDirectory}.");
    }
}
