using System.Threading.Channels;

namespace SharedSeq.Node;

/// <summary>What happens when an actor's loop throws.</summary>
/// <param name="MaxRestarts">Failures in a row after which it is given up; 0 makes the first one fatal.</param>
/// <param name="FirstDelayMs">Pause before the first restart; doubles up to 32 times itself.</param>
public sealed record Supervision(int MaxRestarts, int FirstDelayMs)
{
    /// <summary>A broken invariant of the core must stop the process: going on could break promises.</summary>
    public static readonly Supervision Fatal = new(0, 0);

    /// <summary>For what depends on things outside: tried again for minutes.</summary>
    public static readonly Supervision Restart = new(1_000, 50);
}

/// <summary>
/// One class, one bounded mailbox with a single reader, one loop, private state. When the mailbox is full, tellers wait (TellAsync) or are told
/// so (TryTell): nothing is dropped silently.
/// </summary>
public abstract class Actor<TMessage> : IActor<TMessage>, IAsyncDisposable
{
    private readonly Channel<TMessage> _mailbox;
    private readonly Supervision _supervision;
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;
    private volatile ActorHealth _health = ActorHealth.Starting;

    protected Actor(string name, int mailboxMax, Supervision supervision)
    {
        Name = name;
        _supervision = supervision;
        _mailbox = Channel.CreateBounded<TMessage>(
            new BoundedChannelOptions(mailboxMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    }

    public string Name { get; }

    public ActorHealth Health => _health;

    public int Depth => _mailbox.Reader.Count;

    /// <summary>Completes when the actor was given up; the exception is the last failure.</summary>
    public Task Failure => _failure.Task;

    private readonly TaskCompletionSource _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);

    protected ChannelReader<TMessage> Mailbox => _mailbox.Reader;

    protected CancellationToken Stopping => _stop.Token;

    public bool TryTell(TMessage message) => _mailbox.Writer.TryWrite(message);

    public ValueTask TellAsync(TMessage message, CancellationToken cancellation) => _mailbox.Writer.WriteAsync(message, cancellation);

    public void Start() => _loop = Task.Run(SuperviseAsync);

    public async ValueTask DisposeAsync()
    {
        _mailbox.Writer.TryComplete();
        await _stop.CancelAsync();
        await _loop;
        _health = _health == ActorHealth.Failed ? ActorHealth.Failed : ActorHealth.Stopped;
        await OnStoppedAsync();
        _stop.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The loop: reads the mailbox until it ends. Returning ends the actor, throwing restarts it as its supervision says.</summary>
    protected abstract Task RunAsync(CancellationToken stopping);

    protected virtual ValueTask OnStoppedAsync() => ValueTask.CompletedTask;

    /// <summary>Called before each restart; to log.</summary>
    protected virtual void OnFailed(Exception error, bool isFinal)
    {
    }

    private async Task SuperviseAsync()
    {
        int failures = 0;

        // At least once: an actor that is stopped before its loop began still takes in what it was told.
        do
        {
            long started = Environment.TickCount64;
            try
            {
                _health = ActorHealth.Running;
                await RunAsync(_stop.Token);
                return;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // A loop that ran for a minute was healthy: its failures are counted anew.
                failures = Environment.TickCount64 - started > 60_000 ? 1 : failures + 1;
                bool isFinal = failures > _supervision.MaxRestarts;
                _health = isFinal ? ActorHealth.Failed : ActorHealth.Restarting;
                OnFailed(e, isFinal);
                if (isFinal)
                {
                    _failure.TrySetException(e);
                    return;
                }

                int delay = _supervision.FirstDelayMs << int.Min(failures - 1, 5);
                await Task.Delay(delay, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
        while (!_stop.IsCancellationRequested);
    }
}
