using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Fuzz.Tests;

/// <summary>Valid values of every wire type, decided by a generator: numbers at the ends of their ranges and lists of all lengths come up often.</summary>
internal sealed class RandomValues(Prng prng)
{
    public ulong Number() => prng.Below(4) switch
    {
        0 => 0,
        1 => ulong.MaxValue,
        2 => (ulong)prng.Below(1000),
        _ => prng.NextU64(),
    };

    /// <summary>How many items a list has: mostly few.</summary>
    public int Count(int most) => prng.Below(8) == 0 ? prng.Below(most + 1) : prng.Below(int.Min(most, 4) + 1);

    public Hash32 Hash() => prng.Chance(50) ? Hash32.Zero : new Hash32(Bytes(Hash32.Size));

    public Signature64 Signature() => new(Hash(), Hash());

    public byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        for (int i = 0; i < count; i++) bytes[i] = (byte)prng.NextU64();
        return bytes;
    }

    public ReplicaId Replica() => new((ushort)prng.NextU64());

    public LaneId Lane() => new(new Epoch(Number()), Replica(), (ushort)prng.NextU64());

    public LaneTip Tip() => new(Lane(), new BatchSeq(Number()), Hash());

    public BlockId Block() => prng.Chance(200) ? BlockId.Skip : new BlockId(new Height(Number() | 1), new Hash32(Bytes(Hash32.Size)));

    public BlockId NoSkip() => new(new Height(Number() | 1), new Hash32(Bytes(Hash32.Size)));

    public BlockResult Result() => new(
        new Epoch(Number()), new Height(Number()), Hash(), Hash(), Hash(), Hash(), Hash(), Hash());

    public CertificateSignature[] Signatures(bool areExtra)
    {
        var signatures = new CertificateSignature[Count(QuorumParameters.MaxMembers)];
        int voter = 0;
        for (int i = 0; i < signatures.Length; i++, voter += 1 + prng.Below(100))
            signatures[i] = new CertificateSignature(new ReplicaId((ushort)voter), areExtra && prng.Chance(500), Signature());
        return signatures;
    }

    public ResultCertificate Certificate() => new(Result(), Signatures(areExtra: false));

    public Notarization Notarization() => new(new Epoch(Number()), new Slot(Number()), Block(), Signatures(areExtra: true));

    public CommitProof Commit() => new(
        new Epoch(Number()), new Slot(Number()), NoSkip(), prng.Chance(500) ? CommitPath.Fast : CommitPath.Slow, Signatures(areExtra: false));

    public ProofOfAvailability PoA()
    {
        var acks = new AckSignature[Count(QuorumParameters.MaxMembers)];
        int acker = 0;
        for (int i = 0; i < acks.Length; i++, acker += 1 + prng.Below(100))
            acks[i] = new AckSignature(new ReplicaId((ushort)acker), new Height(Number()), Signature());
        return new ProofOfAvailability(Tip(), acks);
    }

    public Evidence Evidence() => new(
        (EvidenceKind)(1 + prng.Below(7)), new Epoch(Number()), Replica(), Statement(), Statement());

    private Header Header(Payload payload, bool isCarry, Hash32 parent)
    {
        ulong slot = ulong.Max(1, Number());
        var tips = new List<LaneTip>();
        if (!isCarry) tips.AddRange(Enumerable.Range(0, Count(Consensus.Header.MaxLanes)).Select(_ => Tip()));
        tips.Sort((a, b) => a.Lane.CompareTo(b.Lane));
        LaneTip[] cut = [.. tips.DistinctBy(tip => tip.Lane)];
        HeaderFlags flags = isCarry ? HeaderFlags.Carry : (HeaderFlags)(prng.Below(4) << 1);
        return new Header(
            new Epoch(Number()), new Slot(slot), new Height(ulong.Max(1, Number())), new Slot(slot - 1 - (prng.NextU64() % slot)), parent,
            new TimestampMs(isCarry ? 0 : Number()), flags, payload.Commitment, cut);
    }

    public Block FullBlock() => FullBlock(Hash());

    private Block FullBlock(Hash32 parent)
    {
        bool isCarry = prng.Chance(150);
        var view = new L1View(Number(), Number(), Hash(), Hash(), Number(), Hash());
        Payload payload = isCarry || prng.Chance(300) ? Payload.Empty : new Payload(view, Some(Payload.MaxEvidence, Evidence), Reports());
        return new Block(Header(payload, isCarry, parent), payload);
    }

    private ReportSignature[] Reports()
    {
        var reports = new ReportSignature[Count(QuorumParameters.MaxMembers)];
        int reporter = 0;
        for (int i = 0; i < reports.Length; i++, reporter += 1 + prng.Below(100))
            reports[i] = new ReportSignature(new ReplicaId((ushort)reporter), Signature());
        return reports;
    }

    public L1Inputs Inputs()
    {
        ulong first = Number() / 2;
        return new L1Inputs([.. Enumerable.Range(0, Count(12)).Select(i => new L1BlockInputs(first + (ulong)i, Hash(), Number(), Bytes(Count(300))))]);
    }

    /// <summary>Blocks, newest first, each the parent of the one before it.</summary>
    private Block[] Ancestry()
    {
        var blocks = new Block[Count(6)];
        for (int i = blocks.Length - 1; i >= 0; i--) blocks[i] = FullBlock(i == blocks.Length - 1 ? Hash() : blocks[i + 1].Header.Hash);
        return blocks;
    }

    public Proposal Proposal()
    {
        Notarization? parent = prng.Chance(500) ? Notarization() : null;
        return new Proposal(FullBlock(), Signature(), Some(8, PoA), new Justification(parent, Some(8, Notarization)));
    }

    public Vote Vote()
    {
        var kind = (VoteKind)(1 + prng.Below(3));
        return new Vote(
            new Epoch(Number()), new Slot(ulong.Max(1, Number())), kind, kind == VoteKind.Final ? NoSkip() : Block(), Replica(), Signature());
    }

    public ResultVote ResultVote() => new(new Epoch(Number()), new Height(Number()), Hash(), Replica(), Signature());

    public Batch Batch(LaneId lane, ulong seq, Hash32 previous)
    {
        int count = 1 + Count(60);
        var writer = new CanonicalWriter();
        for (int i = 0; i < count; i++)
        {
            byte[] payload = Bytes(Count(200));
            BatchBody.WriteRecord(writer.Reserve(BatchBody.RecordOverhead + payload.Length), new NamespaceId(Number()), Number(), payload);
        }

        BatchBody body = BatchBody.Parse(writer.ToArray(), count);
        BatchFlags flags = prng.Chance(200) ? BatchFlags.Bids : BatchFlags.None;
        var header = new BatchHeader(
            lane, new BatchSeq(seq), previous, flags, count, body.Bytes.Length, MerkleTree.RootOfLeafHashes(body.LeafHashes));
        return Consensus.Batch.Create(header, new Height(Number()), Signature(), body);
    }

    public Batch Batch()
    {
        ulong seq = Number();
        return Batch(Lane(), seq, seq == 0 ? Hash32.Zero : new Hash32(Bytes(Hash32.Size)));
    }

    public BatchHeader[] Headers(int most)
    {
        Batch[] chain = Chain(Count(most));
        return [.. chain.Select(batch => batch.Header)];
    }

    public Batch[] Chain(int count)
    {
        LaneId lane = Lane();
        var chain = new Batch[count];
        for (int i = 0; i < count; i++)
            chain[i] = Batch(lane, (ulong)i, i == 0 ? Hash32.Zero : chain[i - 1].Header.Digest);
        return chain;
    }

    public (MerkleTree Tree, Hash32[] Leaves) Tree()
    {
        var leaves = new Hash32[1 + Count(200)];
        for (int i = 0; i < leaves.Length; i++) leaves[i] = Hash();
        return (MerkleTree.FromLeafHashes(leaves), leaves);
    }

    public MerkleProof Path()
    {
        (MerkleTree tree, Hash32[] leaves) = Tree();
        return tree.Prove(prng.Below(leaves.Length));
    }

    public MerkleRangeProof Range()
    {
        (MerkleTree tree, Hash32[] leaves) = Tree();
        int first = prng.Below(leaves.Length);
        return tree.ProveRange(first, 1 + prng.Below(leaves.Length - first));
    }

    public Receipt Receipt() => new(new TxId(Hash()), Path(), Batch().Header, Headers(6), PoA());

    public PeerMessage Message()
    {
        switch ((MessageKind)(1 + prng.Below(Enum.GetValues<MessageKind>().Length)))
        {
            case MessageKind.Proposal: return Proposal();
            case MessageKind.Vote: return Vote();
            case MessageKind.Notarization: return Notarization();
            case MessageKind.CommitProof: return Commit();
            case MessageKind.Status:
                return new Status(new Epoch(Number()), Replica(), new Slot(Number()), Block(), new Slot(Number()), Signature());
            case MessageKind.CertificateRequest:
                ulong first = Number() / 2;
                return new CertificateRequest(new Epoch(Number()), new Slot(first), new Slot(first + (ulong)prng.Below(64)));
            case MessageKind.CertificateResponse: return new CertificateResponse(Some(6, Notarization), prng.Chance(500) ? Commit() : null);
            case MessageKind.BlockRequest: return new BlockRequest(new Epoch(Number()), NoSkip(), (ushort)prng.Below(256));
            case MessageKind.BlockResponse: return new BlockResponse(Ancestry());
            case MessageKind.Batch: return Batch();
            case MessageKind.Ack: return new Ack(Tip(), Replica(), new Height(Number()), Signature());
            case MessageKind.ProofOfAvailability: return PoA();
            case MessageKind.BatchRequest:
                LaneTip tip = Tip();
                ulong most = ulong.Min(tip.Seq.Value, 255);
                return new BatchRequest(new BatchSeq(tip.Seq.Value - (prng.NextU64() % (most + 1))), tip);
            case MessageKind.BatchResponse:
                Batch[] chain = Chain(Count(5));
                return new BatchResponse(chain.Length > 0 ? chain[0].Header.Lane : Lane(), chain);
            case MessageKind.ResultVote: return ResultVote();
            case MessageKind.ResultRequest: return new ResultRequest(new Height(Number()));
            case MessageKind.ResultResponse: return new ResultResponse(prng.Chance(800) ? Certificate() : null);
            case MessageKind.Evidence: return Evidence();
            case MessageKind.CheckpointRequest: return new CheckpointRequest(new Height(Number()));
            case MessageKind.CheckpointOffers: return new CheckpointOffers(new Height(Number()), prng.Chance(500) ? [Offer()] : []);
            case MessageKind.PieceRequest: return new PieceRequest(Hash(), prng.Below(PieceList.MaxPieces));
            case MessageKind.PieceResponse: return new PieceResponse(Hash(), prng.Below(PieceList.MaxPieces), Bytes(Count(300)));
            case MessageKind.HandOverRequest: return new HandOverRequest(new Epoch(Number()));
            case MessageKind.HandOverResponse:
                return new HandOverResponse(new Epoch(Number()), [.. Enumerable.Range(0, Count(4)).Select(_ => (ReadOnlyMemory<byte>)Bytes(Count(300)))]);
            case MessageKind.ViewReport: return new ViewReport(new Epoch(Number()), Replica(), Number(), Hash(), Hash(), Signature());
            case MessageKind.L1InputsRequest: return new L1InputsRequest(Hash(), Number(), Hash());
            case MessageKind.L1InputsResponse: return new L1InputsResponse(Inputs());
            default: return new AttestationMessage(Bytes(Count(300)));
        }
    }

    public CheckpointOffer Offer()
    {
        var hashes = new Hash32[1 + Count(8)];
        for (int i = 0; i < hashes.Length; i++) hashes[i] = Hash();
        long size = ((hashes.Length - 1L) * PieceList.PieceBytes) + 1 + prng.Below(PieceList.PieceBytes);
        Block[] blocks = Ancestry();
        return new CheckpointOffer(Certificate(), blocks.Length > 0 ? [blocks[0]] : [FullBlock()], new PieceList(size, hashes));
    }

    public DurableRecord Durable()
    {
        return (DurableRecordKind)(1 + prng.Below(7)) switch
        {
            DurableRecordKind.OwnVote => new DurableRecord.OwnVote(Vote()),
            DurableRecordKind.OwnProposal => new DurableRecord.OwnProposal(Proposal()),
            DurableRecordKind.BlockHeld => new DurableRecord.BlockHeld(FullBlock()),
            DurableRecordKind.CertificateHeld => new DurableRecord.CertificateHeld(Notarization()),
            DurableRecordKind.FinalHeld => new DurableRecord.FinalHeld(Commit()),
            DurableRecordKind.L1InputsHeld => new DurableRecord.L1InputsHeld(new Epoch(Number()), Inputs()),
            _ => new DurableRecord.OwnResultVote(ResultVote()),
        };
    }

    public T[] Some<T>(int most, Func<T> make)
    {
        var items = new T[Count(most)];
        for (int i = 0; i < items.Length; i++) items[i] = make();
        return items;
    }

    private SignedStatement Statement()
    {
        var kind = (SignedKind)(1 + prng.Below(10));
        var content = new CanonicalWriter();
        switch (kind)
        {
            case SignedKind.Ack:
                Tip().Write(content);
                content.U64(Number());
                break;
            case SignedKind.ResultVote:
                content.U64(Number());
                content.Hash(Hash());
                break;
            case <= SignedKind.FinalVote:
                content.U64(Number());
                Block().Write(content);
                break;
            default:
                content.Raw(Bytes(Count(80)));
                break;
        }

        return new SignedStatement(kind, content.ToArray(), Signature());
    }
}
