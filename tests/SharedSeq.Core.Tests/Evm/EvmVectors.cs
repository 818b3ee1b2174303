using System.Text.Json;

namespace SharedSeq.Core.Tests.Evm;

/// <summary>The checked-in vectors; how they were made: Evm/Vectors/README.md.</summary>
internal static class EvmVectors
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    public static readonly TransactionVectors Transactions = Read<TransactionVectors>("transactions.json");

    public static readonly SignatureVector[] Signatures = Read<SignatureVector[]>("signatures.json");

    public static readonly AbiVectors Abi = Read<AbiVectors>("abi.json");

    /// <summary>Blocks, receipts and proofs as anvil answers them.</summary>
    public static readonly ChainVectors Chain = Read<ChainVectors>("chain.json");

    public static readonly TypedTextVector[] TypedTexts = Read<TypedTextVector[]>("typed-data.json");

    public static byte[] Bytes(string hex) => Convert.FromHexString(hex.AsSpan(2));

    private static T Read<T>(string file)
    {
        string path = Path.Combine(AppContext.BaseDirectory, "Evm", "Vectors", file);
        return JsonSerializer.Deserialize<T>(File.ReadAllText(path), Options)
            ?? throw new InvalidDataException($"{file} holds nothing");
    }
}

internal sealed record TransactionVectors(ValidTransaction[] Valid, RefusedTransaction[] Refused);

internal sealed record ValidTransaction(
    string Name, string Raw, string Hash, byte Type, string Sender, string? ChainId, string Nonce, string GasLimit,
    string MaxFeePerGas, string MaxPriorityFeePerGas, string? To, string Value, string Data);

internal sealed record RefusedTransaction(string Name, string Raw, string Rejection);

internal sealed record SignatureVector(
    string Name, string Hash, string R, string S, byte Parity, string? Signer, string? Secret);

internal sealed record AbiVectors(AbiCallVector[] Calls, AbiEventVector[] Events);

internal sealed record AbiCallVector(string Signature, string Selector, JsonElement Values, string Encoded);

internal sealed record AbiEventVector(string Signature, JsonElement[] Values, string[] Topics, string Data);

internal sealed record ChainVectors(HeaderVector[] Headers, BlockVector[] Blocks, ProofVectors Proofs);

internal sealed record HeaderVector(string Hardfork, JsonElement Block, string Raw);

internal sealed record BlockVector(JsonElement Block, JsonElement[] Receipts);

internal sealed record ProofVectors(string StateRoot, ProofVector[] Answers);

internal sealed record ProofVector(
    string Address, string Balance, string CodeHash, string Nonce, string StorageHash, string[] AccountProof, SlotProofVector[] StorageProof);

internal sealed record SlotProofVector(string Key, string Value, string[] Proof);

internal sealed record TypedTextVector(
    string PrimaryType, string TypeText, JsonElement Domain, Dictionary<string, TypedMember[]> Types, JsonElement Message, string Separator,
    string StructHash, string Digest, string Signer, string Secret, string Signature);

internal sealed record TypedMember(string Name, string Type);
