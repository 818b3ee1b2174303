using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>A boundary's result that is trusted instead of the genesis: <c>committee export</c> tells both.</summary>
/// <param name="Ended">The epoch that it ends.</param>
/// <param name="Hash">Its hash, <see cref="HandOver.Checkpoint"/>.</param>
public readonly record struct TrustedCheckpoint(Epoch Ended, Hash32 Hash);

/// <summary>
/// Who serves which epoch, and where operators are reached. Committees follow from the genesis, or a checkpoint, by hand-overs that any operator may give,
/// because each is checked against the committee before it. Addresses are operators' word: what is said there is checked all the same, so a wrong one
/// costs an attempt. Shared by all that follow one network; safe for all threads.
/// </summary>
public sealed class NetworkDirectory
{
    /// <summary>Addresses kept, the given ones among them. 256: two of the largest committee's; the oldest learnt ones give way.</summary>
    internal const int OperatorsMax = 256;

    /// <summary>Epochs kept with a verifier. 4: proofs are of the newest ones.</summary>
    private const int VerifiersMax = 4;

    /// <summary>How long one operator may take for one answer. 5 s: a page of hand-overs is half a megabyte.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>How long one search for the way to an epoch may ask, the last answer not counted. 30 s: six operators that are silent, one after the other,
    /// or one that gives little at a time; the next search goes on with the one after them.</summary>
    private static readonly TimeSpan FollowPatience = TimeSpan.FromSeconds(30);

    /// <summary>How far the network's committed time may be ahead of the own clock when an epoch is judged possible. 1 h: clocks that are set wrongly by a
    /// summer time pass, and an epoch at random out of 2^64 does not.</summary>
    private static readonly TimeSpan ClockSlack = TimeSpan.FromHours(1);

    private readonly P256Scheme _scheme = new();
    private readonly CommitteeChain _chain;
    private readonly ProofVerifier _proofs;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _following = new(1);
    private readonly Dictionary<ulong, MessageVerifier> _verifiers = [];
    private readonly int _given;
    private readonly Epoch _from;
    private readonly TimeProvider _clock;
    private volatile Uri[] _operators;
    private int _first;

    /// <param name="genesis">The network.</param>
    /// <param name="operators">Where to begin asking: at least one operator.</param>
    /// <param name="checkpoint">What is trusted instead of the genesis' committee.</param>
    /// <param name="clock">Which epochs can have begun; null for the system's.</param>
    public NetworkDirectory(Genesis genesis, IReadOnlyList<Uri> operators, TrustedCheckpoint? checkpoint = null, TimeProvider? clock = null)
    {
        _clock = clock ?? TimeProvider.System;
        if (operators.Count == 0) throw new ArgumentException("at least one operator", nameof(operators));
        Genesis = genesis;
        _chain = new CommitteeChain(genesis, _scheme, checkpoint?.Hash);
        _from = checkpoint?.Ended ?? Epoch.Zero;
        _proofs = new ProofVerifier(new ProofTrust(_chain, _scheme));
        _operators = [.. operators];
        _given = operators.Count;
    }

    public Genesis Genesis { get; }

    /// <summary>Addresses of operators: the given ones first, then those learnt of later committees.</summary>
    public IReadOnlyList<Uri> Operators => _operators;

    /// <summary>The latest epoch whose committee is known; null until the checkpoint was met.</summary>
    public Epoch? Newest
    {
        get
        {
            lock (_gate) return _chain.Newest;
        }
    }

    /// <summary>The committee of an epoch; null when it is not known (yet).</summary>
    public Committee? Of(Epoch epoch) => VerifierOf(epoch)?.Committee;

    /// <summary>Checks what an epoch's committee signed; null when that is not known (yet).</summary>
    public MessageVerifier? VerifierOf(Epoch epoch)
    {
        lock (_gate)
        {
            if (_verifiers.TryGetValue(epoch.Value, out MessageVerifier? known)) return known;
            if (_chain.Of(epoch) is not { } committee) return null;
            if (_verifiers.Count == VerifiersMax) _verifiers.Remove(_verifiers.Keys.Min());
            return _verifiers[epoch.Value] = new MessageVerifier(Genesis.Domain, committee, _scheme);
        }
    }

    /// <summary>Checks a proof file by the committees known; hand-overs in it are learnt.</summary>
    public ProofVerdict Verify(ReadOnlySpan<byte> file, out Proof? proof)
    {
        lock (_gate) return _proofs.Verify(file, out proof);
    }

    /// <summary>Checks a proof file; where it is of an epoch not known yet, the hand-overs that lead there are asked for first.</summary>
    public async Task<(ProofVerdict Verdict, Proof? Proof)> VerifyAsync(byte[] file, CancellationToken cancellation)
    {
        ProofVerdict verdict = Verify(file, out Proof? proof);
        if (verdict.Fault != ProofFault.UnknownEpoch || !ProofFile.TryRead(file, out ProofFile? read, out _)) return (verdict, proof);
        Epoch epoch = read.Proof.Epoch;
        if (!IsPossible(epoch))
        {
            string why = $"epoch {epoch}: the network can be in epoch {LatestPossible()} at most by this machine's clock";
            return (new ProofVerdict(ProofFault.ImpossibleEpoch, why), proof);
        }

        if (!await FollowAsync(epoch, cancellation)) return (verdict, proof);
        verdict = Verify(file, out proof);
        return (verdict, proof);
    }

    /// <summary>
    /// Whether an epoch may have begun by now: each lasts policy.epochSeconds of committed time at least, which honest clocks bound. Whoever names a later
    /// one lies, and would have everybody known asked for the way there.
    /// </summary>
    public bool IsPossible(Epoch epoch) => epoch.Value <= LatestPossible();

    /// <summary>
    /// Asks operators, one after the other, for the hand-overs to an epoch that is not known yet, and where its members are reached. Nobody is asked for
    /// one that can not have begun, or that lies before the checkpoint.
    /// </summary>
    /// <returns>Whether the epoch's committee is known now.</returns>
    public async Task<bool> FollowAsync(Epoch epoch, CancellationToken cancellation)
    {
        if (VerifierOf(epoch) is not null) return true;
        if (!IsPossible(epoch)) return false;

        // Another search may have led there meanwhile.
        if (epoch <= Newest) return VerifierOf(epoch) is not null;
        await _following.WaitAsync(cancellation);
        try
        {
            Uri[] operators = _operators;
            long started = _clock.GetTimestamp();
            bool IsInTime() => _clock.GetElapsedTime(started) < FollowPatience;
            for (int asked = 0; asked < operators.Length && IsInTime(); asked++)
            {
                using var client = new OperatorClient(operators[_first % operators.Length], Patience);
                try
                {
                    while (VerifierOf(epoch) is null && IsInTime() && await TakePageAsync(client, cancellation)) continue;
                    if (VerifierOf(epoch) is not null)
                    {
                        await LearnAddressesAsync(client, cancellation);
                        return true;
                    }
                }
                catch (Exception e) when (e is HttpRequestException or OperatorException)
                {
                    // another one may know better, the addresses, too; what was checked so far stays
                }

                _first = (_first + 1) % operators.Length;
            }

            return VerifierOf(epoch) is not null;
        }
        finally
        {
            _following.Release();
        }
    }

    private ulong LatestPossible()
    {
        ulong seconds = Genesis.Policy.EpochSeconds;
        if (seconds == 0) return 0;
        double passed = (_clock.GetUtcNow() + ClockSlack - DateTimeOffset.FromUnixTimeMilliseconds((long)Genesis.Timestamp.Value)).TotalSeconds;
        return passed <= 0 ? 0 : (ulong)passed / seconds;
    }

    /// <summary>Takes one answer's hand-overs.</summary>
    /// <returns>Whether they led to an epoch that was not known before.</returns>
    private async Task<bool> TakePageAsync(OperatorClient client, CancellationToken cancellation)
    {
        Epoch? before = Newest;
        IReadOnlyList<HandOver> page = await client.GetHandOversAsync(before ?? _from, cancellation);
        lock (_gate)
        {
            foreach (HandOver handOver in page)
            {
                HandOverRejection reason = _chain.TryExtend(handOver);
                if (reason != HandOverRejection.None)
                    throw new HttpRequestException($"{client.Rpc} gives a hand-over that does not lead on: {reason}");
            }

            return _chain.Newest != before;
        }
    }

    /// <summary>Adds where the newest epoch's members are reached, by an operator's word.</summary>
    private async Task LearnAddressesAsync(OperatorClient client, CancellationToken cancellation)
    {
        if (Newest is not { } newest) return;
        var learnt = new List<Uri>(_operators);
        learnt.AddRange((await client.GetMemberAddressesAsync(newest, Of(newest)?.Count ?? 0, cancellation)).Except(learnt));
        if (learnt.Count > OperatorsMax) learnt.RemoveRange(_given, int.Min(learnt.Count - OperatorsMax, learnt.Count - _given));
        _operators = [.. learnt];
    }
}
