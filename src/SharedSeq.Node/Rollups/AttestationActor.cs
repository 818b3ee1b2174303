using Microsoft.Extensions.Logging;
using SharedSeq.Adapters;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Networking;
using SharedSeq.Primitives;
using SharedSeq.Storage;

namespace SharedSeq.Node;

/// <summary>What the attestation actor is told.</summary>
internal abstract record AttestationInput
{
    public sealed record PeerSaid(PeerId From, AttestationMessage Message) : AttestationInput;

    public sealed record ExecutedHere(ExecutionOutcome Outcome) : AttestationInput;

    public sealed record Tick : AttestationInput;
}

/// <summary>
/// Signs what the own clients executed, collects what the other operators did, and draws the conclusions: executed, split, or an own client that
/// is out of line. It alone writes executions to the ledger.
/// </summary>
internal sealed class AttestationActor : Actor<AttestationInput>
{
    /// <summary>Attestations waiting. 4,096: minutes of a devnet; above it peers' are dropped, they are sent again.</summary>
    private const int MailboxMax = 4_096;

    /// <summary>Undecided own attestations sent again each second: a peer that was away needs one, the newest covers all below.</summary>
    private const int ResentMax = 4;

    private readonly NodeRuntime _node;
    private readonly IReadOnlyDictionary<NamespaceId, AttestedRollup> _rollups;
    private readonly ILogger _logger;
    private readonly P256Scheme _scheme = new();
    private EpochPart _present;
    private long _badSignatures;

    /// <param name="node">The node.</param>
    /// <param name="present">The epoch whose seats the rollups know.</param>
    /// <param name="rollups">The rollups.</param>
    /// <param name="logger">Where log lines go.</param>
    public AttestationActor(NodeRuntime node, EpochPart present, IEnumerable<AttestedRollup> rollups, ILogger logger)
        : base("attestations", MailboxMax, Supervision.Restart)
    {
        _node = node;
        _present = present;
        _rollups = rollups.ToDictionary(r => r.Rollup.Policy.Id);
        _logger = logger;
    }

    /// <summary>Messages that were no attestation of their sender.</summary>
    public long BadSignatures => Interlocked.Read(ref _badSignatures);

    protected override void OnFailed(Exception error, bool isFinal) => _logger.Restarting(Name, error);

    protected override async Task RunAsync(CancellationToken stopping)
    {
        using var tick = new Timer(_ => TryTell(new AttestationInput.Tick()), null, 1_000, 1_000);
        while (await Mailbox.WaitToReadAsync(stopping))
        {
            while (Mailbox.TryRead(out AttestationInput? input)) Handle(input);
        }
    }

    private void Handle(AttestationInput input)
    {
        EnterPresent();
        switch (input)
        {
            case AttestationInput.PeerSaid m: OnPeerSaid(m.From, m.Message); break;
            case AttestationInput.ExecutedHere m: OnExecutedHere(m.Outcome); break;
            // What the own clients made of blocks that are not the network's is nobody's business.
            case AttestationInput.Tick when _node.Progress.Divergence is not null: break;
            case AttestationInput.Tick:
                foreach (AttestedRollup rollup in _rollups.Values)
                    foreach (OwnAttestation own in rollup.ToResend(ResentMax)) Send(rollup, own);
                break;
            default: Invariant.Throw($"an attestation input of unhandled kind {input.GetType().Name}"); break;
        }
    }

    /// <summary>Looked at with each input, so that all it leads to is of one epoch.</summary>
    private void EnterPresent()
    {
        EpochPart present = _node.Epochs.Present;
        if (ReferenceEquals(_present, present) || _node.Progress.Operators?.SeatsOf(present.Epoch) is not { } seats) return;
        _present = present;
        foreach (AttestedRollup rollup in _rollups.Values)
        {
            if (!rollup.TryEnter(seats) || SeatIn(rollup) is not { } self) continue;
            foreach (OwnAttestation own in rollup.ToResend(ResentMax)) Conclude(rollup, rollup.Book.Add(self, own.Attestation), self, own.Attestation);
        }
    }

    /// <summary>The own seat, if it attests a rollup.</summary>
    private ReplicaId? SeatIn(AttestedRollup rollup) => _present.Self is { } self && rollup.Attesters.IndexOf(self) >= 0 ? self : null;

    private void OnPeerSaid(PeerId peer, AttestationMessage message)
    {
        // Of an operator that has no seat any more, or none yet, nothing is counted.
        if (_present.SeatOf(peer) is not { } from) return;
        if (!TryRead(message.Body.Span, out Attestation? attestation, out Signature64 signature, out ExecutionOutcome? outcome)
            || !_rollups.TryGetValue(attestation!.Namespace, out AttestedRollup? rollup)
            || !_scheme.Verify(_present.Committee[from].NodeKey, TextOf(attestation), signature))
        {
            Interlocked.Increment(ref _badSignatures);
            _node.Peers.CountBadFrame(peer);
            return;
        }

        // It may have entered its epoch before or after this node: what it says is no reason to end its session.
        if (rollup.Attesters.IndexOf(from) < 0) return;
        AttestationChange change = rollup.Book.Add(from, attestation);
        Conclude(rollup, change, from, attestation);
        if (change.Executed is not null && outcome is not null && !rollup.Rollup.HasAdapter) Adopt(rollup, outcome);
    }

    /// <summary>Without an own client the outcome is the one that was decided: its skipped transactions are what enough operators signed the root of.</summary>
    private void Adopt(AttestedRollup rollup, ExecutionOutcome outcome)
    {
        _node.Ledger.PutExecution(new LedgerExecution(outcome.Namespace, outcome.Number, ExecutionRecords.Encode(outcome), IsCertified: true));
        if (rollup.Rollup.Pending.Count == 0 || rollup.Rollup.Feed.TryRead(outcome.Number, out StreamBlock? block) != FeedRejection.None) return;
        foreach (StreamTransaction tx in block!.Transactions) rollup.Rollup.Pending.Remove(Keccak256.Of(tx.Payload.Span));
    }

    private void OnExecutedHere(ExecutionOutcome outcome)
    {
        AttestedRollup rollup = _rollups[outcome.Namespace];
        var said = new OwnAttestation(outcome.ToAttestation(), outcome);
        Attestation own = said.Attestation;
        Store(outcome, rollup);
        rollup.AddOwn(said);
        if (SeatIn(rollup) is { } self)
        {
            // A replay of long decided blocks is nobody's business any more.
            if (own.Number + AttestationBook.DefaultBlocksKept > rollup.Rollup.Feed.Head) Send(rollup, said);
            Conclude(rollup, rollup.Book.Add(self, own), self, own);
        }

        if (rollup.Book.TryGetExecuted(own.Number, out Attestation? decided)) Compare(rollup, decided!);
    }

    private void Conclude(AttestedRollup rollup, AttestationChange change, ReplicaId from, Attestation attestation)
    {
        if (change.Verdict == AttestationVerdict.Contradicts) _logger.AttestationContradicts(attestation.Namespace, from, attestation.Number);
        if (change.IsNewSplit)
        {
            rollup.Rollup.CountSplit();
            _logger.ExecutionSplit(attestation.Namespace, attestation.Number);
        }

        foreach (ReplicaId deviant in change.NewlyDeviant)
            if (deviant != _present.Self) _logger.PeerDeviates(attestation.Namespace, deviant, attestation.Number);
        if (change.Executed is not { } executed) return;
        rollup.Rollup.Decided(executed);
        Compare(rollup, executed);
    }

    /// <summary>Holds the own outcome to the executed one.</summary>
    private void Compare(AttestedRollup rollup, Attestation executed)
    {
        if (rollup.Own(executed.Number) is not { } own) return;
        if (own != executed)
        {
            rollup.TakeBackOwn(executed.Number);
            rollup.Deviated?.Invoke(executed.Number);
            return;
        }

        foreach (ulong number in rollup.TakeUncertified(executed.Number))
        {
            if (_node.Ledger.GetExecution(executed.Namespace, number) is { IsCertified: false } execution)
                _node.Ledger.PutExecution(execution with { IsCertified = true });
        }

        if (rollup.Rollup.InLine(executed.Number)) _logger.Execution(executed.Namespace, $"in line again at block {executed.Number}");
    }

    private void Store(ExecutionOutcome outcome, AttestedRollup rollup)
    {
        byte[] encoded = ExecutionRecords.Encode(outcome);
        LedgerExecution? known = _node.Ledger.GetExecution(outcome.Namespace, outcome.Number);
        bool isSame = known is not null && known.Outcome.Span.SequenceEqual(encoded);
        if (isSame && known!.IsCertified) return;
        rollup.AddUncertified(outcome.Number);
        if (!isSame) _node.Ledger.PutExecution(new LedgerExecution(outcome.Namespace, outcome.Number, encoded, IsCertified: false));
    }

    /// <summary>With what was skipped, for operators without an own client; a longer list than fits is left out.</summary>
    private void Send(AttestedRollup rollup, OwnAttestation own)
    {
        if (SeatIn(rollup) is null || _node.NodeSigner() is not { } signer) return;
        Signature64 signature = signer.Sign(TextOf(own.Attestation));
        var writer = new CanonicalWriter(256);
        own.Attestation.Write(writer);
        writer.Signature(signature);
        if (writer.Length + own.Outcome.SkippedBytes <= AttestationMessage.MaxBytes) own.Outcome.WriteSkipped(writer);
        _node.Peers.Send(_present, _present.Others, new AttestationMessage(writer.ToArray()));
    }

    private ReadOnlySpan<byte> TextOf(Attestation attestation)
    {
        var text = new CanonicalWriter(192);
        _node.Genesis.Domain.Open(text, Epoch.Zero, SignedKind.Attestation);
        attestation.WriteSigningText(text);
        return text.Written;
    }

    /// <summary>Reads attestation, signature and, where it came along, the outcome with what was skipped; a list of another root is no attestation.</summary>
    internal static bool TryRead(
        ReadOnlySpan<byte> body, out Attestation? attestation, out Signature64 signature, out ExecutionOutcome? outcome)
    {
        outcome = null;
        attestation = null;
        signature = default;
        try
        {
            var reader = new CanonicalReader(body);
            attestation = Attestation.Read(ref reader);
            signature = reader.Signature();
            if (reader.Remaining == 0) return true;
            outcome = new ExecutionOutcome(
                attestation.Namespace, attestation.Number, attestation.Hash, attestation.StateRoot, ExecutionOutcome.ReadSkipped(ref reader));
            reader.End("attestation");
            return outcome.SkippedRoot == attestation.SkippedRoot;
        }
        catch (DecodeException)
        {
            return false;
        }
    }
}
