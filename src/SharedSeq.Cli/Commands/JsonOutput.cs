using System.Text.Json;

namespace SharedSeq.Cli;

/// <summary>Prints a node's answer as it came, indented for reading.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static void Print(JsonElement answer) => Console.WriteLine(JsonSerializer.Serialize(answer, Indented));
}
