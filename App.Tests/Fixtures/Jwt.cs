using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace App.Tests.Fixtures;

/// <summary>Tokens as another party would make them, good and bad.</summary>
internal static class Jwt
{
    /// <summary>A good one, valid for an hour.</summary>
    public static string Of(string organization, params string[] scopes) =>
        Sign(new { org = organization, scope = string.Join(' ', scopes), exp = InSeconds(3600) });

    /// <summary>Seconds from now, as <c>exp</c> wants them.</summary>
    public static long InSeconds(int seconds) => TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() + seconds;

    /// <summary>Any claims, signed.</summary>
    public static string Sign(object claims, string secret = AppHost.JwtSecret, string algorithm = "HS256")
    {
        var text = $"{Part(new { alg = algorithm, typ = "JWT" })}.{Part(claims)}";
        var signature = algorithm == "none"
            ? "" : Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(text)));
        return $"{text}.{signature}";
    }

    private static string Part(object value) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(value));
}
