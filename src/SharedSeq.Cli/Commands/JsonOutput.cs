using System.Text.Json;

namespace SharedSeq.Cli;

/// <summary>JSON on the standard output, indented for reading.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Prints a node's answer as it came.</summary>
    public static void Print(JsonElement answer) => Console.WriteLine(JsonSerializer.Serialize(answer, Indented));

    /// <summary>Prints what the writer is given, and a line end.</summary>
    public static void Write(Action<Utf8JsonWriter> write)
    {
        using Stream output = Console.OpenStandardOutput();
        using (var json = new Utf8JsonWriter(output, new JsonWriterOptions { Indented = true })) write(json);
        output.Write("\n"u8);
    }
}
