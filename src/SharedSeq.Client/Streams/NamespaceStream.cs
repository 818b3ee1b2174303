using System.Runtime.CompilerServices;
using SharedSeq.Ordering;
using SharedSeq.Primitives;

namespace SharedSeq.Client;

/// <summary>One block of a followed namespace, certified by a quorum of its epoch's committee, with the transactions its root commits to.</summary>
public sealed record FollowedBlock(NamespaceBlock Block, Hash32 Hash, IReadOnlyList<(TxId Id, ulong ValidUntil, byte[] Payload)> Transactions);

/// <summary>
/// Follows a namespace across operators and epochs: every block from a number on, once, in order, whoever dies, lies, joins or leaves meanwhile. Trust
/// comes from the genesis alone: a block is given on only when a result certificate covers it, so the operator it came from need not be believed.
/// </summary>
public sealed class NamespaceStream(NetworkDirectory network, NamespaceId ns)
{
    /// <summary>
    /// Milliseconds without a proved block after which another operator is tried; a namespace's block time comes on top. 10,000: blocks of a namespace
    /// with a block time come within it; one without has nothing to say when idle, and a change of operator then costs a connection.
    /// </summary>
    public const int SilenceMsDefault = 10_000;

    /// <summary>Milliseconds between two operators: nobody is asked in a tight loop.</summary>
    private const int PauseMs = 100;

    private readonly NamespacePolicy _terms = network.Genesis.Find(ns) ?? throw new ArgumentException($"namespace {ns} is not registered", nameof(ns));

    /// <summary>Follows a namespace of a network that nothing else of this process follows.</summary>
    public NamespaceStream(Genesis genesis, NamespaceId ns, IReadOnlyList<Uri> operators)
        : this(new NetworkDirectory(genesis, operators), ns)
    {
    }

    /// <summary>Milliseconds; see <see cref="SilenceMsDefault"/>.</summary>
    public int SilenceMs { get; init; } = SilenceMsDefault;

    /// <summary>Told why an operator was left, before the next one is tried.</summary>
    public Action<Uri, StreamException>? OperatorLeft { get; init; }

    /// <summary>Yields blocks until cancelled, going on at another operator when one fails.</summary>
    /// <exception cref="StreamException">Every operator in turn failed for a reason that will not pass; the last one's reason.</exception>
    public async IAsyncEnumerable<FollowedBlock> FollowAsync(ulong from, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        Hash32? parent = null;
        ulong next = from;
        int lasting = 0;
        for (int at = 0; ; at++)
        {
            IReadOnlyList<Uri> operators = network.Operators;
            Uri rpc = operators[at % operators.Count];
            await using var session = new StreamSession(network, ns, rpc, TimeSpan.FromMilliseconds(SilenceMs + (double)_terms.BlockTimeMs));
            StreamException left;
            while (true)
            {
                IReadOnlyList<FollowedBlock> proved;
                try
                {
                    proved = await session.ReadAsync(next, parent, cancellation);
                }
                catch (StreamException e)
                {
                    left = e;
                    break;
                }

                lasting = 0;
                foreach (FollowedBlock block in proved)
                {
                    parent = block.Hash;
                    next = block.Block.Number + 1;
                    yield return block;
                }
            }

            OperatorLeft?.Invoke(rpc, left);
            lasting = left.IsLasting ? lasting + 1 : 0;
            if (lasting == operators.Count) throw left;
            await Task.Delay(PauseMs, cancellation);
        }
    }
}
