using System.Net.Http.Json;
using System.Text.Json;
using Spectre.Console;

namespace SharedSeq.Cli;

/// <summary>How the operators do: a table that is redrawn on a terminal, plain lines when something changes elsewhere.</summary>
internal sealed class DevnetView(bool isJson, DevnetFolder folder)
{
    private readonly bool _isTerminal = !isJson && !Console.IsOutputRedirected;
    private readonly Dictionary<int, bool> _wasAlive = [];
    private int _drawn;
    private ulong _lastHeight;
    private long _shownAt;

    public async Task ShowAsync(OperatorProcess[] operators, HttpClient http, CancellationToken cancellation)
    {
        JsonElement?[] health = await Task.WhenAll(operators.Select(o => HealthAsync(o, http, cancellation)));
        ulong height = health.Max(h => h is { } known ? known.GetProperty("orderedHeight").GetUInt64() : 0);
        if (_isTerminal) Draw(operators, health, height);
        else Say(operators, height);
        _lastHeight = height;
    }

    private static async Task<JsonElement?> HealthAsync(OperatorProcess o, HttpClient http, CancellationToken cancellation)
    {
        if (o.HasExited) return null;
        try
        {
            using HttpResponseMessage answer = await http.PostAsJsonAsync(
                o.Operator.Rpc, new { jsonrpc = "2.0", id = 1, method = "sharedseq_health", @params = Array.Empty<object>() }, cancellation);
            JsonElement body = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation);
            return body.TryGetProperty("result", out JsonElement result) ? result : null;
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or TaskCanceledException)
        {
            cancellation.ThrowIfCancellationRequested();
            return null;
        }
    }

    private void Draw(OperatorProcess[] operators, JsonElement?[] health, ulong height)
    {
        var table = new Table().Border(TableBorder.Simple).Title($"height {height} ({height - ulong.Min(height, _lastHeight)}/s)");
        foreach (string column in (string[])["operator", "pid", "state", "epoch", "slot", "height", "certified", "fast/slow"]) table.AddColumn(column);
        for (int i = 0; i < operators.Length; i++)
        {
            JsonElement? h = health[i];
            string state = operators[i].HasExited ? "[red]dead[/]" : h is null ? "[yellow]silent[/]" : "[green]running[/]";
            table.AddRow(
                $"{i}", $"{operators[i].Pid}", state, Field(h, "epoch"), Field(h, "slot"), Field(h, "orderedHeight"), Field(h, "certifiedHeight"),
                $"{Field(h, "fastCommits")}/{Field(h, "slowCommits")}");
        }

        if (_drawn > 0) AnsiConsole.Cursor.MoveUp(_drawn);
        AnsiConsole.Write(table);
        _drawn = operators.Length + 4;
    }

    private void Say(OperatorProcess[] operators, ulong height)
    {
        foreach (OperatorProcess o in operators)
        {
            bool isAlive = !o.HasExited;
            if (_wasAlive.TryGetValue(o.Operator.Index, out bool was) && was != isAlive)
            {
                Print(new { @event = isAlive ? "started" : "died", @operator = o.Operator.Index, pid = o.Pid },
                    isAlive ? $"operator {o.Operator.Index} runs again, pid {o.Pid}"
                        : $"operator {o.Operator.Index} died; revive it: sharedseq node run --config {o.Operator.ConfigFile}");
            }

            _wasAlive[o.Operator.Index] = isAlive;
        }

        // A line every ten seconds is enough to see that it lives.
        if (Environment.TickCount64 - _shownAt < 10_000) return;
        _shownAt = Environment.TickCount64;
        int alive = operators.Count(o => !o.HasExited);
        Print(new { @event = "height", height, alive }, $"height {height}, {alive} of {operators.Length} operators run, state in {folder.StateFile}");
    }

    private void Print(object json, string text) => Console.WriteLine(isJson ? JsonSerializer.Serialize(json, JsonSerializerOptions.Web) : text);

    private static string Field(JsonElement? health, string name) =>
        health is { } known && known.TryGetProperty(name, out JsonElement value) ? value.ToString() : "-";
}
