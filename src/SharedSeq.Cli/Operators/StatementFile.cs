using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Cli;

/// <summary>
/// An operator statement on its way between people: a JSON file. What counts is the member <c>statement</c>, the encoding with its signatures; the others
/// say the same for reading, and are written anew with every signature.
/// </summary>
internal static class StatementFile
{
    /// <summary>Bytes of a file. 64 KiB: the largest statement in hex, and as much again to read.</summary>
    private const int MaxBytes = 64 * 1024;

    private static readonly JsonWriterOptions Indented = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <exception cref="CommandException">It is no statement.</exception>
    public static OperatorStatement Read(string path)
    {
        if (!File.Exists(path)) throw new CommandException($"'{path}' does not exist");
        if (new FileInfo(path).Length > MaxBytes) throw new CommandException($"'{path}' is no statement: it has more than {MaxBytes} bytes");
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            string text = document.RootElement.GetProperty("statement").GetString() ?? "";
            if (!text.StartsWith("0x", StringComparison.Ordinal)) throw new FormatException("its statement is not 0x and hex digits");
            return OperatorStatement.Decode(Convert.FromHexString(text.AsSpan(2)));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException or DecodeException)
        {
            throw new CommandException($"'{path}' is no statement: {e.Message}");
        }
    }

    /// <summary>Writes the whole file or nothing: approvals are collected in it one after the other.</summary>
    public static void Write(string path, OperatorStatement statement)
    {
        var bytes = new ArrayBufferWriter<byte>(4_096);
        using (var json = new Utf8JsonWriter(bytes, Indented))
        {
            Write(json, statement);
        }

        FileReplacement.Write(DiskFileLayer.Instance, path, bytes.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, OperatorStatement statement)
    {
        json.WriteStartObject();
        json.WriteString("kind", statement.Kind.ToString());
        json.WriteString("validUntil", DateTimeOffset.FromUnixTimeSeconds((long)ulong.Min(statement.ValidUntil, 253_402_300_799)));
        switch (statement)
        {
            case OperatorStatement.Join join:
                json.WriteString("name", join.Endpoints.Name);
                json.WriteString("peer", join.Endpoints.Peer);
                json.WriteString("rpc", join.Endpoints.Rpc);
                json.WriteString("voteKey", join.Keys.VoteKey.ToString());
                json.WriteString("nodeKey", join.Keys.NodeKey.ToString());
                json.WriteStartArray("approvedBy");
                foreach (OperatorApproval approval in join.Approvals) json.WriteStringValue(approval.NodeKey.ToString());
                json.WriteEndArray();
                break;
            case OperatorStatement.Rotate rotate:
                json.WriteString("voteKey", rotate.VoteKey.ToString());
                json.WriteString("newVoteKey", rotate.NewKeys.VoteKey.ToString());
                json.WriteString("newNodeKey", rotate.NewKeys.NodeKey.ToString());
                break;
            case OperatorStatement.Exit exit:
                json.WriteString("voteKey", exit.VoteKey.ToString());
                break;
            case OperatorStatement.Ready ready:
                json.WriteString("voteKey", ready.VoteKey.ToString());
                json.WriteNumber("checkpoint", ready.Checkpoint.Value);
                break;
        }

        json.WriteString("statement", "0x" + Convert.ToHexStringLower(statement.Encode()));
        json.WriteEndObject();
    }
}
