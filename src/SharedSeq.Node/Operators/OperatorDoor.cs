using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <summary>What became of an operator statement.</summary>
/// <param name="Id">Id of the record it was ordered in.</param>
/// <param name="Height">The height that ordered it.</param>
/// <param name="Rejection">Why it was left out; null when it took effect.</param>
public readonly record struct StatementOutcome(TxId Id, Height Height, RejectionReason? Rejection);

/// <summary>
/// Where operators bring their statements. Whatever would be left out now is refused here; the rest goes into the own lane, one after the other, because
/// ordering looks at one of a lane and height. Anybody may call: what costs signature checks is bounded.
/// </summary>
public sealed class OperatorDoor : IOrderedFollower
{
    /// <summary>Statements a second whose signatures are checked. 10: a full join of the largest committee costs 8 ms.</summary>
    public const int ChecksPerSecondMax = 10;

    /// <summary>Calls that wait for their turn. 16: two seconds of statements; what comes then is told to try again.</summary>
    public const int WaitingMax = 16;

    private readonly Genesis _genesis;
    private readonly SubmitIntake _submit;
    private readonly NodeProgress _progress;
    private readonly ISignatureScheme _scheme;
    private readonly CallRate _checks;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<TxId, TaskCompletionSource<StatementOutcome>> _awaited = [];
    private int _waiting;

    /// <param name="genesis">The network.</param>
    /// <param name="submit">Leads into the own lane.</param>
    /// <param name="progress">Committed time, and operators after the newest height.</param>
    /// <param name="scheme">Checks signatures; its own, as strangers bring keys here.</param>
    /// <param name="clock">Monotonic time.</param>
    public OperatorDoor(Genesis genesis, SubmitIntake submit, NodeProgress progress, ISignatureScheme scheme, TimeProvider clock)
    {
        _genesis = genesis;
        _submit = submit;
        _progress = progress;
        _scheme = scheme;
        _checks = new CallRate(ChecksPerSecondMax, clock);
    }

    /// <summary>Takes a statement and waits until it is ordered.</summary>
    /// <param name="bytes">The encoded statement.</param>
    /// <param name="from">Who brings it; null where that is not counted.</param>
    /// <param name="cancellation">Ends the wait; the statement may be ordered all the same.</param>
    /// <exception cref="RpcException">It is refused, or was not ordered in time.</exception>
    /// <exception cref="SubmissionException">The lane does not take it.</exception>
    public async Task<StatementOutcome> SubmitAsync(ReadOnlyMemory<byte> bytes, ClientAddress? from, CancellationToken cancellation)
    {
        Check(bytes.Span, from);
        if (Interlocked.Increment(ref _waiting) > WaitingMax)
        {
            Interlocked.Decrement(ref _waiting);
            throw new RpcException(RpcError.TooManyCalls, $"{WaitingMax} statements wait already", new { retryAfterMs = 1_000 });
        }

        try
        {
            await _turn.WaitAsync(cancellation);
        }
        catch
        {
            Interlocked.Decrement(ref _waiting);
            throw;
        }

        try
        {
            return await OrderAsync(bytes, cancellation);
        }
        finally
        {
            _turn.Release();
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <inheritdoc/>
    public ValueTask OnOrderedAsync(OrderedHeight height, CancellationToken cancellation)
    {
        lock (_gate)
        {
            if (_awaited.Count == 0) return ValueTask.CompletedTask;
            Height at = height.Result.Height;
            foreach (AcceptedStatement statement in height.Result.Statements) Tell(new StatementOutcome(statement.Id, at, null));
            foreach (Rejection rejection in height.Result.Rejections)
            {
                if (rejection.Namespace == NamespaceId.System) Tell(new StatementOutcome(rejection.Id, at, rejection.Reason));
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public void OnCertified(ResultCertificate certificate)
    {
    }

    /// <inheritdoc/>
    public void OnDiverged(Divergence divergence)
    {
    }

    private void Check(ReadOnlySpan<byte> bytes, ClientAddress? from)
    {
        OperatorStatement statement;
        try
        {
            statement = OperatorStatement.Decode(bytes);
        }
        catch (DecodeException e)
        {
            throw Refused(nameof(RejectionReason.BadStatement), e.Message);
        }

        if ((uint)bytes.Length > _genesis.Policy.TransactionBytesMax) throw Refused(nameof(RejectionReason.TooLarge), "it is no transaction of this network");
        if (_genesis.Policy.EpochSeconds == 0) throw Refused("NoEpochs", "this network has one epoch without end: its committee does not change");
        OperatorRegistry registry = _progress.Operators ?? throw new RpcException(RpcError.NotReady, "the node is starting");
        if (registry.Check(statement, _progress.CommittedTime, new MeteredScheme(this, from)) is { } reason)
            throw Refused(reason.ToString(), WhyOf(reason, registry));
    }

    /// <summary>For people: what the reason means here, and what helps.</summary>
    private static string WhyOf(RejectionReason reason, OperatorRegistry registry) => reason switch
    {
        RejectionReason.Expired => "committed time is above its validUntil: make a new one",
        RejectionReason.UnknownOperator =>
            "no operator has this vote key; one that rotates is known by its new keys as soon as a committee with them is fixed, an epoch before they serve",
        RejectionReason.KeyUsed => "one of its keys serves, has served, or was named before, and no key serves twice: make new ones",
        RejectionReason.TooFewApprovals =>
            $"{registry.Present.Plan.Quorum.Quorum} members of the present epoch must approve, with the node keys that they have in it",
        RejectionReason.OutOfTurn => "it is done or under way already, or the operator's state does not allow it",
        RejectionReason.UnknownCheckpoint => $"it names none of the newest {OperatorRegistry.CheckpointsMax} checkpoints: make a new one",
        RejectionReason.RegistryFull => "the network has room for no more candidates or keys, or this operator rotated as often as it may",
        RejectionReason.BadStatementSignature => "a signature is not by the key that should have made it, or for another network",
        _ => "the statement would be left out",
    };

    private void TakeCheck(ClientAddress? from)
    {
        if (from is not null && !from.TryTakeStatement(out int retryAfterMs))
            throw TooMany($"{ClientAddress.StatementsPerSecondMax} statements a second of one address are checked here", retryAfterMs);
        lock (_gate)
        {
            if (!_checks.TryTake(out retryAfterMs)) throw TooMany($"{ChecksPerSecondMax} statements a second are checked here", retryAfterMs);
        }
    }

    private static RpcException TooMany(string why, int retryAfterMs) => new(RpcError.TooManyCalls, why, new { retryAfterMs });

    private async Task<StatementOutcome> OrderAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        // Doors that take one statement at a time should not make one record of it: the later one would be dropped as a duplicate.
        uint dedup = _genesis.Policy.DedupSeconds;
        ulong validUntil = (_progress.CommittedTime.Value / 1_000) + (dedup / 2) + (ulong)Random.Shared.Next((int)(dedup / 2) + 1);
        TxId id = BatchBody.IdOf(NamespaceId.System, validUntil, bytes.Span);
        var outcome = new TaskCompletionSource<StatementOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate) _awaited[id] = outcome;
        try
        {
            var submission = new AwaitedSubmission();
            await _submit.SubmitOneAsync(NamespaceId.System, validUntil, bytes, submission, cancellation);
            await submission.Committed.WaitAsync(TimeSpan.FromMilliseconds(NodeLimits.RpcWaitMs), cancellation);
            return await outcome.Task.WaitAsync(TimeSpan.FromMilliseconds(NodeLimits.RpcWaitMs), cancellation);
        }
        catch (TimeoutException)
        {
            throw new RpcException(
                RpcError.Timeout, $"not ordered within {NodeLimits.RpcWaitMs} ms; ask sharedseq_getOperators whether it took effect",
                new { txId = id.ToString() });
        }
        finally
        {
            lock (_gate) _awaited.Remove(id);
        }
    }

    private void Tell(StatementOutcome outcome)
    {
        if (_awaited.TryGetValue(outcome.Id, out TaskCompletionSource<StatementOutcome>? waiting)) waiting.TrySetResult(outcome);
    }

    /// <summary>A statement that is refused without a look at its signatures costs nothing, so it takes nothing of what others may have checked.</summary>
    private sealed class MeteredScheme(OperatorDoor door, ClientAddress? from) : ISignatureScheme
    {
        private bool _isTaken;

        public bool Verify(PublicKey64 key, ReadOnlySpan<byte> text, Signature64 signature)
        {
            if (!_isTaken) door.TakeCheck(from);
            _isTaken = true;
            return door._scheme.Verify(key, text, signature);
        }
    }

    private static RpcException Refused(string reason, string why) => new(RpcError.StatementRefused, $"not taken: {reason}: {why}", new { reason });
}
