using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Lanes;

/// <summary>
/// A committee of lane books with a network in between and no consensus: the test commits cuts by itself. Messages travel as bytes and are
/// verified on arrival.
/// </summary>
public sealed class LaneNet
{
    public static readonly SigningDomain Domain = new(new ChainId(4711), ProtocolVersion.Current);
    public static readonly Hash32 Genesis = Sha.Of("genesis"u8);

    private readonly Queue<(ReplicaId From, ReplicaId To, PeerMessage Message)> _wire = new();
    private Hash32 _parent = Genesis;

    public LaneNet(int n = 4, ReplicaOptions? options = null, QuorumParameters? quorum = null)
    {
        Options = options ?? new ReplicaOptions();
        Committee = TestSignatures.CommitteeOf(quorum ?? QuorumParameters.ForMembers(n));
        Verifier = new MessageVerifier(Domain, Committee, new TestSignatures());
        Nodes = [.. Enumerable.Range(0, Committee.Count).Select(i => new LaneNode(this, new ReplicaId((ushort)i)))];
        foreach (LaneNode node in Nodes) node.Do((book, effects) => book.Start(NowMs, effects));
        Run();
    }

    public ReplicaOptions Options { get; }

    public Committee Committee { get; }

    public MessageVerifier Verifier { get; }

    public LaneNode[] Nodes { get; }

    public long NowMs { get; private set; } = 1_000;

    /// <summary>Decides whether a message is lost.</summary>
    public Func<ReplicaId, ReplicaId, PeerMessage, bool> Loses { get; set; } = (_, _, _) => false;

    public Height Height { get; private set; } = Height.Zero;

    public IReadOnlyList<LaneTip> Cut { get; private set; } = [];

    public LaneNode this[int index] => Nodes[index];

    public ReplicaSet OthersOf(ReplicaId id) => ReplicaSet.All(Committee.Count).Without(id);

    public void Send(ReplicaId from, ReplicaSet to, PeerMessage message)
    {
        foreach (ReplicaId receiver in to)
        {
            if (receiver != from) _wire.Enqueue((from, receiver, message));
        }
    }

    /// <summary>Delivers messages until none is under way.</summary>
    public void Run()
    {
        for (int steps = 0; _wire.TryDequeue(out (ReplicaId From, ReplicaId To, PeerMessage Message) item); steps++)
        {
            Assert.True(steps < 200_000, "messages do not come to rest");
            if (!Nodes[item.From.Value].IsUp || Loses(item.From, item.To, item.Message)) continue;
            Arrive(item.From, Nodes[item.To.Value], MessageCodec.Decode(item.Message.Encode()));
        }
    }

    /// <summary>Lets time pass in steps of the next deadline, delivering what is sent.</summary>
    public void Pass(long ms)
    {
        long end = NowMs + ms;
        Run();
        for (int steps = 0; ; steps++)
        {
            Assert.True(steps < 100_000, "deadlines do not come to rest");
            long next = Nodes.Where(n => n.IsUp).Select(n => n.Book.NextDeadlineMs()).DefaultIfEmpty(long.MaxValue).Min();
            if (next > end) break;
            NowMs = long.Max(NowMs, next);
            foreach (LaneNode node in Nodes.Where(n => n.IsUp && n.Book.NextDeadlineMs() <= NowMs))
            {
                node.Do((book, effects) => book.Tick(NowMs, effects));
                if (node.IsUp && node.Book.NextDeadlineMs() <= NowMs) NowMs++;
            }

            Run();
        }

        NowMs = end;
    }

    public void Reconnect(LaneNode a, LaneNode b)
    {
        Disconnect(a, b);
        a.Do((book, effects) => book.OnPeerConnected(b.Id, NowMs, effects));
        b.Do((book, effects) => book.OnPeerConnected(a.Id, NowMs, effects));
        Run();
    }

    public void Disconnect(LaneNode a, LaneNode b)
    {
        a.Do((book, _) => book.OnPeerDisconnected(b.Id));
        b.Do((book, _) => book.OnPeerDisconnected(a.Id));
    }

    /// <summary>Commits the cut that this member would propose, at all members that are up, and runs to rest.</summary>
    public Block CommitBy(LaneNode leader) => Commit(leader.Book.BuildCut(Cut, Height.Zero).Cut);

    public Block Commit(IReadOnlyList<LaneTip> cut)
    {
        Block block = NextBlock(cut);
        foreach (LaneNode node in Nodes) CommitAt(node, block);
        Run();
        return block;
    }

    /// <summary>The next committed block, for tests that hand it over by themselves.</summary>
    public Block NextBlock(IReadOnlyList<LaneTip> cut)
    {
        Height height = Height;
        Height = Height.Next();
        Cut = cut;
        var header = new Header(
            Epoch.Zero, new Slot(Height.Value), Height, new Slot(height.Value), _parent, new TimestampMs(Height.Value), HeaderFlags.None,
            Payload.Empty.Commitment, cut);
        _parent = header.Hash;
        return new Block(header, Payload.Empty);
    }

    public void CommitAt(LaneNode node, Block block) => node.Do((book, effects) =>
        book.OnCommitted(block, block.Header.Timestamp, [.. block.Header.Cut.ToArray()], null, NowMs, effects));

    public void Arrive(ReplicaId from, LaneNode to, PeerMessage message)
    {
        long now = NowMs;
        switch (message)
        {
            case Batch m:
                Assert.Equal(VerificationRejection.None, Verifier.TryVerify(m, out Verified<Batch> batch));
                to.Do((book, effects) => book.OnBatchReceived(batch, now, effects));
                break;
            case Ack m:
                Assert.Equal(VerificationRejection.None, Verifier.TryVerify(m, out Verified<Ack> ack));
                to.Do((book, effects) => book.OnAckReceived(ack, now, effects));
                break;
            case ProofOfAvailability m:
                Assert.Equal(VerificationRejection.None, Verifier.TryVerify(m, null, out Verified<ProofOfAvailability> proof));
                to.Do((book, effects) => book.OnProofReceived(proof, now, effects));
                break;
            case BatchRequest m:
                if (to.IsUp) Send(to.Id, ReplicaSet.Of(from), to.Serve(m));
                break;
            case BatchResponse m:
                to.Do((book, effects) => book.OnBatchesReceived(from, m, now, effects));
                break;
            default:
                Assert.Equal(MessageKind.Evidence, message.Kind);
                break;
        }
    }

    public Verified<ProofOfAvailability> Verify(ProofOfAvailability proof)
    {
        Assert.Equal(VerificationRejection.None, Verifier.TryVerify(proof, null, out Verified<ProofOfAvailability> verified));
        return verified;
    }
}
