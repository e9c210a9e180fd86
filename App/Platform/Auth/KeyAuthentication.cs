using System.Text.Encodings.Web;
using App.Platform.Http;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace App.Platform.Auth;

/// <summary>
/// Authenticates API keys: <c>Authorization: Bearer</c> (or <c>Token</c>, as InfluxDB clients send it), and for a browser
/// the cookie that signing in set. A cookie alone authorizes reads; a write needs the header that only a script of our own
/// pages can add, so no other site can cause one.
/// </summary>
internal sealed class KeyAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, ApiKeyStore keys)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>Name of the scheme.</summary>
    public new const string Scheme = "Key";

    /// <summary>The cookie that holds a signed-in browser's key.</summary>
    public const string Cookie = "tandem_key";

    /// <summary>
    /// The header that our pages add to their writes. Another site's page may not, unless this server allowed it, and it never does.
    /// </summary>
    public const string PageHeader = "X-Tandem-Page";

    /// <summary>The credential in the Authorization header, if it is of a kind that we take.</summary>
    public static string? Credential(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        foreach (var kind in (ReadOnlySpan<string>)["Bearer ", "Token "])
            if (header.StartsWith(kind, StringComparison.OrdinalIgnoreCase)) return header[kind.Length..].Trim();
        return null;
    }

    /// <inheritdoc/>
    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var secret = Credential(Request)
            ?? (HttpMethods.IsGet(Request.Method) || HttpMethods.IsHead(Request.Method) || IsFromOwnPage(Request)
                ? Request.Cookies[Cookie] : null);
        if (string.IsNullOrEmpty(secret) || secret.Length > 512) return AuthenticateResult.NoResult();
        var holder = await keys.FindAsync(secret, Context.RequestAborted);
        return holder is null
            ? AuthenticateResult.Fail("The key is unknown or revoked.")
            : AuthenticateResult.Success(new AuthenticationTicket(holder, Scheme));
    }

    // Browsers say where a request comes from; the oldest do not, and for them the header alone must do.
    private static bool IsFromOwnPage(HttpRequest request) =>
        request.Headers[PageHeader] == "1" && request.Headers["Sec-Fetch-Site"].ToString() is ("" or "same-origin");

    /// <inheritdoc/>
    protected override Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        Response.Headers.WWWAuthenticate = "Bearer";
        return Problems.Of(StatusCodes.Status401Unauthorized, "The request carries no valid key.",
            new FieldError("Authorization", null, "Send 'Authorization: Bearer <API key or JWT>'; make a key with 'App keys create'."))
            .ExecuteAsync(Context);
    }

    /// <inheritdoc/>
    protected override Task HandleForbiddenAsync(AuthenticationProperties properties) => ForbidAsync(Context);

    /// <summary>403 that says which scopes the caller lacks.</summary>
    public static Task ForbidAsync(HttpContext context) =>
        Problems.Of(StatusCodes.Status403Forbidden, "The key lacks the scope that this call needs.",
            new FieldError("scope", string.Join(' ', context.User.FindAll(Scopes.ScopeClaim).Select(c => c.Value)),
                "Use a key with the scope named in the API document.")).ExecuteAsync(context);
}
