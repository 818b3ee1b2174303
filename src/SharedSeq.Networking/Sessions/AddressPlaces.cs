using System.Net;
using System.Net.Sockets;

namespace SharedSeq.Networking;

/// <summary>Counts what strangers' addresses hold, so that none of them takes the places of all others. Safe for all threads.</summary>
/// <param name="perAddressMax">Places of one address at once.</param>
public sealed class AddressPlaces(int perAddressMax)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, int> _taken = [];

    /// <summary>
    /// What counts as one address: an IPv4 address, also where it is written as an IPv6 one, or an IPv6 network of 64 bits, which is what one site is given.
    /// </summary>
    public static IPAddress GroupOf(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6) return address;
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }

    /// <summary>Takes a place; false when the address has as many as it may.</summary>
    public bool TryTake(IPAddress address)
    {
        IPAddress group = GroupOf(address);
        lock (_gate)
        {
            int taken = _taken.GetValueOrDefault(group);
            if (taken >= perAddressMax) return false;
            _taken[group] = taken + 1;
            return true;
        }
    }

    /// <summary>Gives a place back that was taken.</summary>
    public void Free(IPAddress address)
    {
        IPAddress group = GroupOf(address);
        lock (_gate)
        {
            int left = _taken[group] - 1;
            if (left == 0) _taken.Remove(group);
            else _taken[group] = left;
        }
    }
}
