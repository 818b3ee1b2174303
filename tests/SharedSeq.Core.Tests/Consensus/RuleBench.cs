using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

/// <summary>One own vote as a replica decided it.</summary>
internal readonly record struct Decision(ulong Slot, VoteKind Kind, BlockId Value);

/// <summary>
/// One replica alone on a bench: the test speaks for all other members, with their keys, so that a single rule can be looked at. The replica leads
/// slot n (and 2n, ...), never an earlier one.
/// </summary>
internal sealed class RuleBench
{
    private readonly TestNetwork _network;

    public RuleBench(
        int n = 4, Func<ReplicaOptions, ReplicaOptions>? change = null, EpochSpan? epoch = null, IReadOnlyList<RecoveredEvidence>? recorded = null)
        : this(QuorumParameters.ForMembers(n), change, epoch, recorded)
    {
    }

    public RuleBench(
        QuorumParameters quorum, Func<ReplicaOptions, ReplicaOptions>? change = null, EpochSpan? epoch = null,
        IReadOnlyList<RecoveredEvidence>? recorded = null)
    {
        var options = new ReplicaOptions { CertificateForwardMs = 0, FinalHoldMs = 0 };
        _network = new TestNetwork(quorum, _ => change is null ? options : change(options), epoch);
        Self = _network.Committee.LeaderOf(new Slot((ulong)quorum.N));
        Node = _network[Self.Value];
        Others = [.. Enumerable.Range(0, quorum.N).Where(member => member != Self.Value)];
        ResendMs = options.ResendMs;
        if (recorded is not null) Node.Restart(recorded);
        else Node.Start();
        _network.Drop(_ => true);
    }

    public ReplicaId Self { get; }

    public TestNode Node { get; }

    /// <summary>R without its jitter.</summary>
    public int ResendMs { get; }

    public Replica Replica => Node.Replica;

    public TestNetwork Network => _network;

    /// <summary>All members but the replica, ascending.</summary>
    public int[] Others { get; }

    public ulong Current => Replica.CurrentSlot.Value;

    public BlockId Genesis => new(Height.Zero, TestNetwork.GenesisHash);

    /// <summary>What was decided since the last call.</summary>
    public List<Decision> Decisions()
    {
        List<Decision> decisions = [.. Node.Effects.OfType<ReplicaEffect.CastVote>().Select(cast => new Decision(cast.Slot.Value, cast.Kind, cast.Value))];
        Node.Effects.Clear();
        return decisions;
    }

    /// <summary>Messages of one type sent since they were last looked at.</summary>
    public List<(int To, T Message)> Sent<T>()
        where T : PeerMessage
    {
        List<(int, T)> sent = [.. _network.Queue.Where(envelope => envelope.Message is T).Select(envelope => ((int)envelope.To.Value, (T)envelope.Message))];
        _network.Drop(_ => true);
        return sent;
    }

    public void Wait(long ms) => _network.Advance(ms);

    /// <summary>A block with an empty cut; the timestamp is the bench's time unless given.</summary>
    public Block Block(ulong slot, ulong parentSlot, BlockId parent, ulong? timestamp = null, HeaderFlags flags = HeaderFlags.None, Payload? payload = null)
    {
        payload ??= Payload.Empty;
        bool isCarry = (flags & HeaderFlags.Carry) != HeaderFlags.None;
        var time = new TimestampMs(isCarry ? 0 : timestamp ?? _network.Now.WallMs);
        return new Block(
            new Header(
                Epoch.Zero, new Slot(slot), parent.Height.Next(), new Slot(parentSlot), parent.Hash, time, flags, payload.Commitment, []),
            payload);
    }

    /// <summary>A block on genesis whose timestamp makes it different from others of the slot.</summary>
    public Block Block(ulong slot, ulong salt = 0) => Block(slot, 0, Genesis, _network.Now.WallMs + salt);

    public void Propose(Block block, Notarization? parent = null, params Notarization[] skips)
    {
        int leader = _network.LeaderOf(block.Header.Slot.Value);
        Verified<Proposal> proposal = _network[leader].Signer.Proposal(block, [], new Justification(parent, skips));
        Send(leader, proposal.Value);
    }

    public void Vote(VoteKind kind, ulong slot, BlockId value, params int[] members)
    {
        foreach (int member in members) Send(member, Signed(member, kind, slot, value));
    }

    public void First(ulong slot, BlockId value, params int[] members) => Vote(VoteKind.First, slot, value, members);

    public void Final(ulong slot, BlockId value, params int[] members) => Vote(VoteKind.Final, slot, value, members);

    public Vote Signed(int member, VoteKind kind, ulong slot, BlockId value) => _network[member].Signer.Vote(new Slot(slot), kind, value).Value;

    /// <summary>A certificate of First votes by the first q members (or those given).</summary>
    public Notarization Certificate(ulong slot, BlockId value, params int[] members)
    {
        int[] voters = members.Length > 0 ? members : [.. Enumerable.Range(0, _network.Committee.Quorum.Quorum)];
        return new Notarization(
            Epoch.Zero, new Slot(slot), value,
            [.. voters.Order().Select(member => new CertificateSignature(
                new ReplicaId((ushort)member), IsExtra: false, Signed(member, VoteKind.First, slot, value).Signature))]);
    }

    public CommitProof Proof(ulong slot, BlockId block)
    {
        int[] voters = [.. Enumerable.Range(0, _network.Committee.Quorum.Quorum)];
        return new CommitProof(
            Epoch.Zero, new Slot(slot), block, CommitPath.Slow,
            [.. voters.Select(member => new CertificateSignature(
                new ReplicaId((ushort)member), IsExtra: false, Signed(member, VoteKind.Final, slot, block).Signature))]);
    }

    public void Send(int from, PeerMessage message) =>
        Node.Receive(new Envelope(new ReplicaId((ushort)from), Self, MessageCodec.Decode(message.Encode())));

    /// <summary>Ends a slot for the replica by a skip certificate, from the first other member.</summary>
    public void Skip(ulong slot) => Send(Others[0], Certificate(slot, BlockId.Skip));
}
