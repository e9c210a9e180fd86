using App.Engines.Background.Dashboard;
using App.Platform.Auth;
using Microsoft.AspNetCore.Authorization;

namespace App.WebConsole;

/// <summary>
/// <c>/hangfire</c>: background jobs, on Hangfire's own pages; <c>/jobs</c>: jobs, queues, workers, schedules and runs; <c>/messages</c>:
/// what is sent; <c>/webhooks</c>: what providers have
/// sent; <c>/models</c>: model versions. One page for every address below them, so that each view can be sent to somebody as a
/// link. Only a key with the scope admin opens it, wherever the request seems to come from.
/// </summary>
internal sealed class Dashboard(ConsoleFiles files, SignIn signIn, BackgroundDashboard background, IAuthorizationService authorization)
{
    /// <summary>Where it is.</summary>
    public const string Path = "/jobs";

    /// <summary>Where messages are.</summary>
    public const string MessagesPath = "/messages";

    /// <summary>Where the events of providers are. Providers themselves call <c>/webhooks/{provider}</c>.</summary>
    public const string WebhooksPath = "/webhooks";

    /// <summary>Where model versions are.</summary>
    public const string ModelsPath = "/models";

    /// <summary>Maps it, and the name under which others know such a page.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path + "/{**view}", (Delegate)OpenAsync).ExcludeFromDescription();
        routes.MapGet(MessagesPath + "/{**view}", (Delegate)OpenAsync).ExcludeFromDescription();
        routes.MapGet(WebhooksPath + "/{id:long?}", (Delegate)OpenAsync).ExcludeFromDescription();
        routes.MapGet(ModelsPath, (Delegate)OpenAsync).ExcludeFromDescription();
        routes.Map(BackgroundDashboard.Path + "/{**view}", OpenBackgroundAsync).ExcludeFromDescription();
    }

    // Background jobs are of the installation: its own organization looks, and of it only an admin acts.
    private async Task OpenBackgroundAsync(HttpContext context)
    {
        if ((await authorization.AuthorizeAsync(context.User, Scopes.Read)).Succeeded
            && context.User.Organization() == Scopes.OperatorsOrganization)
        {
            await background.ServeAsync(context);
            return;
        }
        var form = context.User.Identity?.IsAuthenticated == true
            ? signIn.Ask(context.Request, StatusCodes.Status403Forbidden,
                "Your key may not see background jobs. Enter one of the organization “default” that has the scope “read”.")
            : signIn.Ask(context.Request, StatusCodes.Status401Unauthorized);
        await form.ExecuteAsync(context);
    }

    private async Task<IResult> OpenAsync(HttpContext context)
    {
        if ((await authorization.AuthorizeAsync(context.User, Scopes.Admin)).Succeeded) return new HtmlPage(files.Page("jobs.html"));
        return context.User.Identity?.IsAuthenticated == true
            ? signIn.Ask(context.Request, StatusCodes.Status403Forbidden,
                "Your key may not open the jobs. Enter one that has the scope “admin”.")
            : signIn.Ask(context.Request, StatusCodes.Status401Unauthorized);
    }
}
