using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// Where ordering decides who serves: the committee that a boundary's result names, the one that its certificate names, and the one that serves are the same at
/// every honest node; and it follows from what operators said and from committed evidence (<see cref="CommitteeRules"/>).
/// </summary>
public sealed class HandOvers : Checker
{
    private readonly SortedDictionary<Epoch, Hash32> _named = [];
    private readonly CommitteeRules _rules;
    private Height _seen;

    public HandOvers(SimulatedRun run)
        : base(run) => _rules = new CommitteeRules(run.Genesis, run.Signatures, run.Coverage, Violate);

    private bool IsOn => Run.Settings.Changes.IsOrdered;

    public override void OnExecuted(SimulatedNode node, ExecutedHeight executed)
    {
        if (!IsOn || !node.IsHonest) return;
        if (executed.Height > _seen)
        {
            _seen = executed.Height;
            _rules.OnHeight(executed);
        }

        BlockResult result = executed.Result.Result;
        if (result.NextCommitteeHash == Hash32.Zero) return;
        if (_named.TryAdd(result.Epoch.Next(), result.NextCommitteeHash) && result.NextCommitteeHash != _rules.Next.Hash)
            Violate($"height {result.Height} names another committee of epoch {result.Epoch.Next()} than was fixed");
        Compare($"node {node.Id}, by the result of height {result.Height},", result.Epoch.Next(), result.NextCommitteeHash);
    }

    public override void OnCertified(SimulatedNode node, ResultCertificate certificate)
    {
        BlockResult result = certificate.Result;
        if (!IsOn || !node.IsHonest || result.NextCommitteeHash == Hash32.Zero) return;
        Run.Coverage.BoundariesCertified++;
        Compare($"node {node.Id}, by the certificate of height {result.Height},", result.Epoch.Next(), result.NextCommitteeHash);
    }

    /// <summary>What serves is what was named.</summary>
    public override void OnCommittee(SimulatedNode node, Committee committee)
    {
        if (!IsOn || !node.IsHonest || committee.Epoch == Epoch.Zero) return;
        var members = new CommitteeMember[committee.Count];
        for (int i = 0; i < members.Length; i++) members[i] = committee[new ReplicaId((ushort)i)];
        Compare($"node {node.Id}, which begins it,", committee.Epoch, new CommitteePlan(committee.Epoch, committee.Quorum, members).Hash);
    }

    private void Compare(string who, Epoch epoch, Hash32 committee)
    {
        if (!_named.TryGetValue(epoch, out Hash32 named)) Violate($"{who} has a committee of epoch {epoch}, which no boundary has named");
        else if (named != committee) Violate($"{who} has committee {committee} of epoch {epoch}, its boundary named {named}");
    }
}
