using System.Security.Cryptography;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Primitives;

public sealed class ShaTests
{
    [Theory]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("616263", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")]
    [InlineData(
        "6162636462636465636465666465666765666768666768696768696a68696a6b696a6b6c6a6b6c6d6b6c6d6e6c6d6e6f6d6e6f706e6f7071",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")]
    public void Hashes_equal_the_known_answers_of_fips_180_4(string hex, string expected)
    {
        byte[] message = Convert.FromHexString(hex);
        Assert.Equal(Hash32.Parse(expected), Sha.Of(message));
        Assert.Equal(Hash32.Parse(expected), Sha.ByPlatform(message));
    }

    [Fact]
    public void The_fast_path_equals_the_platform_for_every_length_and_split()
    {
        byte[] bytes = new byte[70_000];
        new Random(3).NextBytes(bytes);
        int[] lengths = [.. Enumerable.Range(0, 300), 511, 512, 533, 4095, 4096, 4097, 8192, 65_536, 70_000];
        foreach (int length in lengths)
        {
            ReadOnlySpan<byte> input = bytes.AsSpan(0, length);
            Hash32 expected = new(SHA256.HashData(input));
            Assert.Equal(expected, Sha.Of(input));
            Assert.Equal(expected, Sha.ByPlatform(input));
            foreach (int split in new[] { 0, 1, 17, length / 2, length })
            {
                if (split > length) continue;
                Assert.Equal(expected, Sha.Of(input[..split], input[split..]));
                Assert.Equal(expected, Sha.ByPlatform(input[..split], input[split..]));
            }
        }
    }

    [Fact]
    public void The_fast_path_is_in_use_where_the_library_is_there()
    {
        bool hasLibrary = OperatingSystem.IsLinux()
            && System.Runtime.InteropServices.NativeLibrary.TryLoad("libcrypto.so.3", out _);
        Assert.Equal(hasLibrary, OpenSslSha.IsAvailable);
    }

    [Fact]
    public void Hashing_allocates_nothing_and_works_from_many_threads()
    {
        byte[] bytes = new byte[533];
        Hash32 expected = Sha.Of(bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) Sha.Of(bytes.AsSpan(0, 17), bytes.AsSpan(17));
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Parallel.For(0, 2_000, _ => Assert.Equal(expected, Sha.Of(bytes)));
    }

    [Fact]
    public void A_transactions_id_is_the_leaf_hash_of_its_record()
    {
        byte[] payload = [1, 2, 3];
        byte[] record = [0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3];
        TxId id = BatchBody.IdOf(new NamespaceId(7), 9, payload);
        Assert.Equal(MerkleTree.LeafHash(record), id.Value);
        Assert.Equal(new Hash32(SHA256.HashData([0, .. record])), id.Value);
    }
}
