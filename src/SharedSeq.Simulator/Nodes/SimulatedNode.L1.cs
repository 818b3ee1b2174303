using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>What the shell does about L1: tells the replica what its providers show, and answers for heights that are delivered.</summary>
public sealed partial class SimulatedNode
{
    private const int L1BlocksPerRead = 16;

    private readonly SortedDictionary<ulong, long> _toldUs = [];
    private L1Status _l1Status;

    /// <summary>When the replica was told of an L1 block, simulated microseconds; null for one that it was not told of since it started.</summary>
    public long? ToldUs(ulong number) => _toldUs.TryGetValue(number, out long at) ? at : null;

    private void StartL1(int incarnation)
    {
        if (Run.L1 is null) return;
        _toldUs.Clear();
        _l1Status = L1Status.Following;
        ReadL1(incarnation);
    }

    private void ReadL1(int incarnation)
    {
        if (!IsUp || incarnation != _incarnation || Run.L1 is not { } l1 || Run.Settings.L1 is not { } settings) return;
        Run.Schedule.After(settings.BlockMs * 500L, () => ReadL1(incarnation));
        L1Reader reader = settings.Readers[Id.Value];
        long nowMs = Run.Schedule.NowUs / 1_000;
        bool isDown = settings.DownAtMs > 0 && nowMs >= settings.DownAtMs;
        bool isFrozen = isDown || (nowMs >= reader.FrozenFromMs && nowMs < reader.FrozenToMs);
        NoteL1Status(isFrozen ? L1Status.Degraded : L1Status.Following);
        if (isFrozen || !IsUp) return;
        ulong head = l1.HeadAt(nowMs - reader.LagMs);
        ulong next = Replica!.NextL1Number;
        var blocks = new List<L1Block>();
        for (; next <= head && blocks.Count < L1BlocksPerRead; next++)
        {
            blocks.Add(l1.Block(next, reader.Reading));
            _toldUs.TryAdd(next, Run.Schedule.NowUs);
        }

        if (blocks.Count > 0) Submit(new ReplicaInput.L1Verified(blocks));
    }

    private void NoteL1Status(L1Status status)
    {
        if (status == _l1Status) return;
        _l1Status = status;
        if (status == L1Status.Degraded) Run.Coverage.L1Frozen++;
        Submit(new ReplicaInput.L1StatusChanged(status));
    }

    private void CarryOutOfL1(ReplicaEffect effect)
    {
        switch (effect)
        {
            case ReplicaEffect.SignViewReport sign:
                Verified<ViewReport> report = Signer.Report(sign.View);
                Run.NoteSigned(Id, report.Value);
                Submit(new ReplicaInput.ViewReportSigned(report));
                break;
            case ReplicaEffect.AnswerL1Inputs answer:
                if (Array.Find([.. Disk.Archive.Records], block => Answers(block, answer.Request)) is { } held)
                    SendOne(new NodeId((int)answer.Peer), new L1InputsResponse(held.Inputs));
                break;
            case ReplicaEffect.L1Diverged:
                Run.Coverage.L1Divergences++;
                break;
            default:
                Invariant.Throw($"an effect of no known kind {effect.GetType().Name}");
                break;
        }
    }

    private static bool Answers(CommittedBlock block, L1InputsRequest request) =>
        !block.Inputs.IsNone && block.View.Number == request.Number && block.View.InputsDigest == request.After;
}
