using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>When within an epoch an operator asks for something. What it asks for is ordered some heights later.</summary>
public enum EpochPhase
{
    /// <summary>Within the epoch's first heights: the next committee was fixed just before.</summary>
    Early = 0,

    /// <summary>Before the boundary is known.</summary>
    Middle = 1,

    /// <summary>The boundary is known.</summary>
    Lead = 2,

    /// <summary>A few heights before the boundary: ordered around the height that fixes a committee.</summary>
    Near = 3,

    /// <summary>The boundary is delivered somewhere: others are still in tails.</summary>
    Tail = 4,
}

/// <summary>
/// Operators of a run in which ordering decides who serves: they join, say that they are in step, rotate keys and leave, by signed statements that go through
/// the lanes of members. Some statements are hollow, or are sent again by somebody. Nobody asks for what the faulty nodes of the run forbid: with more of them
/// than a smaller committee stands nobody leaves.
/// </summary>
public sealed class SimulatedOperators(SimulatedRun run, Prng random)
{
    private const int EarlyHeights = 3;

    private const int NearHeights = 8;

    private const long AgainUs = 400_000;

    private readonly OperatorStatementSigner _signer = new(run.Domain);
    private readonly List<Intent> _intents = [];
    private readonly List<Wish> _wishes = [];
    private readonly List<byte[]> _sent = [];
    private readonly long[] _readyAtUs = new long[run.Settings.NodeCount];
    private readonly PublicKey64[] _candidates = new PublicKey64[run.Settings.NodeCount];
    private OperatorRegistry _registry = new(run.Genesis);
    private Epoch _epoch;
    private Height _first;

    private enum Ask
    {
        Join,
        Exit,
        Rotate,
        Hollow,
        Replay,
    }

    /// <summary>Something to be asked for in a phase of the epoch in which its time comes.</summary>
    private sealed record Intent(Ask Ask, EpochPhase Phase, ulong Remaining);

    /// <summary>What an operator asked for; it asks again until ordering's state shows it.</summary>
    private sealed record Wish(NodeId Node, Ask Ask, PublicKey64 VoteKey, SimulatedKeys? Keys)
    {
        public long NextUs { get; set; }
    }

    public void Start()
    {
        int intents = 4 + random.Below(6);
        long endUs = (run.Settings.StabilisationMs + (800 * run.Settings.Changes.EpochsAfter)) * 1_000L;
        for (int i = 0; i < intents; i++)
        {
            Ask ask = random.Below(12) switch { < 4 => Ask.Join, < 6 => Ask.Exit, < 10 => Ask.Rotate, 10 => Ask.Hollow, _ => Ask.Replay };
            var intent = new Intent(ask, (EpochPhase)random.Below(5), 1 + (ulong)random.Below(NearHeights));
            run.Schedule.At(random.Between(0, endUs), () => _intents.Add(intent));
        }
    }

    /// <summary>A height nobody honest had executed before.</summary>
    public void OnExecuted(SimulatedNode node, ExecutedHeight executed)
    {
        _registry = executed.Result.Operators;
        if (executed.Result.Result.Epoch != _epoch || _first == Height.Zero) (_epoch, _first) = (executed.Result.Result.Epoch, executed.Height);
        ulong? remaining = node.ExecutedBoundary is { } boundary ? boundary.Value - executed.Height.Value : null;
        for (int i = _intents.Count - 1; i >= 0; i--)
        {
            Intent intent = _intents[i];
            if (!IsNow(intent, executed.Height, remaining)) continue;
            _intents.RemoveAt(i);
            if (TryAsk(intent.Ask) && intent.Phase == EpochPhase.Tail) run.Coverage.StatementsSentInTail++;
        }

        RenewRetired();
        foreach (Wish wish in _wishes.ToArray()) Pursue(wish);
        SayReady();
    }

    private bool IsNow(Intent intent, Height height, ulong? remaining) => intent.Phase switch
    {
        EpochPhase.Early => height.Value < _first.Value + EarlyHeights,
        EpochPhase.Middle => remaining is null && height.Value >= _first.Value + EarlyHeights,
        EpochPhase.Lead => remaining > 0,
        EpochPhase.Near => remaining == intent.Remaining,
        _ => remaining == 0,
    };

    private bool TryAsk(Ask ask)
    {
        switch (ask)
        {
            case Ask.Join: return TryJoin();
            case Ask.Exit: return TryExit();
            case Ask.Rotate: return TryRotate();
            case Ask.Hollow:
                Submit(Hollow());
                return true;
            default:
                if (_sent.Count == 0) return false;
                Submit(_sent[random.Below(_sent.Count)]);
                return true;
        }
    }

    private bool TryJoin()
    {
        var free = new List<NodeId>();
        foreach (SimulatedNode node in run.Nodes)
        {
            if (!node.IsDead && !IsOperator(node.Id) && !HasWish(node.Id)) free.Add(node.Id);
        }

        if (free.Count == 0) return false;
        NodeId joiner = free[random.Below(free.Count)];
        return run.Committees.NewKeys(joiner, isVote: true, isNode: true) is { } keys && Want(new Wish(joiner, Ask.Join, keys.Vote.Public, keys));
    }

    private bool TryExit()
    {
        if (Chosen() is not { } leaver || SeatOf(leaver) is not { Node: { } node } || HasWish(node)) return false;
        bool isCovered = leaver.IsSeated && !run.Settings.IsLiar(node) && run.Settings.FaultyCount > 1;
        return !isCovered && Want(new Wish(node, Ask.Exit, leaver.Keys.VoteKey, null));
    }

    private bool TryRotate()
    {
        if (Chosen() is not { State: OperatorState.Member, NewKeys: null } member || SeatOf(member) is not { Node: { } node }) return false;
        int keys = 1 + random.Below(3);
        return Rotate(member, node, (keys & 1) != 0, (keys & 2) != 0);
    }

    private bool Rotate(Operator member, NodeId node, bool isVote, bool isNode)
    {
        if (HasWish(node) || SeatOf(member) is not { Keys: { } used } || run.Committees.NewKeys(node, isVote, isNode) is not { } drawn) return false;
        // What is named again must be what the member has, whatever became of keys that were drawn and not taken.
        var keys = new SimulatedKeys(isVote ? drawn.Vote : used.Vote, isNode ? drawn.Node : used.Node);
        return Want(new Wish(node, Ask.Rotate, member.Keys.VoteKey, keys));
    }

    /// <summary>Who may not vote with its key any more goes on with another one.</summary>
    private void RenewRetired()
    {
        if (run.Settings.Disks.Count == 0) return;
        foreach (Operator item in _registry.Operators)
        {
            if (item is not { State: OperatorState.Member, NewKeys: null } || SeatOf(item) is not { Node: { } node, Keys: { } keys }) continue;
            if (run.Nodes[node.Value].HasLost(keys.Vote)) Rotate(item, node, isVote: true, random.Below(2) == 0);
        }
    }

    private bool Want(Wish wish)
    {
        _wishes.Add(wish);
        return true;
    }

    /// <summary>Asks, again after a while if nothing came of it, and gives up when it can not come true any more.</summary>
    private void Pursue(Wish wish)
    {
        Operator? known = _registry.Find(wish.VoteKey);
        bool isDone = wish.Ask switch
        {
            Ask.Join => known is not null,
            Ask.Exit => known is null or { State: OperatorState.Leaving or OperatorState.Offender },
            _ => known is not { State: OperatorState.Member, NewKeys: null }
                || known.Keys == new CommitteeMember(wish.Keys!.Vote.Public, wish.Keys.Node.Public),
        };
        if (isDone)
        {
            _wishes.Remove(wish);
            return;
        }

        if (run.Schedule.NowUs < wish.NextUs) return;
        wish.NextUs = run.Schedule.NowUs + AgainUs;
        Submit(StatementOf(wish).Encode());
    }

    private OperatorStatement StatementOf(Wish wish)
    {
        ulong validUntil = ValidUntil();
        if (wish.Ask == Ask.Exit) return _signer.Exit(validUntil, wish.VoteKey, run.Signatures.SecretOf(wish.VoteKey));
        SimulatedKeys keys = wish.Keys!;
        var member = new CommitteeMember(keys.Vote.Public, keys.Node.Public);
        if (wish.Ask == Ask.Rotate) return _signer.Rotate(validUntil, wish.VoteKey, run.Signatures.SecretOf(wish.VoteKey), member, keys.Vote, keys.Node);
        return Approved(Join(validUntil, wish.Node, keys), _registry.Present.Plan.Quorum.Quorum);
    }

    private OperatorStatement.Join Join(ulong validUntil, NodeId node, SimulatedKeys keys)
    {
        var endpoints = new OperatorEndpoints($"operator-{node}", $"127.0.0.1:{9_000 + node.Value}", null);
        return _signer.Join(validUntil, new CommitteeMember(keys.Vote.Public, keys.Node.Public), endpoints, keys.Vote, keys.Node);
    }

    /// <summary>With the approvals of so many present members, as they are known where most is executed.</summary>
    private OperatorStatement.Join Approved(OperatorStatement.Join join, int approvals)
    {
        CommitteeMember[] members = [.. _registry.Present.Plan.Members.Where(member => !member.IsEmpty)];
        random.Shuffle<CommitteeMember>(members);
        foreach (CommitteeMember member in members.Take(approvals)) join = _signer.Approve(join, member.NodeKey, run.Signatures.SecretOf(member.NodeKey));
        return join;
    }

    /// <summary>A statement that takes no effect: too few approve, somebody else signed, or it is none.</summary>
    private byte[] Hollow()
    {
        var node = new NodeId(random.Below(run.Settings.NodeCount));
        CommitteeMember first = _registry.Present.Plan.Members.First(member => !member.IsEmpty);
        switch (random.Below(3))
        {
            case 0 when run.Committees.NewKeys(node, isVote: true, isNode: true) is { } keys:
                return Approved(Join(ValidUntil(), node, keys), _registry.Present.Plan.Quorum.Quorum - 1).Encode();
            case 0 or 1:
                return _signer.Exit(ValidUntil(), first.VoteKey, run.Signatures.SecretOf(first.NodeKey)).Encode();
            default:
                byte[] noise = new byte[1 + random.Below(100)];
                for (int i = 0; i < noise.Length; i++) noise[i] = (byte)random.NextU64();
                return noise;
        }
    }

    /// <summary>Candidates that are in step say so, some at once, some after a while; who found no room says it again.</summary>
    private void SayReady()
    {
        foreach (Operator item in _registry.Operators)
        {
            if (item.State != OperatorState.Candidate || SeatOf(item) is not { Node: { } id }) continue;
            long nowUs = run.Schedule.NowUs;
            if (_candidates[id.Value] != item.Keys.VoteKey)
            {
                _candidates[id.Value] = item.Keys.VoteKey;
                _readyAtUs[id.Value] = nowUs + (random.Below(2) == 0 ? 0 : random.Between(0, 1_500_000));
            }

            SimulatedNode node = run.Nodes[id.Value];
            if (!node.IsUp || nowUs < _readyAtUs[id.Value]) continue;
            OperatorCheckpoint? checkpoint = OperatorReadiness.CheckpointToName(
                node.Operators, item.Keys.VoteKey, node.ExecutedHeight, node.CertifiedHeight, run.HighestDelivered);
            if (checkpoint is null) continue;
            _readyAtUs[id.Value] = nowUs + random.Between(100_000, AgainUs);
            Submit(_signer.Ready(ValidUntil(), item.Keys.VoteKey, checkpoint.Value, run.Signatures.SecretOf(item.Keys.VoteKey)).Encode());
        }
    }

    private static ulong ValidUntil() => SimulatedGenesis.ValidUntil;

    /// <summary>In a record of its own: whoever sends a statement again makes another transaction of it.</summary>
    private void Submit(byte[] statement)
    {
        _sent.Add(statement);
        run.Trace.Line($"{run.Schedule.NowUs} statement of kind {statement[0]} sent");
        run.Client.Submit(new SubmittedTransaction(NamespaceId.System, SimulatedGenesis.ValidUntil - (ulong)random.Below(50), statement));
    }

    private bool HasWish(NodeId node) => _wishes.Exists(wish => wish.Node == node);

    private bool IsOperator(NodeId node)
    {
        foreach (Operator item in _registry.Operators)
        {
            if (SeatOf(item)?.Node == node) return true;
        }

        return false;
    }

    private SimulatedSeat? SeatOf(Operator item) => run.Signatures.SeatWith(item.Keys);

    private Operator? Chosen() => _registry.Operators.Count == 0 ? null : _registry.Operators[random.Below(_registry.Operators.Count)];
}
