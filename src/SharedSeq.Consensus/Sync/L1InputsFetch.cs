using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>A height that advances the view, on its way out.</summary>
internal sealed class L1Step(L1View before, L1View after)
{
    public L1View Before { get; } = before;

    public L1View After { get; } = after;

    /// <summary>What it is delivered with; null while that is missing.</summary>
    public L1Inputs? Inputs { get; set; } = before == after ? L1Inputs.None : null;
}

/// <summary>
/// V6: a height that advances the view is delivered with the inputs of the L1 blocks between. They come from the own window, or, where the own providers are
/// behind or this is an observer, from other members, one asked after the other; both views say whether they are the right ones.
/// </summary>
internal sealed class L1InputsFetch(ReplicaState state)
{
    private long _askAtMs = long.MinValue;

    public long NextDeadlineMs => state.Lanes.MissingStep is null ? long.MaxValue : long.Max(_askAtMs, state.NowMs);

    /// <summary>The own window may have them by now.</summary>
    public void Find()
    {
        if (state.L1 is not { } l1) return;
        while (state.Lanes.MissingStep is { } step && l1.Find(step.Before, step.After) is { } inputs)
            state.Lanes.OnInputs(step, inputs, state.NowMs, state.Effects);
    }

    /// <summary>An answer: of use if it is what is missing. Anything else is dropped.</summary>
    public void Offer(L1Inputs inputs)
    {
        if (state.Lanes.MissingStep is not { } step || !inputs.Leads(step.Before, step.After)) return;
        _askAtMs = state.NowMs;
        state.Trace("V6", Slot.Zero, $"inputs up to {step.After} fetched");
        state.Lanes.OnInputs(step, inputs, state.NowMs, state.Effects);
    }

    public void Flush()
    {
        if (state.Lanes.MissingStep is not { } step || _askAtMs > state.NowMs) return;
        _askAtMs = state.NowMs + state.FetchRetryMs;
        var request = new L1InputsRequest(step.Before.InputsDigest, step.After.Number, step.After.InputsDigest);
        state.Send(state.Peers.Choose(ReplicaSet.Empty, state.Random), request);
    }

    /// <summary>What is held that answers a request; null when it is not in memory.</summary>
    public L1Inputs? Held(L1InputsRequest request)
    {
        if (state.L1 is not { } l1 || l1.Window.Find(request.Number) is not { } after || after.InputsDigest != request.After) return null;
        for (ulong number = request.Number; number > l1.Window.Base.Number && request.Number - number < L1Inputs.MaxBlocks;)
        {
            L1View before = l1.Window.Find(--number)!;
            if (before.InputsDigest != request.Before) continue;
            return l1.Window.BytesBetween(number, after.Number) <= L1Inputs.MaxBytes ? l1.Window.Between(before, after) : null;
        }

        return null;
    }
}
