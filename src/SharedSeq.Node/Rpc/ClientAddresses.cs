using System.Diagnostics.CodeAnalysis;
using System.Net;
using SharedSeq.Networking;

namespace SharedSeq.Node;

/// <summary>
/// What each client address has open at the public listener and may call, so that one of them does not take the places or the time of all others. Safe for
/// all threads.
/// </summary>
/// <param name="options">Connections and calls a second of one address.</param>
/// <param name="clock">What a second is measured by.</param>
internal sealed class ClientAddresses(RpcSection options, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, ClientAddress> _known = [];
    private long _sweptAt = clock.GetTimestamp();

    /// <summary>Takes a connection of an address; false when it has as many as it may.</summary>
    public bool TryOpen(IPAddress from, [NotNullWhen(true)] out ClientAddress? address)
    {
        IPAddress group = AddressPlaces.GroupOf(from);
        lock (_gate)
        {
            Sweep();
            if (!_known.TryGetValue(group, out address)) _known[group] = address = NewAddress();
            if (address.Connections >= options.AddressConnectionsMax)
            {
                address = null;
                return false;
            }

            address.Connections++;
            address.UsedAt = clock.GetTimestamp();
            return true;
        }
    }

    /// <summary>A connection of the address has ended.</summary>
    public void Close(ClientAddress address)
    {
        lock (_gate)
        {
            address.Connections--;
            address.UsedAt = clock.GetTimestamp();
        }
    }

    /// <summary>Addresses known now: those with connections, and those of the last two seconds, whose calls of a second are not all there again.</summary>
    internal int Count
    {
        get
        {
            lock (_gate) return _known.Count;
        }
    }

    private ClientAddress NewAddress() => new(new CallRate(options.AddressCallsPerSecondMax, clock), new CallRate(ClientAddress.StatementsPerSecondMax, clock));

    /// <summary>Once a second: whoever closes its connections and comes back at once does not find its calls there anew.</summary>
    private void Sweep()
    {
        long before = clock.GetTimestamp() - clock.TimestampFrequency;
        if (_sweptAt > before) return;
        _sweptAt = clock.GetTimestamp();
        foreach ((IPAddress group, ClientAddress address) in _known)
        {
            if (address.Connections == 0 && address.UsedAt <= before) _known.Remove(group);
        }
    }
}

/// <summary>One client address: its connections share its calls a second.</summary>
/// <param name="rate">Calls.</param>
/// <param name="statements">Operator statements whose signatures are checked.</param>
public sealed class ClientAddress(CallRate rate, CallRate statements)
{
    /// <summary>Operator statements of one address whose signatures are checked in a second. 4: an operator brings a few a year, and one address must not take
    /// all that are checked (<see cref="OperatorDoor.ChecksPerSecondMax"/>).</summary>
    public const int StatementsPerSecondMax = 4;

    private readonly Lock _gate = new();

    /// <summary>Guarded by <see cref="ClientAddresses"/>.</summary>
    public int Connections { get; set; }

    /// <summary>When a connection was opened or closed last. Guarded by <see cref="ClientAddresses"/>.</summary>
    public long UsedAt { get; set; }

    /// <summary>Takes one call, or says in how many milliseconds there is room for one.</summary>
    public bool TryTake(out int retryAfterMs)
    {
        lock (_gate) return rate.TryTake(out retryAfterMs);
    }

    /// <summary>Takes one check of a statement's signatures, or says in how many milliseconds there is room for one.</summary>
    public bool TryTakeStatement(out int retryAfterMs)
    {
        lock (_gate) return statements.TryTake(out retryAfterMs);
    }
}
