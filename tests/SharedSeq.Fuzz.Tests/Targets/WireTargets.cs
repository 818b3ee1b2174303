using SharedSeq.Consensus;
using SharedSeq.Core.Tests.Ordering;
using SharedSeq.Networking;
using SharedSeq.Node;
using SharedSeq.Primitives;

namespace SharedSeq.Fuzz.Tests;

/// <summary>What other operators send.</summary>
internal static class WireTargets
{
    private static readonly Committee Committee = OrderingBench.MakeGenesis(new()).Committee;

    public static IEnumerable<FuzzTarget> All()
    {
        yield return new("message", Samples.Vectors("messages", _ => true), Message)
        {
            Make = prng => new RandomValues(prng).Message().Encode(),
            Cases = 300_000,
        };
        yield return new("hello", [Hello(new Prng(1))], input =>
        {
            var hello = SharedSeq.Networking.Hello.Decode(input, out SessionEnd refusal);
            return hello.Encode(refusal);
        })
        {
            Make = Hello,
        };
        yield return new("receipt", [], input => Receipt.Decode(input).Encode())
        {
            Make = prng => new RandomValues(prng).Receipt().Encode(),
        };
        yield return new("attestation", [], input =>
        {
            if (!AttestationActor.TryRead(input, out _, out _, out _)) DecodeException.Throw(DecodeRejection.Malformed, "attestation");
            return null;
        })
        {
            Make = Attestation,
        };
        yield return new(
            "merkle proof", Samples.Vectors("merkle", name => name.Contains("proof of", StringComparison.Ordinal)),
            Samples.Strict(MerkleProof.Read, (proof, writer) => proof.Write(writer), proof => proof.RootFrom(default)))
        {
            Make = prng => Samples.Bytes(new RandomValues(prng).Path().Write),
        };
        yield return new(
            "range proof", [], Samples.Strict(MerkleRangeProof.Read, (proof, writer) => proof.Write(writer), Verify))
        {
            Make = prng => Samples.Bytes(new RandomValues(prng).Range().Write),
        };
        yield return new(
            "sorted merkle proof", Samples.Vectors("sorted-merkle", name => name.Contains("sence of", StringComparison.Ordinal)),
            Samples.Strict(SortedMerkleProof.Read, (proof, writer) => proof.Write(writer), Verify));
        yield return new(
            "merkle frontier", Samples.Vectors("merkle", name => name.EndsWith("frontier", StringComparison.Ordinal)),
            Samples.Strict(MerkleFrontier.Read, (frontier, writer) => frontier.Write(writer), frontier => frontier.Root()))
        {
            FixedBytesMax = 24 * 1024,
        };
    }

    /// <summary>Evidence is read a second time, where it is judged.</summary>
    private static byte[] Message(byte[] input)
    {
        PeerMessage message = MessageCodec.Decode(input);
        if (message is Evidence evidence) Contradiction.Holds(evidence, Committee);
        if (message is BatchResponse response && response.Batches.Count > 0) response.Batches[0].Body.PayloadOf(0);
        return message.Encode();
    }

    private static void Verify(MerkleRangeProof proof)
    {
        if (proof.Length <= 64) proof.Verify(default, new Hash32[proof.Length]);
    }

    private static void Verify(SortedMerkleProof proof)
    {
        proof.CheckAbsent("fuzz"u8, default, 5);
        proof.CheckPresent("fuzz"u8, default, 5, default);
    }

    private static byte[] Hello(Prng prng)
    {
        var values = new RandomValues(prng);
        var hello = new Hello(
            new ProtocolVersion((ushort)prng.NextU64()), new ChainId(values.Number()), values.Hash(),
            prng.Chance(500) ? PeerChannel.Control : PeerChannel.Bulk);
        return hello.Encode((SessionEnd)prng.Below(Enum.GetValues<SessionEnd>().Length));
    }

    private static byte[] Attestation(Prng prng)
    {
        var values = new RandomValues(prng);
        var skipped = new List<Adapters.SkippedTransaction>();
        int index = 0;
        for (int i = values.Count(1_600); i > 0; i--, index += 1 + prng.Below(9))
            skipped.Add(new Adapters.SkippedTransaction(index, Adapters.SkipReason.NonceTooLow));
        var outcome = new Adapters.ExecutionOutcome(new NamespaceId(values.Number()), values.Number(), values.Hash(), values.Hash(), skipped);
        var writer = new CanonicalWriter();
        outcome.ToAttestation().Write(writer);
        writer.Signature(values.Signature());
        if (prng.Chance(700)) outcome.WriteSkipped(writer);
        return writer.ToArray();
    }
}
