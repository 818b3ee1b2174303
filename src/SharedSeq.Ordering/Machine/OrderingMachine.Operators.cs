using System.Collections.Generic;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <content>Namespace 0: operator statements, and what they and committed evidence make of the committees.</content>
public sealed partial class OrderingMachine
{
    /// <summary>
    /// A record of namespace 0: taken like any other, then it takes effect at once or is rejected. One per lane and height is looked at, since each may
    /// cost a quorum of signature checks; a door has no use for more.
    /// </summary>
    private void TakeStatement(BatchBody body, int index, LaneId lane)
    {
        TransactionRecord record = body[index];
        TxId id = body.IdOf(index);
        if (RefusalOfRecord(record, lane, out ulong voidAboveMs) is { } refusal)
        {
            Reject(id, NamespaceId.System, refusal);
            return;
        }

        switch (_duplicates.Add(body.LeafHashes[index], Timestamp.Value, voidAboveMs + 1))
        {
            case DuplicateVerdict.Present:
                _duplicateCount++;
                return;
            case DuplicateVerdict.Full:
                Reject(id, NamespaceId.System, RejectionReason.Congested);
                return;
        }

        if (Apply(record, out OperatorStatement? statement) is { } reason) Reject(id, NamespaceId.System, reason);
        else _statements.Add(new AcceptedStatement(id, statement!));
    }

    private RejectionReason? RefusalOfRecord(TransactionRecord record, LaneId lane, out ulong voidAboveMs)
    {
        voidAboveMs = 0;
        if (record.Payload.IsEmpty) return RejectionReason.Empty;
        if ((uint)record.Payload.Length > _policy.TransactionBytesMax) return RejectionReason.TooLarge;
        if (ValidUntilRule.Check(_policy, record.ValidUntil, Timestamp, out voidAboveMs) is { } reason) return reason;
        if (_statementLanes.Contains(lane)) return RejectionReason.Congested;
        _statementLanes.Add(lane);
        return null;
    }

    private RejectionReason? Apply(TransactionRecord record, out OperatorStatement? statement)
    {
        statement = null;
        try
        {
            statement = OperatorStatement.Decode(record.Payload);
        }
        catch (DecodeException)
        {
            return RejectionReason.BadStatement;
        }

        if (Operators.Check(statement, Timestamp, _scheme) is { } reason) return reason;
        Operators = Operators.With(statement);
        return null;
    }

    /// <summary>Behind the height's statements: its evidence, then, at the first height of an epoch, the committee of the next one.</summary>
    private void UpdateCommittees(IReadOnlyList<Evidence> evidence)
    {
        Operators = Operators.At(Height);
        foreach (Evidence item in evidence) Operators = Operators.WithOffender(item.Epoch, item.Offender);
        if (Operators.Next is null) Operators = Operators.WithNextFixed();
    }
}
