using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace SharedSeq.Node;

/// <summary>Sends the node's main figures and the runtime's own by OTLP, where the configuration names an endpoint; /metrics has them all either way.</summary>
internal sealed class OtlpMetrics : IAsyncDisposable
{
    private readonly Meter _meter = new("SharedSeq.Node");
    private readonly MeterProvider _provider;

    private OtlpMetrics(NodeRuntime node, Uri endpoint)
    {
        _meter.CreateObservableGauge("sharedseq.height.committed", () => (long)node.Progress.Final.Height.Value, "{height}", "Height of the last commit");
        _meter.CreateObservableGauge("sharedseq.height.ordered", () => (long)node.Progress.Ordered.Value, "{height}", "Newest height applied by ordering");
        _meter.CreateObservableGauge("sharedseq.epoch", () => (long)node.Epochs.Present.Epoch.Value, "{epoch}", "The epoch that this node votes in");
        _meter.CreateObservableGauge(
            "sharedseq.height.certified", () => (long)(node.Feeds.Newest?.Result.Height.Value ?? 0), "{height}", "Newest height with a result certificate");
        _meter.CreateObservableCounter("sharedseq.transactions.admitted", () => node.Admission.Admitted, "{transaction}", "Transactions admitted here");
        _meter.CreateObservableGauge(
            "sharedseq.actor.queue.depth",
            () => node.Actors.Select(a => new Measurement<int>(a.Depth, new KeyValuePair<string, object?>("actor", a.Name))), "{message}", "Messages waiting");
        _provider = Sdk.CreateMeterProviderBuilder()
            .AddMeter(_meter.Name, "System.Runtime", "Microsoft.AspNetCore.Server.Kestrel", "Microsoft.AspNetCore.Hosting")
            .AddOtlpExporter(exporter => exporter.Endpoint = endpoint)
            .Build();
    }

    /// <summary>Starts sending; null when no endpoint is configured.</summary>
    public static OtlpMetrics? Start(NodeRuntime node) =>
        node.Configuration.Telemetry.OtlpEndpoint is { Length: > 0 } endpoint ? new OtlpMetrics(node, new Uri(endpoint)) : null;

    public ValueTask DisposeAsync()
    {
        _provider.Dispose();
        _meter.Dispose();
        return ValueTask.CompletedTask;
    }
}
