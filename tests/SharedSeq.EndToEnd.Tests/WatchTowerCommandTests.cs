using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace SharedSeq.EndToEnd.Tests;

/// <summary>watch-tower as a user starts it, over four operators of which some die and come back.</summary>
public sealed class WatchTowerCommandTests(OpaqueDevnet devnet) : IClassFixture<OpaqueDevnet>
{
    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Operators_that_die_a_network_that_stops_and_both_coming_back_are_told_from_outside()
    {
        using Tower tower = Tower.Start(devnet);
        await Devnet.UntilAsync("the watch has begun", () => Task.FromResult(tower.Lines.Any(line => Text(line, "event") == "watching")));

        devnet.Kill(3);
        JsonElement gone = await tower.UntilAsync("start", "Unreachable", devnet.Rpc(3).ToString());
        Assert.NotEmpty(Text(gone, "detail"));
        JsonElement idle = await tower.UntilAsync("start", "LeadsNothing", "member 3");

        // Three of four go on; two do not.
        Assert.DoesNotContain(tower.Lines, line => Text(line, "kind") is "Contradiction" or "InvalidProof" or "ResultsDiffer");
        devnet.Kill(2);
        JsonElement stopped = await tower.UntilAsync("start", "NoProgress", "network");
        Assert.Contains("no height above", Text(stopped, "detail"), StringComparison.Ordinal);

        devnet.Revive(2);
        devnet.Revive(3);
        await tower.UntilEndAsync(stopped);
        await tower.UntilEndAsync(gone);
        await tower.UntilEndAsync(idle);
        Assert.DoesNotContain(tower.Lines, line => Text(line, "kind") is "Contradiction" or "InvalidProof" or "ResultsDiffer");
        Assert.Equal(0, await tower.StopAsync());
    }

    private static string Text(JsonElement line, string member) =>
        line.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    /// <summary>The command as a process, and the lines it wrote.</summary>
    private sealed class Tower : IDisposable
    {
        private readonly Process _process;
        private readonly ConcurrentQueue<JsonElement> _lines = new();

        private Tower(Process process) => _process = process;

        public IEnumerable<JsonElement> Lines => _lines;

        /// <summary>Patient enough for four operators on a busy machine: what is told is what the test does.</summary>
        public static Tower Start(Devnet devnet)
        {
            var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, UseShellExecute = false };
            string program = Path.Combine(AppContext.BaseDirectory, "sharedseq.dll");
            string[] operators = [.. Enumerable.Range(0, devnet.Operators).SelectMany(i => new[] { "--rpc", devnet.Rpc(i).ToString() })];
            string[] patience = ["--slot-timeout-ms", "2000", "--patience-ms", "2500", "--lead-span-ms", "6000"];
            foreach (string argument in (string[])[program, "watch-tower", "--json", "--genesis", devnet.GenesisFile, .. operators, .. patience])
                start.ArgumentList.Add(argument);
            var tower = new Tower(Process.Start(start)!);
            tower._process.OutputDataReceived += (_, line) =>
            {
                if (line.Data is { Length: > 0 } text) tower._lines.Enqueue(JsonSerializer.Deserialize<JsonElement>(text));
            };
            tower._process.BeginOutputReadLine();
            return tower;
        }

        public async Task<JsonElement> UntilAsync(string what, string kind, string subject)
        {
            JsonElement found = default;
            await Devnet.UntilAsync($"{what} of {kind} of {subject}", () =>
            {
                found = _lines.LastOrDefault(line =>
                    Text(line, "event") == what && Text(line, "kind") == kind && Text(line, "subject").StartsWith(subject, StringComparison.Ordinal));
                return Task.FromResult(found.ValueKind == JsonValueKind.Object);
            });
            return found;
        }

        /// <summary>The end of an alert has the id of its start.</summary>
        public Task UntilEndAsync(JsonElement alert) => Devnet.UntilAsync(
            $"the end of {Text(alert, "id")}",
            () => Task.FromResult(_lines.Any(line => Text(line, "event") == "end" && Text(line, "id") == Text(alert, "id"))));

        public async Task<int> StopAsync()
        {
            using (Process kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)])) await kill.WaitForExitAsync();
            using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            await _process.WaitForExitAsync(deadline.Token);
            return _process.ExitCode;
        }

        public void Dispose()
        {
            if (!_process.HasExited) _process.Kill();
            _process.Dispose();
        }
    }
}
