using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Consensus;

public class R11ServeTests
{
    [Fact]
    public void A_vote_of_a_committed_slot_is_answered_with_the_commit_proof()
    {
        RuleBench bench = WithCommit(out Block block);
        bench.First(1, BlockId.Skip, bench.Others[1]);
        (int to, CommitProof proof) = Assert.Single(bench.Sent<CommitProof>());
        Assert.Equal((bench.Others[1], block.Id), (to, proof.Block));
    }

    [Fact]
    public void A_message_that_the_shell_found_stale_is_answered_too()
    {
        RuleBench bench = WithCommit(out _);
        bench.Node.Step(new ReplicaInput.StaleReceived(new ReplicaId((ushort)bench.Others[1]), new Slot(1)));
        Assert.Single(bench.Sent<CommitProof>());
    }

    [Fact]
    public void Answers_to_one_member_are_rate_limited()
    {
        RuleBench bench = WithCommit(out _);
        for (int i = 0; i < 10; i++) bench.First(1, BlockId.Skip, bench.Others[1]);
        Assert.Single(bench.Sent<CommitProof>());
        bench.Wait(100);
        bench.First(1, BlockId.Skip, bench.Others[1]);
        Assert.Contains(bench.Sent<CommitProof>(), item => item.To == bench.Others[1]);
    }

    [Fact]
    public void The_same_commit_proof_is_not_answered()
    {
        RuleBench bench = WithCommit(out Block block);
        bench.Send(bench.Others[0], bench.Proof(1, block.Id));
        Assert.Empty(bench.Sent<CommitProof>());
    }

    [Fact]
    public void A_Status_from_behind_is_answered_with_the_commit_proof()
    {
        RuleBench bench = WithCommit(out _);
        bench.Send(bench.Others[1], bench.Network[bench.Others[1]].Signer.Status(Slot.Zero, bench.Genesis, new Slot(1)));
        Assert.Single(bench.Sent<CommitProof>());
    }

    [Fact]
    public void A_Status_from_ahead_is_asked_for_its_commit_proof()
    {
        RuleBench bench = WithCommit(out _);
        bench.Send(bench.Others[1], bench.Network[bench.Others[1]].Signer.Status(new Slot(90), bench.Block(90).Id, new Slot(91)));
        (int to, CertificateRequest request) = Assert.Single(bench.Sent<CertificateRequest>());
        Assert.Equal((bench.Others[1], 2ul), (to, request.First.Value));
    }

    [Fact]
    public void A_certificate_request_gets_what_is_held_of_the_range()
    {
        RuleBench bench = WithCommit(out Block block);
        bench.Skip(2);
        bench.Skip(4);
        bench.Sent<PeerMessage>();
        bench.Send(bench.Others[1], new CertificateRequest(Epoch.Zero, new Slot(2), new Slot(5)));
        CertificateResponse response = Assert.Single(bench.Sent<CertificateResponse>()).Message;
        Assert.Equal([2ul, 4ul], response.Certificates.Select(item => item.Slot.Value));
        Assert.Null(response.CommitProof);
        bench.Send(bench.Others[1], new CertificateRequest(Epoch.Zero, new Slot(1), new Slot(2)));
        response = Assert.Single(bench.Sent<CertificateResponse>()).Message;
        Assert.Equal(block.Id, response.CommitProof!.Block);
    }

    [Fact]
    public void A_request_for_nothing_held_gets_no_answer()
    {
        var bench = new RuleBench();
        bench.Send(bench.Others[0], new CertificateRequest(Epoch.Zero, new Slot(1), new Slot(3)));
        bench.Send(bench.Others[0], new BlockRequest(Epoch.Zero, bench.Block(1).Id, 0));
        bench.Send(bench.Others[0], new CertificateRequest(new Epoch(1), new Slot(1), new Slot(3)));
        Assert.Empty(bench.Sent<PeerMessage>());
    }

    [Fact]
    public void A_block_request_gets_the_chain_that_is_held_newest_first()
    {
        var bench = new RuleBench();
        Block first = bench.Block(1);
        Block second = bench.Block(2, 1, first.Id);
        bench.Propose(first);
        bench.Propose(second, bench.Certificate(1, first.Id));
        bench.Sent<PeerMessage>();
        bench.Send(bench.Others[0], new BlockRequest(Epoch.Zero, second.Id, 5));
        Assert.Equal([second.Id, first.Id], Assert.Single(bench.Sent<BlockResponse>()).Message.Blocks.Select(block => block.Id));
        bench.Send(bench.Others[0], new BlockRequest(Epoch.Zero, second.Id, 0));
        Assert.Equal([second.Id], Assert.Single(bench.Sent<BlockResponse>()).Message.Blocks.Select(block => block.Id));
    }

    [Fact]
    public void Archived_blocks_are_served_by_the_shell()
    {
        RuleBench bench = WithCommit(out Block block);
        bench.Send(bench.Others[0], new BlockRequest(Epoch.Zero, block.Id, 0));
        Assert.Single(bench.Node.Effects.OfType<ReplicaEffect.ServeBlocks>());
        Assert.Equal([block.Id], Assert.Single(bench.Sent<BlockResponse>()).Message.Blocks.Select(item => item.Id));
    }

    [Fact]
    public void Requests_of_one_peer_are_limited_to_a_burst_and_a_rate()
    {
        RuleBench bench = WithCommit(out _);
        var request = new CertificateRequest(Epoch.Zero, new Slot(1), new Slot(1));
        for (int i = 0; i < 100; i++) bench.Send(bench.Others[1], request);
        Assert.Equal(32, bench.Sent<CertificateResponse>().Count);
        bench.Send(bench.Others[2], request);
        Assert.Single(bench.Sent<CertificateResponse>());
        bench.Wait(50);
        bench.Sent<PeerMessage>();
        for (int i = 0; i < 100; i++) bench.Send(bench.Others[1], request);
        Assert.Equal(5, bench.Sent<CertificateResponse>().Count);
    }

    private static RuleBench WithCommit(out Block block)
    {
        var bench = new RuleBench();
        block = bench.Block(1);
        bench.Propose(block);
        bench.First(1, block.Id, bench.Others);
        Assert.Equal(1ul, bench.Replica.FinalSlot.Value);
        bench.Sent<PeerMessage>();
        bench.Node.Effects.Clear();
        return bench;
    }
}
