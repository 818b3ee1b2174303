using System.Text.Json;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>
/// Looks at one operator: what it says of itself, and proofs of what it says. All by public methods; everything is checked against the committees that
/// follow from the genesis, and what does not verify is told as that.
/// </summary>
public sealed class OperatorWatch(NetworkDirectory network, OperatorClient client, int index, Prng prng)
{
    /// <summary>The server's code for results that are not the certified ones.</summary>
    private const int Diverged = -32013;

    /// <summary>
    /// One look. Besides the newest height it asks for one at random below it, so that every leader's turn is seen whatever the rhythm of looks, and for
    /// heights that other operators proved.
    /// </summary>
    /// <param name="committedToCompare">A height at or below one that another operator proved.</param>
    /// <param name="certifiedToCompare">The same of certified results.</param>
    /// <param name="cancellation">Ends the look.</param>
    public async Task<OperatorSighting> LookAsync(
        Func<Height, Height?> committedToCompare, Func<Height, Height?> certifiedToCompare, CancellationToken cancellation)
    {
        var look = new Look();
        try
        {
            JsonElement health = await client.CallAsync("sharedseq_health", [], cancellation);
            Height ordered = HeightOf(health, "orderedHeight");
            Height certified = HeightOf(health, "certifiedHeight");
            foreach (Height height in Heights(ordered, committedToCompare(ordered))) await LookAtCommitAsync(look, height, cancellation);
            if (certified > Height.Zero) await LookAtResultAsync(look, certified, cancellation);
            if (certifiedToCompare(ordered) is not { } compared) return look.ToSighting();
            await LookAtResultAsync(look, compared, cancellation);
            await LookAtOwnResultAsync(look, compared, cancellation);
        }
        catch (HttpRequestException e)
        {
            return look.ToSighting() with { Fault = e.Message };
        }
        catch (OperatorException e)
        {
            return look.ToSighting() with { Fault = $"refused ({e.Code}): {e.Message}" };
        }

        return look.ToSighting();
    }

    /// <summary>Where an epoch's members are reached, by this operator's word; null when it does not say.</summary>
    /// <param name="epoch">An epoch whose committee is known.</param>
    /// <param name="cancellation">Ends the question.</param>
    public async Task<IReadOnlyList<Uri>?> MembersAsync(Epoch epoch, CancellationToken cancellation)
    {
        try
        {
            return await client.GetMemberAddressesAsync(epoch, network.Of(epoch)?.Count ?? 0, cancellation);
        }
        catch (Exception e) when (e is HttpRequestException or OperatorException)
        {
            // Not entered there yet, or nonsense: it has no word, and is asked again with the next look.
            return null;
        }
    }

    /// <summary>The newest, as many at random below it as there are eights of members, and the one to compare.</summary>
    private IEnumerable<Height> Heights(Height ordered, Height? compared)
    {
        var heights = new SortedSet<ulong>();
        if (compared is { } height) heights.Add(height.Value);
        if (ordered > Height.Zero) heights.Add(ordered.Value);
        int members = (network.Newest is { } newest ? network.Of(newest) : null)?.Count ?? network.Genesis.Quorum.N;
        for (int i = 0; i <= members / 8; i++)
        {
            ulong below = (ulong)prng.Below(2 * members);
            if (ordered.Value > below) heights.Add(ordered.Value - below);
        }

        return heights.Select(value => new Height(value));
    }

    private async Task LookAtCommitAsync(Look look, Height height, CancellationToken cancellation)
    {
        if (await ProofAsync(look, "commit", height, cancellation) is not ({ } file, HeaderProof proof)) return;
        if (proof.Header.Height != height)
        {
            look.InvalidProof = $"asked for the commit of height {height}, it proves height {proof.Header.Height}";
            return;
        }

        foreach (Header header in proof.Headers)
        {
            if (header.IsTail) break;
            look.Committed.Add(new ProvenHeight(header.Height, header.Hash, file));
            if (network.Of(header.Epoch) is { } committee) look.Slots.Add(new SightedSlot(committee, header.Slot));
        }
    }

    private async Task LookAtResultAsync(Look look, Height height, CancellationToken cancellation)
    {
        if (await ProofAsync(look, "result", height, cancellation) is ({ } file, ResultProof proof))
            look.Certified.Add(new ProvenHeight(proof.Certificate.Result.Height, proof.Certificate.Result.Hash, file));
    }

    private async Task LookAtOwnResultAsync(Look look, Height height, CancellationToken cancellation)
    {
        try
        {
            JsonElement answer = await client.CallAsync("sharedseq_getResult", [height.Value], cancellation);
            if (answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("hash", out JsonElement text)
                && text.ValueKind == JsonValueKind.String && Hash32.TryParse(text.GetString(), out Hash32 hash)) look.OwnResult = (height, hash);
            else throw new HttpRequestException($"{client.Rpc} gives no hash of a result");
        }
        catch (OperatorException e)
        {
            look.IsDiverged |= e.Code == Diverged;
        }
    }

    /// <summary>A proof that verifies; null when the operator has none, or none that does.</summary>
    private async Task<(byte[] File, Proof Proof)?> ProofAsync(Look look, string kind, Height height, CancellationToken cancellation)
    {
        byte[] file;
        try
        {
            file = await client.GetProofAsync(kind, [height.Value], cancellation);
        }
        catch (OperatorException e)
        {
            // Not there (yet), pruned, or not to be believed there: an answer, if not the one hoped for.
            look.IsDiverged |= e.Code == Diverged;
            return null;
        }

        (ProofVerdict verdict, Proof? proof) = await network.VerifyAsync(file, cancellation);
        if (verdict.IsValid) return (file, proof!);

        // A committee to which no operator shows the way may be right: it can not be judged from here.
        if (verdict.Fault != ProofFault.UnknownEpoch) look.InvalidProof = $"its {kind} proof of height {height} does not verify: {verdict}";
        return null;
    }

    private Height HeightOf(JsonElement health, string member) =>
        health.ValueKind == JsonValueKind.Object && health.TryGetProperty(member, out JsonElement value)
        && value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out ulong height)
            ? new Height(height)
            : throw new HttpRequestException($"{client.Rpc} (operator {index}) gives no {member} in its health");

    private sealed class Look
    {
        public string? InvalidProof { get; set; }

        public List<ProvenHeight> Committed { get; } = [];

        public List<SightedSlot> Slots { get; } = [];

        public List<ProvenHeight> Certified { get; } = [];

        public (Height Height, Hash32 Hash)? OwnResult { get; set; }

        public bool IsDiverged { get; set; }

        public OperatorSighting ToSighting() => new()
        {
            InvalidProof = InvalidProof,
            Committed = Committed,
            Slots = Slots,
            Certified = Certified,
            OwnResult = OwnResult,
            IsDiverged = IsDiverged,
        };
    }
}
