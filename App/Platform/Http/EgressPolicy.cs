using System.Net;
using System.Net.Sockets;

namespace App.Platform.Http;

/// <summary>Tells which addresses user-supplied URLs may reach: public ones, and those that the operator allows.</summary>
internal sealed class EgressPolicy(EgressOptions options)
{
    // Everything that is no unicast address of the internet (IANA's special-purpose registry).
    private static readonly IPNetwork[] NotPublic =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
            "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
            "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
        }.Select(IPNetwork.Parse),
    ];

    private static readonly IPNetwork GlobalUnicast = IPNetwork.Parse("2000::/3");
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>Whether a host may be reached at an address.</summary>
    public bool Allows(string host, IPAddress address)
    {
        address = Unwrapped(address);
        return IsPublic(address)
            || options.Networks.Any(network => network.Contains(address))
            || options.Hosts.Contains(host.TrimEnd('.').ToLowerInvariant());
    }

    /// <summary>Whether an address is one of the internet's.</summary>
    public static bool IsPublic(IPAddress address)
    {
        address = Unwrapped(address);
        if (NotPublic.Any(network => network.Contains(address))) return false;
        return address.AddressFamily == AddressFamily.InterNetwork || GlobalUnicast.Contains(address);
    }

    // An IPv4 address in IPv6 clothes (::ffff:10.0.0.1, 64:ff9b::10.0.0.1) leads where the IPv4 address leads.
    private static IPAddress Unwrapped(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6) return address.MapToIPv4();
        return Nat64.Contains(address) ? new IPAddress(address.GetAddressBytes()[12..]) : address;
    }
}
