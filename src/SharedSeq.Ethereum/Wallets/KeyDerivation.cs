using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using SharedSeq.Primitives;

namespace SharedSeq.Ethereum;

/// <summary>
/// Secrets from a mnemonic (BIP-39 without checking the words, BIP-32), so that the devnet's accounts can be imported
/// into wallets.
/// </summary>
internal static class KeyDerivation
{
    private const uint Hardened = 0x8000_0000;
    private static readonly BigInteger Order = Number(Secp256k1.Order.ToArray());

    /// <summary>The secret of m/44'/60'/0'/0/index.</summary>
    public static byte[] EthereumSecret(string mnemonic, uint index)
    {
        byte[] seed = Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(mnemonic), "mnemonic"u8, iterations: 2048, HashAlgorithmName.SHA512,
            outputLength: 64);
        byte[] node = HMACSHA512.HashData("Bitcoin seed"u8, seed);
        foreach (uint step in (uint[])[44 + Hardened, 60 + Hardened, Hardened, 0, index]) node = Child(node, step);
        return node[..32];
    }

    /// <param name="node">Secret, then chain code.</param>
    /// <param name="index">The child; from 2^31 on derived from the secret, below from the public key.</param>
    private static byte[] Child(byte[] node, uint index)
    {
        Span<byte> text = stackalloc byte[37];
        if (index >= Hardened)
        {
            text[0] = 0;
            node.AsSpan(0, 32).CopyTo(text[1..]);
        }
        else
        {
            Secp256k1.CompressedPublicKey(node.AsSpan(0, 32), text[..33]);
        }

        BinaryPrimitives.WriteUInt32BigEndian(text[33..], index);
        byte[] digest = HMACSHA512.HashData(node.AsSpan(32, 32), text);
        BigInteger secret = (Number(digest.AsSpan(0, 32)) + Number(node.AsSpan(0, 32))) % Order;
        byte[] child = new byte[64];
        byte[] digits = secret.ToByteArray(isUnsigned: true, isBigEndian: true);
        digits.CopyTo(child, 32 - digits.Length);
        digest.AsSpan(32, 32).CopyTo(child.AsSpan(32));
        return child;
    }

    private static BigInteger Number(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);
}
