using System;
using System.Diagnostics.CodeAnalysis;
using System.IO;
using System.Text;
using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>
/// A proof as a file: magic "SSPF" || format u16 || chain id u64 || genesis hash || kind u8 || content || SHA-256 of all before. The opening tells a proof
/// of another network from a false one, and the digest a damaged file from a lie; neither is what a verifier trusts.
/// </summary>
public sealed class ProofFile(ChainId chain, Hash32 genesisHash, Proof proof)
{
    /// <summary>Version of the file's format.</summary>
    public const ushort Format = 1;

    /// <summary>Bytes of a file: a long chain of headers fits, and a reader knows what it may be asked to hold.</summary>
    public const int MaxBytes = 8 * 1024 * 1024;

    private const int OpeningBytes = 4 + 2 + 8 + Hash32.Size + 1;

    public ChainId Chain { get; } = chain;

    public Hash32 GenesisHash { get; } = genesisHash;

    public Proof Proof { get; } = proof;

    private static ReadOnlySpan<byte> Magic => "SSPF"u8;

    public static ProofFile For(Genesis genesis, Proof proof) => new(genesis.Chain, genesis.Hash, proof);

    public byte[] ToArray()
    {
        var writer = new CanonicalWriter(1024);
        writer.Raw(Magic);
        writer.U16(Format);
        writer.U64(Chain.Value);
        writer.Hash(GenesisHash);
        writer.Byte((byte)Proof.Kind);
        Proof.Write(writer);
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
            reader.End("proof");
            file = new ProofFile(chain, genesis, proof);
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
            Proof.WriteJson(writer);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
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

/// <summary>Checks proof files against a genesis.</summary>
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
        return file.Proof.Check(trust);
    }
}
