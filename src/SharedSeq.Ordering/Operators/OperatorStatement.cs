using System;
using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <summary>What an operator statement says. Part of its signed texts. Values are pinned.</summary>
public enum OperatorStatementKind : byte
{
    /// <summary>A new operator becomes a candidate.</summary>
    Join = 1,

    /// <summary>A candidate is in step and may be seated.</summary>
    Ready = 2,

    /// <summary>A member leaves, or a candidate withdraws.</summary>
    Exit = 3,

    /// <summary>A member goes on with other keys.</summary>
    Rotate = 4,
}

/// <summary>In which role a key signed a statement. Part of the signed text, so that no signature passes for one of another role. Values are pinned.</summary>
public enum StatementRole : byte
{
    /// <summary>The operator's present vote key: its will.</summary>
    Operator = 1,

    /// <summary>A new vote key: whoever names it has it.</summary>
    VoteKey = 2,

    /// <summary>A new node key: whoever names it has it.</summary>
    NodeKey = 3,

    /// <summary>A present member's node key: it agrees to a join.</summary>
    Approval = 4,
}

/// <summary>A present member's consent to a join.</summary>
/// <param name="NodeKey">The member's node key.</param>
/// <param name="Signature">In the role <see cref="StatementRole.Approval"/>.</param>
public readonly record struct OperatorApproval(PublicKey64 NodeKey, Signature64 Signature);

/// <summary>
/// What operators decide about committees, as the payload of a transaction of namespace 0 (docs/protocol/ordering.md). Every kind is signed over the
/// network it is meant for, and void when committed time is above validUntil. No statement can take effect twice: what it asks for is done then.
/// </summary>
/// <param name="ValidUntil">Seconds of committed time above which it is void.</param>
public abstract record OperatorStatement(ulong ValidUntil)
{
    /// <summary>Bytes of the largest: a join that 128 members approved.</summary>
    public const int MaxBytes = 18 * 1024;

    /// <summary>The latest validUntil: its milliseconds are a u64.</summary>
    public const ulong LatestValidUntil = ulong.MaxValue / 1_000;

    public abstract OperatorStatementKind Kind { get; }

    /// <summary>A new operator. Takes effect as a candidate when q present members approved.</summary>
    /// <param name="ValidUntil">Seconds of committed time.</param>
    /// <param name="Keys">Its keys; neither has served before.</param>
    /// <param name="Endpoints">Where it can be reached.</param>
    /// <param name="VoteKeySignature">In the role <see cref="StatementRole.VoteKey"/>.</param>
    /// <param name="NodeKeySignature">In the role <see cref="StatementRole.NodeKey"/>.</param>
    /// <param name="Approvals">Ascending by key.</param>
    public sealed record Join(
        ulong ValidUntil, CommitteeMember Keys, OperatorEndpoints Endpoints, Signature64 VoteKeySignature, Signature64 NodeKeySignature,
        IReadOnlyList<OperatorApproval> Approvals)
        : OperatorStatement(ValidUntil)
    {
        public override OperatorStatementKind Kind => OperatorStatementKind.Join;

        /// <summary>The statement with one approval more; one of the same member is replaced.</summary>
        public Join With(OperatorApproval approval)
        {
            var approvals = new List<OperatorApproval>();
            foreach (OperatorApproval known in Approvals)
            {
                if (known.NodeKey != approval.NodeKey) approvals.Add(known);
            }

            approvals.Add(approval);
            approvals.Sort(static (a, b) => Compare(a.NodeKey, b.NodeKey));
            return this with { Approvals = approvals };
        }

        /// <inheritdoc/>
        protected override void WriteBody(CanonicalWriter writer)
        {
            Keys.Write(writer);
            Endpoints.Write(writer);
        }

        /// <inheritdoc/>
        protected override void WriteSignatures(CanonicalWriter writer)
        {
            writer.Signature(VoteKeySignature);
            writer.Signature(NodeKeySignature);
            writer.U16((ushort)Approvals.Count);
            foreach (OperatorApproval approval in Approvals)
            {
                writer.PublicKey(approval.NodeKey);
                writer.Signature(approval.Signature);
            }
        }

        internal static Join Read(ulong validUntil, ref CanonicalReader reader)
        {
            CommitteeMember keys = ReadKeys(ref reader);
            OperatorEndpoints endpoints = OperatorEndpoints.Read(ref reader);
            Signature64 vote = reader.Signature();
            Signature64 node = reader.Signature();
            var approvals = new OperatorApproval[reader.Count(QuorumParameters.MaxMembers, PublicKey64.Size + Signature64.Size, "approvals")];
            for (int i = 0; i < approvals.Length; i++)
            {
                approvals[i] = new OperatorApproval(reader.PublicKey(), reader.Signature());
                if (i > 0 && Compare(approvals[i - 1].NodeKey, approvals[i].NodeKey) >= 0)
                    DecodeException.Throw(DecodeRejection.NotCanonical, "approvals ascend by key");
            }

            return new Join(validUntil, keys, endpoints, vote, node, approvals);
        }
    }

    /// <summary>A candidate that holds a recent checkpoint: it is in step.</summary>
    /// <param name="ValidUntil">Seconds of committed time.</param>
    /// <param name="VoteKey">The candidate.</param>
    /// <param name="Checkpoint">A checkpoint's height.</param>
    /// <param name="EffectsRoot">The effects root of its result.</param>
    /// <param name="Signature">In the role <see cref="StatementRole.Operator"/>.</param>
    public sealed record Ready(ulong ValidUntil, PublicKey64 VoteKey, Height Checkpoint, Hash32 EffectsRoot, Signature64 Signature)
        : OperatorStatement(ValidUntil)
    {
        public override OperatorStatementKind Kind => OperatorStatementKind.Ready;

        /// <inheritdoc/>
        protected override void WriteBody(CanonicalWriter writer)
        {
            writer.PublicKey(VoteKey);
            writer.U64(Checkpoint.Value);
            writer.Hash(EffectsRoot);
        }

        /// <inheritdoc/>
        protected override void WriteSignatures(CanonicalWriter writer) => writer.Signature(Signature);

        internal static Ready Read(ulong validUntil, ref CanonicalReader reader) =>
            new(validUntil, reader.PublicKey(), new Height(reader.U64()), reader.Hash(), reader.Signature());
    }

    /// <summary>A member that leaves with the next committee that has room for the change, or a candidate that withdraws at once.</summary>
    /// <param name="ValidUntil">Seconds of committed time.</param>
    /// <param name="VoteKey">The operator.</param>
    /// <param name="Signature">In the role <see cref="StatementRole.Operator"/>.</param>
    public sealed record Exit(ulong ValidUntil, PublicKey64 VoteKey, Signature64 Signature) : OperatorStatement(ValidUntil)
    {
        public override OperatorStatementKind Kind => OperatorStatementKind.Exit;

        /// <inheritdoc/>
        protected override void WriteBody(CanonicalWriter writer) => writer.PublicKey(VoteKey);

        /// <inheritdoc/>
        protected override void WriteSignatures(CanonicalWriter writer) => writer.Signature(Signature);

        internal static Exit Read(ulong validUntil, ref CanonicalReader reader) => new(validUntil, reader.PublicKey(), reader.Signature());
    }

    /// <summary>A member's other keys, with the next committee that has room for the change. A key that stays is named again.</summary>
    /// <param name="ValidUntil">Seconds of committed time.</param>
    /// <param name="VoteKey">The operator, by its present vote key.</param>
    /// <param name="NewKeys">Its keys from then on.</param>
    /// <param name="Signature">In the role <see cref="StatementRole.Operator"/>.</param>
    /// <param name="VoteKeySignature">In the role <see cref="StatementRole.VoteKey"/>, by the new vote key.</param>
    /// <param name="NodeKeySignature">In the role <see cref="StatementRole.NodeKey"/>, by the new node key.</param>
    public sealed record Rotate(
        ulong ValidUntil, PublicKey64 VoteKey, CommitteeMember NewKeys, Signature64 Signature, Signature64 VoteKeySignature,
        Signature64 NodeKeySignature)
        : OperatorStatement(ValidUntil)
    {
        public override OperatorStatementKind Kind => OperatorStatementKind.Rotate;

        /// <inheritdoc/>
        protected override void WriteBody(CanonicalWriter writer)
        {
            writer.PublicKey(VoteKey);
            NewKeys.Write(writer);
        }

        /// <inheritdoc/>
        protected override void WriteSignatures(CanonicalWriter writer)
        {
            writer.Signature(Signature);
            writer.Signature(VoteKeySignature);
            writer.Signature(NodeKeySignature);
        }

        internal static Rotate Read(ulong validUntil, ref CanonicalReader reader) =>
            new(validUntil, reader.PublicKey(), ReadKeys(ref reader), reader.Signature(), reader.Signature(), reader.Signature());
    }

    /// <summary>kind u8 || validUntil u64 || what it says || signatures.</summary>
    public void Write(CanonicalWriter writer)
    {
        writer.Byte((byte)Kind);
        writer.U64(ValidUntil);
        WriteBody(writer);
        WriteSignatures(writer);
    }

    /// <summary>
    /// The text that a key signs in a role: opening of the network (epoch 0, kind 10) || kind u8 || role u8 || validUntil u64 || what it says.
    /// </summary>
    public void WriteSignedText(CanonicalWriter writer, SigningDomain domain, StatementRole role)
    {
        domain.Open(writer, Epoch.Zero, SignedKind.OperatorStatement);
        writer.Byte((byte)Kind);
        writer.Byte((byte)role);
        writer.U64(ValidUntil);
        WriteBody(writer);
    }

    public byte[] Encode()
    {
        var writer = new CanonicalWriter(1_024);
        Write(writer);
        return writer.ToArray();
    }

    /// <exception cref="DecodeException">The bytes are not exactly one statement.</exception>
    public static OperatorStatement Decode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaxBytes) DecodeException.Throw(DecodeRejection.OverLimit, "operator statement");
        var reader = new CanonicalReader(bytes);
        var kind = (OperatorStatementKind)reader.Byte();
        ulong validUntil = reader.U64();
        if (validUntil > LatestValidUntil) DecodeException.Throw(DecodeRejection.OverLimit, "validUntil of an operator statement");
        OperatorStatement statement;
        switch (kind)
        {
            case OperatorStatementKind.Join: statement = Join.Read(validUntil, ref reader); break;
            case OperatorStatementKind.Ready: statement = Ready.Read(validUntil, ref reader); break;
            case OperatorStatementKind.Exit: statement = Exit.Read(validUntil, ref reader); break;
            case OperatorStatementKind.Rotate: statement = Rotate.Read(validUntil, ref reader); break;
            default: throw new DecodeException(DecodeRejection.UnknownValue, "kind of an operator statement");
        }

        reader.End("operator statement");
        return statement;
    }

    /// <summary>What the statement says, without kind, time and signatures.</summary>
    protected abstract void WriteBody(CanonicalWriter writer);

    protected abstract void WriteSignatures(CanonicalWriter writer);

    private static CommitteeMember ReadKeys(ref CanonicalReader reader)
    {
        var keys = new CommitteeMember(reader.PublicKey(), reader.PublicKey());
        // One secret makes a key and its mirror image.
        if (keys.VoteKey == default || keys.NodeKey == default || keys.VoteKey.X == keys.NodeKey.X)
            DecodeException.Throw(DecodeRejection.Malformed, "two different keys of an operator");
        return keys;
    }

    private static int Compare(in PublicKey64 a, in PublicKey64 b)
    {
        int order = a.X.CompareTo(b.X);
        return order != 0 ? order : a.Y.CompareTo(b.Y);
    }
}
