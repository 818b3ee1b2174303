using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Ordering;

/// <content>The registry as part of ordering's state: every checkpoint commits to it.</content>
public sealed partial class OperatorRegistry
{
    internal void Write(CanonicalWriter writer)
    {
        Present.Write(writer);
        writer.Bool(Next is not null);
        Next?.Write(writer);
        writer.U32(_nextId);
        writer.U16((ushort)_operators.Length);
        foreach (Operator item in _operators) item.Write(writer);
        writer.U16((ushort)_ended.Length);
        foreach (EndedSeats ended in _ended)
        {
            writer.U64(ended.Epoch.Value);
            writer.U64(ended.Boundary.Value);
            writer.U16((ushort)ended.Operators.Count);
            CommitteeSeats.WriteOperators(writer, ended.Operators);
        }

        writer.U16((ushort)_checkpoints.Length);
        foreach (OperatorCheckpoint checkpoint in _checkpoints)
        {
            writer.U64(checkpoint.Height.Value);
            writer.Hash(checkpoint.EffectsRoot);
        }

        writer.U16((ushort)_keys.Length);
        foreach (Hash32 key in _keys) writer.Hash(key);
    }

    /// <exception cref="DecodeException">The bytes do not begin with a registry of this network.</exception>
    internal static OperatorRegistry Read(Genesis genesis, CommitteeMutations mutations, ref CanonicalReader reader)
    {
        var registry = new OperatorRegistry(genesis, mutations) { Present = CommitteeSeats.Read(ref reader) };
        if (reader.Bool()) registry.Next = CommitteeSeats.Read(ref reader);
        registry._nextId = reader.U32();
        registry._operators = ReadOperators(registry._nextId, ref reader);
        registry._ended = ReadEnded(ref reader);
        registry._checkpoints = new OperatorCheckpoint[reader.Count(CheckpointsMax, 8 + Hash32.Size, "checkpoints of a registry")];
        for (int i = 0; i < registry._checkpoints.Length; i++)
            registry._checkpoints[i] = new OperatorCheckpoint(new Height(reader.U64()), reader.Hash());
        registry._keys = new Hash32[reader.Count(KeysMax, Hash32.Size, "keys of a registry")];
        for (int i = 0; i < registry._keys.Length; i++)
        {
            registry._keys[i] = reader.Hash();
            if (i > 0 && registry._keys[i - 1] >= registry._keys[i]) DecodeException.Throw(DecodeRejection.NotCanonical, "keys of a registry ascend");
        }

        registry.CheckSeats(registry.Present);
        if (registry.Next is { } next) registry.CheckSeats(next);
        if (registry.Next is { } following && following.Plan.Epoch.Value != registry.Present.Plan.Epoch.Value + 1)
            DecodeException.Throw(DecodeRejection.Malformed, "the next committee is of the next epoch");
        return registry;
    }

    private static Operator[] ReadOperators(uint nextId, ref CanonicalReader reader)
    {
        // Those with seats now or in the next epoch, and candidates.
        var operators = new Operator[reader.Count((2 * QuorumParameters.MaxMembers) + CandidatesMax, 4, "operators")];
        for (int i = 0; i < operators.Length; i++)
        {
            operators[i] = Operator.Read(ref reader);
            if (operators[i].Id.Value >= nextId || (i > 0 && operators[i - 1].Id.Value >= operators[i].Id.Value))
                DecodeException.Throw(DecodeRejection.NotCanonical, "operators ascend by number");
        }

        return operators;
    }

    private static EndedSeats[] ReadEnded(ref CanonicalReader reader)
    {
        var ended = new EndedSeats[reader.Count(Header.MaxLanes, 8 + 8 + 2, "ended epochs of a registry")];
        for (int i = 0; i < ended.Length; i++)
        {
            var epoch = new Epoch(reader.U64());
            var boundary = new Height(reader.U64());
            var operators = new OperatorId?[reader.Count(QuorumParameters.MaxMembers, 4, "seats of an ended epoch")];
            for (int seat = 0; seat < operators.Length; seat++) operators[seat] = CommitteeSeats.ReadOperator(ref reader);
            ended[i] = new EndedSeats(epoch, boundary, operators);
        }

        return ended;
    }

    private void CheckSeats(CommitteeSeats seats)
    {
        foreach (OperatorId? id in seats.Operators)
        {
            if (id is { } seated && Find(seated) is not { IsSeated: true })
                DecodeException.Throw(DecodeRejection.Malformed, "a seat has an operator");
        }
    }
}
