using System.CommandLine;
using System.Text.Json;
using SharedSeq.Client;

namespace SharedSeq.Cli;

/// <summary>Which operator a command speaks to: the one given, or the first of the devnet in this folder.</summary>
internal static class OperatorAddress
{
    public static Option<string> Option() => new("--rpc") { Description = "An operator's address; default: the first of ./.sharedseq/devnet.json." };

    public static OperatorClient Connect(string? rpc) => new(Of(rpc));

    public static Uri Of(string? rpc)
    {
        if (rpc is not null) return UserErrors.AddressOf(rpc);
        const string state = ".sharedseq/devnet.json";
        if (!File.Exists(state)) throw new CommandException("no devnet runs in this folder: give --rpc ADDRESS, or start one with: sharedseq devnet");
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(state));
            return new Uri(document.RootElement.GetProperty("operators")[0].GetProperty("rpc").GetString()!);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or IndexOutOfRangeException)
        {
            throw new CommandException($"{state} is not what a devnet writes: give --rpc ADDRESS");
        }
    }
}
