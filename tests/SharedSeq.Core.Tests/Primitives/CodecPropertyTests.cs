using FsCheck;
using FsCheck.Fluent;
using SharedSeq.Core.Tests.Vectors;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Primitives;

/// <summary>
/// The codec and the Merkle formats under random values and random damage. A failure prints the seed.
/// </summary>
public sealed class CodecPropertyTests
{
    private enum Part : byte
    {
        Byte,
        Bool,
        U16,
        U32,
        U64,
        Hash,
        Signature,
        PublicKey,
        Bytes,
        Lane,
    }

    [Fact]
    public void Any_sequence_of_values_has_one_encoding_and_damage_never_gives_a_second_one() =>
        Prop.ForAll<byte[], ulong>((shape, seed) =>
        {
            Part[] parts = [.. (shape ?? []).Take(8).Select(item => (Part)(item % 10))];
            byte[] encoded = EncodeRandom(parts, new Prng(seed));
            if (encoded.Length > 0) StrictDecoding.Check(encoded, input => DecodeAndEncode(parts, input));
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Random_bytes_are_refused_with_a_reason_or_are_the_one_encoding_of_their_value() =>
        Prop.ForAll<byte[]>(bytes =>
        {
            bytes ??= [];
            StrictDecoding.RefusalOf(bytes, ReencodeProof);
            StrictDecoding.RefusalOf(bytes, ReencodeSorted);
            StrictDecoding.RefusalOf(bytes, ReencodeFrontier);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_merkle_proof_proves_its_leaf_only_and_decodes_strictly() =>
        Prop.ForAll<ushort, ushort>((size, place) =>
        {
            int count = 1 + (size % 200);
            int index = place % count;
            Hash32[] leaves = MerkleTreeTests.Leaves(count);
            MerkleTree tree = MerkleTree.FromLeafHashes(leaves);
            MerkleProof proof = tree.Prove(index);
            Assert.True(proof.Verify(tree.Root, leaves[index]));
            if (count > 1) Assert.False(proof.Verify(tree.Root, leaves[(index + 1) % count]));
            StrictDecoding.Check(Encode(proof.Write), ReencodeProof);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void No_flipped_byte_of_a_proof_proves_the_same_leaf() =>
        Prop.ForAll<ushort, ushort>((size, place) =>
        {
            int count = 1 + (size % 50);
            int index = place % count;
            Hash32[] leaves = MerkleTreeTests.Leaves(count);
            Hash32 root = MerkleTree.RootOfLeafHashes(leaves);
            byte[] encoded = Encode(MerkleTree.FromLeafHashes(leaves).Prove(index).Write);

            // Bytes 8 to 15 are the count, which is proved by what commits to the root (see MerkleProof.Verify).
            for (int at = 0; at < encoded.Length; at++)
            {
                if (at is >= 8 and < 16) continue;
                byte[] flipped = MerkleTreeTests.Changed(encoded, at, (byte)(encoded[at] ^ (1 << (place % 8))));
                if (StrictDecoding.RefusalOf(flipped, ReencodeProof) is not null) continue;
                CanonicalReader reader = new(flipped);
                Assert.False(MerkleProof.Read(ref reader).Verify(root, leaves[index]), $"byte {at}");
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void No_flipped_byte_of_a_sorted_proof_proves_the_same_and_every_key_is_either_present_or_absent() =>
        Prop.ForAll<ulong[], ulong>((keys, asked) =>
        {
            SortedMerkleTree tree = SortedMerkleTests.Tree([.. (keys ?? []).Take(20).Select(key => key % 64)]);
            ulong key = asked % 64;
            Hash32 commitment = tree.Commitment("property"u8);
            byte[] encoded = Encode(tree.Prove(key).Write);
            StrictDecoding.Check(encoded, ReencodeSorted);
            Assert.True(Proves(encoded, tree, commitment, key));
            for (int bit = 0; bit < 8 * encoded.Length; bit++)
            {
                byte[] flipped = MerkleTreeTests.Changed(encoded, bit / 8, (byte)(encoded[bit / 8] ^ (1 << (bit % 8))));
                if (StrictDecoding.RefusalOf(flipped, ReencodeSorted) is not null) continue;
                Assert.False(Proves(flipped, tree, commitment, key), $"bit {bit}");
            }
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void A_frontier_in_any_pieces_equals_the_tree() =>
        Prop.ForAll<byte[]>(pieces =>
        {
            pieces ??= [];
            MerkleFrontier frontier = new();
            int total = 0;
            Hash32[] leaves = MerkleTreeTests.Leaves(pieces.Sum(piece => piece % 16));
            foreach (byte piece in pieces)
            {
                frontier.Append(leaves.AsSpan(total, piece % 16));
                total += piece % 16;
            }
            Assert.Equal(MerkleTreeTests.Definition(leaves), frontier.Root());
            StrictDecoding.Check(Encode(frontier.Write), ReencodeFrontier);
        }).QuickCheckThrowOnFailure();

    private static bool Proves(byte[] encoded, SortedMerkleTree tree, Hash32 commitment, ulong key)
    {
        CanonicalReader reader = new(encoded);
        SortedMerkleProof proof = SortedMerkleProof.Read(ref reader);
        ProofRejection verdict = tree.TryGet(key, out Hash32 value)
            ? proof.CheckPresent("property"u8, commitment, key, value)
            : proof.CheckAbsent("property"u8, commitment, key);
        return verdict == ProofRejection.None;
    }

    private static byte[] Encode(Action<CanonicalWriter> write)
    {
        CanonicalWriter writer = new();
        write(writer);
        return writer.ToArray();
    }

    private static byte[] ReencodeProof(byte[] input)
    {
        CanonicalReader reader = new(input);
        MerkleProof proof = MerkleProof.Read(ref reader);
        reader.End("proof");
        return Encode(proof.Write);
    }

    private static byte[] ReencodeSorted(byte[] input)
    {
        CanonicalReader reader = new(input);
        SortedMerkleProof proof = SortedMerkleProof.Read(ref reader);
        reader.End("proof");
        return Encode(proof.Write);
    }

    private static byte[] ReencodeFrontier(byte[] input)
    {
        CanonicalReader reader = new(input);
        MerkleFrontier frontier = MerkleFrontier.Read(ref reader);
        reader.End("frontier");
        return Encode(frontier.Write);
    }

    private static byte[] EncodeRandom(Part[] parts, Prng prng)
    {
        CanonicalWriter writer = new(16);
        foreach (Part part in parts)
        {
            Hash32 hash = Sha.Of(BitConverter.GetBytes(prng.NextU64()));
            switch (part)
            {
                case Part.Byte: writer.Byte((byte)prng.NextU64()); break;
                case Part.Bool: writer.Bool(prng.Chance(500)); break;
                case Part.U16: writer.U16((ushort)prng.NextU64()); break;
                case Part.U32: writer.U32((uint)prng.NextU64()); break;
                case Part.U64: writer.U64(prng.NextU64()); break;
                case Part.Hash: writer.Hash(hash); break;
                case Part.Signature: writer.Signature(new Signature64(hash, Sha.Of(hash.ToArray()))); break;
                case Part.PublicKey: writer.PublicKey(new PublicKey64(hash, Sha.Of(hash.ToArray()))); break;
                case Part.Bytes: writer.Bytes(new byte[prng.Below(40)]); break;
                default: writer.Lane(new LaneId(new Epoch(prng.NextU64()), new ReplicaId(5), 3)); break;
            }
        }
        return writer.ToArray();
    }

    private static byte[] DecodeAndEncode(Part[] parts, byte[] input)
    {
        CanonicalReader reader = new(input);
        CanonicalWriter writer = new(16);
        foreach (Part part in parts)
        {
            switch (part)
            {
                case Part.Byte: writer.Byte(reader.Byte()); break;
                case Part.Bool: writer.Bool(reader.Bool()); break;
                case Part.U16: writer.U16(reader.U16()); break;
                case Part.U32: writer.U32(reader.U32()); break;
                case Part.U64: writer.U64(reader.U64()); break;
                case Part.Hash: writer.Hash(reader.Hash()); break;
                case Part.Signature: writer.Signature(reader.Signature()); break;
                case Part.PublicKey: writer.PublicKey(reader.PublicKey()); break;
                case Part.Bytes: writer.Bytes(reader.Bytes(40, "bytes")); break;
                default: writer.Lane(reader.Lane()); break;
            }
        }
        reader.End("sequence");
        return writer.ToArray();
    }
}
