using System.Net;
using System.Text.RegularExpressions;
using App.Platform.Configuration;

namespace App.Platform.Http;

/// <summary>What user-supplied URLs may reach although it is private: <c>EGRESS_ALLOW</c>.</summary>
/// <param name="Hosts">Names, in lower case.</param>
/// <param name="Networks">Ranges of addresses.</param>
internal sealed partial record EgressOptions(IReadOnlySet<string> Hosts, IReadOnlyList<IPNetwork> Networks)
{
    private const string Name = "EGRESS_ALLOW";

    /// <summary>Reads the variable: hosts, addresses and CIDR ranges, separated by commas or blanks.</summary>
    public static EgressOptions Read(Variables variables)
    {
        var hosts = new HashSet<string>();
        var networks = new List<IPNetwork>();
        foreach (var item in (variables.Text(Name) ?? "").Split([',', ' ', ';'],
            StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (Network(item) is { } network) networks.Add(network);
            else if (!item.Contains('/') && Host().IsMatch(item)) hosts.Add(item.ToLowerInvariant());
            else variables.Fault(Name, item, "set host names, addresses or CIDR ranges such as 10.0.0.0/8, separated by commas", 0);
        }
        return new EgressOptions(hosts, networks);
    }

    private static IPNetwork? Network(string text)
    {
        var slash = text.IndexOf('/');
        if (!IPAddress.TryParse((slash < 0 ? text : text[..slash]).Trim('[', ']'), out var address)) return null;
        var bits = address.GetAddressBytes().Length * 8;
        var prefix = bits;
        if (slash >= 0 && (!int.TryParse(text[(slash + 1)..], out prefix) || prefix < 0 || prefix > bits)) return null;
        return new IPNetwork(Masked(address, prefix), prefix);
    }

    // 10.1.2.3/8 is taken for 10.0.0.0/8, as most tools do.
    private static IPAddress Masked(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var kept = Math.Clamp(prefix - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xff << (8 - kept));
        }
        return new IPAddress(bytes);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\z")]
    private static partial Regex Host();
}
