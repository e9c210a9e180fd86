using App.Platform.Auth;
using Microsoft.AspNetCore.Authorization;

namespace App.WebConsole;

/// <summary>
/// <c>/jobs</c>: jobs, queues, workers, schedules and runs; <c>/webhooks</c>: what providers have sent; <c>/models</c>: model
/// versions. One page for every address below them, so that each view can be sent to somebody as a link. Only a key with the scope admin opens it, wherever the request seems to come from.
/// </summary>
internal sealed class Dashboard(ConsoleFiles files, SignIn signIn, IAuthorizationService authorization)
{
    /// <summary>Where it is.</summary>
    public const string Path = "/jobs";

    /// <summary>Where the events of providers are. Providers themselves call <c>/webhooks/{provider}</c>.</summary>
    public const string WebhooksPath = "/webhooks";

    /// <summary>Where model versions are.</summary>
    public const string ModelsPath = "/models";

    /// <summary>Maps it, and the name under which others know such a page.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path + "/{**view}", (Delegate)OpenAsync).ExcludeFromDescription();
        routes.MapGet(WebhooksPath + "/{id:long?}", (Delegate)OpenAsync).ExcludeFromDescription();
        routes.MapGet(ModelsPath, (Delegate)OpenAsync).ExcludeFromDescription();
        routes.MapGet("/hangfire/{**view}", () => TypedResults.Redirect(Path)).ExcludeFromDescription();
    }

    private async Task<IResult> OpenAsync(HttpContext context)
    {
        if ((await authorization.AuthorizeAsync(context.User, Scopes.Admin)).Succeeded) return new HtmlPage(files.Page("jobs.html"));
        return context.User.Identity?.IsAuthenticated == true
            ? signIn.Ask(context.Request, StatusCodes.Status403Forbidden, "Your key may not open the jobs. Enter one that has the scope “admin”.")
            : signIn.Ask(context.Request, StatusCodes.Status401Unauthorized);
    }
}
