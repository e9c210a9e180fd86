using System.Security.Claims;
using System.Text.Encodings.Web;
using App.Engines.Background.Dashboard;
using App.Platform.Auth;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;

namespace App.WebConsole;

/// <summary>
/// <c>/</c> and the way in: a link with the key or a form sets the cookie that <see cref="KeyAuthentication"/> takes. The
/// key stays out of the address line, of scripts and of other sites.
/// </summary>
internal sealed class SignIn(ConsoleFiles files, ApiKeyStore keys, IAuthorizationService authorization)
{
    private const string FormPage = "sign-in.html";
    private const string MessageSlot = "<!--message-->";
    private const string NextSlot = "<!--next-->";
    private const int MaxFormBytes = 8 * 1024;
    private const int MaxKeyLength = 512;
    private static readonly string[] Pages = [Dashboard.Path, Dashboard.MessagesPath, Dashboard.WebhooksPath, Dashboard.ModelsPath,
        LivePage.Path, BackgroundDashboard.Path];
    private static readonly TimeSpan Remembered = TimeSpan.FromDays(30);

    /// <summary>Maps the page and the two forms.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", OpenAsync).ExcludeFromDescription();
        routes.MapPost("/sign-in", (Delegate)SubmitAsync)
            .WithMetadata(new RequestSizeLimitAttribute(MaxFormBytes)).ExcludeFromDescription();
        routes.MapPost("/sign-out", SignOut).ExcludeFromDescription();
    }

    private async Task<IResult> OpenAsync(HttpContext context, string? key)
    {
        if (key is not null) return await EnterAsync(context, key);
        return await MayReadAsync(context.User) ? new HtmlPage(files.Page("console.html")) : Form(StatusCodes.Status200OK, null, "");
    }

    private async Task<IResult> SubmitAsync(HttpContext context)
    {
        if (IsFromElsewhere(context.Request))
            return Refuse(StatusCodes.Status403Forbidden, "Sign in from this page, not from another site.");
        if (!context.Request.HasFormContentType)
            return Refuse(StatusCodes.Status415UnsupportedMediaType, "Send the key as the form field 'key'.");
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        return await EnterAsync(context, form["key"].ToString(), form["next"].ToString());
    }

    /// <summary>The form, which leads back to where the caller wanted to go.</summary>
    public HtmlPage Ask(HttpRequest request, int status, string? message = null) =>
        Form(status, message, request.Path.ToUriComponent() + request.QueryString.ToUriComponent());

    private async Task<IResult> EnterAsync(HttpContext context, string entered, string next = "")
    {
        var key = entered.Trim();
        if (key.Length == 0) return Form(StatusCodes.Status401Unauthorized, "Enter a key.", next);
        var holder = key.Length > MaxKeyLength ? null : await keys.FindAsync(key, context.RequestAborted);
        if (holder is null)
            return Form(StatusCodes.Status401Unauthorized,
                "This key is unknown or revoked. Make one with “App keys create --org default --scopes read”.", next);
        if (!await MayReadAsync(holder))
            return Form(StatusCodes.Status403Forbidden, "This key may not read. Use one that has the scope “read”.", next);

        context.Response.Cookies.Append(KeyAuthentication.Cookie, key, CookieOf(context.Request));
        return new SeeOther(IsOurs(next) ? next : "/");
    }

    private IResult SignOut(HttpContext context)
    {
        if (IsFromElsewhere(context.Request))
            return Refuse(StatusCodes.Status403Forbidden, "Sign out on this page, not from another site.");
        context.Response.Cookies.Delete(KeyAuthentication.Cookie, CookieOf(context.Request));
        return new SeeOther("/");
    }

    private async Task<bool> MayReadAsync(ClaimsPrincipal user) => (await authorization.AuthorizeAsync(user, Scopes.Read)).Succeeded;

    private HtmlPage Refuse(int status, string message) => Form(status, message, "");

    private HtmlPage Form(int status, string? message, string next) => new(
        files.Page(FormPage)
            .Replace(MessageSlot, message is null ? "" : $"""<p class="form-error" id="key-error" role="alert">{message}</p>""")
            .Replace(NextSlot, IsOurs(next) ? $"""<input type="hidden" name="next" value="{HtmlEncoder.Default.Encode(next)}">""" : ""),
        status);

    // A page of ours and nothing else: "//host" and "/\\host" are addresses of other sites.
    private static bool IsOurs(string next) =>
        next.Length <= 2048 && next.All(c => c is > ' ' and <= '~')
        && Pages.Any(page =>
            next.StartsWith(page, StringComparison.Ordinal) && (next.Length == page.Length || next[page.Length] is '/' or '?'));

    // Browsers that predate the header send none; the cookie is of no use to another site either way.
    private static bool IsFromElsewhere(HttpRequest request) => request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site";

    private static CookieOptions CookieOf(HttpRequest request) => new()
    {
        HttpOnly = true,
        SameSite = SameSiteMode.Strict,
        // A proxy that ends TLS says so; who forges it makes only their own cookie stricter.
        Secure = request.IsHttps || request.Headers["X-Forwarded-Proto"].ToString().StartsWith("https", StringComparison.OrdinalIgnoreCase),
        MaxAge = Remembered,
        Path = "/",
        IsEssential = true,
    };

    /// <summary>303 to a page, without the key.</summary>
    private sealed class SeeOther(string page) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            HtmlPage.Protect(httpContext.Response);
            httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
            httpContext.Response.Headers.Location = page;
            return Task.CompletedTask;
        }
    }
}
