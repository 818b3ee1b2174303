using System.Globalization;
using System.Text.Json;
using SharedSeq.Node;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>What sharedseq_getOperators says of an operator, in words: where it stands, and what has to happen next.</summary>
internal static class OperatorAdvice
{
    /// <summary>One line about one operator.</summary>
    /// <param name="item">An item of the answer's operators.</param>
    /// <param name="answer">The whole answer.</param>
    public static string Of(JsonElement item, JsonElement answer)
    {
        ulong epoch = answer.GetProperty("epoch").GetUInt64();
        string state = item.GetProperty("state").GetString()!;
        string step = item.GetProperty("step").GetString()!;
        string seat = item.GetProperty("seat") is { ValueKind: JsonValueKind.Number } number ? $"seat {number.GetInt32()}" : "no seat";
        if (step == "settled") return $"member, {seat}: nothing waits";
        if (step == "sayReady") return "candidate: its node must run, catch up and say that it is in step; it says so by itself";
        int most = answer.GetProperty("changesMax").GetInt32();
        string when = step switch
        {
            "nextEpoch" => Text($"when epoch {epoch + 1} begins"),
            "epochAfterNext" => Text($"when epoch {epoch + 2} begins, as things stand"),
            "room" => Text($"when there is room: at most {most} changes from one committee to the next, and four members stay"),
            _ => "",
        };
        if (when.Length == 0) return Unknown(seat, state, step);
        return state switch
        {
            "ready" => $"in step: takes a seat {when}",
            "member" when item.GetProperty("seat").ValueKind == JsonValueKind.Null => $"takes a seat {when}: keep the node running",
            "member" => $"member, {seat}: its new keys serve {when}: run the node with both key sets",
            "leaving" => $"leaving, {seat}: leaves {when}; keep the node running for one epoch more",
            "offender" => $"{seat}: contradicted itself, as committed evidence shows: it is out {when}, and comes back by joining with new keys",
            _ => Unknown(seat, state, step),
        };
    }

    /// <summary>What is said of the operator with one of a node's keys, and what its configuration lacks; nulls when there is none.</summary>
    public static (string? Advice, string? Missing) About(JsonElement answer, ReplicaSection replica) =>
        Find(answer, replica) is { } item ? (Of(item, answer), MissingKeys(item, replica)) : (null, null);

    /// <summary>The operator with this vote key, now or from the next committee on; null when there is none.</summary>
    public static JsonElement? Find(JsonElement answer, string voteKey)
    {
        foreach (JsonElement item in answer.GetProperty("operators").EnumerateArray())
        {
            if (item.GetProperty("voteKey").GetString() == voteKey || item.GetProperty("newVoteKey").GetString() == voteKey) return item;
        }

        return null;
    }

    /// <summary>What a node's configuration lacks of the keys that its operator serves with, now or after a rotation; null when nothing.</summary>
    /// <param name="item">The operator.</param>
    /// <param name="replica">The node's keys.</param>
    public static string? MissingKeys(JsonElement item, ReplicaSection replica)
    {
        string[] held = [.. KeyFilesOf(replica).Select(path => KeyFile.Inspect(path).PublicKey.ToString())];
        bool Lacks(string name) => item.GetProperty(name).GetString() is { } key && !held.Contains(key);
        if (Lacks("voteKey") || Lacks("nodeKey"))
        {
            string? vote = item.GetProperty("voteKey").GetString(), node = item.GetProperty("nodeKey").GetString();
            return $"it serves with the vote key {vote} and the node key {node}: the configuration does not have both, so its node has no seat";
        }

        return Lacks("newVoteKey") || Lacks("newNodeKey")
            ? "its new keys serve soon and the configuration does not have them: name their files in replica.newVoteKeyFile and "
                + "replica.newNodeKeyFile, and restart the node before that epoch begins"
            : null;
    }

    /// <summary>The operator that one of a node's vote keys belongs to; null when there is none.</summary>
    public static JsonElement? Find(JsonElement answer, ReplicaSection replica)
    {
        foreach (string path in KeyFilesOf(replica))
        {
            if (Find(answer, KeyFile.Inspect(path).PublicKey.ToString()) is { } item) return item;
        }

        return null;
    }

    /// <summary>What somebody with keys that no operator has can do.</summary>
    public const string NotRegistered =
        "no operator has these keys: make a join with `sharedseq operator join`, let a quorum of members approve it, and submit it to one of them; "
        + "keys that were rotated away, or whose operator left, do not serve again";

    private static IEnumerable<string> KeyFilesOf(ReplicaSection replica) =>
        new[] { replica.VoteKeyFile, replica.NodeKeyFile, replica.NewVoteKeyFile, replica.NewNodeKeyFile }.Where(path => path.Length > 0);

    private static string Unknown(string seat, string state, string step) =>
        $"{seat}: {state}, {step}: more than this program knows; ask one as new as the node";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
