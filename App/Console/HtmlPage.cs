using System.Text;

namespace App.WebConsole;

/// <summary>
/// An answer in HTML that runs only our own files, sits in no frame, is kept nowhere and tells no other site where it was.
/// </summary>
/// <param name="html">The page.</param>
/// <param name="status">Status of the answer.</param>
/// <param name="policy">Its content security policy, where it needs one of its own.</param>
internal sealed class HtmlPage(string html, int status = StatusCodes.Status200OK, string policy = HtmlPage.Policy) : IResult
{
    /// <summary>The content security policy of every page that names none.</summary>
    public const string Policy =
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        Protect(response);
        response.Headers.ContentSecurityPolicy = policy;
        return response.WriteAsync(html, Encoding.UTF8, httpContext.RequestAborted);
    }

    /// <summary>Sets the headers; a redirect that carries or drops a key needs them as well.</summary>
    public static void Protect(HttpResponse response)
    {
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "no-referrer";
        response.Headers.CacheControl = "no-store";
    }
}
