using System.Collections.Generic;
using SharedSeq.Primitives;

namespace SharedSeq.Consensus;

/// <summary>
/// Where delivered heights have brought a member: its epoch, how far that goes, its committee, and the ended epochs whose lanes may still be ordered.
/// A function of the headers and the committee source alone, so a restart finds it again from its archive (consensus.md 8).
/// </summary>
public sealed class EpochHistory
{
    private readonly EpochTerms _terms;
    private readonly ulong _receiptDeadlineHeights;
    private readonly ICommitteeSource _source;
    private readonly List<ClosedEpoch> _closed = [];

    /// <param name="first">Committee of epoch 0 and the own seat in it.</param>
    /// <param name="genesis">Timestamp of height 0.</param>
    /// <param name="terms">Length of epochs.</param>
    /// <param name="receiptDeadlineHeights">D: heights after a boundary in which the ended epoch's lanes may be ordered.</param>
    /// <param name="source">Who serves next.</param>
    public EpochHistory(EpochSeat first, TimestampMs genesis, EpochTerms terms, int receiptDeadlineHeights, ICommitteeSource source)
    {
        _terms = terms;
        _receiptDeadlineHeights = (ulong)receiptDeadlineHeights;
        _source = source;
        Seat = first;
        Delivered = DeliveredTip.Genesis(first.Committee.EpochGenesis, genesis) with { Epoch = SpanFrom(genesis) };
    }

    /// <summary>A history that goes on from a place whose epoch is known: an archive need not reach back to the first height.</summary>
    /// <param name="seat">The committee of the epoch at that place, and the own seat in it.</param>
    /// <param name="delivered">The newest delivered block with its epoch's span; at a boundary the genesis of the next epoch, in slot 0.</param>
    /// <param name="closed">Ended epochs, ascending; those whose lanes are closed by now are left out.</param>
    /// <param name="terms">Length of epochs.</param>
    /// <param name="receiptDeadlineHeights">D.</param>
    /// <param name="source">Who serves next.</param>
    public EpochHistory(
        EpochSeat seat, DeliveredTip delivered, IEnumerable<ClosedEpoch> closed, EpochTerms terms, int receiptDeadlineHeights, ICommitteeSource source)
    {
        _terms = terms;
        _receiptDeadlineHeights = (ulong)receiptDeadlineHeights;
        _source = source;
        Seat = seat;
        Delivered = delivered;
        _closed.AddRange(closed);
        Move(delivered);
    }

    /// <summary>The present committee and the own seat in it.</summary>
    public EpochSeat Seat { get; private set; }

    /// <summary>The newest delivered block; at a boundary already the genesis of the next epoch, in slot 0.</summary>
    public DeliveredTip Delivered { get; private set; }

    /// <summary>Ended epochs whose lanes are not closed yet, ascending.</summary>
    public IReadOnlyList<ClosedEpoch> Closed => _closed;

    /// <summary>The next delivered height.</summary>
    /// <param name="header">Its header.</param>
    /// <param name="timestamp">Resolved through carry blocks.</param>
    /// <param name="cut">Resolved through carry blocks.</param>
    /// <param name="view">The L1 view, resolved through carry blocks; none in a network without L1.</param>
    public void Add(Header header, TimestampMs timestamp, IReadOnlyList<LaneTip> cut, L1View view)
    {
        Invariant.Check(header.Epoch == Seat.Committee.Epoch, "heights are of the epoch that their predecessors led to");
        EpochSpan epoch = Delivered.Epoch.After(header.Height, timestamp);
        Move(new DeliveredTip(header.Id, header.Slot, timestamp, cut) { Epoch = epoch, View = view });
        if (epoch.Boundary == header.Height) End(Delivered);
    }

    /// <summary>The present epoch's boundary is delivered: the next one begins.</summary>
    public void End(DeliveredTip boundary)
    {
        Height height = boundary.Id.Height;
        Move(new DeliveredTip(boundary.Id, Slot.Zero, boundary.Timestamp, boundary.Cut)
        {
            Epoch = SpanFrom(boundary.Timestamp),
            View = boundary.View,
        });
        _closed.Add(new ClosedEpoch(Seat.Committee, Seat.Self, height));
        EpochSeat next = _source.Next(Seat.Committee, boundary.Id);
        Invariant.Check(next.Committee.Epoch.Value == Seat.Committee.Epoch.Value + 1, "epochs follow one another");
        Seat = next;
    }

    private void Move(DeliveredTip delivered)
    {
        Delivered = delivered;
        ulong height = delivered.Id.Height.Value;
        _closed.RemoveAll(ended => height >= ended.Boundary.Value + _receiptDeadlineHeights);
    }

    private EpochSpan SpanFrom(TimestampMs start) => EpochSpan.From(start, _terms.Seconds, _terms.BoundaryLead);
}
