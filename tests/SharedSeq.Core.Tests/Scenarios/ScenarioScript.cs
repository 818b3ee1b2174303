using System.Globalization;
using System.Text;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Scenarios;

/// <summary>
/// Plays a script. Lines that begin with "> " are commands, lines with "#" comments; everything else is what the command above it caused and is
/// written anew. Members are numbers, blocks are B and their slot (B3, B3' for a second one), filters are key=value.
/// <code>
/// committee 4 | committee 7 1 1     members, f and p
/// leaders 8                         who leads slots 1 to 8
/// start [0 1 2]                     starts all members, or these
/// run 200 | wait 200                moves the clock, delivering everything, or nothing
/// deliver|drop [from=0] [to=1,2] [kind=Vote] [vote=First] [slot=3]
/// queue                             what is under way
/// cut 3 | mend                      loses everything to and from a member from now on
/// crash 2 | restart 2 | connect 1 2
/// ping 1 2                          member 2 hears member 1
/// propose 3 on B2 [carry] [bare] [salt=1] [to=0,1]     by the leader of slot 3, whether honest or not
/// vote First 3 B3|skip by=1 [to=0,2]
/// show                              where everybody is
/// </code>
/// </summary>
internal sealed class ScenarioScript
{
    private readonly ScenarioNames _names = new();
    private readonly StringBuilder _output = new();
    private readonly List<Notarization> _certificates = [];
    private readonly List<int> _cut = [];
    private TestNetwork _network = null!;

    public string Play(string script)
    {
        foreach (string line in script.Split('\n'))
        {
            if (line.StartsWith('#')) _output.Append(line).Append('\n');
            if (!line.StartsWith("> ", StringComparison.Ordinal)) continue;
            _output.Append(line).Append('\n');
            Execute(line[2..].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }

        return _output.ToString();
    }

    private void Execute(string[] words)
    {
        switch (words[0])
        {
            case "committee": Build(words); break;
            case "leaders":
                Write(string.Join(" ", Enumerable.Range(1, Number(words[1])).Select(slot => $"{slot}:m{_network.LeaderOf((ulong)slot)}")));
                break;
            case "start":
                foreach (int member in words.Length > 1 ? words[1..].Select(Number) : Enumerable.Range(0, _network.Nodes.Length)) _network[member].Start();
                break;
            case "run": _network.Advance(Number(words[1]), isDelivering: true); break;
            case "wait": _network.Advance(Number(words[1])); break;
            case "deliver": _network.Deliver(Filter(words)); break;
            case "drop": _network.Drop(envelope => Filter(words)(envelope)); break;
            case "queue":
                foreach (Envelope envelope in _network.Queue) Write($"m{envelope.From} to m{envelope.To} {_names.Of(envelope.Message)}");
                break;
            case "cut": _cut.AddRange(words[1..].Select(Number)); break;
            case "mend": _cut.Clear(); break;
            case "crash": _network[Number(words[1])].Crash(); break;
            case "restart": _network[Number(words[1])].Restart(); break;
            case "connect": Connect(Number(words[1]), Number(words[2])); break;
            case "ping": _network[Number(words[2])].Step(new ReplicaInput.PeerHeard(new ReplicaId((ushort)Number(words[1])))); break;
            case "propose": Propose(words); break;
            case "vote": Vote(words); break;
            case "show": Show(); break;
            default: throw new FormatException($"unknown command {words[0]}");
        }
    }

    private void Build(string[] words)
    {
        QuorumParameters quorum = words.Length > 2
            ? new QuorumParameters(Number(words[1]), Number(words[2]), Number(words[3]))
            : QuorumParameters.ForMembers(Number(words[1]));
        _network = new TestNetwork(quorum, i => new ReplicaOptions { Seed = (ulong)i })
        {
            OnEffect = Observe,
            IsCut = envelope => _cut.Contains(envelope.From.Value) || _cut.Contains(envelope.To.Value),
        };
    }

    private void Observe(ReplicaId who, ReplicaEffect effect)
    {
        if (effect is ReplicaEffect.Send { Message: Notarization certificate }) _certificates.Add(certificate);
        if (effect is ReplicaEffect.Log { Record: DurableRecord.CertificateHeld held }) _certificates.Add(held.Certificate);
        if (effect is ReplicaEffect.CastProposal own) _names.Add(own.Block);
        if (_names.Of(effect) is { } text) Write($"m{who} {text}");
    }

    private void Connect(int one, int other)
    {
        _network[one].Step(new ReplicaInput.PeerConnected(new ReplicaId((ushort)other)));
        _network[other].Step(new ReplicaInput.PeerConnected(new ReplicaId((ushort)one)));
    }

    /// <summary>The leader's proposal, made with its key whatever its replica thinks, justified by certificates seen so far.</summary>
    private void Propose(string[] words)
    {
        ulong slot = (ulong)Number(words[1]);
        int leader = _network.LeaderOf(slot);
        bool isOnGenesis = words[3] == "genesis";
        Block? parent = isOnGenesis ? null : _names.Block(words[3]);
        BlockId parentId = parent?.Id ?? new BlockId(Height.Zero, TestNetwork.GenesisHash);
        Slot parentSlot = parent?.Header.Slot ?? Slot.Zero;
        bool isCarry = words.Contains("carry");
        ulong salt = ulong.Parse(Option(words, "salt") ?? "0", CultureInfo.InvariantCulture);
        var header = new Header(
            Epoch.Zero, new Slot(slot), parentId.Height.Next(), parentSlot, parentId.Hash, new TimestampMs(isCarry ? 0 : _network.Now.WallMs + salt),
            isCarry ? HeaderFlags.Carry : HeaderFlags.None, Payload.Empty.Commitment, []);
        var block = new Block(header, Payload.Empty);
        Write($"block {_names.Add(block)}");
        bool isBare = words.Contains("bare");
        Notarization? certificate = isBare ? null : _certificates.Find(held => held.Slot == parentSlot && held.Value == parentId);
        List<Notarization> skips = isBare ? [] : [.. _certificates
            .Where(held => held.Value.IsSkip && held.Slot > parentSlot && held.Slot.Value < slot).DistinctBy(held => held.Slot).OrderBy(held => held.Slot)];
        SendAs(leader, _network[leader].Signer.Proposal(block, [], new Justification(certificate, skips)).Value, words);
    }

    private void Vote(string[] words)
    {
        var slot = new Slot((ulong)Number(words[2]));
        BlockId value = words[3] == "skip" ? BlockId.Skip : _names.Block(words[3]).Id;
        int voter = Number(Option(words, "by")!);
        SendAs(voter, _network[voter].Signer.Vote(slot, Enum.Parse<VoteKind>(words[1]), value).Value, words);
    }

    private void SendAs(int from, PeerMessage message, string[] words)
    {
        IEnumerable<int> receivers = Option(words, "to")?.Split(',').Select(Number) ?? Enumerable.Range(0, _network.Nodes.Length);
        foreach (int to in receivers.Where(to => to != from))
            _network.Enqueue(new Envelope(new ReplicaId((ushort)from), new ReplicaId((ushort)to), MessageCodec.Decode(message.Encode())));
    }

    private void Show()
    {
        foreach (TestNode node in _network.Nodes)
        {
            ReplicaView view = node.Replica.View();
            Write(node.IsUp
                ? $"m{node.Self} in slot {view.Current}, committed {_names.Of(view.Final)} in slot {view.FinalSlot}, delivered {node.Delivered.Count}, "
                    + $"fast {view.FastCommits} slow {view.SlowCommits}"
                : $"m{node.Self} down, delivered {node.Delivered.Count}");
        }
    }

    private static Func<Envelope, bool> Filter(string[] words)
    {
        string[]? from = Option(words, "from")?.Split(',');
        string[]? to = Option(words, "to")?.Split(',');
        string? kind = Option(words, "kind");
        string? vote = Option(words, "vote");
        string? slot = Option(words, "slot");
        return envelope =>
            (from is null || from.Contains(envelope.From.ToString()))
            && (to is null || to.Contains(envelope.To.ToString()))
            && (kind is null || envelope.Message.Kind.ToString() == kind)
            && (vote is null || (envelope.Message is Vote cast && cast.VoteKind.ToString() == vote))
            && (slot is null || SlotOf(envelope.Message)?.ToString() == slot);
    }

    private static Slot? SlotOf(PeerMessage message) => message switch
    {
        Vote m => m.Slot,
        Proposal m => m.Slot,
        Notarization m => m.Slot,
        CommitProof m => m.Slot,
        _ => null,
    };

    private static string? Option(string[] words, string key) =>
        Array.Find(words, word => word.StartsWith(key + "=", StringComparison.Ordinal))?[(key.Length + 1)..];

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    private void Write(string line) => _output.Append("  ").Append(line).Append('\n');
}
