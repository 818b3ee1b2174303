using SharedSeq.Primitives;
using SharedSeq.Simulator;

namespace SharedSeq.Simulation.Tests;

/// <summary>Signatures of a run: cheap, deterministic, and nobody's but the key holder's.</summary>
public sealed class SimulatedSignaturesTests
{
    [Fact]
    public void A_signature_verifies_for_its_key_and_text_only()
    {
        var signatures = new SimulatedSignatures(4, new Prng(1));
        SimulatedKeys first = signatures.KeysOf(new NodeId(0));
        SimulatedKeys second = signatures.KeysOf(new NodeId(1));
        Signature64 signature = first.Vote.Sign("text"u8);
        Assert.True(signatures.Verify(first.Vote.Public, "text"u8, signature));
        Assert.False(signatures.Verify(first.Vote.Public, "texts"u8, signature));
        Assert.False(signatures.Verify(first.Node.Public, "text"u8, signature));
        Assert.False(signatures.Verify(second.Vote.Public, "text"u8, signature));
    }

    [Fact]
    public void The_keyed_hash_is_SipHash_2_4_with_a_long_result()
    {
        byte[] text = new byte[15];
        for (int i = 0; i < text.Length; i++) text[i] = (byte)i;
        (ulong high, ulong low) = KeyedHash.Of(0x0706050403020100, 0x0f0e0d0c0b0a0908, text);
        Assert.Equal(0x11a8b03399e99354UL, low);
        Assert.Equal(0xd9c3cf970fec087eUL, high);
    }
}
