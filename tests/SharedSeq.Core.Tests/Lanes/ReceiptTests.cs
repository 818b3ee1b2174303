using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Lanes;

public sealed class ReceiptTests
{
    private readonly LaneNet _net = new();
    private readonly ReceiptVerifier _verifier;

    public ReceiptTests() => _verifier = new ReceiptVerifier(_net.Verifier);

    [Fact]
    public void A_receipt_of_every_transaction_of_a_batch_verifies_and_names_place_and_deadline()
    {
        Batch batch = _net[0].Seal("a", "b", "c", "d", "e");
        _net.Run();
        MerkleTree tree = MerkleTree.FromLeafHashes(batch.Body.LeafHashes);
        for (int i = 0; i < batch.Body.Count; i++)
        {
            Receipt receipt = Receipt.Of(batch, tree, i, [], _net[0].Certified[0]);
            Assert.Equal(ReceiptRejection.None, _verifier.TryVerify(receipt, Height.Zero, out ReceiptPromise promise));
            Assert.Equal(batch.Body.IdOf(i), promise.Transaction);
            Assert.Equal(batch.Tip, promise.Place);
            Assert.Equal(new Height(3_000), promise.Deadline);
        }
    }

    [Fact]
    public void The_deadline_counts_from_the_highest_height_an_ack_names()
    {
        _net[2].Do((book, effects) => book.OnFinal(new Height(17), null, _net.NowMs, effects));
        Assert.Equal(new Height(3_017), Promise(ReceiptOf("a")).Deadline);
    }

    [Fact]
    public void A_batch_certified_by_a_later_one_has_a_receipt_with_the_headers_between()
    {
        (Receipt receipt, Batch[] batches) = ChainedReceipt();
        Assert.Equal(2, receipt.Later.Count);
        ReceiptPromise promise = Promise(receipt);
        Assert.Equal(batches[0].Tip, promise.Place);
    }

    [Fact]
    public void A_receipt_whose_headers_do_not_lead_to_the_PoA_is_refused()
    {
        (Receipt receipt, Batch[] batches) = ChainedReceipt();
        Assert.Equal(ReceiptRejection.HeadersDoNotChain, Refusal(receipt with { Later = [batches[2].Header] }));
        Assert.Equal(ReceiptRejection.HeadersDoNotChain, Refusal(receipt with { Later = [batches[2].Header, batches[1].Header] }));
        Assert.Equal(ReceiptRejection.ProofOfAnotherBatch, Refusal(receipt with { Later = [batches[1].Header] }));
        Assert.Equal(ReceiptRejection.ProofOfAnotherBatch, Refusal(receipt with { Later = [] }));
    }

    [Fact]
    public void A_receipt_of_a_transaction_that_is_not_in_the_batch_is_refused()
    {
        Receipt receipt = ReceiptOf("a", "b", "c");
        Receipt other = ReceiptOf("d", "e", "f");
        Assert.Equal(ReceiptRejection.NotInBatch, Refusal(receipt with { Transaction = other.Transaction }));
        Assert.Equal(ReceiptRejection.NotInBatch, Refusal(receipt with { Path = other.Path }));
        Assert.Equal(ReceiptRejection.NotInBatch, Refusal(receipt with { Header = other.Header }));
    }

    [Fact]
    public void An_inner_node_does_not_pass_for_a_transaction()
    {
        Batch batch = _net[0].Seal("a", "b", "c", "d");
        _net.Run();
        Hash32 inner = MerkleTree.NodeHash(batch.Body.LeafHashes[0], batch.Body.LeafHashes[1]);
        Hash32 sibling = MerkleTree.NodeHash(batch.Body.LeafHashes[2], batch.Body.LeafHashes[3]);
        Assert.True(MerkleProof.TryCreate(0, 2, [sibling], out MerkleProof? path));
        var receipt = new Receipt(new TxId(inner), path, batch.Header, [], _net[0].Certified[0]);
        Assert.Equal(ReceiptRejection.NotInBatch, Refusal(receipt));
    }

    [Fact]
    public void A_PoA_of_too_few_of_strangers_of_another_epoch_or_with_a_bad_signature_is_refused()
    {
        Receipt receipt = ReceiptOf("a");
        AckSignature[] acks = receipt.Proof.Acks.ToArray();
        ProofOfAvailability With(params AckSignature[] changed) => new(receipt.Proof.Tip, changed);

        Assert.Equal(ReceiptRejection.TooFewSignatures, Refusal(receipt with { Proof = With(acks[0], acks[1]) }));
        Assert.Equal(
            ReceiptRejection.UnknownMember, Refusal(receipt with { Proof = With(acks[0], acks[1], acks[2] with { Acker = new ReplicaId(9) }) }));
        Assert.Equal(
            ReceiptRejection.BadSignature, Refusal(receipt with { Proof = With(acks[0], acks[1], acks[2] with { Height = new Height(1) }) }));
        var stranger = new ReceiptVerifier(new MessageVerifier(
            LaneNet.Domain with { Chain = new ChainId(1) }, _net.Committee, new TestSignatures()));
        Assert.Equal(ReceiptRejection.BadSignature, stranger.TryVerify(receipt, null, out _));
        Committee next = new(new Epoch(1), _net.Committee.Quorum, [.. Enumerable.Range(0, 4).Select(i => _net.Committee[new ReplicaId((ushort)i)])], default);
        var later = new ReceiptVerifier(new MessageVerifier(LaneNet.Domain, next, new TestSignatures()));
        Assert.Equal(ReceiptRejection.WrongEpoch, later.TryVerify(receipt, null, out _));
    }

    [Fact]
    public void A_deadline_far_above_what_is_committed_is_refused_up_to_the_largest_number()
    {
        Batch batch = _net[0].Seal("a");
        _net.Run();
        foreach (ulong height in (ulong[])[3_001, ulong.MaxValue])
        {
            Ack lie = _net[3].Signer.Ack(batch.Tip, new Height(height)).Value;
            ReadOnlySpan<AckSignature> acks = _net[0].Certified[0].Acks;
            var proof = new ProofOfAvailability(batch.Tip, [acks[0], acks[1], new AckSignature(lie.Acker, lie.Height, lie.Signature)]);
            Receipt receipt = Receipt.Of(batch, MerkleTree.FromLeafHashes(batch.Body.LeafHashes), 0, [], proof);
            Assert.Equal(ReceiptRejection.DeadlineTooFar, _verifier.TryVerify(receipt, Height.Zero, out _));
            Assert.Equal(ReceiptRejection.None, _verifier.TryVerify(receipt, null, out _));
        }
    }

    [Fact]
    public void A_receipt_survives_encoding_and_every_flipped_byte_is_refused()
    {
        byte[] bytes = ChainedReceipt().Receipt.Encode();
        Assert.Equal(bytes, Receipt.Decode(bytes).Encode());
        Promise(Receipt.Decode(bytes));
        for (int i = 0; i < bytes.Length; i++)
        {
            byte[] flipped = [.. bytes];
            flipped[i] ^= 0x10;
            ReceiptRejection rejection;
            try
            {
                rejection = Refusal(Receipt.Decode(flipped));
            }
            catch (DecodeException)
            {
                continue;
            }

            Assert.True(rejection != ReceiptRejection.None, $"byte {i} may be flipped");
        }

        Assert.Throws<DecodeException>(() => Receipt.Decode([.. bytes, 0]));
        Assert.Throws<DecodeException>(() => Receipt.Decode(bytes.AsSpan(0, bytes.Length - 1)));
    }

    [Fact]
    public void The_header_at_the_deadline_decides_whether_the_promise_was_kept()
    {
        ReceiptPromise promise = Promise(ReceiptOf("a"));
        LaneTip place = promise.Place;
        LaneTip later = place with { Seq = place.Seq.Next() };
        Height at = promise.Deadline;

        Assert.Equal(DeadlineVerdict.Kept, DeadlineCheck.Judge(promise, at, [place], null));
        Assert.Equal(DeadlineVerdict.Kept, DeadlineCheck.Judge(promise, at, [later], null));
        Assert.Equal(DeadlineVerdict.Kept, DeadlineCheck.Judge(promise, at.Previous(), [place], null));
        Assert.Equal(DeadlineVerdict.Broken, DeadlineCheck.Judge(promise, at, [], null));
        Assert.Equal(DeadlineVerdict.Broken, DeadlineCheck.Judge(promise, at.Next(), [], null));
        Assert.Equal(DeadlineVerdict.Broken, DeadlineCheck.Judge(promise, at, [place with { Digest = Sha.Of("other"u8) }], null));
        Assert.Equal(DeadlineVerdict.Undecided, DeadlineCheck.Judge(promise, at.Previous(), [], null));
        Assert.Equal(DeadlineVerdict.Undecided, DeadlineCheck.Judge(promise, at.Next(), [place], null));
    }

    [Fact]
    public void A_lane_that_closed_decides_at_its_last_height_and_not_above_it()
    {
        ReceiptPromise promise = Promise(ReceiptOf("a"));
        Height last = promise.Deadline.Previous();
        Assert.Equal(DeadlineVerdict.Kept, DeadlineCheck.Judge(promise, last, [promise.Place], last));
        Assert.Equal(DeadlineVerdict.Broken, DeadlineCheck.Judge(promise, last, [], last));
        Assert.Equal(DeadlineVerdict.Undecided, DeadlineCheck.Judge(promise, promise.Deadline, [], last));
        Assert.Equal(DeadlineVerdict.Undecided, DeadlineCheck.Judge(promise, promise.Deadline.Next(), [], promise.Deadline));
        Assert.Equal(DeadlineVerdict.Broken, DeadlineCheck.Judge(promise, promise.Deadline, [], promise.Deadline.Next()));
    }

    private Receipt ReceiptOf(params string[] payloads)
    {
        Batch batch = _net[0].Seal(payloads);
        _net.Run();
        return Receipt.Of(batch, MerkleTree.FromLeafHashes(batch.Body.LeafHashes), 0, [], _net[0].Certified[^1]);
    }

    private (Receipt Receipt, Batch[] Batches) ChainedReceipt()
    {
        _net.Loses = (_, to, message) => message is Ack a && to == _net[0].Id && a.Tip.Seq.Value < 2;
        Batch[] batches = [_net[0].Seal("a", "b", "c"), _net[0].Seal("d"), _net[0].Seal("e")];
        _net.Run();
        MerkleTree tree = MerkleTree.FromLeafHashes(batches[0].Body.LeafHashes);
        return (Receipt.Of(batches[0], tree, 1, [batches[1].Header, batches[2].Header], Assert.Single(_net[0].Certified)), batches);
    }

    private ReceiptPromise Promise(Receipt receipt)
    {
        Assert.Equal(ReceiptRejection.None, _verifier.TryVerify(receipt, null, out ReceiptPromise promise));
        return promise;
    }

    private ReceiptRejection Refusal(Receipt receipt) => _verifier.TryVerify(receipt, null, out _);
}
