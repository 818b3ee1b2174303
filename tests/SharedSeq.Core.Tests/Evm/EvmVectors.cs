using System.Text.Json;

namespace SharedSeq.Core.Tests.Evm;

/// <summary>The checked-in vectors; how they were made: Evm/Vectors/README.md.</summary>
internal static class EvmVectors
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    public static readonly TransactionVectors Transactions = Read<TransactionVectors>("transactions.json");

    public static readonly SignatureVector[] Signatures = Read<SignatureVector[]>("signatures.json");

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
