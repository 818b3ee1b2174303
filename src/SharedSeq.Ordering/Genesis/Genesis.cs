using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>
/// What makes a network: its committee, its policy and its namespaces. Every node starts from it and every proof is checked against it; its hash is
/// printed, compared between nodes, and seeds the leader order.
/// </summary>
public sealed class Genesis
{
    private Genesis(
        ChainId chain, ProtocolVersion version, TimestampMs timestamp, QuorumParameters quorum, IReadOnlyList<CommitteeMember> members,
        Policy policy, IReadOnlyList<NamespacePolicy> namespaces, IReadOnlyList<OperatorEndpoints> endpoints)
    {
        Chain = chain;
        Version = version;
        Timestamp = timestamp;
        Quorum = quorum;
        Members = members;
        Policy = policy;
        Namespaces = namespaces;
        Endpoints = endpoints;
        var writer = new CanonicalWriter(1024);
        writer.Raw("SharedSeq.genesis"u8);
        Write(writer);
        Hash = Sha.Of(writer.Written);
        Committee = new Committee(Epoch.Zero, quorum, members, Hash);
    }

    public ChainId Chain { get; }

    public ProtocolVersion Version { get; }

    /// <summary>Committed time of height 0: the start of epoch 0 and the time of every namespace's genesis.</summary>
    public TimestampMs Timestamp { get; }

    public QuorumParameters Quorum { get; }

    /// <summary>The committee of epoch 0 by ReplicaId.</summary>
    public IReadOnlyList<CommitteeMember> Members { get; }

    public Policy Policy { get; }

    /// <summary>Ascending by id.</summary>
    public IReadOnlyList<NamespacePolicy> Namespaces { get; }

    /// <summary>By ReplicaId; empty when the document does not say.</summary>
    public IReadOnlyList<OperatorEndpoints> Endpoints { get; }

    /// <summary>Where an operator is: as it joined; of a first member, as the document says, whatever its keys are now. Null when neither does.</summary>
    public OperatorEndpoints? EndpointsOf(Operator item) =>
        item.Endpoints ?? (item.Id.Value < (uint)Endpoints.Count ? Endpoints[(int)item.Id.Value] : null);

    /// <summary>SHA-256("SharedSeq.genesis" || encoding).</summary>
    public Hash32 Hash { get; }

    /// <summary>The committee of epoch 0, led in the order that the hash seeds.</summary>
    public Committee Committee { get; }

    public SigningDomain Domain => new(Chain, Version);

    /// <summary>Builds a genesis after checking everything in it.</summary>
    /// <exception cref="GenesisException">A value is missing, out of range or contradicts another.</exception>
    public static Genesis Create(
        ChainId chain, TimestampMs timestamp, QuorumParameters quorum, IReadOnlyList<CommitteeMember> members, Policy policy,
        IReadOnlyList<NamespacePolicy> namespaces, IReadOnlyList<OperatorEndpoints>? endpoints = null)
    {
        var ordered = new List<NamespacePolicy>(namespaces);
        ordered.Sort((a, b) => a.Id.CompareTo(b.Id));
        var genesis = new Genesis(chain, ProtocolVersion.Current, timestamp, quorum, members, policy, ordered, endpoints ?? []);
        genesis.Check();
        return genesis;
    }

    /// <summary>The hashed bytes: everything but the endpoints.</summary>
    public void Write(CanonicalWriter writer)
    {
        writer.U16(Version.Value);
        writer.U64(Chain.Value);
        writer.U64(Timestamp.Value);
        Quorum.Write(writer);
        foreach (CommitteeMember member in Members) member.Write(writer);

        Policy.Write(writer);
        writer.U32((uint)Namespaces.Count);
        foreach (NamespacePolicy ns in Namespaces) ns.Write(writer);
    }

    /// <exception cref="DecodeException">The bytes are not exactly one genesis.</exception>
    /// <exception cref="GenesisException">They are, but a value in it is not acceptable.</exception>
    public static Genesis Read(ref CanonicalReader reader)
    {
        ushort version = reader.U16();
        if (version != ProtocolVersion.Current.Value)
            GenesisException.Throw(GenesisRejection.UnsupportedVersion, "protocolVersion", $"this code speaks {ProtocolVersion.Current}, not {version}");
        var chain = new ChainId(reader.U64());
        var timestamp = new TimestampMs(reader.U64());
        QuorumParameters quorum = QuorumParameters.Read(ref reader);
        var members = new CommitteeMember[quorum.N];
        for (int i = 0; i < members.Length; i++) members[i] = CommitteeMember.Read(ref reader);
        Policy policy = Policy.Read(ref reader);
        uint count = reader.U32();
        if (count > policy.NamespacesMax) DecodeException.Throw(DecodeRejection.OverLimit, "namespaces");
        var namespaces = new List<NamespacePolicy>();
        for (uint i = 0; i < count; i++)
        {
            namespaces.Add(NamespacePolicy.Read(ref reader));
            if (i > 0 && namespaces[^2].Id >= namespaces[^1].Id) DecodeException.Throw(DecodeRejection.NotCanonical, "namespaces ascend");
        }

        return Create(chain, timestamp, quorum, members, policy, namespaces);
    }

    /// <summary>The terms of a namespace, or null when it is not registered.</summary>
    public NamespacePolicy? Find(NamespaceId id)
    {
        int low = 0;
        int high = Namespaces.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            int order = Namespaces[middle].Id.CompareTo(id);
            if (order == 0) return Namespaces[middle];
            if (order < 0) low = middle + 1;
            else high = middle - 1;
        }

        return null;
    }

    private void Check()
    {
        foreach (SettingFault fault in Policy.Faults()) Throw("policy." + fault.Field, fault.Why);
        if ((uint)Namespaces.Count > Policy.NamespacesMax) Throw("namespaces", $"at most {Policy.NamespacesMax}");
        for (int i = 0; i < Namespaces.Count; i++)
        {
            foreach (SettingFault fault in Namespaces[i].Faults(Quorum.N)) Throw($"namespaces[{i}].{fault.Field}", fault.Why);
            if (i > 0 && Namespaces[i].Id == Namespaces[i - 1].Id) Throw($"namespaces[{i}].id", "each id once");
        }

        if (Endpoints.Count != 0 && Endpoints.Count != Quorum.N) Throw("committee.members", "endpoints of all operators or of none");
        // A cut lists the lanes of all epochs that ended within D heights.
        if (Quorum.N > Policy.MembersMax)
        {
            Throw(
                "policy.boundaryLead",
                $"{Policy.OpenEpochsMax} epochs of {Quorum.N} lanes could be open at once, and a cut has room for {Header.MaxLanes}");
        }

        CheckKeys();
    }

    /// <summary>
    /// A key that served two seats or two purposes would let one operator speak as another; so would its mirror image, which the same secret makes.
    /// </summary>
    private void CheckKeys()
    {
        var seen = new SortedSet<Hash32>();
        for (int i = 0; i < Members.Count; i++)
        {
            if (Members[i].VoteKey == default || Members[i].NodeKey == default) Throw($"committee.members[{i}]", "a seat of genesis has keys");
            if (!seen.Add(Members[i].VoteKey.X)) Throw($"committee.members[{i}].voteKey", "every key once");
            if (!seen.Add(Members[i].NodeKey.X)) Throw($"committee.members[{i}].nodeKey", "every key once");
        }
    }

    private static void Throw(string path, string why) => GenesisException.Throw(GenesisRejection.OutOfRange, path, why);
}
