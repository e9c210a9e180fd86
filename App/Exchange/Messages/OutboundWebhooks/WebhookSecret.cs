using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using App.Platform.Configuration;

namespace App.Exchange.Messages.OutboundWebhooks;

/// <summary>A secret of Standard Webhooks: <c>whsec_</c> and base64.</summary>
internal sealed class WebhookSecret
{
    private const string Prefix = "whsec_";
    private const int Bytes = 32;

    private readonly byte[] key;

    private WebhookSecret(byte[] key) => this.key = key;

    /// <summary>Makes one.</summary>
    public static string New() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>Reads one; null when it is none: 16 to 128 bytes of base64, with or without the prefix.</summary>
    public static WebhookSecret? Parse(string text)
    {
        var base64 = text.StartsWith(Prefix, StringComparison.Ordinal) ? text[Prefix.Length..] : text;
        var bytes = new byte[256];
        return Convert.TryFromBase64String(base64, bytes, out var written) && written is >= 16 and <= 128
            ? new WebhookSecret(bytes[..written]) : null;
    }

    /// <summary>Reads a variable.</summary>
    public static WebhookSecret? Read(Variables variables, string name) => variables.Text(name) is { } text
        ? Parse(text)
            ?? variables.Fault<WebhookSecret?>(name, "(not shown)",
                "set whsec_ and 24 to 64 bytes in base64, such as whsec_ before the output of 'openssl rand -base64 32'", null)
        : null;

    /// <summary>A signature as the header carries it: <c>v1,</c> and the HMAC-SHA256 of <c>id.timestamp.body</c>.</summary>
    public string Sign(string id, long timestamp, ReadOnlySpan<byte> body)
    {
        var prefix = string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.");
        var length = Encoding.UTF8.GetByteCount(prefix) + body.Length;
        var signed = length <= 2048 ? stackalloc byte[length] : new byte[length];
        body.CopyTo(signed[Encoding.UTF8.GetBytes(prefix, signed)..]);
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, signed, hash);
        return "v1," + Convert.ToBase64String(hash);
    }
}
