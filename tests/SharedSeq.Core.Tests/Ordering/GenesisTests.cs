using System.Globalization;
using System.Numerics;
using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;
using static SharedSeq.Core.Tests.Ordering.OrderingBench;

namespace SharedSeq.Core.Tests.Ordering;

public sealed class GenesisTests
{
    private readonly TestCommittee _committee = new(4, 7, 0, Opaque(5), EvmNs(9, 200) with
    {
        GasCap = 30_000_000,
        TimeGaps = TimeGaps.Jump,
        L1Origin = L1OriginMode.StepOne,
        Attesters = ReplicaSet.All(3),
    });

    private Genesis Genesis => _committee.Genesis;

    private string Json => GenesisJson.Write(Genesis);

    private static GenesisException Refused(string json) => Assert.Throws<GenesisException>(() => GenesisJson.Read(json));

    private string With(string from, string to)
    {
        string changed = Json.Replace(from, to, StringComparison.Ordinal);
        Assert.NotEqual(Json, changed);
        return changed;
    }

    [Fact]
    public void A_document_reads_back_to_the_same_hash_and_the_same_text()
    {
        Genesis again = GenesisJson.Read(Json);
        Assert.Equal(Genesis.Hash, again.Hash);
        Assert.Equal(Json, GenesisJson.Write(again));
        Assert.Equal(Genesis.Namespaces, again.Namespaces);
        Assert.Equal(Genesis.Policy, again.Policy);
    }

    [Fact]
    public void The_encoding_reads_back_to_the_same_hash()
    {
        var writer = new CanonicalWriter();
        Genesis.Write(writer);
        var reader = new CanonicalReader(writer.Written);
        Assert.Equal(Genesis.Hash, Genesis.Read(ref reader).Hash);
        reader.End("genesis");
    }

    [Fact]
    public void Comments_and_trailing_commas_are_allowed_and_policy_may_be_left_out()
    {
        string json = $$"""
            {
              // a network of one
              "chainId": 1, "protocolVersion": 1, "timestampMs": 5,
              "committee": { "f": 0, "p": 0, "members": [ { "voteKey": "{{Genesis.Members[0].VoteKey}}", "nodeKey": "{{Genesis.Members[0].NodeKey}}" }, ] },
              "namespaces": [ { "id": 3, "name": "a", "admission": "opaque" } ],
            }
            """;
        Genesis read = GenesisJson.Read(json);
        Assert.Equal(new Policy(), read.Policy);
        Assert.Equal(new NamespacePolicy { Id = new NamespaceId(3), Name = "a", Admission = AdmissionKind.Opaque }, read.Namespaces[0]);
        Assert.Empty(read.Endpoints);
    }

    [Fact]
    public void Endpoints_are_kept_and_are_not_part_of_the_hash()
    {
        OperatorEndpoints[] endpoints = [.. Enumerable.Range(0, 4).Select(i => new OperatorEndpoints($"op-{i}", $"127.0.0.1:{7000 + i}", null))];
        var moved = Genesis.Create(
            Genesis.Chain, Genesis.Timestamp, Genesis.Quorum, Genesis.Members, Genesis.Policy, Genesis.Namespaces, endpoints);
        Assert.Equal(Genesis.Hash, moved.Hash);
        Assert.Equal(endpoints, GenesisJson.Read(GenesisJson.Write(moved)).Endpoints);
    }

    [Fact]
    public void Every_hashed_value_changes_the_hash()
    {
        var hashes = new HashSet<Hash32> { Genesis.Hash };
        string[] changes =
        [
            With("\"chainId\": 7", "\"chainId\": 8"),
            With($"\"timestampMs\": {Start}", "\"timestampMs\": 1"),
            With("\"dedupSeconds\": 60", "\"dedupSeconds\": 61"),
            With("\"gasCap\": 30000000", "\"gasCap\": 30000001"),
            With("\"timeGaps\": \"jump\"", "\"timeGaps\": \"fill\""),
            With("\"l1Origin\": \"stepOne\"", "\"l1Origin\": \"latest\""),
            With("\"name\": \"ns-5\"", "\"name\": \"ns-6\""),
            With("\"admission\": \"opaque\"", "\"admission\": \"evm\", \"evmChainId\": 5"),
        ];
        foreach (string json in changes) Assert.True(hashes.Add(GenesisJson.Read(json).Hash), json);
    }

    [Theory]
    [InlineData("\"chainId\"", "\"chainID\"", GenesisRejection.MissingKey, "chainId")]
    [InlineData("\"dedupSeconds\"", "\"dedupSecond\"", GenesisRejection.UnknownKey, "policy.dedupSecond")]
    [InlineData("\"byteCap\"", "\"bytecap\"", GenesisRejection.UnknownKey, "namespaces[0].bytecap")]
    [InlineData("\"f\": 1", "\"f\": 1, \"q\": 3", GenesisRejection.UnknownKey, "committee.q")]
    [InlineData("\"f\": 1", "\"f\": 2", GenesisRejection.OutOfRange, "committee")]
    [InlineData("\"f\": 1", "\"f\": -1", GenesisRejection.WrongType, "committee.f")]
    [InlineData("\"f\": 1", "\"f\": 1.5", GenesisRejection.WrongType, "committee.f")]
    [InlineData("\"f\": 1", "\"f\": \"1\"", GenesisRejection.WrongType, "committee.f")]
    [InlineData("\"f\": 1", "\"f\": 1, \"f\": 1", GenesisRejection.NotJson, "document")]
    [InlineData("\"protocolVersion\": 1", "\"protocolVersion\": 2", GenesisRejection.UnsupportedVersion, "protocolVersion")]
    [InlineData("\"dedupSeconds\": 60", "\"dedupSeconds\": 0", GenesisRejection.OutOfRange, "policy.dedupSeconds")]
    [InlineData("\"dedupSeconds\": 60", "\"dedupSeconds\": 99999999999", GenesisRejection.OutOfRange, "policy.dedupSeconds")]
    [InlineData("\"admission\": \"opaque\"", "\"admission\": \"open\"", GenesisRejection.OutOfRange, "namespaces[0].admission")]
    [InlineData("\"id\": 5", "\"id\": 0", GenesisRejection.OutOfRange, "namespaces[0].id")]
    [InlineData("\"id\": 5", "\"id\": 9", GenesisRejection.OutOfRange, "namespaces[1].id")]
    [InlineData("\"name\": \"ns-5\"", "\"name\": \"Ns 5\"", GenesisRejection.OutOfRange, "namespaces[0].name")]
    [InlineData("\"name\": \"ns-5\"", "\"name\": \"\"", GenesisRejection.OutOfRange, "namespaces[0].name")]
    [InlineData("\"evmChainId\": 9,", "", GenesisRejection.OutOfRange, "namespaces[1].evmChainId")]
    [InlineData("\"blockTimeMs\": 200", "\"blockTimeMs\": 3600001", GenesisRejection.OutOfRange, "namespaces[1].blockTimeMs")]
    [InlineData("\"attesters\": \"all\"", "\"attesters\": [4]", GenesisRejection.OutOfRange, "namespaces[0].attesters")]
    [InlineData("\"attesters\": \"all\"", "\"attesters\": []", GenesisRejection.OutOfRange, "namespaces[0].attesters")]
    [InlineData("\"attesters\": \"all\"", "\"attesters\": [1, 1]", GenesisRejection.OutOfRange, "namespaces[0].attesters")]
    [InlineData("\"attesters\": \"all\"", "\"attesters\": \"some\"", GenesisRejection.WrongType, "namespaces[0].attesters")]
    [InlineData("\"byteCap\": 8388608", "\"byteCap\": 131092", GenesisRejection.OutOfRange, "namespaces[0].byteCap")]
    public void A_bad_document_is_refused_with_the_reason_and_the_key(string from, string to, GenesisRejection reason, string path)
    {
        int at = Json.IndexOf(from, StringComparison.Ordinal);
        Assert.True(at >= 0, from);
        GenesisException refused = Refused(string.Concat(Json.AsSpan(0, at), to, Json.AsSpan(at + from.Length)));
        Assert.Equal((reason, path), (refused.Reason, refused.Path));
    }

    [Fact]
    public void A_key_used_twice_or_off_the_curve_is_refused()
    {
        string vote = Genesis.Members[0].VoteKey.ToString();
        GenesisException twice = Refused(With(Genesis.Members[1].NodeKey.ToString(), vote));
        Assert.Equal((GenesisRejection.OutOfRange, "committee.members[1].nodeKey"), (twice.Reason, twice.Path));

        // One secret makes a key and its mirror image, whose y is p - y.
        var prime = BigInteger.Parse("0ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        BigInteger y = BigInteger.Parse("0" + vote[66..], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        string mirrored = vote[..66] + (prime - y).ToString("x65", CultureInfo.InvariantCulture)[1..];
        GenesisException mirror = Refused(With(Genesis.Members[1].VoteKey.ToString(), mirrored));
        Assert.Equal((GenesisRejection.OutOfRange, "committee.members[1].voteKey"), (mirror.Reason, mirror.Path));
        Assert.Contains("every key once", mirror.Message, StringComparison.Ordinal);
        GenesisException offCurve = Refused(With(vote, "0x" + new string('1', 128)));
        Assert.Equal((GenesisRejection.OutOfRange, "committee.members[0].voteKey"), (offCurve.Reason, offCurve.Path));
        GenesisException tooShort = Refused(With(vote, vote[..^2]));
        Assert.Equal((GenesisRejection.WrongType, "committee.members[0].voteKey"), (tooShort.Reason, tooShort.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("null")]
    public void What_is_no_document_is_refused(string json) =>
        Assert.Contains(Refused(json).Reason, new[] { GenesisRejection.NotJson, GenesisRejection.WrongType });

    [Fact]
    public void A_cut_encoding_is_refused_at_every_length()
    {
        var writer = new CanonicalWriter();
        Genesis.Write(writer);
        byte[] bytes = writer.ToArray();
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<DecodeException>(() =>
            {
                var reader = new CanonicalReader(bytes.AsSpan(0, length));
                Genesis.Read(ref reader);
            });
        }
    }

    [Fact]
    public void Policy_defaults_are_the_protocol_limits()
    {
        var policy = new Policy();
        var limits = new ProtocolLimits();
        Assert.Equal((uint)limits.ReceiptDeadlineHeights, policy.ReceiptDeadlineHeights);
        Assert.Equal((uint)limits.DedupSecondsMax, policy.DedupSeconds);
        Assert.Equal((uint)limits.EvmDedupMs, policy.EvmDedupMs);
        Assert.Equal((uint)limits.DedupIdsMax, policy.DedupIdsMax);
        Assert.Equal((uint)limits.TransactionBytesMax, policy.TransactionBytesMax);
        Assert.Equal((uint)limits.NamespacesMax, policy.NamespacesMax);
        Assert.Equal((ulong)limits.HeightBytesMax, policy.HeightBytes);
        Assert.Equal((ulong)limits.NamespaceQueueBytesMax, policy.QueueBytes);
        Assert.Equal((uint)limits.CheckpointIntervalHeights, policy.CheckpointInterval);
        Assert.Equal((uint)limits.ResultIntervalMs, policy.ResultIntervalMs);
        Assert.Equal((uint)limits.NamespaceBlocksPerHeightMax, policy.BlocksPerHeightMax);
        Assert.Equal((uint)limits.FreshnessMs, policy.FreshnessMs);
        Assert.Equal((uint)limits.ClockDriftMs, policy.ClockDriftMs);
        Assert.Equal((uint)limits.LaneBatchesPerBlockMax, policy.MaxBatchesPerLane);
        Assert.Equal((ulong)limits.NamespaceBlockBytesMax, Opaque(1).ByteCap);
    }
}
