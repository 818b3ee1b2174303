using System.Numerics;
using SharedSeq.Ethereum;
using SharedSeq.Primitives;

namespace SharedSeq.Adapters.Tests.Ethereum;

/// <summary>Reading L1's forced queue: against what a real EVM wrote, and against what none would.</summary>
public sealed class ForcedInboxTests
{
    [Fact]
    public void Queues_followed_by_their_events_are_at_the_heads_that_the_contract_stores()
    {
        var heads = InboxVectors.Namespaces.ToDictionary(id => id, _ => ForcedQueueHead.Empty);
        Assert.Equal(5, InboxVectors.Entries);
        for (int i = 0; i < InboxVectors.Entries; i++)
        {
            ForcedInboxLog log = InboxVectors.Log(i);
            Assert.Equal(ForcedQueueFault.None, heads[log.Entry.Namespace].Follow(log, out ForcedQueueHead next));
            heads[log.Entry.Namespace] = next;
            foreach ((NamespaceId id, ForcedQueueHead head) in heads)
            {
                string after = $"after.{i + 1}.{id}";
                (Hash32 first, Hash32 second) = ForcedQueueHead.SlotsOf(id);
                Assert.Equal(InboxVectors.Word($"{after}.slot"), first);
                Assert.Equal(BigInteger.One, Number(second) - Number(first));
                Assert.Equal(InboxVectors.U64($"{after}.count"), head.Count);
                Assert.Equal(head, ForcedQueueHead.OfStorage(InboxVectors.Word($"{after}.rollingHash"), InboxVectors.Word($"{after}.countWord")));
            }
        }

        Assert.Equal([4UL, 1UL], heads.Values.Select(head => head.Count));
    }

    [Fact]
    public void A_signed_transaction_is_what_a_wallet_signed()
    {
        ForcedEntry entry = InboxVectors.Log(0).Entry;
        Assert.Equal(ForcedEntryKind.Signed, entry.Kind);
        Assert.Equal(new NamespaceId(901), entry.Namespace);
        Assert.Equal(InboxVectors.Address("user"), entry.Sender);
        Assert.Equal(50_000UL, entry.Gas);
        Assert.Equal(InboxVectors.Bytes("signed.legacy.raw"), entry.Payload.ToArray());
        Assert.True(EvmTransaction.TryDecode(entry.Payload, out EvmTransaction? transaction, out _));
        Assert.Equal(entry.Gas, transaction.GasLimit);
        Assert.False(ForcedCall.TryRead(entry.Payload, out _));
    }

    [Fact]
    public void A_call_names_sender_recipient_value_gas_and_input()
    {
        ForcedEntry entry = InboxVectors.Log(1).Entry;
        Assert.Equal(ForcedEntryKind.Call, entry.Kind);
        Assert.True(ForcedCall.TryRead(entry.Payload, out ForcedCall? call));
        Assert.Equal(1UL, call.Index);
        Assert.Equal(InboxVectors.Address("user"), call.Sender);
        Assert.Equal(EvmAddress.Parse("0x000000000000000000000000000000000000dEaD"), call.To);
        Assert.Equal(7, call.Value);
        Assert.Equal(100_000UL, call.GasLimit);
        Assert.Equal(Convert.FromHexString("a9059cbb00ff"), call.Input.ToArray());
        Assert.False(EvmTransaction.TryDecode(entry.Payload, out _, out EvmRejection rejection));
        Assert.NotEqual(EvmRejection.None, rejection);
    }

    [Fact]
    public void A_contract_speaks_from_its_alias()
    {
        ForcedEntry entry = InboxVectors.Log(2).Entry;
        EvmAddress contract = InboxVectors.Address("contract");
        Assert.Equal(AddressAlias.Of(contract), entry.Sender);
        Assert.Equal(contract, AddressAlias.Undo(entry.Sender));
        Assert.True(ForcedCall.TryRead(entry.Payload, out ForcedCall? call));
        Assert.Equal(entry.Sender, call.Sender);
        Assert.Equal(BigInteger.Pow(2, 256) - 1, call.Value);
    }

    [Theory]
    [InlineData("0x0000000000000000000000000000000000000000", "0x1111000000000000000000000000000000001111")]
    [InlineData("0xeeeeffffffffffffffffffffffffffffffffeeef", "0x0000000000000000000000000000000000000000")]
    [InlineData("0xeeeeffffffffffffffffffffffffffffffffeeee", "0xffffffffffffffffffffffffffffffffffffffff")]
    [InlineData("0x00000000ffffffffffffffffffffffffffffffff", "0x1111000100000000000000000000000000001110")]
    [InlineData("0xffffffffffffffffffffffffffffffffffffc0de", "0x1110ffffffffffffffffffffffffffffffffd1ef")]
    public void An_alias_is_a_sum_modulo_the_size_of_addresses(string l1, string alias)
    {
        Assert.Equal(EvmAddress.Parse(alias), AddressAlias.Of(EvmAddress.Parse(l1)));
        Assert.Equal(EvmAddress.Parse(l1), AddressAlias.Undo(EvmAddress.Parse(alias)));
    }

    [Fact]
    public void An_entry_that_is_missing_doubled_or_changed_does_not_follow()
    {
        ForcedInboxLog first = InboxVectors.Log(0), second = InboxVectors.Log(1);
        Assert.Equal(ForcedQueueFault.OtherIndex, ForcedQueueHead.Empty.Follow(second, out ForcedQueueHead same));
        Assert.Equal(ForcedQueueHead.Empty, same);
        Assert.Equal(ForcedQueueFault.None, ForcedQueueHead.Empty.Follow(first, out ForcedQueueHead head));
        Assert.Equal(ForcedQueueFault.OtherIndex, head.Follow(first, out _));
        ForcedEntry entry = second.Entry;
        byte[] otherPayload = entry.Payload.ToArray();
        otherPayload[^1] ^= 1;
        ForcedEntry[] changed =
        [
            entry with { Namespace = new NamespaceId(902) },
            entry with { Kind = ForcedEntryKind.Signed },
            entry with { Sender = AddressAlias.Of(entry.Sender) },
            entry with { Gas = entry.Gas + 1 },
            entry with { EnqueuedAt = entry.EnqueuedAt - 1 },
            entry with { Payload = otherPayload },
        ];
        Assert.All(changed, other => Assert.Equal(ForcedQueueFault.OtherHash, head.Follow(second with { Entry = other }, out _)));
        Assert.Equal(ForcedQueueFault.OtherHash, (head with { RollingHash = default }).Follow(second, out _));
        Assert.Equal(ForcedQueueFault.None, head.Follow(second, out _));
    }

    [Fact]
    public void Other_events_are_told_from_malformed_ones()
    {
        Assert.Equal(ForcedLogRejection.OtherEvent, Refusal([], InboxVectors.LogBytes(0)));
        Assert.Equal(ForcedLogRejection.OtherEvent, Refusal([Hash32.Zero, .. InboxVectors.Topics(0)[1..]], InboxVectors.LogBytes(0)));
        Assert.Equal(ForcedLogRejection.BadTopics, Refusal(InboxVectors.Topics(0)[..3], InboxVectors.LogBytes(0)));
        Assert.Equal(ForcedLogRejection.BadTopics, Refusal([.. InboxVectors.Topics(0), Hash32.Zero], InboxVectors.LogBytes(0)));
        for (int topic = 1; topic <= 3; topic++)
        {
            Hash32[] topics = InboxVectors.Topics(0);
            byte[] word = topics[topic].ToArray();
            word[0] = 1;
            topics[topic] = new Hash32(word);
            Assert.Equal(ForcedLogRejection.BadTopics, Refusal(topics, InboxVectors.LogBytes(0)));
        }
    }

    [Fact]
    public void Only_the_one_encoding_that_the_contract_writes_is_taken()
    {
        byte[] good = InboxVectors.LogBytes(3);
        for (int length = 0; length < good.Length; length++)
            Assert.NotEqual(ForcedLogRejection.None, Refusal(InboxVectors.Topics(3), good[..length]));
        Assert.Equal(ForcedLogRejection.NotCanonical, Refusal(InboxVectors.Topics(3), [.. good, .. new byte[32]]));
        Assert.Equal(ForcedLogRejection.NotCanonical, Changed(data => data[^1] = 1));
        Assert.Equal(ForcedLogRejection.NotCanonical, Changed(data => data[(5 * 32) - 1] ^= 0x20));
        Assert.Equal(ForcedLogRejection.NotCanonical, Changed(data => data[(2 * 32) - 9] = 1));
        Assert.Equal(ForcedLogRejection.UnknownKind, Changed(data => data[31] = 3));
        Assert.Equal(ForcedLogRejection.UnknownKind, Changed(data => data[31] = 0));
        Assert.Equal(ForcedLogRejection.BadPayloadLength, Changed(data => data[(6 * 32) - 1] = 0));
        Assert.Equal(ForcedLogRejection.BadPayloadLength, Changed(data => data[(6 * 32) - 5] = 1));
        Assert.Equal(ForcedLogRejection.PayloadDiffers, Changed(data => data[31] = (byte)ForcedEntryKind.Call));

        ForcedLogRejection Changed(Action<byte[]> change)
        {
            byte[] data = InboxVectors.LogBytes(3);
            change(data);
            return Refusal(InboxVectors.Topics(3), data);
        }
    }

    [Fact]
    public void A_call_whose_payload_is_of_another_index_sender_or_gas_is_refused()
    {
        const int payloadAt = 6 * 32;
        foreach (int at in new[] { 0, 8, 9, 28, 81, 88 })
        {
            byte[] data = InboxVectors.LogBytes(1);
            data[payloadAt + at] ^= 1;
            Assert.Equal(ForcedLogRejection.PayloadDiffers, Refusal(InboxVectors.Topics(1), data));
        }

        Assert.False(ForcedCall.TryRead(InboxVectors.Log(1).Entry.Payload[..(ForcedCall.HeaderBytes - 1)], out _));
    }

    private static ForcedLogRejection Refusal(Hash32[] topics, byte[] data)
    {
        bool isRead = ForcedInboxLog.TryRead(topics, data, out ForcedInboxLog? log, out ForcedLogRejection rejection);
        Assert.Equal(isRead, log is not null);
        return rejection;
    }

    private static BigInteger Number(Hash32 word) => new(word.ToArray(), isUnsigned: true, isBigEndian: true);
}
