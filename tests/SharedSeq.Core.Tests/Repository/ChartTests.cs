using System.Text.Json;

namespace SharedSeq.Core.Tests.Repository;

/// <summary>
/// The Helm chart by its structure; no Helm binary is needed, and what only a cluster knows is left open.
/// </summary>
public sealed class ChartTests
{
    private const string Chart = "helm/sharedseq-operator/";

    private static readonly YamlTree Values = YamlTree.Parse(RepositoryTree.Text(Chart + "values.yaml").Text);

    private static readonly ChartTemplate[] Templates =
    [
        .. RepositoryTree.Texts
            .Where(file => file.Path.StartsWith(Chart + "templates/", StringComparison.Ordinal))
            .Select(file => new ChartTemplate(file)),
    ];

    private static readonly YamlTree[] Documents =
    [
        .. Templates.Where(template => template.File.Path.EndsWith(".yaml", StringComparison.Ordinal))
            .SelectMany(template => template.Render(Values)),
    ];

    private static YamlTree Pod => Only("StatefulSet").At("spec", "template", "spec")!;

    private static YamlTree Container => Assert.Single(Pod.At("containers")!.Items);

    [Fact]
    public void Every_block_of_a_template_is_closed() =>
        Finding.AssertNone(Templates.SelectMany(template => template.Imbalances()));

    [Fact]
    public void Every_value_used_exists_and_every_value_there_is_used()
    {
        (ChartTemplate Template, int Line, string Path)[] used =
        [
            .. Templates.SelectMany(template => template.Values().Select(value => (template, value.Line, value.Path))),
        ];
        Finding.AssertNone(
            from use in used
            where Values.At(use.Path.Split('.')) is null
            select new Finding(use.Template.File.Path, use.Line, $".Values.{use.Path} is not in values.yaml"));
        Assert.DoesNotContain(Values.Leaves(), leaf => !used.Any(use =>
            leaf == use.Path || leaf.StartsWith(use.Path + ".", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_named_template_included_is_defined()
    {
        string all = string.Concat(Templates.Select(template => template.File.Text));
        Assert.DoesNotContain(
            Templates.SelectMany(template => template.Includes()),
            name => !all.Contains($"define \"{name}\"", StringComparison.Ordinal));
    }

    [Fact]
    public void The_chart_makes_the_objects_an_operator_needs()
    {
        Assert.Equal(
            ["ConfigMap", "NetworkPolicy", "PodDisruptionBudget", "Service", "Service", "Service", "StatefulSet"],
            Documents.Select(document => document.At("kind")!.Scalar!).Order(StringComparer.Ordinal));
        Assert.All(Documents, document => Assert.False(string.IsNullOrEmpty(document.At("apiVersion")?.Scalar)));
        Assert.All(Documents, document => Assert.False(string.IsNullOrEmpty(document.At("metadata", "name")?.Scalar)));
        Assert.Equal("1", Only("StatefulSet").At("spec", "replicas")!.Scalar);
    }

    [Fact]
    public void Probes_ask_the_rpc_port_for_health_and_readiness()
    {
        Assert.Equal("/healthz", Container.At("startupProbe", "httpGet", "path")!.Scalar);
        Assert.Equal("/healthz", Container.At("livenessProbe", "httpGet", "path")!.Scalar);
        Assert.Equal("/readyz", Container.At("readinessProbe", "httpGet", "path")!.Scalar);
        Assert.Equal("rpc", Container.At("readinessProbe", "httpGet", "port")!.Scalar);
    }

    [Fact]
    public void Every_port_named_elsewhere_is_a_port_of_the_container()
    {
        string[] ports = [.. Container.At("ports")!.Items.Select(port => port.At("name")!.Scalar!)];
        Assert.Equal(["peer", "rpc"], ports);
        foreach (YamlTree service in Documents.Where(document => document.At("kind")!.Scalar == "Service"))
        {
            Assert.All(service.At("spec", "ports")!.Items, port =>
                Assert.Contains(port.At("targetPort")!.Scalar, ports));
        }
    }

    [Fact]
    public void Peers_reach_a_node_that_is_not_ready_and_clients_do_not()
    {
        Assert.Equal("true", Service("-peer").At("spec", "publishNotReadyAddresses")?.Scalar);
        Assert.Null(Service("-rpc").At("spec", "publishNotReadyAddresses"));
        Assert.Equal("None", Service("-headless").At("spec", "clusterIP")?.Scalar);
    }

    [Fact]
    public void A_node_sees_the_addresses_of_whoever_comes_from_outside_and_its_limits_of_one_can_be_set()
    {
        Assert.Equal("Local", Service("-peer").At("spec", "externalTrafficPolicy")?.Scalar);
        string services = RepositoryTree.Text(Chart + "templates/services.yaml").Text;
        foreach (string service in (string[])["peers", "rpc"])
        {
            // A service within the cluster alone must not have it.
            Assert.Matches(
                $"if ne \\.Values\\.{service}\\.service\\.type \"ClusterIP\" \\}}\\}}\n( *#.*\n)?  externalTrafficPolicy: Local\n  \\{{\\{{- end",
                services);
        }

        using var configuration = JsonDocument.Parse(Only("ConfigMap").At("data", "node.json")!.Scalar!);
        JsonElement rpc = configuration.RootElement.GetProperty("rpc");
        Assert.Equal((256, 8_000), (rpc.GetProperty("addressConnectionsMax").GetInt32(), rpc.GetProperty("addressCallsPerSecondMax").GetInt32()));
    }

    [Fact]
    public void Every_mount_has_its_volume_and_every_volume_a_mount()
    {
        IEnumerable<string> volumes = Pod.At("volumes")!.Items.Select(volume => volume.At("name")!.Scalar!)
            .Concat(Only("StatefulSet").At("spec", "volumeClaimTemplates")!.Items
                .Select(claim => claim.At("metadata", "name")!.Scalar!));
        Assert.Equal(
            volumes.Order(StringComparer.Ordinal),
            Container.At("volumeMounts")!.Items.Select(mount => mount.At("name")!.Scalar!)
            .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_container_runs_without_rights()
    {
        Assert.Equal("true", Pod.At("securityContext", "runAsNonRoot")?.Scalar);
        Assert.Equal("false", Container.At("securityContext", "allowPrivilegeEscalation")?.Scalar);
        Assert.Equal("true", Container.At("securityContext", "readOnlyRootFilesystem")?.Scalar);
        Assert.Equal("ALL", Assert.Single(Container.At("securityContext", "capabilities", "drop")!.Items).Scalar);
        Assert.NotNull(Container.At("resources"));
    }

    [Fact]
    public void The_node_configuration_has_only_keys_that_the_sample_documents()
    {
        JsonDocumentOptions comments = new() { CommentHandling = JsonCommentHandling.Skip };
        using var configuration = JsonDocument.Parse(Only("ConfigMap").At("data", "node.json")!.Scalar!);
        using var sample = JsonDocument.Parse(RepositoryTree.Text("config/operator.json").Text, comments);
        Assert.Empty(KeysMissing(configuration.RootElement, sample.RootElement, ""));
    }

    [Fact]
    public void A_structure_that_is_wrong_is_found()
    {
        Assert.NotEmpty(new ChartTemplate(new("a", "{{- if .Values.x }}\na: 1\n")).Imbalances());
        Assert.NotEmpty(new ChartTemplate(new("a", "a: {{ .Values.x }\n")).Imbalances());
        Assert.NotEmpty(new ChartTemplate(new("a", "{{- end }}\n")).Imbalances());
        Assert.Throws<FormatException>(() => YamlTree.Parse("a: 1\n   b: 2\n"));
        Assert.Throws<FormatException>(() => YamlTree.Parse("a: 1\na: 2\n"));
        Assert.Throws<FormatException>(() => YamlTree.Parse("a\n"));
        YamlTree tree =
            YamlTree.Parse("# c\na:\n  b: \"x\"\n  l:\n    - k: 1\n      m: 2\n    - k: 3\nf: [\"p\", q]\n");
        Assert.Equal("x", tree.At("a", "b")!.Scalar);
        Assert.Equal(["1", "3"], tree.At("a", "l")!.Items.Select(item => item.At("k")!.Scalar));
        Assert.Equal(["p", "q"], tree.At("f")!.Items.Select(item => item.Scalar));
        Assert.Equal(["a.b", "a.l", "f"], tree.Leaves());
    }

    private static IEnumerable<string> KeysMissing(JsonElement part, JsonElement whole, string path)
    {
        foreach (JsonProperty property in part.EnumerateObject())
        {
            if (!whole.TryGetProperty(property.Name, out JsonElement value))
            {
                yield return $"{path}{property.Name}";
            }
            else if (property.Value.ValueKind == JsonValueKind.Object)
            {
                foreach (string missing in KeysMissing(property.Value, value, $"{path}{property.Name}."))
                {
                    yield return missing;
                }
            }
        }
    }

    private static YamlTree Only(string kind) =>
        Assert.Single(Documents, document => document.At("kind")!.Scalar == kind);

    private static YamlTree Service(string suffix) => Assert.Single(
        Documents,
        document => document.At("kind")!.Scalar == "Service" &&
            document.At("metadata", "name")!.Scalar!.EndsWith(suffix, StringComparison.Ordinal));
}
