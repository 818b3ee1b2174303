using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>
/// The result collectors of the newest epochs, oldest first. Results of an ended epoch are owed until its boundary is certified: that certificate hands over
/// to the next. Belongs to ordering's loop.
/// </summary>
/// <param name="epochs">Who may have signed what.</param>
/// <param name="signerOf">Signs in the name of the own seat of an epoch.</param>
public sealed class EpochResults(NodeEpochs epochs, Func<Epoch, StatementSigner> signerOf)
{
    /// <summary>Epochs whose results are always gathered: peers may still ask for what is certified.</summary>
    private const int Kept = 3;

    /// <summary>Epochs whose results are gathered at most. 16: a network that certifies nothing for so long is split, which a person has to end.</summary>
    private const int KeptMax = 16;

    private readonly List<EpochResult> _epochs = [];
    private readonly List<BlockResult> _owed = [];

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<EpochResult> All => _epochs;

    /// <summary>Own results are known to be wrong.</summary>
    public bool IsDiverged => _epochs.Any(item => item.Collector.IsDiverged);

    /// <summary>Of an epoch; null for one that is settled, or has not begun here.</summary>
    public EpochResult? Of(Epoch epoch) => _epochs.Find(item => item.Part.Epoch == epoch);

    public StatementSigner SignerOf(Epoch epoch) => signerOf(epoch);

    /// <summary>The newest certificate of all.</summary>
    public ResultCertificate? Newest => _epochs.LastOrDefault(item => item.Collector.Newest is not null)?.Collector.Newest;

    /// <summary>Whether its boundary is certified.</summary>
    public bool IsSettled(EpochResult item) =>
        item.Collector.Newest?.Result.Height is { } newest && newest >= epochs.BoundaryOf(item.Part.Epoch);

    /// <summary>Ordering goes on in this epoch. What is known of own results goes along: effects chain over the epochs.</summary>
    public void Begin(EpochPart part)
    {
        if (Of(part.Epoch) is not null) return;
        var collector = new ResultCollector(part.Committee, part.Self, part.Genesis.Height);
        if (_epochs.Count > 0) collector.Recover(_epochs.Max(item => item.Collector.Agreed), IsDiverged);
        _epochs.Add(new EpochResult(part, collector));
        while (_epochs.Count > Kept && (_epochs.Count > KeptMax || IsSettled(_epochs[0]))) _epochs.RemoveAt(0);
    }

    /// <summary>After a restart, in the newest epochs: what an earlier run signed and knew.</summary>
    /// <param name="votes">Own result votes, in order.</param>
    /// <param name="ledger">Certificates and own results; up to date with ordering.</param>
    /// <param name="divergence">What an earlier run found out of its own results.</param>
    /// <param name="start">Height of the checkpoint that the archive begins with, whose state is the certified one; 0 for genesis.</param>
    public void Recover(IReadOnlyList<ResultVote> votes, NodeLedger ledger, Divergence? divergence, Height start = default)
    {
        ResultCertificate? newest = ledger.NewestCertificate();

        // Before it has caught up with the newest certificate a node does not know yet that it agrees.
        bool agrees = newest is not null && ledger.GetResult(newest.Result.Height)?.Hash == newest.Result.Hash;
        Height agreed = divergence?.Agreed ?? (agrees ? newest!.Result.Height : start);
        ulong first = epochs.Newest.Epoch.Value - ulong.Min(epochs.Newest.Epoch.Value, KeptMax - 1);
        for (var epoch = new Epoch(first); epoch <= epochs.Newest.Epoch; epoch = epoch.Next())
        {
            if (epochs.Of(epoch) is not { } part) continue;
            var collector = new ResultCollector(part.Committee, part.Self, part.Genesis.Height);
            foreach (ResultVote vote in votes)
            {
                if (vote.Epoch == epoch && vote.Voter == part.Self) collector.Recover(vote);
            }

            Height? boundary = epochs.BoundaryOf(epoch);
            ResultCertificate? certificate = boundary is { } last ? ledger.CertificateAtOrAbove(last) : newest;
            if (certificate?.Result.Epoch == epoch) collector.Recover(certificate);
            collector.Recover(agreed, divergence is not null);
            bool isSettled = boundary is not null && collector.Newest is not null;
            if (isSettled && epoch.Value + Kept <= epochs.Newest.Epoch.Value) continue;
            _epochs.Add(new EpochResult(part, collector));
            if (boundary is { } owed && !isSettled && ledger.GetResult(owed) is { } result) _owed.Add(result);
        }
    }

    /// <summary>Own results of ended epochs' boundaries that are still to be certified, once after a restart: nobody computes them again.</summary>
    public IReadOnlyList<BlockResult> TakeOwed()
    {
        BlockResult[] owed = [.. _owed];
        _owed.Clear();
        return owed;
    }
}

/// <summary>An epoch with what gathers its results.</summary>
public sealed record EpochResult(EpochPart Part, ResultCollector Collector)
{
    /// <summary>Whether a certificate is newer than what is held.</summary>
    public bool IsWanted(ResultCertificate certificate) => certificate.Result.Height > (Collector.Newest?.Result.Height ?? Height.Zero);
}
