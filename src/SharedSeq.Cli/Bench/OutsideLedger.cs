using System.Collections.Concurrent;
using SharedSeq.Client;
using SharedSeq.Consensus;
using SharedSeq.Primitives;

namespace SharedSeq.Cli;

/// <summary>
/// The ledger outside the nodes: what clients of one network submitted and what they were promised. The nodes' blocks are compared with it, nothing
/// in it comes from reading them. Safe to add to from several threads.
/// </summary>
internal sealed class OutsideLedger
{
    private readonly ConcurrentQueue<Hash32[]> _submitted = new();
    private readonly ConcurrentQueue<Hash32[]> _committed = new();
    private readonly ConcurrentQueue<(Hash32[] Ids, SubmitReply.Accepted Receipt)> _accepted = new();
    private CommitProof? _highestProof;

    /// <summary>Frames of transactions in the order of their submission.</summary>
    public IReadOnlyCollection<Hash32[]> Submitted => _submitted;

    /// <summary>Frames whose commit was proved to the client.</summary>
    public IReadOnlyCollection<Hash32[]> Committed => _committed;

    /// <summary>Frames with a receipt: the transactions that the network owes a place.</summary>
    public IReadOnlyCollection<(Hash32[] Ids, SubmitReply.Accepted Receipt)> Accepted => _accepted;

    /// <summary>Transactions with a receipt.</summary>
    public int AcceptedTransactions => _accepted.Sum(item => item.Ids.Length);

    public void Submit(Hash32[] ids) => _submitted.Enqueue(ids);

    /// <summary>The highest commit proof that a client was shown, not checked here; null before the first.</summary>
    public CommitProof? HighestProof => Volatile.Read(ref _highestProof);

    public void Commit(Hash32[] ids, CommitProof proof)
    {
        _committed.Enqueue(ids);
        lock (_committed)
        {
            if (_highestProof is null || proof.Block.Height > _highestProof.Block.Height) _highestProof = proof;
        }
    }

    public void Accept(Hash32[] ids, SubmitReply.Accepted receipt) => _accepted.Enqueue((ids, receipt));

    /// <summary>Checks every receipt against its epoch's committee: the operator that sent it is not trusted.</summary>
    /// <returns>How many are no receipts of their transactions.</returns>
    public async Task<int> CountBadReceiptsAsync(NetworkDirectory network, CancellationToken cancellation)
    {
        int bad = 0;
        foreach ((Hash32[] ids, SubmitReply.Accepted receipt) in _accepted)
        {
            await network.FollowAsync(receipt.Proof.Tip.Lane.Epoch, cancellation);
            if (CommitCheck.CheckAccepted(network, receipt, ids) != ReplyRejection.None) bad++;
        }

        return bad;
    }
}
