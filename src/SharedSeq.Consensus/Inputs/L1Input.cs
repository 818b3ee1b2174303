namespace SharedSeq.Consensus;

/// <summary>Upon what the shell sees of L1, what others report of it, and questions for inputs (consensus.md 11). Without L1 none of it is taken.</summary>
internal static class L1Input
{
    public static void Handle(ReplicaState state, ReplicaInput input)
    {
        if (state.L1 is not { } l1) return;
        switch (input)
        {
            case ReplicaInput.L1Verified i: l1.OnVerified(i.Blocks); break;
            case ReplicaInput.L1StatusChanged i:
                if (l1.Status != i.Status) state.Trace("V5", state.Current, $"L1 {i.Status}");
                l1.Status = i.Status;
                break;
            case ReplicaInput.ViewReportReceived i: l1.OnReport(i.Report.Value); break;
            case ReplicaInput.ViewReportSigned i: l1.OnSigned(i.Report.Value); break;
            case ReplicaInput.L1InputsReceived i: state.L1Inputs.Offer(i.Inputs); break;
            case ReplicaInput.L1InputsRequested i: Answer(state, i); break;
        }
    }

    /// <summary>From the window, or by the shell from its archive.</summary>
    private static void Answer(ReplicaState state, ReplicaInput.L1InputsRequested input)
    {
        if (state.L1Inputs.Held(input.Request) is { } held) state.Effects.Add(new ReplicaEffect.Answer(input.Peer, new L1InputsResponse(held)));
        else state.Effects.Add(new ReplicaEffect.AnswerL1Inputs(input.Peer, input.Request));
    }
}
