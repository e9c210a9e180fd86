using System.Globalization;
using App.Platform.Auth;
using App.Platform.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;

namespace App.Signs.Fingerspelling.Live;

/// <summary><c>WS /ws/landmarks</c> and the tickets for it.</summary>
internal sealed class LiveEndpoint(LiveAdmission admission, LiveConnections connections, ClassifierPool classifiers, LiveOptions options,
    LiveTickets tickets, LiveMetrics metrics, LiveLog log, TimeProvider time)
{
    /// <summary>Where frames go.</summary>
    public const string Path = "/ws/landmarks";

    /// <summary>Where tickets come from.</summary>
    public const string TicketPath = "/api/live/tickets";

    private static readonly TimeSpan LongestStart = TimeSpan.FromSeconds(5);

    private const int ShortestHoldMs = 50;
    private const int LongestHoldMs = 10_000;

    /// <summary>Maps both.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        var upgrade = routes.CreateApplicationBuilder();
        upgrade.Use((context, next) =>
        {
            // Before the WebSocket takes hold of it.
            if (context.Features.Get<IHttpUpgradeFeature>() is { } feature)
                context.Features.Set<IHttpUpgradeFeature>(new CoalescingUpgrade(feature));
            return next(context);
        });
        upgrade.UseWebSockets(new WebSocketOptions
        {
            KeepAliveInterval = LiveOptions.PingInterval,
            KeepAliveTimeout = LiveOptions.PingInterval
        });
        upgrade.Run(ServeAsync);
        routes.MapGet(Path, upgrade.Build()).ExcludeFromDescription();
        routes.MapPost(TicketPath, (Delegate)IssueAsync).RequireScope(Scopes.Read).WithTags("live")
            .Describe("createLiveTicket", "A ticket for the WebSocket",
                "Opens one WebSocket at `/ws/landmarks?ticket=…` within thirty seconds: a browser can add no header to it.");
    }

    private async Task<Created<LiveTicket>> IssueAsync(HttpContext context)
    {
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created((string?)null, await tickets.IssueAsync(context.User.Organization(), context.RequestAborted));
    }

    private async Task ServeAsync(HttpContext context)
    {
        if (!TryReadWord(context.Request.Query, out var word, out var fault))
        {
            await Problems.Unprocessable(fault).ExecuteAsync(context);
            return;
        }
        if (await admission.AdmitAsync(context) is { } refused)
        {
            await refused.ExecuteAsync(context);
            return;
        }
        // Who comes in the moment before the model is loaded is to have letters, not an error.
        await classifiers.Known.WaitAsync(LongestStart, time, context.RequestAborted)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        LiveConnection? connection = null;
        try
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var wire = ((CoalescingUpgrade)context.Features.GetRequiredFeature<IHttpUpgradeFeature>()).Stream!;
            connection = new LiveConnection(socket, wire, classifiers, options, metrics, word, time);
            connections.Opened(connection);
            log.Connected(connections.Places);
            var began = time.GetTimestamp();
            var reason = await connection.RunAsync();
            metrics.Ended(reason);
            log.Disconnected(reason, connection.Answered, time.GetElapsedTime(began));
        }
        finally
        {
            connections.Leave(connection);
        }
    }

    private static bool TryReadWord(IQueryCollection query, out WordBuilder? word, out FieldError fault)
    {
        (word, fault) = (null, null!);
        var spell = query["spell"].ToString();
        if (spell.Length > 0 && !bool.TryParse(spell, out _))
        {
            fault = new FieldError("spell", Problems.Shorten(spell), "give true or false");
            return false;
        }
        var hold = query["holdMs"].ToString();
        var holdMs = (int)WordBuilder.UsualHold.TotalMilliseconds;
        if (hold.Length > 0
            && (!int.TryParse(hold, NumberStyles.None, CultureInfo.InvariantCulture, out holdMs)
                || holdMs is < ShortestHoldMs or > LongestHoldMs))
        {
            fault = new FieldError("holdMs", Problems.Shorten(hold),
                $"give a whole number of milliseconds from {ShortestHoldMs} to {LongestHoldMs}");
            return false;
        }
        if (spell.Length > 0 && bool.Parse(spell)) word = new WordBuilder(TimeSpan.FromMilliseconds(holdMs), WordBuilder.UsualPause);
        return true;
    }
}
