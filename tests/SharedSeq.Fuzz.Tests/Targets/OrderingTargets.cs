using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Core.Tests.Sync;
using SharedSeq.Core.Tests.Vectors;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Fuzz.Tests;

/// <summary>What ordering keeps, proves and starts from.</summary>
internal static class OrderingTargets
{
    /// <summary>A network whose machine is small: its table of remembered ids is made anew in every case.</summary>
    private static readonly Genesis Network = OrderingBench.MakeGenesis(
        new Policy { DedupIdsMax = 4_096, EpochSeconds = 1, BoundaryLead = 4, CheckpointInterval = 2, ReceiptDeadlineHeights = 12 },
        OrderingBench.Opaque(5), OrderingBench.EvmNs(9, 200));

    public static IEnumerable<FuzzTarget> All()
    {
        yield return new("proof file", Samples.Vectors("ordering-proofs", name => name != "genesis"), ProofBytes)
        {
            Make = prng => ProofFile.For(ProofNetwork, new EvidenceProof(new RandomValues(prng).Evidence())).ToArray(),
            Repair = WithDigest,
            IsRefusal = static e => e is RefusedException,
            FixedBytesMax = 64 * 1024,
            BytesPerByteMax = 160,
            Cases = 40_000,
        };
        yield return new("proof content", Samples.Vectors("ordering-proofs", name => name != "genesis"), CheckedProof)
        {
            Repair = WithDigest,
            IsRefusal = static e => e is RefusedException,
            FixedBytesMax = 64 * 1024,
            Cases = 8_000,
        };
        yield return new("evidence file", [EvidenceFile()], CheckedEvidence)
        {
            Repair = WithDigest,
            IsRefusal = static e => e is RefusedException,
            FixedBytesMax = 64 * 1024,
            Cases = 20_000,
        };
        yield return new("ordering snapshot", [.. Snapshots()], Snapshot)
        {
            // A first chunk of remembered ids, and room that a queue and a block's lists double into.
            FixedBytesMax = 1024 * 1024,
            Cases = 10_000,
        };
        yield return new("checkpoint content", [CheckpointBench.AtACheckpoint().Content], Content)
        {
            FixedBytesMax = 1024 * 1024,
            Cases = 10_000,
        };
        yield return new("genesis", Samples.Vectors("ordering", name => name == "genesis"), GenesisBytes)
        {
            IsRefusal = static e => e is DecodeException or GenesisException,
            FixedBytesMax = 64 * 1024,
            BytesPerByteMax = 64,
        };
        yield return Stored("committee plan", CommitteePlan.Read, (plan, writer) => plan.Write(writer));
        yield return Stored("hand-over", HandOver.Read, (handOver, writer) => handOver.Write(writer));
        yield return new("hand-over, checked", [.. Accusers.Epochs(1).Select(item => item.Encode())], CheckedHandOver)
        {
            IsRefusal = static e => e is DecodeException or RefusedException,
            FixedBytesMax = 64 * 1024,
            Cases = 8_000,
        };
        yield return new(
            "operator statement", Samples.Vectors("operator-statements", name => !name.Contains(',', StringComparison.Ordinal)),
            input => OperatorStatement.Decode(input).Encode());
        yield return Stored("namespace block", NamespaceBlock.Read, (block, writer) => block.Write(writer));
        yield return Stored("namespace head", NamespaceHead.Read, (head, writer) => head.Write(writer));
        yield return Stored("height effects", HeightEffects.Read, (effects, writer) => effects.Write(writer));
        yield return Stored("block content", BlockContent.Read, (content, writer) => content.Write(writer));
        yield return new("namespace heads", [Heads()], Samples.Strict(NamespaceHeads.Read, (heads, writer) => heads.Write(writer)));
    }

    private static FuzzTarget Stored<T>(string name, Samples.Reader<T> read, Action<T, CanonicalWriter> write) =>
        new(name, Samples.Vectors("ordering", pin => pin == name), Samples.Strict(read, write));

    private static byte[] ProofBytes(byte[] input)
    {
        if (!ProofFile.TryRead(input, out ProofFile? file, out ProofVerdict verdict)) throw new RefusedException(verdict.ToString());
        file.ToJson();
        return file.ToArray();
    }

    /// <summary>A proof that was read is checked: nothing it says may do more than be refused.</summary>
    private static byte[]? CheckedProof(byte[] input)
    {
        var verifier = new ProofVerifier(new ProofTrust(ProofNetwork, new P256Scheme()));
        ProofVerdict verdict = verifier.Verify(input, out _);
        return verdict.IsValid ? null : throw new RefusedException(verdict.ToString());
    }

    private static readonly TestCommittee Accusers = new(4, 7, 0, OrderingBench.Opaque(5));

    /// <summary>One member, one slot, two First votes.</summary>
    private static byte[] EvidenceFile()
    {
        SignedStatement Voted(string value)
        {
            var id = new BlockId(new Height(4), Sha.Of(System.Text.Encoding.UTF8.GetBytes(value)));
            Vote vote = Accusers[2].Vote(new Slot(5), VoteKind.First, id).Value;
            return new SignedStatement(SignedKind.FirstVote, Samples.Bytes(writer =>
            {
                writer.U64(vote.Slot.Value);
                vote.Value.Write(writer);
            }), vote.Signature);
        }

        var evidence = new Evidence(EvidenceKind.TwoFirstVotes, Epoch.Zero, new ReplicaId(2), Voted("one"), Voted("other"));
        return ProofFile.For(Accusers.Genesis, new EvidenceProof(evidence)).ToArray();
    }

    private static byte[]? CheckedEvidence(byte[] input)
    {
        ProofVerdict verdict = Accusers.Verifier.Verify(input, out _);
        return verdict.IsValid ? null : throw new RefusedException(verdict.ToString());
    }

    private static byte[]? CheckedHandOver(byte[] input)
    {
        HandOverRejection reason = new CommitteeChain(Accusers.Genesis, new P256Scheme()).TryExtend(HandOver.Decode(input));
        return reason == HandOverRejection.None ? null : throw new RefusedException(reason.ToString());
    }

    private static readonly Genesis ProofNetwork = ReadGenesis(VectorFile.Read("ordering-proofs")["genesis"]);

    private static Genesis ReadGenesis(byte[] bytes)
    {
        var reader = new CanonicalReader(bytes);
        return Genesis.Read(ref reader);
    }

    private static byte[] GenesisBytes(byte[] input)
    {
        var reader = new CanonicalReader(input);
        Genesis genesis = Genesis.Read(ref reader);
        reader.End("genesis");
        return Samples.Bytes(genesis.Write);
    }

    private static byte[] WithDigest(byte[] input) =>
        input.Length < Hash32.Size ? input : [.. input[..^Hash32.Size], .. Sha.Of(input.AsSpan(0, input.Length - Hash32.Size)).ToArray()];

    private static byte[] Snapshot(byte[] input)
    {
        var reader = new CanonicalReader(input);
        OrderingMachine machine = OrderingMachine.Restore(Network, new P256Scheme(), ref reader);
        reader.End("snapshot");
        machine.StateRoot();
        return machine.BeginSnapshot().ToArray();
    }

    private static byte[] Content(byte[] input)
    {
        var content = CheckpointContent.Read(input);
        OrderingMachine machine = content.Restore(CheckpointBench.Operators.Genesis, new P256Scheme());
        machine.StateRoot();
        int next = 0;
        return Samples.Bytes(writer =>
        {
            foreach (ReadOnlyMemory<byte> piece in CheckpointContent.Write(machine.BeginSnapshot(), _ => content.Batches[next++])) writer.Raw(piece.Span);
        });
    }

    private static IEnumerable<byte[]> Snapshots()
    {
        var bench = new OrderingBench(Network);
        yield return bench.SnapshotBytes();
        bench.Apply(10, [.. Enumerable.Range(0, 40).Select(i => OrderingBench.Sized(5, 100, (byte)i))]);
        bench.Apply(20, OrderingBench.EvmTx(9, 0, 21_000), OrderingBench.EvmTx(9, 1, 21_000));
        yield return bench.SnapshotBytes();

        // More than a height takes: the rest waits in the queue.
        TestTransaction[] backlog = [.. Enumerable.Range(0, 200).Select(i => OrderingBench.Sized(5, 120_000, (byte)i))];
        bench.Apply(30, backlog);
        yield return bench.SnapshotBytes();
        yield return WithOperators();
    }

    /// <summary>A candidate, an operator that joined, one that rotates, one that leaves, an empty seat, and epochs that ended.</summary>
    private static byte[] WithOperators()
    {
        var bench = new OrderingBench(Network, new AnySignature());
        ulong at = 0;
        var signer = new OperatorStatementSigner(Network.Domain);
        OperatorStatement Join(byte mark)
        {
            var keys = new CommitteeMember(new PublicKey64(Sha.Of([mark]), default), new PublicKey64(Sha.Of([mark, 9]), default));
            var endpoints = new OperatorEndpoints("new", "h:1", "http://h");
            OperatorStatement.Join join = signer.Join(ulong.MaxValue / 1_000, keys, endpoints, NoKey.Instance, NoKey.Instance);
            for (int i = 0; i < 4; i++) join = signer.Approve(join, Network.Members[i].NodeKey, NoKey.Instance);
            return join;
        }

        void Say(OperatorStatement statement) =>
            bench.Apply(++at, OrderingBench.Tx(0, OrderingBench.StartSecond + (at / 1_000) + 1, statement.Encode()));
        void NextEpoch()
        {
            at += 1_000;
            while (bench.Machine.Boundary != bench.Machine.Height) bench.Apply(++at);
            bench.Apply(++at);
        }

        bench.Apply(++at);
        bench.Apply(++at);
        Say(Join(1));
        Say(Join(2));
        PublicKey64 first = bench.Machine.Operators.Operators[4].Keys.VoteKey;
        Say(signer.Ready(ulong.MaxValue / 1_000, first, bench.Machine.Operators.Checkpoints[^1], NoKey.Instance));
        NextEpoch();
        Say(signer.Exit(ulong.MaxValue / 1_000, Network.Members[1].VoteKey, NoKey.Instance));
        var rotated = new CommitteeMember(new PublicKey64(Sha.Of([3]), default), Network.Members[2].NodeKey);
        Say(signer.Rotate(ulong.MaxValue / 1_000, Network.Members[2].VoteKey, NoKey.Instance, rotated, NoKey.Instance, NoKey.Instance));
        NextEpoch();
        var statement = new SignedStatement(SignedKind.FinalVote, new byte[] { 1 }, default);
        Evidence[] evidence = [new(EvidenceKind.TwoFinals, bench.Machine.Epoch, new ReplicaId(0), statement, statement)];
        bench.Machine.Apply(bench.HeightWith(OrderingBench.Start + ++at, new Payload(L1View.None, evidence)), bench);
        return bench.SnapshotBytes();
    }

    private sealed class AnySignature : ISignatureScheme
    {
        public bool Verify(PublicKey64 key, ReadOnlySpan<byte> text, Signature64 signature) => true;
    }

    private sealed class NoKey : ISigner
    {
        public static readonly NoKey Instance = new();

        public Signature64 Sign(ReadOnlySpan<byte> text) => default;
    }

    private static byte[] Heads()
    {
        var bench = new OrderingBench(Network);
        bench.Apply(10, OrderingBench.Tx(5, OrderingBench.StartSecond + 9, 1));
        OrderingResult last = bench.Apply(60, OrderingBench.Tx(5, OrderingBench.StartSecond + 9, 2));
        return Samples.Bytes(last.Heads!.Write);
    }
}

/// <summary>A decoder that answers with a verdict refused.</summary>
internal sealed class RefusedException(string message) : Exception(message);
