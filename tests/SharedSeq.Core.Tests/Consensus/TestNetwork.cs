using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

/// <summary>A message under way.</summary>
internal sealed record Envelope(ReplicaId From, ReplicaId To, PeerMessage Message);

/// <summary>
/// A committee in memory with a network that delivers only when told. Disks are instant, clocks are one shared clock. The shell's duties are
/// carried out to the letter, so that what is sent is what a node would send.
/// </summary>
internal sealed class TestNetwork
{
    public static readonly Hash32 GenesisHash = Sha.Of("genesis of the consensus tests"u8);
    public static readonly SigningDomain Domain = new(new ChainId(7), ProtocolVersion.Current);
    public const ulong WallStartMs = 1_700_000_000_000;

    private readonly List<Envelope> _queue = [];

    public TestNetwork(QuorumParameters quorum, Func<int, ReplicaOptions>? options = null, EpochSpan? epoch = null)
    {
        Epoch = epoch ?? EpochSpan.Endless;
        var members = new CommitteeMember[quorum.N];
        for (int i = 0; i < members.Length; i++) members[i] = new CommitteeMember(FakeSigner.KeyOf(i, true), FakeSigner.KeyOf(i, false));
        Committee = new Committee(default, quorum, members, GenesisHash);
        Verifier = new MessageVerifier(Domain, Committee, new FakeScheme());
        Nodes = new TestNode[quorum.N];
        for (int i = 0; i < Nodes.Length; i++)
        {
            ReplicaOptions own = options?.Invoke(i) ?? new ReplicaOptions { Seed = (ulong)i, CertificateForwardMs = 0, FinalHoldMs = 0 };
            Nodes[i] = new TestNode(this, new ReplicaId((ushort)i), own);
        }
    }

    /// <summary>The span of the epoch at its start.</summary>
    public EpochSpan Epoch { get; }

    public Committee Committee { get; }

    public MessageVerifier Verifier { get; }

    public TestNode[] Nodes { get; }

    public TestNode this[int member] => Nodes[member];

    public long NowMs { get; private set; } = 1_000;

    public CoreTime Now => new(NowMs, WallStartMs + (ulong)NowMs);

    public IReadOnlyList<Envelope> Queue => _queue;

    /// <summary>Told of every effect, for transcripts.</summary>
    public Action<ReplicaId, ReplicaEffect>? OnEffect { get; set; }

    /// <summary>Messages that may not pass: lost when they are sent.</summary>
    public Func<Envelope, bool>? IsCut { get; set; }

    public int LeaderOf(ulong slot) => Committee.LeaderOf(new Slot(slot)).Value;

    public void StartAll()
    {
        foreach (TestNode node in Nodes) node.Start();
    }

    public void Enqueue(Envelope envelope)
    {
        if (IsCut?.Invoke(envelope) != true) _queue.Add(envelope);
    }

    /// <summary>Delivers the queued messages that match, then those they cause, until none matches. Others stay queued.</summary>
    public int Deliver(Func<Envelope, bool>? filter = null)
    {
        int delivered = 0;
        for (int i = 0; i < _queue.Count;)
        {
            Envelope envelope = _queue[i];
            if (filter is not null && !filter(envelope))
            {
                i++;
                continue;
            }

            _queue.RemoveAt(i);
            delivered++;
            Assert.True(delivered < 100_000, "the committee does not come to rest");
            Nodes[envelope.To.Value].Receive(envelope);
            // A handled message may have queued matching ones behind, never before this place.
        }

        return delivered;
    }

    /// <summary>Delivers one queued message.</summary>
    public void DeliverOne(Envelope envelope)
    {
        if (_queue.Remove(envelope)) Nodes[envelope.To.Value].Receive(envelope);
    }

    public int Drop(Func<Envelope, bool> filter) => _queue.RemoveAll(envelope => filter(envelope));

    /// <summary>Moves the clock forward and ticks everybody whose deadline came, one deadline after the other.</summary>
    public void Advance(long byMs, bool isDelivering = false)
    {
        long end = NowMs + byMs;
        int ticks = 0;
        while (true)
        {
            long next = end;
            foreach (TestNode node in Nodes)
            {
                if (node.IsUp) next = long.Min(next, long.Max(NowMs, node.Replica.NextDeadlineMs));
            }

            NowMs = next;
            bool isAny = false;
            foreach (TestNode node in Nodes)
            {
                if (!node.IsUp || node.Replica.NextDeadlineMs > NowMs) continue;
                isAny = true;
                Assert.True(ticks++ < 1_000 * (int)(byMs + 1), $"member {node.Self} asks for a tick again and again at {NowMs}");
                node.Step(new ReplicaInput.Tick());
            }

            if (isDelivering) Deliver();
            if (!isAny && NowMs == end) return;
        }
    }
}
