using System.Text.RegularExpressions;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Scenarios;

/// <summary>Short names for blocks, B and the slot, with a dash for each further block of the slot, and messages in words.</summary>
internal sealed partial class ScenarioNames
{
    private readonly SortedDictionary<string, string> _names = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Block> _blocks = new(StringComparer.Ordinal);

    public Block Block(string name) => _blocks.TryGetValue(name, out Block? block) ? block : throw new FormatException($"no block is called {name}");

    public string Add(Block block)
    {
        string key = block.Id.ToString();
        if (_names.TryGetValue(key, out string? known)) return known;
        string name = $"B{block.Header.Slot}";
        while (_blocks.ContainsKey(name)) name += "'";
        _names[key] = name;
        _blocks[name] = block;
        return name;
    }

    public string Of(BlockId id) => id.Height == Height.Zero && !id.IsSkip ? "genesis" : Name(id.ToString());

    /// <summary>Puts names in place of block ids in a line.</summary>
    public string Name(string text) => BlockIdText().Replace(text, match => _names.GetValueOrDefault(match.Value, match.Value));

    public string Of(PeerMessage message) => message switch
    {
        Vote m => $"{m.VoteKind}({m.Slot}, {Of(m.Value)})",
        Notarization m => $"Notar({m.Slot}, {Of(m.Value)})",
        CommitProof m => $"Commit({m.Slot}, {Of(m.Block)}, {m.Path})",
        Proposal m => $"Proposal({m.Slot}, {Add(m.Block)} on {Of(m.Block.Header.ParentId)}"
            + $"{(m.Block.Header.IsCarry ? ", carry" : "")}{Evidence(m)}{Justified(m)})",
        Status m => $"Status(final {m.FinalSlot}, in {m.Current})",
        CertificateRequest m => $"CertificateRequest({m.First}..{m.Last})",
        CertificateResponse m => $"Certificates({string.Join(", ", m.Certificates.Select(Of).Concat(m.CommitProof is { } proof ? [Of(proof)] : []))})",
        BlockRequest m => $"BlockRequest({Of(m.Block)} and {m.Ancestors} below)",
        BlockResponse m => $"Blocks({string.Join(", ", m.Blocks.Select(block => Of(block.Id)))})",
        Evidence m => $"Evidence({m.EvidenceKind} by m{m.Offender})",
        _ => message.Kind.ToString(),
    };

    public string? Of(ReplicaEffect effect) => effect switch
    {
        ReplicaEffect.Trace e => $"{e.Rule} slot {e.Slot}: {Name(e.Text)}",
        ReplicaEffect.Log e => $"log {Of(e.Record)}",
        ReplicaEffect.CastProposal e => $"log OwnProposal({Add(e.Block)})",
        ReplicaEffect.CastVote e => $"log Own{e.Kind}({e.Slot}, {Of(e.Value)})",
        ReplicaEffect.Send e => $"to {Members(e.To)} {Of(e.Message)}",
        ReplicaEffect.SendStatus e => $"to {Members(e.To)} Status(final {e.FinalSlot}, in {e.Current})",
        ReplicaEffect.Deliver e => $"deliver height {e.Block.Height} {Of(e.Block.Block.Id)}",
        ReplicaEffect.RecordEvidence e => $"record {Of(e.Evidence.Value)}",
        ReplicaEffect.Alarm e => $"alarm {e.Kind}: {Name(e.Message)}",
        ReplicaEffect.ServeBlocks e => $"serve m{e.To} {Of(e.Request)} from the archive",
        _ => null,
    };

    private string Of(DurableRecord record) => record switch
    {
        DurableRecord.BlockHeld r => $"Block({Add(r.Block)})",
        DurableRecord.CertificateHeld r => Of(r.Certificate),
        DurableRecord.FinalHeld r => Of(r.Proof),
        _ => record.Kind.ToString(),
    };

    private static string Evidence(Proposal proposal) =>
        proposal.Block.Payload.Evidence.Count == 0 ? "" : $", evidence {string.Join(" ", proposal.Block.Payload.Evidence.Select(item => item.EvidenceKind))}";

    private string Justified(Proposal proposal)
    {
        List<string> by = proposal.Justification.Parent is { } parent ? [Of(parent)] : [];
        by.AddRange(proposal.Justification.Skips.Select(Of));
        return by.Count == 0 ? "" : $" by {string.Join(", ", by)}";
    }

    private static string Members(ReplicaSet members)
    {
        var names = new List<string>();
        foreach (ReplicaId id in members) names.Add($"m{id}");
        return string.Join(" ", names);
    }

    [GeneratedRegex("[0-9]+:[0-9a-f]{16}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex BlockIdText();
}
