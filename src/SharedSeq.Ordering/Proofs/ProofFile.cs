using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Text;
using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>
/// A proof as a file: magic "SSPF" || format u16 || chain id u64 || genesis hash || kind u8 || content || count u16, hand-overs || SHA-256 of all before.
/// The opening tells a proof of another network from a false one, and the digest a damaged file from a lie; neither is what a verifier trusts. The
/// hand-overs lead from a committee that the verifier knows to the one that signed the proof.
/// </summary>
public sealed class ProofFile(ChainId chain, Hash32 genesisHash, Proof proof, IReadOnlyList<HandOver> handOvers)
{
    /// <summary>Version of the file's format.</summary>
    public const ushort Format = 2;

    /// <summary>Bytes of a file: a long chain of headers or the hand-overs of a year fit, and a reader knows what it may be asked to hold.</summary>
    public const int MaxBytes = 16 * 1024 * 1024;

    /// <summary>Hand-overs in a file. 16,384: eleven days of one-minute epochs or eleven years of six-hour ones, which fill a file with committees of
    /// four; checking them takes some seconds. For what is older a verifier is given several files, or a checkpoint.</summary>
    public const int MaxHandOvers = 16_384;

    private const int OpeningBytes = 4 + 2 + 8 + Hash32.Size + 1;

    public ChainId Chain { get; } = chain;

    public Hash32 GenesisHash { get; } = genesisHash;

    public Proof Proof { get; } = proof;

    /// <summary>Ascending by epoch without gap; empty when the verifier is expected to know the committee.</summary>
    public IReadOnlyList<HandOver> HandOvers { get; } = handOvers;

    private static ReadOnlySpan<byte> Magic => "SSPF"u8;

    public static ProofFile For(Genesis genesis, Proof proof, IReadOnlyList<HandOver>? handOvers = null) =>
        new(genesis.Chain, genesis.Hash, proof, handOvers ?? []);

    /// <summary>How many hand-overs, from the first on, a file takes by their bytes.</summary>
    /// <param name="handOvers">Ascending.</param>
    /// <param name="proofBytes">Bytes of the proof beside them; 0 where the last of them is the proof.</param>
    public static int Fitting(IReadOnlyList<HandOver> handOvers, int proofBytes)
    {
        int bytes = OpeningBytes + 2 + Hash32.Size + proofBytes;
        int count = 0;
        while (count < handOvers.Count && (bytes += handOvers[count].Encode().Length) <= MaxBytes) count++;
        return count;
    }

    public byte[] ToArray()
    {
        var writer = new CanonicalWriter(1024);
        writer.Raw(Magic);
        writer.U16(Format);
        writer.U64(Chain.Value);
        writer.Hash(GenesisHash);
        writer.Byte((byte)Proof.Kind);
        Proof.Write(writer);
        writer.U16((ushort)HandOvers.Count);
        foreach (HandOver item in HandOvers) item.Write(writer);
        writer.Hash(Sha.Of(writer.Written));
        return writer.ToArray();
    }

    /// <summary>Reads a file without trusting or checking what it proves.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out ProofFile? file, out ProofVerdict verdict)
    {
        file = null;
        verdict = CheckOpening(bytes);
        if (!verdict.IsValid) return false;
        try
        {
            var reader = new CanonicalReader(bytes[6..^Hash32.Size]);
            var chain = new ChainId(reader.U64());
            Hash32 genesis = reader.Hash();
            var kind = (ProofKind)reader.Byte();
            if (!Enum.IsDefined(kind))
            {
                verdict = new ProofVerdict(ProofFault.UnknownKind, $"kind {(byte)kind}");
                return false;
            }

            Proof proof = Proof.Read(kind, ref reader);
            HandOver[] handOvers = ReadHandOvers(ref reader);
            reader.End("proof");
            file = new ProofFile(chain, genesis, proof, handOvers);
            return true;
        }
        catch (DecodeException e)
        {
            verdict = new ProofVerdict(ProofFault.Malformed, e.Message);
            return false;
        }
    }

    /// <summary>The proof for people; a view, not another form to verify.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            writer.WriteStartObject();
            writer.WriteString("kind", Proof.Kind.ToString());
            writer.WriteNumber("chainId", Chain.Value);
            writer.WriteString("genesisHash", GenesisHash.ToString());
            writer.WriteNumber("signedInEpoch", Proof.Epoch.Value);
            writer.WriteNumber("handOvers", HandOvers.Count);
            Proof.WriteJson(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static HandOver[] ReadHandOvers(ref CanonicalReader reader)
    {
        var handOvers = new HandOver[reader.Count(MaxHandOvers, HandOver.MinBytes, "hand-overs")];
        for (int i = 0; i < handOvers.Length; i++)
        {
            handOvers[i] = HandOver.Read(ref reader);
            if (i > 0 && handOvers[i].Ended != handOvers[i - 1].Next.Epoch)
                DecodeException.Throw(DecodeRejection.NotCanonical, "hand-overs follow one another");
        }

        return handOvers;
    }

    private static ProofVerdict CheckOpening(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 4 || !bytes[..4].SequenceEqual(Magic)) return new ProofVerdict(ProofFault.NotAProofFile, "no proof file begins so");
        if (bytes.Length > MaxBytes) return new ProofVerdict(ProofFault.Malformed, $"above {MaxBytes} bytes");
        if (bytes.Length < OpeningBytes + Hash32.Size) return new ProofVerdict(ProofFault.Damaged, "the file is cut short");
        int format = (bytes[4] << 8) | bytes[5];
        if (format != Format) return new ProofVerdict(ProofFault.UnsupportedVersion, $"format {format}, known is {Format}");
        return Sha.Of(bytes[..^Hash32.Size]) == new Hash32(bytes[^Hash32.Size..])
            ? ProofVerdict.Valid
            : new ProofVerdict(ProofFault.Damaged, "the file's digest does not match its content");
    }
}

/// <summary>Checks proof files against a genesis, or a later checkpoint. What a file's hand-overs show is kept. Single-threaded.</summary>
public sealed class ProofVerifier(ProofTrust trust)
{
    /// <summary>Reads and checks a file; the proof is given back only when it holds.</summary>
    public ProofVerdict Verify(ReadOnlySpan<byte> bytes, out Proof? proof)
    {
        proof = null;
        if (!ProofFile.TryRead(bytes, out ProofFile? file, out ProofVerdict verdict)) return verdict;
        verdict = Verify(file);
        if (verdict.IsValid) proof = file.Proof;
        return verdict;
    }

    public ProofVerdict Verify(ProofFile file)
    {
        Genesis genesis = trust.Genesis;
        if (file.Chain != genesis.Chain)
            return new ProofVerdict(ProofFault.WrongNetwork, $"chain id {file.Chain}, this is network {genesis.Chain}");
        if (file.GenesisHash != genesis.Hash)
            return new ProofVerdict(ProofFault.WrongNetwork, $"genesis {file.GenesisHash}, this network's is {genesis.Hash}");
        foreach (HandOver handOver in file.HandOvers)
        {
            ProofVerdict verdict = trust.Take(handOver);
            if (!verdict.IsValid) return verdict;
        }

        return file.Proof.Check(trust);
    }
}
