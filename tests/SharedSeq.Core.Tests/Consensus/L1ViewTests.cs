using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

/// <summary>V1 to V6 of consensus.md 11: what one replica does about L1, and what it makes of what others cite.</summary>
public sealed class L1ViewTests
{
    private const int Cooldown = 100;

    private const int Freshness = 200;

    private static readonly L1View Start = new(1, 100, Sha.Of("start"u8), Sha.Of("before"u8), TestNetwork.WallStartMs / 1_000, Hash32.Zero);

    private static RuleBench Bench(Func<L1Terms, L1Terms>? change = null)
    {
        var terms = new L1Terms { Start = Start, CooldownMs = Cooldown, MaxAdvance = 8 };
        return new RuleBench(4, options => options with { L1 = change is null ? terms : change(terms), FreshnessMs = Freshness, SlotTimeoutMs = 3_000 });
    }

    /// <summary>Blocks above the start; the salt makes another chain, the items other inputs.</summary>
    private static L1Block[] Chain(int count, byte salt = 0, byte items = 0)
    {
        var chain = new L1Block[count];
        L1View parent = Start;
        for (int i = 0; i < count; i++)
        {
            chain[i] = L1Block.Above(parent, Sha.Of([salt, (byte)i]), parent.Timestamp + 1, new byte[] { items });
            parent = chain[i].View;
        }

        return chain;
    }

    private static void See(RuleBench bench, params L1Block[] blocks) => bench.Node.Step(new ReplicaInput.L1Verified(blocks));

    private static ReportSignature[] Reports(RuleBench bench, L1View view, params int[] members) =>
        [.. members.Order().Select(member => new ReportSignature(new ReplicaId((ushort)member), bench.Network[member].Signer.Report(view).Value.Signature))];

    private static void Report(RuleBench bench, L1View view, params int[] members)
    {
        foreach (int member in members) bench.Send(member, bench.Network[member].Signer.Report(view).Value);
    }

    private static Block Cite(RuleBench bench, L1View view, ReportSignature[]? reports = null, ulong slot = 1) =>
        bench.Block(slot, 0, bench.Genesis, payload: new Payload(view, [], reports));

    /// <summary>A block on genesis with one certified batch in its cut.</summary>
    private static Proposal WithBatch(RuleBench bench, ulong slot, L1View view, out Block block, params Notarization[] skips)
    {
        var tip = new LaneTip(new LaneId(Epoch.Zero, new ReplicaId((ushort)bench.Others[0]), 0), BatchSeq.Zero, Sha.Of("batch"u8));
        var acks = new List<AckSignature>();
        foreach (int member in bench.Others)
        {
            Ack ack = bench.Network[member].Signer.Ack(tip, Height.Zero).Value;
            acks.Add(new AckSignature(ack.Acker, ack.Height, ack.Signature));
        }

        var payload = new Payload(view, []);
        block = new Block(
            new Header(
                Epoch.Zero, new Slot(slot), new Height(1), Slot.Zero, TestNetwork.GenesisHash, new TimestampMs(bench.Network.Now.WallMs), HeaderFlags.None,
                payload.Commitment, [tip]),
            payload);
        int leader = bench.Network.LeaderOf(slot);
        return bench.Network[leader].Signer.Proposal(block, [new ProofOfAvailability(tip, [.. acks])], new Justification(null, skips)).Value;
    }

    private static Decision Vote(BlockId value, ulong slot = 1) => new(slot, VoteKind.First, value);

    [Fact]
    public void V1_A_block_is_reported_to_all_when_the_cooldown_is_over()
    {
        RuleBench bench = Bench();
        L1View view = Chain(1)[0].View;
        See(bench, Chain(1));
        bench.Wait(Cooldown - 1);
        Assert.Empty(bench.Sent<ViewReport>());
        bench.Wait(1);
        List<(int To, ViewReport Message)> sent = bench.Sent<ViewReport>();
        Assert.Equal(bench.Others, sent.Select(item => item.To).Order());
        Assert.All(sent, item =>
            Assert.Equal((view.Number, view.Hash, view.InputsDigest), (item.Message.Number, item.Message.Hash, item.Message.InputsDigest)));
    }

    [Fact]
    public void V1_Of_many_blocks_the_newest_are_reported_that_one_height_can_adopt()
    {
        RuleBench bench = Bench(terms => terms with { MaxAdvance = 20 });
        See(bench, Chain(30));
        Assert.Equal(131UL, bench.Replica.NextL1Number);
        bench.Wait(Cooldown);
        Assert.Equal(Enumerable.Range(113, 8).Select(number => (ulong)number), bench.Sent<ViewReport>().Select(item => item.Message.Number).Distinct().Order());
    }

    [Fact]
    public void V1_Blocks_that_do_not_follow_are_not_taken_and_a_contradiction_is_told()
    {
        RuleBench bench = Bench();
        L1Block[] chain = Chain(4);
        See(bench, chain[0], chain[2]);
        Assert.Equal(102UL, bench.Replica.NextL1Number);
        Assert.DoesNotContain(bench.Node.Effects, effect => effect is ReplicaEffect.L1Diverged);
        See(bench, Chain(2, salt: 7)[1]);
        Assert.Equal(102UL, bench.Replica.NextL1Number);
        ReplicaEffect.L1Diverged told = Assert.Single(bench.Node.Effects.OfType<ReplicaEffect.L1Diverged>());
        Assert.Equal(chain[0].View, told.Cited);
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(1, false)]
    public void V2_A_leader_advances_to_a_block_that_q_members_report(int others, bool isAdvance)
    {
        RuleBench bench = Bench();
        L1View view = Chain(3)[2].View;
        See(bench, Chain(3));
        bench.Wait(Cooldown);
        Report(bench, view, [.. bench.Others.Take(others)]);
        Payload payload = LeadSlotFour(bench);
        Assert.Equal(isAdvance ? view : Start, payload.L1View);
        Assert.Equal(isAdvance ? 3 : 0, payload.Reports.Count);
    }

    [Fact]
    public void V2_Reports_of_another_reading_of_the_inputs_do_not_count()
    {
        RuleBench bench = Bench();
        See(bench, Chain(1));
        bench.Wait(Cooldown);
        Report(bench, Chain(1, items: 9)[0].View, [.. bench.Others]);
        Assert.Equal(Start, LeadSlotFour(bench).L1View);
    }

    [Fact]
    public void V3_A_view_that_the_own_providers_show_gets_a_vote_and_its_inputs_are_durable_first()
    {
        RuleBench bench = Bench();
        See(bench, Chain(2));
        L1View view = Chain(2)[1].View;
        Block block = Cite(bench, view, Reports(bench, view, bench.Others));
        bench.Propose(block);
        int logged = bench.Node.Log.FindIndex(record => record is DurableRecord.L1InputsHeld held && held.Inputs.Leads(Start, view));
        Assert.InRange(logged, 0, bench.Node.Log.FindIndex(record => record is DurableRecord.OwnVote) - 1);
        Assert.Equal([Vote(block.Id)], bench.Decisions());
    }

    [Fact]
    public void V3_While_the_own_providers_are_behind_the_vote_waits()
    {
        RuleBench bench = Bench();
        L1Block[] chain = Chain(2);
        Block block = Cite(bench, chain[1].View, Reports(bench, chain[1].View, bench.Others));
        bench.Propose(block);
        See(bench, chain[0]);
        Assert.Empty(bench.Decisions());
        See(bench, chain[1]);
        Assert.Equal([Vote(block.Id)], bench.Decisions());
    }

    [Theory]
    [InlineData(7, 0)]
    [InlineData(0, 7)]
    public void V3_Another_block_or_other_inputs_than_the_own_providers_show_are_refused_and_told(byte salt, byte items)
    {
        RuleBench bench = Bench();
        See(bench, Chain(1));
        L1View cited = Chain(1, salt, items)[0].View;
        bench.Propose(Cite(bench, cited, Reports(bench, cited, bench.Others)));
        ReplicaEffect.L1Diverged told = Assert.Single(bench.Node.Effects.OfType<ReplicaEffect.L1Diverged>());
        Assert.Equal((cited, Chain(1)[0].View), (told.Cited, told.Own));
        Assert.Equal([Vote(BlockId.Skip)], bench.Decisions());
    }

    public static TheoryData<string> Malformed =>
    [
        "too few reports", "forged report", "reports of another block", "too far", "goes back", "other L1", "parent", "no view", "idle reports",
    ];

    [Theory]
    [MemberData(nameof(Malformed))]
    public void V3_What_is_no_advance_by_its_form_is_refused_at_once(string fault)
    {
        RuleBench bench = Bench();
        L1Block[] chain = Chain(12);
        See(bench, chain);
        L1View view = fault switch
        {
            "too far" => chain[8].View,
            "goes back" => Start with { Number = 99 },
            "other L1" => chain[0].View with { ChainId = 2 },
            "parent" => chain[0].View with { ParentHash = Sha.Of("another"u8) },
            "no view" => L1View.None,
            "idle reports" => Start,
            _ => chain[0].View,
        };
        ReportSignature[] reports = fault switch
        {
            "too few reports" => Reports(bench, view, bench.Others[0], bench.Others[1]),
            "forged report" => [.. Reports(bench, view, bench.Others).Select((report, i) => i == 0 ? report with { Signature = default } : report)],
            "reports of another block" => Reports(bench, chain[1].View, bench.Others),
            "no view" => [],
            _ => Reports(bench, view, bench.Others),
        };
        bench.Propose(Cite(bench, view, reports));
        Assert.Equal([Vote(BlockId.Skip)], bench.Decisions());
    }

    [Fact]
    public void V3_The_parents_view_again_is_right_whatever_the_own_providers_show()
    {
        RuleBench bench = Bench();
        Block block = Cite(bench, Start);
        bench.Propose(block);
        Assert.Equal([Vote(block.Id)], bench.Decisions());
    }

    [Theory]
    [InlineData(true, true, true)]
    [InlineData(false, true, false)]
    [InlineData(true, false, false)]
    public void V4_Past_the_drift_limit_batches_without_an_advance_are_refused_by_who_sent_q_reports_to_the_leader(bool isPast, bool isReported, bool isRefused)
    {
        RuleBench bench = Bench(terms => terms with { Start = Start with { Timestamp = Start.Timestamp - 1_000 }, DriftSeconds = isPast ? 900 : 1_800 });
        L1Block block = L1Block.Above(Start with { Timestamp = Start.Timestamp - 1_000 }, Sha.Of([1]), Start.Timestamp, default);
        See(bench, block);
        if (isReported) Report(bench, block.View, bench.Others[0], bench.Others[1]);
        bench.Wait(Cooldown + (Freshness / 2));
        Assert.Equal(isReported, bench.Sent<ViewReport>().Exists(item => item.Message.Reporter.Value == bench.Others[0]));
        bench.Wait(Freshness);
        bench.Skip(1);
        bench.Decisions();
        L1View start = Start with { Timestamp = Start.Timestamp - 1_000 };
        Proposal proposal = WithBatch(bench, 2, start, out Block proposed, bench.Certificate(1, BlockId.Skip));
        bench.Send(bench.Network.LeaderOf(2), proposal);
        Assert.Equal([Vote(isRefused ? BlockId.Skip : proposed.Id, 2)], bench.Decisions());
    }

    [Fact]
    public void V4_Past_the_drift_limit_a_block_without_batches_is_no_offence()
    {
        RuleBench bench = Bench(terms => terms with { Start = Start with { Timestamp = Start.Timestamp - 1_000 }, DriftSeconds = 900 });
        L1View start = Start with { Timestamp = Start.Timestamp - 1_000 };
        L1Block block = L1Block.Above(start, Sha.Of([1]), Start.Timestamp, default);
        See(bench, block);
        Report(bench, block.View, bench.Others[0], bench.Others[1]);
        bench.Wait(Cooldown + (Freshness / 2));
        bench.Wait(Freshness);
        bench.Skip(1);
        bench.Decisions();
        Block empty = Cite(bench, start, slot: 2);
        bench.Propose(empty, null, bench.Certificate(1, BlockId.Skip));
        Assert.Equal([Vote(empty.Id, 2)], bench.Decisions());
    }

    [Fact]
    public void V5_Without_a_quorum_of_providers_nothing_is_reported_and_no_advance_is_proposed()
    {
        RuleBench bench = Bench();
        See(bench, Chain(1));
        bench.Node.Step(new ReplicaInput.L1StatusChanged(L1Status.Degraded));
        bench.Wait(Cooldown);
        Assert.Empty(bench.Sent<ViewReport>());
        Report(bench, Chain(1)[0].View, bench.Others);
        Assert.Equal(Start, LeadSlotFour(bench).L1View);
    }

    [Fact]
    public void V5_Halted_no_advance_gets_a_vote_and_blocks_without_one_do()
    {
        RuleBench bench = Bench();
        See(bench, Chain(1));
        bench.Node.Step(new ReplicaInput.L1StatusChanged(L1Status.Halted));
        L1View view = Chain(1)[0].View;
        bench.Propose(Cite(bench, view, Reports(bench, view, bench.Others)));
        Assert.Empty(bench.Decisions());
        bench.Skip(1);
        bench.Decisions();
        Block block = Cite(bench, Start, slot: 2);
        bench.Propose(block, null, bench.Certificate(1, BlockId.Skip));
        Assert.Equal([Vote(block.Id, 2)], bench.Decisions());
    }

    [Fact]
    public void V6_A_height_that_advances_the_view_waits_for_its_inputs_and_takes_no_others()
    {
        RuleBench bench = Bench();
        L1Block[] chain = Chain(2);
        L1View view = chain[1].View;
        Block block = Cite(bench, view, Reports(bench, view, bench.Others));
        bench.Propose(block);
        bench.Send(bench.Others[0], bench.Proof(1, block.Id));
        Assert.Equal(block.Id, bench.Replica.Final);
        Assert.Empty(bench.Node.Delivered);
        L1InputsRequest request = Assert.Single(bench.Sent<L1InputsRequest>()).Message;
        Assert.Equal((Start.InputsDigest, view.Number, view.InputsDigest), (request.Before, request.Number, request.After));
        bench.Send(bench.Others[1], new L1InputsResponse(new L1Inputs([.. Chain(2, items: 3).Select(item => item.Inputs)])));
        Assert.Empty(bench.Node.Delivered);
        bench.Send(bench.Others[2], new L1InputsResponse(new L1Inputs([.. chain.Select(item => item.Inputs)])));
        CommittedBlock delivered = Assert.Single(bench.Node.Delivered);
        Assert.Equal(view, delivered.View);
        Assert.True(delivered.Inputs.Leads(Start, view));
        Assert.Equal(103UL, bench.Replica.NextL1Number);
    }

    [Fact]
    public void V6_Inputs_of_the_vote_log_are_enough_after_a_restart()
    {
        RuleBench bench = Bench();
        See(bench, Chain(1));
        L1View view = Chain(1)[0].View;
        Block block = Cite(bench, view, Reports(bench, view, bench.Others));
        bench.Propose(block);
        bench.Node.Crash();
        bench.Node.Restart();
        bench.Send(bench.Others[0], bench.Proof(1, block.Id));
        Assert.Equal(view, Assert.Single(bench.Node.Delivered).View);
    }

    [Fact]
    public void V6_Inputs_are_handed_out_from_memory_and_from_the_archive()
    {
        RuleBench bench = Bench();
        See(bench, Chain(2));
        L1View view = Chain(2)[1].View;
        var request = new L1InputsRequest(Start.InputsDigest, view.Number, view.InputsDigest);
        bench.Send(bench.Others[0], request);
        Assert.True(Assert.Single(bench.Sent<L1InputsResponse>()).Message.Inputs.Leads(Start, view));
        bench.Node.Step(new ReplicaInput.L1InputsRequested(1, new L1InputsRequest(Sha.Of("other"u8), view.Number, view.InputsDigest)));
        Assert.Single(bench.Node.Effects.OfType<ReplicaEffect.AnswerL1Inputs>());
    }

    [Fact]
    public void A_network_without_L1_takes_nothing_of_it()
    {
        var bench = new RuleBench();
        See(bench, Chain(1));
        Report(bench, Chain(1)[0].View, bench.Others);
        bench.Send(bench.Others[0], new L1InputsRequest(default, 1, default));
        bench.Send(bench.Others[0], new L1InputsResponse(L1Inputs.None));
        Assert.Equal(0UL, bench.Replica.NextL1Number);
        Assert.Empty(bench.Sent<ViewReport>());
        Assert.Empty(bench.Sent<L1InputsResponse>());
    }

    [Fact]
    public void Reports_and_blocks_that_are_kept_are_bounded()
    {
        RuleBench bench = Bench();
        for (int i = 0; i < 200; i++)
        {
            foreach (int member in bench.Others)
                Report(bench, Start with { Number = 101 + (ulong)i, Hash = Sha.Of([(byte)i, (byte)(i >> 8), (byte)member]) }, member);
        }

        Report(bench, Start with { Number = 5_000 }, bench.Others);
        Assert.Equal(3 * ReportBook.PerMember, bench.Replica.L1!.ReportCount);
        var window = new L1Window(Start);
        L1View parent = Start;
        for (int i = 0; i < L1Window.MaxBlocks; i++)
        {
            L1Block block = L1Block.Above(parent, Sha.Of([(byte)i, (byte)(i >> 8)]), 1, default);
            Assert.Equal(L1BlockVerdict.Added, window.Add(block, 0));
            parent = block.View;
        }

        L1Block next = L1Block.Above(parent, Sha.Of("one more"u8), 1, default);
        Assert.Equal(L1BlockVerdict.Full, window.Add(next, 0));
        Assert.True(window.MoveTo(window.Find(110)!));
        Assert.Equal(L1BlockVerdict.Added, window.Add(next, 0));
    }

    /// <summary>The replica comes to its slot and proposes.</summary>
    private static Payload LeadSlotFour(RuleBench bench)
    {
        for (ulong slot = 1; slot < 4; slot++) bench.Skip(slot);
        bench.Wait(200);
        return Assert.Single(bench.Node.Effects.OfType<ReplicaEffect.CastProposal>()).Block.Payload;
    }
}
