namespace SharedSeq.Node.Tests.Configuration;

public sealed class ConfigurationLoaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sharedseq-config-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Comments_are_read_and_defaults_fill_the_rest()
    {
        NodeConfiguration c = Load("""{ "genesis": "genesis.json", /* where we listen */ "rpc": { "listen": "127.0.0.1:0" } }""");
        Assert.Equal("127.0.0.1:0", c.Rpc.Listen);
        Assert.Equal(300, c.Consensus.SlotTimeoutMs);
        Assert.Equal(Path.Combine(_folder, "genesis.json"), c.Genesis);
    }

    [Fact]
    public void The_environment_overrides_the_file_and_the_command_line_both()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["SHAREDSEQ__Rpc__Listen"] = "127.0.0.1:1",
            ["SHAREDSEQ__CONSENSUS__SLOTTIMEOUTMS"] = "600",
            ["PATH"] = "ignored",
        };
        NodeConfiguration c = Load(
            """{ "genesis": "g", "rpc": { "listen": "127.0.0.1:9" }, "adapters": [ { "namespace": 901 } ] }""", environment,
            [new("rpc.listen", "127.0.0.1:2"), new("adapters.0.port", "8545")]);
        Assert.Equal("127.0.0.1:2", c.Rpc.Listen);
        Assert.Equal(600, c.Consensus.SlotTimeoutMs);
        Assert.Equal(8545, c.Adapters[0].Port);
    }

    [Theory]
    [InlineData("""{ "genesis": "g", "rcp": {} }""", ConfigurationRejection.UnknownKey, "rcp")]
    [InlineData("""{ "genesis": "g", "rpc": { "lisen": "x" } }""", ConfigurationRejection.UnknownKey, "lisen")]
    [InlineData("""{ "genesis": "g", "rpc": { "listen": "nowhere" } }""", ConfigurationRejection.BadValue, "rpc.listen")]
    [InlineData("""{ "genesis": "g", "rpc": { "corsOrigins": "https://a.example, https://b.example" } }""", ConfigurationRejection.BadValue, "rpc.corsOrigins")]
    [InlineData("""{ "genesis": "g", "rpc": { "corsOrigins": "https://a.example/page" } }""", ConfigurationRejection.BadValue, "rpc.corsOrigins")]
    [InlineData("""{ "genesis": "g", "consensus": { "slotTimeoutMs": 5 } }""", ConfigurationRejection.BadValue, "consensus.slotTimeoutMs")]
    [InlineData("""{ "genesis": "g", "consensus": { "slotTimeoutMs": "soon" } }""", ConfigurationRejection.BadValue, "slotTimeoutMs")]
    [InlineData("""{ "genesis": "g", "adapters": [ { "namespace": 0 } ] }""", ConfigurationRejection.BadValue, "adapters.0.namespace")]
    [InlineData("""{ "genesis": null }""", ConfigurationRejection.BadValue, "$.genesis")]
    [InlineData("""{ "genesis": "g", "rpc": null }""", ConfigurationRejection.BadValue, "$.rpc")]
    [InlineData("""{ "genesis": "g", "adapters": [ null ] }""", ConfigurationRejection.BadValue, "adapters.0")]
    [InlineData("""{ "genesis": "g", "peers": { "addresses": [ null ] } }""", ConfigurationRejection.BadValue, "peers.addresses.0")]
    [InlineData("""{ "genesis": "g", "peers": { "known": [ "127.0.0.1:7700" ] } }""", ConfigurationRejection.BadValue, "peers.known.0")]
    [InlineData("""{ "genesis": "g", "peers": { "known": [ null ] } }""", ConfigurationRejection.BadValue, "peers.known.0")]
    [InlineData(
        """{ "genesis": "g", "adapters": [ { "namespace": 901, "rpc": "localhost:8545" } ] }""", ConfigurationRejection.BadValue, "adapters.0.rpc")]
    [InlineData("""{ "genesis": "g", "telemetry": { "otlpEndpoint": "localhost:4317" } }""", ConfigurationRejection.BadValue, "otlpEndpoint")]
    [InlineData("""{ }""", ConfigurationRejection.BadValue, "genesis")]
    [InlineData("""{ "genesis": """, ConfigurationRejection.Malformed, "JSON")]
    [InlineData("""[ ]""", ConfigurationRejection.Malformed, "object")]
    public void A_bad_configuration_is_refused_with_its_reason_and_key(string json, ConfigurationRejection reason, string named)
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => Load(json));
        Assert.Equal(reason, e.Reason);
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_key_in_the_environment_is_an_error_too()
    {
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["SHAREDSEQ__Rpc__Lisen"] = "x" };
        Assert.Equal(
            ConfigurationRejection.UnknownKey, Assert.Throws<ConfigurationException>(() => Load("""{ "genesis": "g" }""", environment)).Reason);
    }

    [Fact]
    public void A_repeated_key_is_refused_by_name_also_when_it_is_overridden()
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(
            () => Load("""{ "genesis": "g", "rpc": {}, "rpc": {} }""", overrides: [new("rpc.listen", "127.0.0.1:0")]));
        Assert.Equal(ConfigurationRejection.Malformed, e.Reason);
        Assert.Contains("rpc", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_refused_by_name()
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(
            () => ConfigurationLoader.Load(Path.Combine(_folder, "absent.json"), new Dictionary<string, string>(StringComparer.Ordinal), []));
        Assert.Equal(ConfigurationRejection.Unreadable, e.Reason);
        Assert.Contains("absent.json", e.Message, StringComparison.Ordinal);
    }

    private NodeConfiguration Load(
        string json, Dictionary<string, string>? environment = null, IReadOnlyList<KeyValuePair<string, string>>? overrides = null)
    {
        string path = Path.Combine(_folder, "node.json");
        File.WriteAllText(path, json);
        return ConfigurationLoader.Load(path, environment ?? new Dictionary<string, string>(StringComparer.Ordinal), overrides ?? []);
    }
}
