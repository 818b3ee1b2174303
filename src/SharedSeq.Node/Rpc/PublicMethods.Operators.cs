using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Node;

/// <content>Operators and their statements.</content>
public sealed partial class PublicMethods
{
    /// <summary>sharedseq_submitOperatorStatement(statement).</summary>
    private async Task<object?> SubmitOperatorStatementAsync(RpcCall call)
    {
        byte[] statement = call.Bytes(0, "statement");
        if (!node.IsReady()) throw new RpcException(RpcError.NotReady, "the node is starting or stopping");
        if (node.Epochs.Present.Self is null) throw new RpcException(RpcError.NotReady, "this node has no seat now: ask a member");
        StatementOutcome outcome = await node.Operators.SubmitAsync(statement, call.From, call.Cancellation);
        return new
        {
            txId = outcome.Id.ToString(),
            status = outcome.Rejection is null ? "applied" : "rejected",
            reason = outcome.Rejection?.ToString(),
            height = outcome.Height.Value,
        };
    }

    private object GetOperators(RpcCall call)
    {
        OperatorRegistry registry = OperatorsNow();
        return new
        {
            epoch = registry.Present.Plan.Epoch.Value,
            changes = node.Genesis.Policy.EpochSeconds > 0,
            quorum = registry.Present.Plan.Quorum.Quorum,
            changesMax = registry.Present.Plan.Quorum.F,
            operators = registry.Outlook().Select(OutlookOf),
            checkpoints = registry.Checkpoints.Select(c => new { height = c.Height.Value, effectsRoot = c.EffectsRoot.ToString() }),
            keysLeft = OperatorRegistry.KeysMax - registry.KeyCount,
        };
    }

    private object OutlookOf(OperatorOutlook outlook)
    {
        Operator item = outlook.Operator;
        OperatorEndpoints? endpoints = node.Genesis.EndpointsOf(item);
        return new
        {
            @operator = item.Id.Value,
            state = Camel(item.State.ToString()),
            step = Camel(outlook.Step.ToString()),
            seat = outlook.Seat?.Value,
            nextSeat = outlook.NextSeat?.Value,
            voteKey = outlook.Keys.VoteKey.ToString(),
            nodeKey = outlook.Keys.NodeKey.ToString(),
            newVoteKey = outlook.NewKeys?.VoteKey.ToString(),
            newNodeKey = outlook.NewKeys?.NodeKey.ToString(),
            rotations = item.Rotations,
            name = endpoints?.Name,
            peer = endpoints?.Peer,
            rpc = endpoints?.Rpc,
        };
    }

    private object GetCommittee(RpcCall call)
    {
        Epoch epoch = call.Optional(0) is { } given ? new Epoch(RpcCall.NumberOf(given, "epoch")) : node.Epochs.Present.Epoch;
        if (node.Epochs.Of(epoch) is { } part)
        {
            Committee committee = part.Committee;
            CommitteeMember[] members = [.. Enumerable.Range(0, committee.Count).Select(i => committee[new ReplicaId((ushort)i)])];
            return CommitteeOf(
                new CommitteePlan(epoch, committee.Quorum, members),
                new { height = part.Genesis.Height.Value, hash = part.Genesis.Hash.ToString(), timestamp = part.Start.Value });
        }

        if (node.Progress.Operators?.Next is { } next && next.Plan.Epoch == epoch) return CommitteeOf(next.Plan, genesis: null);
        throw new RpcException(
            RpcError.NotFound,
            $"epoch {epoch} is not fixed here, or is more than {EpochFile.Kept} epochs old; the present one is {node.Epochs.Present.Epoch}");
    }

    private object CommitteeOf(CommitteePlan plan, object? genesis) => new
    {
        epoch = plan.Epoch.Value,
        genesis,
        n = plan.Quorum.N,
        f = plan.Quorum.F,
        p = plan.Quorum.P,
        quorum = plan.Quorum.Quorum,
        hash = plan.Hash.ToString(),
        members = plan.Members.Select((member, seat) => MemberOf(plan.Epoch, member, seat)),
    };

    private object MemberOf(Epoch epoch, CommitteeMember member, int seat)
    {
        Operator? known = member.IsEmpty ? null : OperatorAt(epoch, member, seat);
        OperatorEndpoints? endpoints = member.IsEmpty ? null : known is null ? GenesisEndpointsOf(member) : node.Genesis.EndpointsOf(known);
        return new
        {
            replica = seat,
            isEmpty = member.IsEmpty,
            voteKey = member.VoteKey.ToString(),
            nodeKey = member.NodeKey.ToString(),
            name = endpoints?.Name,
            rpc = endpoints?.Rpc,
        };
    }

    /// <summary>By its seat where the registry still knows who had it, since keys change; of earlier epochs, by its keys.</summary>
    private Operator? OperatorAt(Epoch epoch, CommitteeMember member, int seat)
    {
        if (node.Progress.Operators is not { } registry) return null;
        CommitteeSeats? seats = registry.SeatsOf(epoch);
        return seats is null ? registry.Operators.FirstOrDefault(item => item.Keys == member)
            : seats.Operators[seat] is { } id ? registry.Find(id)
            : null;
    }

    private OperatorEndpoints? GenesisEndpointsOf(CommitteeMember member)
    {
        int seat = Array.IndexOf([.. node.Genesis.Members], member);
        return seat >= 0 && seat < node.Genesis.Endpoints.Count ? node.Genesis.Endpoints[seat] : null;
    }

    private OperatorRegistry OperatorsNow() => node.Progress.Operators ?? throw new RpcException(RpcError.NotReady, "the node is starting");

    private static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];
}
