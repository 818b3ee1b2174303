using System.Globalization;

namespace SharedSeq.Cli;

/// <summary>What an L1 provider of a devnet does wrong.</summary>
internal enum L1FaultKind
{
    None,
    Lag,
    Freeze,
    Unfinalized,
    Slow,
    Fail,
    Down,
    Flap,
    Garbage,
    WrongChainId,
    WrongHash,
    ForgedHeader,
    WrongParent,
    DropLogs,
    ForgeLogs,
    ReorderReceipts,
    Fork,
}

/// <summary>A fault as it is set: its kind and how much of it.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Amount">Blocks or milliseconds; 0 for kinds without.</param>
internal sealed record L1ProviderFault(L1FaultKind Kind, int Amount = 0)
{
    public static readonly L1ProviderFault None = new(L1FaultKind.None);

    /// <summary>How each kind is written, and what it does.</summary>
    public static readonly IReadOnlyList<L1FaultForm> Forms =
    [
        new(L1FaultKind.None, "none", "answers as its client does"),
        new(L1FaultKind.Lag, "lag", "knows of no block above the head less N; safe and finalized are as far behind", "N", "blocks", 1, 10_000, 12),
        new(L1FaultKind.Freeze, "freeze", "knows of no block after the moment this was set"),
        new(L1FaultKind.Unfinalized, "unfinalized", "the head goes on, safe and finalized stay where they are"),
        new(L1FaultKind.Slow, "slow", "waits for so long before each answer", "MS", "ms", 1, 600_000, 3_000),
        new(L1FaultKind.Fail, "fail", "HTTP 503; WebSockets end"),
        new(L1FaultKind.Down, "down", "breaks every connection without an answer"),
        new(L1FaultKind.Flap, "flap", "down and up again in turn, for so long each", "MS", "ms", 100, 600_000, 2_000),
        new(L1FaultKind.Garbage, "garbage", "bytes that are no JSON-RPC"),
        new(L1FaultKind.WrongChainId, "wrong-chain-id", "tells the chain id plus one"),
        new(L1FaultKind.WrongHash, "wrong-hash", "blocks have other hashes, the same everywhere; their headers do not hash to them"),
        new(L1FaultKind.ForgedHeader, "forged-header", "blocks have their hashes, but another state root and a time a minute later"),
        new(L1FaultKind.WrongParent, "wrong-parent", "headers name parents that do not exist, and hash to the hashes told"),
        new(L1FaultKind.DropLogs, "drop-logs", "every second log of a block is left out, in logs, receipts and their blooms"),
        new(L1FaultKind.ForgeLogs, "forge-logs", "logs carry other bytes, in logs and receipts"),
        new(L1FaultKind.ReorderReceipts, "reorder-receipts", "a block's receipts and logs come in the opposite order, numbered so"),
        new(L1FaultKind.Fork, "fork", "answers from another chain that left this one N blocks ago; providers with the same N show the same one",
            "N", "blocks", 1, DevnetL1.ReorgBlocksMax, 8),
    ];

    private static L1FaultForm FormOf(L1FaultKind kind) => Forms.First(form => form.Kind == kind);

    /// <summary>Reads a name, or a name and an amount: lag:12.</summary>
    public static bool TryParse(string text, out L1ProviderFault fault, out string why)
    {
        fault = None;
        why = "";
        string[] parts = text.Split(':');
        if (Forms.FirstOrDefault(form => form.Name == parts[0]) is not { } known)
        {
            why = $"no fault is called '{parts[0]}': {string.Join(", ", Forms.Select(form => form.Usage))}";
            return false;
        }

        int amount = known.Default;
        bool isAmount = parts.Length == 1
            || (parts.Length == 2 && known.Placeholder.Length > 0
                && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out amount) && amount >= known.Least && amount <= known.Most);
        if (!isAmount)
        {
            why = known.Placeholder.Length == 0
                ? $"'{known.Name}' takes no amount"
                : string.Create(CultureInfo.InvariantCulture, $"'{known.Usage}': {known.Placeholder} is {known.Least} to {known.Most} {known.Unit}");
            return false;
        }

        fault = new L1ProviderFault(known.Kind, amount);
        return true;
    }

    public override string ToString()
    {
        L1FaultForm form = FormOf(Kind);
        return form.Placeholder.Length == 0 ? form.Name : string.Create(CultureInfo.InvariantCulture, $"{form.Name}:{Amount}");
    }
}

/// <summary>How a kind of fault is written.</summary>
/// <param name="Kind">The fault.</param>
/// <param name="Name">Its name on the command line.</param>
/// <param name="Says">What the provider does.</param>
/// <param name="Placeholder">What the amount is called; empty when it has none.</param>
/// <param name="Unit">Of the amount.</param>
/// <param name="Least">Smallest amount.</param>
/// <param name="Most">Largest amount.</param>
/// <param name="Default">Without an amount.</param>
internal sealed record L1FaultForm(
    L1FaultKind Kind, string Name, string Says, string Placeholder = "", string Unit = "", int Least = 0, int Most = 0, int Default = 0)
{
    public string Usage => Placeholder.Length == 0 ? Name : $"{Name}[:{Placeholder}]";
}
