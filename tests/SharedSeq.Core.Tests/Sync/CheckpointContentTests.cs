using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Sync.CheckpointBench;

namespace SharedSeq.Core.Tests.Sync;

/// <summary>What travels of a checkpoint, and that nothing but the certified state is taken.</summary>
public sealed class CheckpointContentTests
{
    private static readonly Client.P256Scheme Scheme = new();
    private readonly CheckpointBench _bench = AtACheckpoint();

    [Fact]
    public void A_checkpoint_makes_the_same_machine_and_brings_the_batches_of_what_waits_and_of_open_blocks()
    {
        var content = CheckpointContent.Read(_bench.Content);
        OrderingMachine machine = content.Open(Operators.Genesis, Scheme, _bench.Offer);
        Assert.Equal((_bench.Machine.Height, _bench.Machine.StateRoot()), (machine.Height, machine.StateRoot()));
        Assert.Equal(_bench.Machine.NamedBatches(), machine.NamedBatches());
        Assert.Equal([0UL, 1UL], content.Batches.Select(batch => batch.Header.Seq.Value));
    }

    [Fact]
    public void Every_flipped_byte_of_a_checkpoint_is_refused()
    {
        byte[] bytes = [.. _bench.Content];
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 0x10;
            Assert.Throws<DecodeException>(() => CheckpointContent.Read(bytes).Open(Operators.Genesis, Scheme, _bench.Offer));
            bytes[i] ^= 0x10;
        }

        CheckpointContent.Read(bytes).Open(Operators.Genesis, Scheme, _bench.Offer);
        Assert.Throws<DecodeException>(() => CheckpointContent.Read(bytes.AsMemory(0, bytes.Length - 1)).Open(Operators.Genesis, Scheme, _bench.Offer));
        Assert.Throws<DecodeException>(() => CheckpointContent.Read((byte[])[.. bytes, 0]).Open(Operators.Genesis, Scheme, _bench.Offer));
    }

    [Fact]
    public void Every_flipped_byte_of_an_offer_is_refused_by_reading_its_fault_its_signatures_or_its_pieces()
    {
        var writer = new CanonicalWriter();
        _bench.Offer.Write(writer);
        byte[] bytes = writer.ToArray();
        var verifier = new MessageVerifier(Operators.Genesis.Domain, Operators.Genesis.Committee, new Client.P256Scheme());
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] ^= 1;
            Assert.False(IsTaken(bytes), $"byte {i}");
            bytes[i] ^= 1;
        }

        Assert.True(IsTaken(bytes));

        bool IsTaken(byte[] encoded)
        {
            try
            {
                var reader = new CanonicalReader(encoded);
                CheckpointOffer offer = CheckpointOffer.Read(ref reader);
                reader.End("offer");
                return offer.Fault() == OfferFault.None && verifier.TryVerify(offer.Certificate, out _) == VerificationRejection.None
                    && offer.Pieces.Count == 1 && offer.Pieces.Holds(0, _bench.Content);
            }
            catch (DecodeException)
            {
                return false;
            }
        }
    }

    [Fact]
    public void An_offer_names_what_contradicts_itself_in_it()
    {
        CheckpointOffer good = _bench.Offer;
        BlockResult result = good.Certificate.Result;
        Assert.Equal(OfferFault.None, good.Fault());
        Assert.Equal(OfferFault.NoStateRoot, With(result with { StateRoot = Hash32.Zero }).Fault());
        Assert.Equal(OfferFault.OtherBlock, With(result with { BlockHash = Sha.Of([1]) }).Fault());
        Assert.Equal(OfferFault.OtherBlock, With(result with { Height = result.Height.Next() }).Fault());
        Assert.Equal(OfferFault.OtherBlock, With(result with { Epoch = new Epoch(1) }).Fault());

        // A carry block has its parent's cut and time: the chain must reach a block with its own, and go no further.
        Header parent = good.Block.Header;
        var header = new Header(
            Epoch.Zero, parent.Slot.Next(), parent.Height.Next(), parent.Slot, parent.Hash, default, HeaderFlags.Carry, Payload.Empty.Commitment, []);
        var carry = new Block(header, Payload.Empty);
        CheckpointOffer carried = With(result with { Height = header.Height, BlockHash = header.Hash }) with { Blocks = [carry, good.Block] };
        Assert.Equal(OfferFault.None, carried.Fault());
        Assert.Equal((parent.Timestamp, parent.Tips), (carried.Timestamp, carried.Cut));
        Assert.Equal(OfferFault.NoCut, (carried with { Blocks = [carry] }).Fault());
        Assert.Equal(OfferFault.NoCut, (good with { Blocks = [good.Block, good.Block] }).Fault());

        CheckpointOffer With(BlockResult other) => good with { Certificate = Operators.Certify(other) };
    }

    [Fact]
    public void A_state_of_another_height_time_or_root_than_the_certified_one_is_refused()
    {
        CheckpointOffer good = _bench.Offer;
        var content = CheckpointContent.Read(_bench.Content);
        BlockResult result = good.Certificate.Result;
        Refused(good with { Certificate = Operators.Certify(result with { StateRoot = Sha.Of([1]) }) });
        Refused(good with { Certificate = Operators.Certify(result with { Height = result.Height.Next() }) });
        Header header = good.Block.Header;
        var later = new Header(
            header.Epoch, header.Slot, header.Height, header.ParentSlot, header.ParentHash, new TimestampMs(header.Timestamp.Value + 1), header.Flags,
            header.PayloadCommitment, header.Tips);
        Refused(good with { Blocks = [new Block(later, Payload.Empty)] });

        void Refused(CheckpointOffer offer) => Assert.Throws<DecodeException>(() => content.Open(Operators.Genesis, Scheme, offer));
    }

    [Fact]
    public void Pieces_are_of_one_size_and_each_is_known_by_its_hash()
    {
        byte[] bytes = new byte[(2 * PieceList.PieceBytes) + 7];
        var prng = new Prng(1);
        for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)prng.NextU64();
        var hasher = new PieceHasher();
        for (int at = 0; at < bytes.Length; at += 100_001) hasher.Add(bytes.AsSpan(at, int.Min(100_001, bytes.Length - at)));
        PieceList list = hasher.Finish();
        Assert.Equal((3, (long)bytes.Length, 7), (list.Count, list.Size, list.BytesOf(2)));
        for (int i = 0; i < 3; i++)
        {
            ReadOnlySpan<byte> piece = bytes.AsSpan((int)PieceList.OffsetOf(i), list.BytesOf(i));
            Assert.True(list.Holds(i, piece));
            Assert.False(list.Holds((i + 1) % 3, piece));
            Assert.False(list.Holds(i, piece[1..]));
        }
    }
}
