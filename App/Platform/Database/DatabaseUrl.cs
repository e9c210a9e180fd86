using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Npgsql;

namespace App.Platform.Database;

/// <summary>
/// A <c>postgres://</c> URL read as libpq reads it
/// (<see href="https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS"/>): either an Npgsql
/// connection string, or a fault. A fault never repeats a part of the URL that could belong to the password, not even
/// when an unencoded character in it has shifted the parts.
/// </summary>
internal sealed record DatabaseUrl
{
    private const string EncodeCredentials = "percent-encode / ? @ : and % in user and password (/ is %2F, ? is %3F, @ is %40)";

    /// <summary>The Npgsql connection string, null when there is a fault.</summary>
    public string? ConnectionString { get; private init; }

    /// <summary>What is wrong and how to cure it, to stand behind a variable's name; null when there is none.</summary>
    public string? Fault { get; private init; }

    /// <summary>Whether the URL can be used.</summary>
    [MemberNotNullWhen(true, nameof(ConnectionString))]
    [MemberNotNullWhen(false, nameof(Fault))]
    public bool IsValid => ConnectionString is not null;

    /// <summary>Reads a URL.</summary>
    public static DatabaseUrl Parse(string url)
    {
        try
        {
            return new() { ConnectionString = Read(url.Trim()).ConnectionString };
        }
        catch (FaultException fault)
        {
            return new() { Fault = fault.Message };
        }
    }

    /// <summary>The URL of a connection string of one host, for handing it to another process.</summary>
    public static string Format(string connectionString)
    {
        var parts = new NpgsqlConnectionStringBuilder(connectionString);
        var host = parts.Host ?? "localhost";
        var text = new StringBuilder("postgres://").Append(Uri.EscapeDataString(parts.Username ?? ""));
        if (parts.Password is { Length: > 0 } password) text.Append(':').Append(Uri.EscapeDataString(password));
        text.Append('@').Append(host.Contains(':') ? $"[{host}]" : Uri.EscapeDataString(host)).Append(':').Append(parts.Port);
        text.Append('/').Append(Uri.EscapeDataString(parts.Database ?? ""));
        text.Append("?sslmode=").Append(Modes.First(mode => mode.Value == parts.SslMode).Key);
        if (parts.ShouldSerialize("Timeout")) text.Append(CultureInfo.InvariantCulture, $"&connect_timeout={parts.Timeout}");
        return text.ToString();
    }

    private static readonly Dictionary<string, SslMode> Modes = new()
    {
        ["disable"] = SslMode.Disable,
        ["allow"] = SslMode.Allow,
        ["prefer"] = SslMode.Prefer,
        ["require"] = SslMode.Require,
        ["verify-ca"] = SslMode.VerifyCA,
        ["verify-full"] = SslMode.VerifyFull,
    };

    private static NpgsqlConnectionStringBuilder Read(string url)
    {
        var scheme = url.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0 || url[..scheme].ToLowerInvariant() is not ("postgres" or "postgresql"))
            throw new FaultException("set a URL that starts with postgres:// or postgresql://");

        var rest = url[(scheme + 3)..];
        var end = rest.IndexOfAny(['/', '?']);
        var authority = end < 0 ? rest : rest[..end];
        var tail = end < 0 ? "" : rest[end..];
        if (tail.Contains('@')) throw new FaultException($"there is an @ behind the host: {EncodeCredentials}");

        var builder = new NpgsqlConnectionStringBuilder();
        var at = authority.LastIndexOf('@');
        if (at >= 0) ReadCredentials(builder, authority[..at]);
        var hosts = ReadHosts(authority[(at + 1)..]);

        var query = tail.IndexOf('?');
        var path = query < 0 ? tail : tail[..query];
        if (path.Length > 1) builder.Database = Decode(path[1..], "the database name");
        if (query >= 0) ReadParameters(builder, hosts, tail[(query + 1)..]);
        SetHosts(builder, hosts);
        return builder;
    }

    private static void ReadCredentials(NpgsqlConnectionStringBuilder builder, string credentials)
    {
        var colon = credentials.IndexOf(':');
        var user = Decode(colon < 0 ? credentials : credentials[..colon], "the user");
        if (user.Length > 0) builder.Username = user;
        if (colon >= 0) builder.Password = Decode(credentials[(colon + 1)..], "the password");
    }

    private static List<(string Name, int? Port)> ReadHosts(string text) =>
        text.Length == 0 ? [] : [.. text.Split(',').Select(ReadHost)];

    private static (string Name, int? Port) ReadHost(string text)
    {
        var colon = text.IndexOf(':');
        if (text.StartsWith('['))
        {
            var close = text.IndexOf(']');
            if (close < 0 || !System.Net.IPAddress.TryParse(text[1..close], out _) || (close + 1 < text.Length && text[close + 1] != ':'))
                throw new FaultException("an IPv6 host is malformed: write it as [2001:db8::1] or [2001:db8::1]:5432");
            return (text[1..close], close + 1 == text.Length ? null : ReadPort(text[(close + 2)..]));
        }
        return (Decode(colon < 0 ? text : text[..colon], "the host"), colon < 0 ? null : ReadPort(text[(colon + 1)..]));
    }

    // The text is not repeated: behind an unencoded / in a password, it is the password's beginning that stands here.
    private static int? ReadPort(string text)
    {
        if (text.Length == 0) return null;
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535
            ? port
            : throw new FaultException($"the port is not a number from 1 to 65535: give a port, or {EncodeCredentials}");
    }

    private static void ReadParameters(NpgsqlConnectionStringBuilder builder, List<(string Name, int? Port)> hosts, string query)
    {
        foreach (var pair in query.Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = pair.IndexOf('=');
            if (equals <= 0 || pair[..equals].Any(c => !char.IsAsciiLetterOrDigit(c) && c != '_'))
                throw new FaultException($"a parameter behind the ? is not name=value: correct it, or {EncodeCredentials}");
            var name = pair[..equals];
            Set(builder, hosts, name, Decode(pair[(equals + 1)..], $"the parameter {name}"));
        }
    }

    private static void Set(NpgsqlConnectionStringBuilder builder, List<(string Name, int? Port)> hosts, string name, string value)
    {
        switch (name)
        {
            case "host":
                var port = hosts.Count > 0 ? hosts[0].Port : null;
                hosts.Clear();
                hosts.AddRange(value.Split(',').Select(host => (host, port)));
                break;
            case "port":
                if (hosts.Count == 0) hosts.Add(("localhost", null));
                for (var i = 0; i < hosts.Count; i++) hosts[i] = (hosts[i].Name, ReadPort(value));
                break;
            case "user": builder.Username = value; break;
            case "password": builder.Password = value; break;
            case "dbname": builder.Database = value; break;
            case "sslmode": builder.SslMode = OneOf(Modes, name, value); break;
            case "sslrootcert": builder.RootCertificate = value; break;
            case "sslcert": builder.SslCertificate = value; break;
            case "sslkey": builder.SslKey = value; break;
            case "channel_binding": builder.ChannelBinding = OneOf(Bindings, name, value); break;
            case "application_name": builder.ApplicationName = value; break;
            case "options": builder.Options = value; break;
            case "target_session_attrs": builder.TargetSessionAttributes = OneOf(Sessions, name, value); break;
            case "connect_timeout":
                builder.Timeout = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds <= 1024
                    ? seconds
                    : throw new FaultException("connect_timeout is not a number of seconds from 0 (no limit) to 1024");
                break;
            default:
                throw new FaultException($"the parameter {name} is not known: remove it (known are {Known})");
        }
    }

    private const string Known = "host, port, user, password, dbname, sslmode, sslrootcert, sslcert, sslkey, channel_binding, "
        + "application_name, connect_timeout, options, target_session_attrs";

    private static readonly Dictionary<string, ChannelBinding> Bindings = new()
    {
        ["disable"] = ChannelBinding.Disable,
        ["prefer"] = ChannelBinding.Prefer,
        ["require"] = ChannelBinding.Require,
    };

    private static readonly Dictionary<string, string> Sessions = new[]
        { "any", "read-write", "read-only", "primary", "standby", "prefer-standby" }.ToDictionary(word => word);

    private static T OneOf<T>(Dictionary<string, T> words, string name, string value) =>
        words.TryGetValue(value, out var meaning)
            ? meaning
            : throw new FaultException($"the parameter {name} has no such value: set one of {string.Join(", ", words.Keys)}");

    // Npgsql takes one port for one host, and host:port pairs (IPv6 in brackets) for several.
    private static void SetHosts(NpgsqlConnectionStringBuilder builder, List<(string Name, int? Port)> hosts)
    {
        const int standard = 5432;
        if (hosts.Exists(host => host.Name.Contains(',') || (host.Name.StartsWith('/') && hosts.Count > 1)))
            throw new FaultException("a socket directory must stand alone and hold no comma: give one directory");
        if (hosts.Count > 1)
        {
            builder.Host = string.Join(',', hosts.Select(host =>
                $"{(host.Name.Contains(':') ? $"[{host.Name}]" : OrLocal(host.Name))}:{host.Port ?? standard}"));
            return;
        }
        builder.Host = hosts.Count == 0 ? "localhost" : OrLocal(hosts[0].Name);
        builder.Port = (hosts.Count == 0 ? null : hosts[0].Port) ?? standard;

        static string OrLocal(string name) => name.Length == 0 ? "localhost" : name;
    }

    private static string Decode(string text, string what)
    {
        if (!text.Contains('%')) return text;
        var bytes = new List<byte>(text.Length);
        for (var i = 0; i < text.Length;)
        {
            if (text[i] != '%')
            {
                var length = char.IsSurrogatePair(text, i) ? 2 : 1;
                bytes.AddRange(Encoding.UTF8.GetBytes(text.Substring(i, length)));
                i += length;
                continue;
            }
            if (i + 2 >= text.Length
                || !byte.TryParse(text.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
                || value == 0)
                throw new FaultException($"{what} has a % that is not followed by two hexadecimal digits: write a percent sign as %25");
            bytes.Add(value);
            i += 3;
        }
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString([.. bytes]);
        }
        catch (DecoderFallbackException)
        {
            throw new FaultException($"{what} is not UTF-8 after percent-decoding: encode it as UTF-8");
        }
    }

    /// <summary>Ends the reading at the first fault; never leaves this type.</summary>
    private sealed class FaultException(string message) : Exception(message);
}
