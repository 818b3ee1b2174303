namespace SharedSeq.Node;

/// <summary>How an actor is doing, for health endpoints.</summary>
public enum ActorHealth
{
    Starting,
    Running,

    /// <summary>Failed and waiting to be started again.</summary>
    Restarting,

    /// <summary>Failed too often, or fatally; the node stops or the namespace is degraded.</summary>
    Failed,
    Stopped,
}

/// <summary>An actor as health and metrics see it, whatever its messages.</summary>
public interface IActorStatus
{
    string Name { get; }

    ActorHealth Health { get; }

    /// <summary>Messages waiting in the mailbox.</summary>
    int Depth { get; }
}

/// <summary>
/// The whole seam between an actor and whatever hosts it: a name, a mailbox, a health. Messages are told, never asked; an answer, where one is
/// needed, is a completion carried in the message.
/// </summary>
public interface IActor<in TMessage> : IActorStatus
{
    /// <summary>Puts a message into the mailbox; false when it is full or the actor has stopped.</summary>
    bool TryTell(TMessage message);

    /// <summary>Puts a message into the mailbox, waiting for room: back-pressure on the teller.</summary>
    ValueTask TellAsync(TMessage message, CancellationToken cancellation);
}
