namespace SharedSeq.Node;

/// <summary>One submission as something to await: for JSON-RPC calls, where a task per call is what the protocol asks for anyway.</summary>
public sealed class AwaitedSubmission : ISubmissionObserver
{
    private readonly TaskCompletionSource<(LanePlace Place, AcceptanceProof Proof)> _accepted =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly TaskCompletionSource<(LanePlace Place, ProvenBlock Block)> _committed =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes with the receipt's parts; fails with <see cref="SubmissionException"/>.</summary>
    public Task<(LanePlace Place, AcceptanceProof Proof)> Accepted => _accepted.Task;

    /// <summary>Completes when the height is committed; fails with <see cref="SubmissionException"/>.</summary>
    public Task<(LanePlace Place, ProvenBlock Block)> Committed => _committed.Task;

    public void OnRejected(SubmissionRejection reason)
    {
        _accepted.TrySetException(new SubmissionException(reason));
        _committed.TrySetException(new SubmissionException(reason));

        // Whoever waits for only one of the two must not leave the other's failure unobserved.
        _ = _accepted.Task.Exception;
        _ = _committed.Task.Exception;
    }

    public void OnReceived(LanePlace place)
    {
    }

    public void OnAccepted(LanePlace place, AcceptanceProof proof) => _accepted.TrySetResult((place, proof));

    public void OnCommitted(LanePlace place, ProvenBlock block) => _committed.TrySetResult((place, block));
}

/// <summary>A submission was refused by the lane.</summary>
public sealed class SubmissionException(SubmissionRejection reason) : Exception($"not taken: {reason}")
{
    public SubmissionRejection Reason { get; } = reason;
}
