using System.Globalization;
using System.Numerics;
using System.Text.Json;
using SharedSeq.Primitives;

namespace SharedSeq.Core.Tests.Evm;

/// <summary>Headers, receipts and proofs against what anvil made (Evm/Vectors/README.md).</summary>
public sealed class ChainVectorTests
{
    [Fact]
    public void A_header_of_every_fork_hashes_to_the_block_hash_and_decodes_from_its_encoding()
    {
        Assert.Equal("osaka", EvmVectors.Chain.Headers[^1].Hardfork);
        foreach (HeaderVector vector in EvmVectors.Chain.Headers)
        {
            EvmHeader header = HeaderOf(vector.Block);
            byte[] raw = EvmVectors.Bytes(vector.Raw);
            Assert.Equal(raw, header.Encode());
            Assert.Equal(Hash(vector.Block, "hash"), header.ComputeHash());
            Assert.True(EvmHeader.TryDecode(raw, out EvmHeader? decoded, out _));
            Assert.Equal(raw, decoded.Encode());
            Assert.Equal((header.Number, header.TimestampSeconds, header.RequestsHash), (decoded.Number, decoded.TimestampSeconds, decoded.RequestsHash));
        }
    }

    [Fact]
    public void A_header_with_a_changed_bit_is_refused_or_hashes_to_another_value()
    {
        byte[] raw = EvmVectors.Bytes(EvmVectors.Chain.Headers[^1].Raw);
        Hash32 hash = Keccak256.Of(raw);
        for (int bit = 0; bit < 8 * raw.Length; bit++)
        {
            byte[] changed = [.. raw];
            changed[bit / 8] ^= (byte)(1 << (bit % 8));
            if (!EvmHeader.TryDecode(changed, out EvmHeader? header, out _)) continue;
            Assert.Equal(changed, header.Encode());
            Assert.NotEqual(hash, header.ComputeHash());
        }

        for (int length = 0; length < raw.Length; length++) Assert.False(EvmHeader.TryDecode(raw.AsSpan(0, length), out _, out _));
        Assert.False(EvmHeader.TryDecode([.. raw, 0], out _, out DecodeRejection rejection));
        Assert.Equal(DecodeRejection.TrailingBytes, rejection);
    }

    [Fact]
    public void A_header_with_a_field_of_a_later_fork_only_is_not_encoded()
    {
        EvmHeader osaka = HeaderOf(EvmVectors.Chain.Headers[^1].Block);
        Assert.True(osaka.HasFieldsInOrder());
        Assert.Throws<InvalidOperationException>(() => (osaka with { WithdrawalsRoot = null }).Encode());
        Assert.Throws<InvalidOperationException>(() => (osaka with { BaseFeePerGas = null }).Encode());
    }

    [Fact]
    public void Receipts_of_every_type_and_of_many_transactions_give_root_and_bloom_of_the_header()
    {
        Assert.Contains(EvmVectors.Chain.Blocks, block => block.Receipts.Length > 128);
        Assert.Equal(4, EvmVectors.Chain.Blocks.SelectMany(block => block.Receipts).Select(receipt => Number(receipt, "type")).Distinct().Count());
        foreach (BlockVector vector in EvmVectors.Chain.Blocks)
        {
            EvmReceipt[] receipts = [.. vector.Receipts.Select(ReceiptOf)];
            Assert.Equal(Hash(vector.Block, "receiptsRoot"), EvmReceipt.RootOf(receipts));
            LogsBloom bloom = LogsBloom.Of(receipts.SelectMany(receipt => receipt.Logs));
            Assert.Equal(vector.Block.GetProperty("logsBloom").GetString(), bloom.ToString());
            foreach (EvmLog log in receipts.SelectMany(receipt => receipt.Logs))
            {
                Assert.True(bloom.MayHold(log.Address));
                Assert.All(log.Topics, topic => Assert.True(bloom.MayHold(topic)));
            }
        }
    }

    [Fact]
    public void Receipts_that_are_omitted_swapped_or_changed_give_another_root()
    {
        BlockVector vector = EvmVectors.Chain.Blocks.Single(block => block.Receipts.Length > 128);
        Hash32 root = Hash(vector.Block, "receiptsRoot");
        EvmReceipt[] receipts = [.. vector.Receipts.Select(ReceiptOf)];
        Assert.NotEqual(root, EvmReceipt.RootOf(receipts[..^1]));
        Assert.NotEqual(root, EvmReceipt.RootOf([.. receipts, receipts[^1]]));
        Assert.NotEqual(root, EvmReceipt.RootOf([receipts[1], receipts[0], .. receipts[2..]]));
        Assert.NotEqual(root, EvmReceipt.RootOf([receipts[0] with { Logs = [] }, .. receipts[1..]]));
        Assert.NotEqual(root, EvmReceipt.RootOf([receipts[0] with { HasSucceeded = false }, .. receipts[1..]]));
        Assert.NotEqual(root, EvmReceipt.RootOf([receipts[0] with { Type = 1 }, .. receipts[1..]]));
        EvmLog log = receipts[0].Logs[0];
        Assert.NotEqual(root, EvmReceipt.RootOf([receipts[0] with { Logs = [log, log] }, .. receipts[1..]]));
        Assert.NotEqual(root, EvmReceipt.RootOf([receipts[0] with { Logs = [log with { Topics = [] }] }, .. receipts[1..]]));
        Assert.Equal(PatriciaTrie.EmptyRoot, EvmReceipt.RootOf([]));
    }

    [Fact]
    public void The_tries_of_the_yellow_papers_tests_have_their_roots()
    {
        // ethereum/tests, TrieTests/trieanyorder.json: singleItem, dogs, puppy, foo, smallValues, testy.
        (string Root, (string, string)[] Entries)[] tries =
        [
            ("d23786fb4a010da3ce639d66d5e904a11dbc02746d1ce25029e53290cabf28ab", [("A", new string('a', 50))]),
            ("8aad789dff2f538bca5d8ea56e8abe10f4c7ba3a5dea95fea4cd6e7c3a1168d3", [("doe", "reindeer"), ("dog", "puppy"), ("dogglesworth", "cat")]),
            ("5991bb8c6514148a29db676a14ac506cd2cd5775ace63c30a4fe457715e9ac84",
                [("do", "verb"), ("horse", "stallion"), ("doge", "coin"), ("dog", "puppy")]),
            ("17beaa1648bafa633cda809c90c04af50fc8aed3cb40d16efbddee6fdf63c4c3", [("foo", "bar"), ("food", "bass")]),
            ("3f67c7a47520f79faa29255d2d3c084a7a6df0453116ed7232ff10277a8be68b", [("be", "e"), ("dog", "puppy"), ("bed", "d")]),
            ("8452568af70d8d140f58d941338542f645fcca50094b20f3c3d8c3df49337928", [("test", "test"), ("te", "testy")]),
        ];
        foreach ((string root, (string Key, string Value)[] entries) in tries)
        {
            IEnumerable<(byte[], byte[])> bytes =
                entries.Select(entry => (System.Text.Encoding.ASCII.GetBytes(entry.Key), System.Text.Encoding.ASCII.GetBytes(entry.Value)));
            Assert.Equal(Hash32.Parse(root), PatriciaTrie.RootOf(bytes));
            Assert.Equal(Hash32.Parse(root), PatriciaTrie.RootOf(bytes.Reverse()));
        }
    }

    [Fact]
    public void Accounts_and_slots_are_proved_present_and_absent()
    {
        Hash32 root = Hash32.Parse(EvmVectors.Chain.Proofs.StateRoot);
        int present = 0, absent = 0;
        foreach (ProofVector vector in EvmVectors.Chain.Proofs.Answers)
        {
            EvmAccount account = Prove(root, vector);
            Assert.Equal(Hash32.Parse(vector.StorageHash), account.StorageRoot);
            Assert.Equal((Quantity(vector.Nonce), Quantity(vector.Balance)), ((BigInteger)account.Nonce, account.Balance));
            // anvil has no code hash for an account that does not exist.
            if (account != EvmAccount.None) Assert.Equal(Hash32.Parse(vector.CodeHash), account.CodeHash);
            foreach (SlotProofVector slot in vector.StorageProof)
            {
                Assert.Equal(PatriciaRejection.None, account.TryProveSlot(Slot(slot), Nodes(slot.Proof), out Hash32 word));
                Assert.Equal(Quantity(slot.Value), new BigInteger(word.ToArray(), isUnsigned: true, isBigEndian: true));
                if (word.IsZero) absent++;
                else present++;
            }
        }

        Assert.Equal((8, 6), (present, absent));
    }

    [Fact]
    public void A_proof_with_a_node_missing_added_or_changed_or_for_another_key_or_root_is_refused()
    {
        Hash32 root = Hash32.Parse(EvmVectors.Chain.Proofs.StateRoot);
        ProofVector vector = EvmVectors.Chain.Proofs.Answers[0];
        EvmAccount account = Prove(root, vector);
        SlotProofVector slot = vector.StorageProof[0];
        byte[][] nodes = Nodes(slot.Proof);
        PatriciaRejection Try(Hash32 key, params byte[][] shown) => account.TryProveSlot(key, shown, out _);

        Assert.Equal(PatriciaRejection.None, Try(Slot(slot), nodes));
        Assert.Equal(PatriciaRejection.MissingNode, Try(Slot(slot), nodes[..^1]));
        Assert.Equal(PatriciaRejection.MissingNode, Try(Slot(slot)));
        Assert.Equal(PatriciaRejection.TrailingNodes, Try(Slot(slot), [.. nodes, nodes[0]]));
        Assert.Equal(PatriciaRejection.WrongHash, Try(Slot(slot), [nodes[1], nodes[0]]));
        // The way of another slot leads elsewhere: its proof does not serve.
        Assert.All(vector.StorageProof.Skip(1).Where(other => other.Proof[^1] != slot.Proof[^1]),
            other => Assert.NotEqual(PatriciaRejection.None, Try(Slot(slot), Nodes(other.Proof))));
        for (int node = 0; node < nodes.Length; node++)
        {
            for (int at = 0; at < nodes[node].Length; at++)
            {
                byte[][] changed = [.. nodes.Select(bytes => (byte[])[.. bytes])];
                changed[node][at] ^= 1;
                Assert.Equal(PatriciaRejection.WrongHash, Try(Slot(slot), changed));
            }
        }

        Assert.Equal(
            PatriciaRejection.WrongHash,
            EvmAccount.TryProve(Keccak256.Of([1]), EvmAddress.Parse(vector.Address), Nodes(vector.AccountProof), out _));
        Assert.Equal(PatriciaRejection.MissingNode, EvmAccount.TryProve(root, EvmAddress.Parse(vector.Address), [], out _));
    }

    [Fact]
    public void Nodes_that_hash_right_but_are_none_are_refused()
    {
        byte[][] malformed =
        [
            [], [0xC0], [0x80], [0xC1, 0x80], new RlpWriter().List(new RlpWriter().Bytes([]).Bytes([1])).ToArray(),
            new RlpWriter().List(new RlpWriter().Bytes([0x40]).Bytes([1])).ToArray(),
            new RlpWriter().List(new RlpWriter().Bytes([0x21]).Bytes([1]).Bytes([2])).ToArray(), [0xC2, 0x20, 0x80], [0xC3, 0x01, 0x01],
        ];
        foreach (byte[] node in malformed)
        {
            Hash32 root = Keccak256.Of(node);
            if (root == PatriciaTrie.EmptyRoot) continue;
            Assert.Equal(PatriciaRejection.MalformedNode, PatriciaProof.Verify(root, [1], [node], out _));
        }
    }

    private static EvmAccount Prove(Hash32 root, ProofVector vector)
    {
        PatriciaRejection rejection = EvmAccount.TryProve(root, EvmAddress.Parse(vector.Address), Nodes(vector.AccountProof), out EvmAccount? account);
        Assert.Equal(PatriciaRejection.None, rejection);
        return account!;
    }

    private static byte[][] Nodes(string[] proof) => [.. proof.Select(EvmVectors.Bytes)];

    private static Hash32 Slot(SlotProofVector slot) => Hash32.Parse(slot.Key[2..].PadLeft(64, '0'));

    private static BigInteger Quantity(string hex) => BigInteger.Parse("0" + hex[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static Hash32 Hash(JsonElement element, string name) => Hash32.Parse(element.GetProperty(name).GetString()!);

    private static ulong Number(JsonElement element, string name) => (ulong)Quantity(element.GetProperty(name).GetString()!);

    private static EvmHeader HeaderOf(JsonElement block)
    {
        Hash32? HashOrNull(string name) => block.TryGetProperty(name, out _) ? Hash(block, name) : null;
        ulong? NumberOrNull(string name) => block.TryGetProperty(name, out _) ? Number(block, name) : null;
        return new EvmHeader
        {
            ParentHash = Hash(block, "parentHash"),
            OmmersHash = Hash(block, "sha3Uncles"),
            Beneficiary = EvmAddress.Parse(block.GetProperty("miner").GetString()!),
            StateRoot = Hash(block, "stateRoot"),
            TransactionsRoot = Hash(block, "transactionsRoot"),
            ReceiptsRoot = Hash(block, "receiptsRoot"),
            LogsBloom = LogsBloom.From(EvmVectors.Bytes(block.GetProperty("logsBloom").GetString()!)),
            Difficulty = Number(block, "difficulty"),
            Number = Number(block, "number"),
            GasLimit = Number(block, "gasLimit"),
            GasUsed = Number(block, "gasUsed"),
            TimestampSeconds = Number(block, "timestamp"),
            ExtraBytes = EvmVectors.Bytes(block.GetProperty("extraData").GetString()!),
            MixHash = Hash(block, "mixHash"),
            Nonce = Number(block, "nonce"),
            BaseFeePerGas = NumberOrNull("baseFeePerGas"),
            WithdrawalsRoot = HashOrNull("withdrawalsRoot"),
            BlobGasUsed = NumberOrNull("blobGasUsed"),
            ExcessBlobGas = NumberOrNull("excessBlobGas"),
            ParentBeaconBlockRoot = HashOrNull("parentBeaconBlockRoot"),
            RequestsHash = HashOrNull("requestsHash"),
        };
    }

    private static EvmReceipt ReceiptOf(JsonElement receipt) => new(
        (byte)Number(receipt, "type"), Number(receipt, "status") == 1, Number(receipt, "cumulativeGasUsed"),
        [.. receipt.GetProperty("logs").EnumerateArray().Select(log => new EvmLog(
            EvmAddress.Parse(log.GetProperty("address").GetString()!),
            [.. log.GetProperty("topics").EnumerateArray().Select(topic => Hash32.Parse(topic.GetString()!))],
            EvmVectors.Bytes(log.GetProperty("data").GetString()!)))]);
}
