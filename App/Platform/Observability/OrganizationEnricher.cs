using System.Diagnostics;
using App.Platform.Auth;
using Serilog.Core;
using Serilog.Events;

namespace App.Platform.Observability;

/// <summary>
/// Adds the organization of the request that is under way to its lines. It is a tag of the request's activity, which the
/// server makes for every request, traced or not; so nothing is paid where nothing is logged.
/// </summary>
internal sealed class OrganizationEnricher : ILogEventEnricher
{
    private const string Tag = "tandem.organization";

    /// <summary>A step of every request, behind its authentication: tags the activity.</summary>
    public static Task TagAsync(HttpContext context, RequestDelegate next)
    {
        if (Activity.Current is { } activity && context.User.FindFirst(Scopes.OrganizationClaim) is { } organization)
            activity.SetTag(Tag, organization.Value);
        return next(context);
    }

    /// <inheritdoc/>
    public void Enrich(LogEvent logEvent, ILogEventPropertyFactory propertyFactory)
    {
        for (var activity = Activity.Current; activity is not null; activity = activity.Parent)
        {
            if (activity.GetTagItem(Tag) is not string organization) continue;
            logEvent.AddPropertyIfAbsent(propertyFactory.CreateProperty("Organization", organization));
            return;
        }
    }
}
