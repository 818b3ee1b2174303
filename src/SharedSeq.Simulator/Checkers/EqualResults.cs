using SharedSeq.Consensus;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Simulator;

/// <summary>
/// Every honest replica gets the same result, the same namespace blocks and the same rejections for a height, byte by byte, after restarts too.
/// </summary>
public sealed class EqualResults(SimulatedRun run) : Checker(run)
{
    private readonly Dictionary<Height, (Hash32 Result, Hash32 Blocks, SimulatedNode Node)> _results = [];
    private readonly CanonicalWriter _writer = new(4_096);

    public override void OnExecuted(SimulatedNode node, ExecutedHeight executed)
    {
        if (!node.IsHonest) return;
        Hash32 result = executed.Result.Result.Hash;
        Hash32 blocks = BlocksOf(executed.Result);
        if (_results.TryAdd(executed.Height, (result, blocks, node))) return;
        (Hash32 Result, Hash32 Blocks, SimulatedNode Node) first = _results[executed.Height];
        if (first.Result != result)
            Violate($"height {executed.Height}: replica {node.Id} has result {result}, replica {first.Node.Id} had {first.Result}");
        else if (first.Blocks != blocks)
            Violate($"height {executed.Height}: equal results, but namespace blocks of {node.Id} and {first.Node.Id} differ");
    }

    /// <summary>What q members certify is what the machines computed.</summary>
    public override void OnCertified(SimulatedNode node, ResultCertificate certificate)
    {
        if (_results.TryGetValue(certificate.Result.Height, out (Hash32 Result, Hash32 Blocks, SimulatedNode Node) own)
            && own.Result != certificate.Result.Hash)
            Violate($"height {certificate.Result.Height}: a certificate names result {certificate.Result.Hash}, replica {own.Node.Id} computed {own.Result}");
    }

    private Hash32 BlocksOf(OrderingResult result)
    {
        _writer.Reset();
        foreach (ClosedBlock closed in result.Closed)
        {
            closed.Block.Write(_writer);
            closed.Content.Write(_writer);
        }

        foreach (NamespaceGrowth growth in result.Growth)
        {
            _writer.U64(growth.Namespace.Value);
            _writer.U64(growth.Number);
            _writer.U32((uint)growth.First);
            growth.Content.Write(_writer);
        }

        foreach (Rejection rejection in result.Rejections) _writer.Hash(rejection.LeafHash);
        return Sha.Of(_writer.Written);
    }
}
