using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>/healthz: the process lives. /readyz: it may take traffic, or why not. /metrics: Prometheus text.</summary>
public sealed class HealthEndpoints(NodeRuntime node) : IRpcEndpoints
{
    /// <summary>Path that says whether the process lives.</summary>
    internal const string Live = "/healthz";

    /// <summary>Path that says whether it may take traffic.</summary>
    internal const string Ready = "/readyz";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Live, context => context.Response.WriteAsync("ok\n", context.RequestAborted));
        routes.MapGet(Ready, ReadyAsync);
        routes.MapGet("/metrics", MetricsAsync);
    }

    /// <summary>Why the node should not take traffic; empty when it should.</summary>
    public IReadOnlyList<string> Reasons()
    {
        var reasons = new List<string>();
        if (!node.IsReady()) reasons.Add("starting or stopping");
        ReplicaView? view = node.Progress.View;
        if (view is { IsHalted: true }) reasons.Add("halted: agreement is broken");
        if (node.Progress.Divergence is { } divergence)
            reasons.Add($"diverged: results above height {divergence.Agreed} are not the certified ones; stop and run: sharedseq store rebuild");
        int connected = view?.Members.Count(m => node.IsConnected(m.Member)) ?? 1;
        int needed = node.Epochs.Present.Committee.Quorum.Quorum;
        if (connected < needed) reasons.Add($"{connected} of the {needed} operators needed are connected");
        if (node.Self is null) reasons.Add($"observing: no seat in epoch {node.Epochs.Present.Epoch}");
        if (node.Progress.Final.Height.Value > node.Progress.Ordered.Value + 1_000) reasons.Add("behind: catching up");
        if (node.Sync.View.Text is { Length: > 0 } syncing) reasons.Add(syncing);
        if (node.Progress.Ordered == Height.Zero) reasons.Add("no height ordered yet");
        foreach (IActorStatus actor in node.Actors)
        {
            if (actor.Health != ActorHealth.Running) reasons.Add($"{actor.Name}: {actor.Health}");
        }

        if (node.Rollups is { } rollups) reasons.AddRange(rollups.Reasons());
        return reasons;
    }

    private async Task ReadyAsync(HttpContext context)
    {
        IReadOnlyList<string> reasons = Reasons();
        context.Response.StatusCode = reasons.Count == 0 ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        await context.Response.WriteAsync(reasons.Count == 0 ? "ready\n" : string.Join('\n', reasons) + "\n", context.RequestAborted);
    }

    private async Task MetricsAsync(HttpContext context)
    {
        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await context.Response.WriteAsync(Render(), context.RequestAborted);
    }

    private string Render()
    {
        var text = new StringBuilder();
        ReplicaView? view = node.Progress.View;
        Add(text, "sharedseq_height_committed", "gauge", "Height of the last commit", node.Progress.Final.Height.Value);
        Add(text, "sharedseq_height_ordered", "gauge", "Newest height applied by ordering", node.Progress.Ordered.Value);
        Add(text, "sharedseq_height_certified", "gauge", "Newest height with a result certificate", node.Feeds.Newest?.Result.Height.Value ?? 0);
        AddEpochs(text);
        Add(
            text, "sharedseq_diverged", "gauge", "Whether own results differ from the certified ones",
            node.Progress.Divergence is null ? 0UL : 1UL);
        Add(text, "sharedseq_committed_time_ms", "gauge", "Timestamp of the newest applied height", node.Progress.CommittedTime.Value);
        Add(text, "sharedseq_transactions_admitted_total", "counter", "Transactions admitted here", (ulong)node.Admission.Admitted);
        Add(text, "sharedseq_vote_guard_failures_total", "counter", "Failed writes of the vote guard", (ulong)node.Logs.GuardFailures);
        Add(text, "sharedseq_batch_memory_bytes", "gauge", "Bytes of batches kept in memory", (ulong)node.Batches.Bytes);
        AddSync(text);
        if (view is not null)
        {
            Add(text, "sharedseq_slot", "gauge", "Current slot", view.Current.Value);
            Add(text, "sharedseq_commits_fast_total", "counter", "Commits by First votes", view.FastCommits);
            Add(text, "sharedseq_commits_slow_total", "counter", "Commits by Final votes", view.SlowCommits);
            Add(text, "sharedseq_votes_out_of_window_total", "counter", "Votes dropped because their slot is too far ahead", view.OutOfWindow);
            Add(text, "sharedseq_evidence_waiting", "gauge", "Items of evidence in no committed block yet", (ulong)view.EvidenceWaiting);
        }

        AddLabelled(
            text, "sharedseq_admission_refused_total", "counter", "Transactions refused here by reason",
            Enum.GetValues<AdmissionRejection>().Select(r => ($"reason=\"{r}\"", (ulong)node.Admission.Refused(r))));
        AddLabelled(
            text, "sharedseq_submissions_refused_total", "counter", "Submitted frames refused here as a whole, by reason",
            node.Admission.RefusedFrames.Select(r => ($"reason=\"{r.Key}\"", (ulong)r.Value)));
        AddLabelled(
            text, "sharedseq_peer_messages_total", "counter", "Messages received by kind",
            Enum.GetValues<MessageKind>().Select(k => ($"kind=\"{k}\"", (ulong)node.Intake.Received(k))));
        AddLabelled(
            text, "sharedseq_peer_refused_total", "counter", "Frames refused by peer and reason",
            node.Intake.Refused.Select(r => ($"peer=\"{r.Key.Peer}\",reason=\"{r.Key.Reason}\"", (ulong)r.Value)));
        AddLabelled(
            text, "sharedseq_peer_requests_unserved_total", "counter", "Requests not answered because their peer asks for more than it is given",
            node.Intake.Unserved.Select(r => ($"peer=\"{r.Key.Peer}\",kind=\"{r.Key.Kind}\"", (ulong)r.Value)));
        AddLabelled(
            text, "sharedseq_session_ends_total", "counter", "Peer sessions ended or refused by reason",
            node.Network.Ends.Select(e => ($"reason=\"{e.Key}\"", (ulong)e.Value)));
        AddLabelled(
            text, "sharedseq_actor_queue_depth", "gauge", "Messages waiting per actor", node.Actors.Select(a => ($"actor=\"{a.Name}\"", (ulong)a.Depth)));
        if (view is not null)
        {
            AddLabelled(
                text, "sharedseq_slots_skipped_total", "counter", "Slots skipped by leader",
                view.Members.Select(m => ($"replica=\"{m.Member}\"", m.SlotsSkipped)));
            AddLabelled(
                text, "sharedseq_peer_connected", "gauge", "Whether the session is up",
                view.Members.Select(m => ($"replica=\"{m.Member}\"", node.IsConnected(m.Member) ? 1UL : 0UL)));
        }

        if (node.Rollups is { } rollups) AddRollups(text, rollups);
        Add(text, "sharedseq_rpc_calls_total", "counter", "JSON-RPC calls", (ulong)node.Calls.Calls);
        AddLabelled(
            text, "sharedseq_rpc_errors_total", "counter", "JSON-RPC calls answered with an error, by the error's name",
            node.Calls.Errors.Select(e => ($"error=\"{e.Key}\"", (ulong)e.Value)));
        Add(text, "process_resident_memory_bytes", "gauge", "Resident memory", (ulong)Environment.WorkingSet);
        Add(
            text, "process_cpu_microseconds_total", "counter", "CPU time used",
            (ulong)(Environment.CpuUsage.TotalTime.Ticks / TimeSpan.TicksPerMicrosecond));
        Add(text, "dotnet_allocated_bytes_total", "counter", "Bytes allocated on the managed heap", (ulong)GC.GetTotalAllocatedBytes());
        return text.ToString();
    }

    private void AddEpochs(StringBuilder text)
    {
        Add(text, "sharedseq_epoch", "gauge", "The epoch that this node votes in", node.Epochs.Present.Epoch.Value);
        Add(text, "sharedseq_epochs_entered_total", "counter", "Epochs entered since the start", (ulong)node.Progress.EpochsEntered);
        Add(
            text, "sharedseq_early_messages_dropped_total", "counter", "Messages of a next epoch that found no room before it began",
            (ulong)node.Progress.HeldDropped);
    }

    private void AddSync(StringBuilder text)
    {
        SyncView sync = node.Sync.View;
        Add(text, "sharedseq_height_oldest", "gauge", "Lowest height kept", node.Logs.FirstBlock.Value);
        Add(text, "sharedseq_sync_phase", "gauge", "State sync: 0 watching, 1 fetching, 2 checking, 3 done", (ulong)sync.Phase);
        Add(text, "sharedseq_sync_pieces", "gauge", "Pieces of the checkpoint on its way that are here", (ulong)sync.Stored);
        Add(text, "sharedseq_sync_pieces_wanted", "gauge", "Pieces of the checkpoint on its way", (ulong)sync.Pieces);
        Add(text, "sharedseq_checkpoint_pieces_served_total", "counter", "Pieces of checkpoints given to others", (ulong)node.Checkpoints.PiecesServed);
        AddLabelled(
            text, "sharedseq_sync_refused_total", "counter", "Members found lying by state sync, by reason",
            node.Sync.Refused.Select(r => ($"reason=\"{r.Key}\"", (ulong)r.Value)));
    }

    private static void AddRollups(StringBuilder text, RollupServices rollups)
    {
        void PerRollup(string name, string type, string help, Func<Rollup, ulong> value) => AddLabelled(
            text, name, type, help, rollups.All.Select(r => ($"namespace=\"{r.Policy.Id}\"", value(r))));
        PerRollup("sharedseq_rollup_closed", "gauge", "Newest closed block", r => r.Feed.Head);
        PerRollup("sharedseq_rollup_head", "gauge", "Newest block executed by the own client", r => r.Head);
        PerRollup("sharedseq_rollup_executed", "gauge", "Highest block attested by enough operators", r => r.Executed?.Number ?? 0);
        PerRollup("sharedseq_rollup_quarantined", "gauge", "Whether the own client is not believed", r => r.Quarantine is null ? 0UL : 1UL);
        PerRollup("sharedseq_rollup_pending", "gauge", "Transactions taken here and not executed", r => (ulong)r.Pending.Count);
        PerRollup("sharedseq_rollup_client_failures_total", "counter", "Failed exchanges with the own client", r => (ulong)r.Counters.ClientFailures);
        PerRollup("sharedseq_rollup_forwarded_total", "counter", "Reads answered by another operator", r => (ulong)r.Counters.Forwarded);
        PerRollup("sharedseq_rollup_unavailable_total", "counter", "Reads that nobody could answer", r => (ulong)r.Counters.Unavailable);
        PerRollup("sharedseq_rollup_splits_total", "counter", "Blocks with two outcomes of too many attesters each", r => (ulong)r.Counters.Splits);
        Add(text, "sharedseq_attestations_refused_total", "counter", "Attestations not of their sender", (ulong)rollups.AttestationsRefused);
    }

    private static void Add(StringBuilder text, string name, string type, string help, ulong value) =>
        AddLabelled(text, name, type, help, [("", value)]);

    private static void AddLabelled(StringBuilder text, string name, string type, string help, IEnumerable<(string Labels, ulong Value)> values)
    {
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n");
        foreach ((string labels, ulong value) in values)
            text.Append(CultureInfo.InvariantCulture, $"{name}{(labels.Length == 0 ? "" : $"{{{labels}}}")} {value}\n");
    }
}
