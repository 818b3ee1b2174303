using System;
using System.Collections.Generic;
using SharedSeq.Consensus;

namespace SharedSeq.Ordering;

/// <summary>Why a member is not asked any more during this state sync. Also a metric label.</summary>
public enum SyncRejection
{
    None = 0,

    /// <summary>Its certificate does not verify, or its blocks are not those of the certified height.</summary>
    BadOffer = 1,

    /// <summary>A piece that it sent is not the one that it offered.</summary>
    BadPiece = 2,

    /// <summary>What it offered does not have the certified state root.</summary>
    OtherState = 3,

    /// <summary>What it showed does not lead from one committee to the next.</summary>
    BadHandOver = 4,

    /// <summary>It offers a checkpoint of an epoch so late that no chain of hand-overs reaches it.</summary>
    TooManyEpochs = 5,
}

/// <summary>What came of looking at all pieces together.</summary>
public enum SyncVerdict
{
    /// <summary>The state has the certified root and is stored: it is installed by the next start.</summary>
    Certified = 1,

    /// <summary>The pieces are those that were offered, and they are not the certified state.</summary>
    OtherState = 2,

    /// <summary>What was stored is not what was received: nobody else's fault.</summary>
    Damaged = 3,
}

/// <summary>Everything that state sync can ask of its shell: a closed set, carried out in order.</summary>
public abstract record SyncEffect
{
    private SyncEffect()
    {
    }

    /// <summary>Send a message; it may be lost.</summary>
    public sealed record Send(ulong To, PeerMessage Message) : SyncEffect;

    /// <summary>Pieces of this checkpoint will come: make room for them, and forget any other's.</summary>
    public sealed record Begin(CheckpointOffer Offer) : SyncEffect;

    /// <summary>Store a piece; its hash is the offered one.</summary>
    public sealed record Store(int Index, ReadOnlyMemory<byte> Bytes) : SyncEffect;

    /// <summary>All pieces are stored: compare the state with the certificate, then answer <see cref="StateSync.OnChecked"/>.</summary>
    public sealed record Check(CheckpointOffer Offer) : SyncEffect;

    /// <summary>The checkpoint begun is not wanted any more.</summary>
    public sealed record GiveUp : SyncEffect;

    /// <summary>
    /// Keep these behind those kept before: they follow from the genesis, one epoch after the other. What is kept counts when a checkpoint is complete.
    /// </summary>
    public sealed record KeepHandOvers(IReadOnlyList<HandOver> HandOvers) : SyncEffect;

    /// <summary>What was kept since the last complete checkpoint does not count any more: another way is shown, from the genesis on.</summary>
    public sealed record DropHandOvers : SyncEffect;

    /// <summary>A member lied; it is asked for nothing any more.</summary>
    /// <param name="Peer">The shell's number for its session.</param>
    /// <param name="Reason">What it did.</param>
    /// <param name="HandOver">Why a hand-over is none; None for other reasons, and for one that is not even encoded like one.</param>
    public sealed record Refuse(ulong Peer, SyncRejection Reason, HandOverRejection HandOver = HandOverRejection.None) : SyncEffect;
}
