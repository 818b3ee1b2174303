using System.Globalization;

namespace SharedSeq.Client;

/// <summary>What a watch-tower warns of. Names are stable: scripts know alerts by them.</summary>
public enum WatchAlertKind
{
    /// <summary>Two proofs that verify contradict each other: more members than f are faulty. Never ends; the detail and both proofs are shown.</summary>
    Contradiction = 1,

    /// <summary>No higher height was proved for two slot timeouts although operators answer.</summary>
    NoProgress = 2,

    /// <summary>An operator's own results are not the certified ones, by its own word or compared.</summary>
    ResultsDiffer = 3,

    /// <summary>An operator gave a proof that does not verify.</summary>
    InvalidProof = 4,

    /// <summary>An operator gives no answer, or none that makes sense.</summary>
    Unreachable = 5,

    /// <summary>What an operator can prove to be certified is behind what others proved a while ago.</summary>
    Behind = 6,

    /// <summary>A member leads no block for a span in which the network moves on.</summary>
    LeadsNothing = 7,
}

/// <summary>Something is wrong, or was.</summary>
/// <param name="Kind">What.</param>
/// <param name="Subject">With whom: an operator's address, a member, a height, or the network.</param>
/// <param name="Start">Since when: the last moment at which it was seen to be right.</param>
/// <param name="End">When it was seen to be right again; null while it is not.</param>
/// <param name="Detail">For people, one line.</param>
/// <param name="Proofs">The proof files that show it, where there are any.</param>
public sealed record WatchAlert(
    WatchAlertKind Kind, string Subject, DateTimeOffset Start, DateTimeOffset? End, string Detail, IReadOnlyList<byte[]> Proofs)
{
    /// <summary>Kind, subject and start: the same in the line that tells the start and the one that tells the end.</summary>
    public string Id => string.Create(CultureInfo.InvariantCulture, $"{Kind}/{Subject}@{Start.ToUnixTimeMilliseconds()}");
}
