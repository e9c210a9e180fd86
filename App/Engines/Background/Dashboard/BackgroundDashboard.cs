using App.Platform.Auth;
using Hangfire;
using Hangfire.Dashboard;
using Routes = Hangfire.Dashboard.RouteCollection;

namespace App.Engines.Background.Dashboard;

/// <summary>
/// Hangfire's pages. Who may see them is decided by whoever maps them; what may be done there is decided here: an
/// operator may act, everybody else only looks.
/// </summary>
internal sealed class BackgroundDashboard(IServiceProvider services)
{
    /// <summary>Where the pages are.</summary>
    public const string Path = "/hangfire";

    /// <summary>The resource that adds our header to the requests of the pages.</summary>
    public const string Script = "App.Engines.Background.Dashboard.hangfire-page.js";

    private const string PrefixHeader = "X-Forwarded-Prefix";

    // Styles stand in some of Hangfire's elements; scripts are all files.
    private const string Policy =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'self'; "
        + "frame-ancestors 'none'; object-src 'none'";

    /// <summary>Answers a request for a page.</summary>
    public Task ServeAsync(HttpContext context)
    {
        context.Request.Path.StartsWithSegments(Path, out var rest);
        context.Request.PathBase = context.Request.PathBase.Add(Path);
        context.Request.Path = rest.HasValue ? rest : "/";
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "same-origin";

        var prefix = Prefix(context.Request);
        var options = new DashboardOptions
        {
            Authorization = [],
            AsyncAuthorization = [],
            IsReadOnlyFunc = page => !page.GetHttpContext().User.IsOperator(),
            DisplayStorageConnectionString = false,
            DashboardTitle = "Tandem background jobs",
            AppPath = prefix + "/jobs",
            PrefixPath = prefix,
            // A change needs the header that only our own pages can add: KeyAuthentication.
            IgnoreAntiforgeryToken = true,
        };
        var pages = new AspNetCoreDashboardMiddleware(_ => Task.CompletedTask, services.GetRequiredService<JobStorage>(), options,
            services.GetRequiredService<Routes>(), finalizeWhenNotFound: true);
        return pages.Invoke(context);
    }

    // The path under which a proxy shows this application. Whoever forges it changes only the links of their own page.
    private static string Prefix(HttpRequest request)
    {
        var prefix = request.Headers[PrefixHeader].ToString().TrimEnd('/');
        return prefix.Length is > 1 and <= 200 && prefix[0] == '/' && !prefix.Contains("//", StringComparison.Ordinal)
            && prefix.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.' or '~')
            ? prefix
            : "";
    }
}
