using App.Platform.Auth;
using App.Platform.Http;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.HttpResults;

namespace App.Signs.Fingerspelling.Live;

/// <summary>
/// Who may open a live connection: a key in the header or a ticket in the address, from a page that may, while there is room.
/// </summary>
internal sealed class LiveAdmission(LiveOptions options, LiveConnections connections, LiveTickets tickets, LiveMetrics metrics,
    IAuthorizationService authorization)
{
    /// <summary>Takes a place for the request; otherwise answers why not, and no place is taken.</summary>
    public async Task<ProblemHttpResult?> AdmitAsync(HttpContext context)
    {
        var request = context.Request;
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.Headers.Upgrade = "websocket";
            return Refuse("no_websocket", StatusCodes.Status426UpgradeRequired, "This address speaks WebSocket.",
                new FieldError("Upgrade", request.Headers.Upgrade,
                    "Open it as ws:// or wss://, or with the headers of a WebSocket handshake (RFC 6455)."));
        }
        if (!OriginCheck.Passes(request.Headers.Origin, request.Host, options.Origins))
            return Refuse("origin", StatusCodes.Status403Forbidden, "Pages of this origin may not connect.",
                new FieldError("Origin", Problems.Shorten(request.Headers.Origin.ToString()),
                    "Connect from a page of this server, or name the origin in LIVE_ORIGINS."));
        if (!connections.TryEnter())
        {
            context.Response.Headers.RetryAfter = "2";
            return Refuse("full", StatusCodes.Status503ServiceUnavailable, "There is no room for another live connection here.",
                new FieldError("LIVE_CONNECTIONS", connections.Most.ToString(),
                    "Try again after a moment, or let this process take more."));
        }
        // Last, so that no ticket is used up for nothing.
        if (await KnowsAsync(context)) return null;
        connections.Leave(null);
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Refuse("key", StatusCodes.Status401Unauthorized, "The request carries no key or ticket that opens a live connection.",
            new FieldError("Authorization", null,
                $"Send 'Authorization: Bearer <API key or JWT>' with the scope {Scopes.Read}, or ?ticket= with a fresh answer of POST "
                + $"{LiveEndpoint.TicketPath}."));
    }

    // The cookie of a page is no answer here: browsers send it with every handshake, whoever's page begins it.
    private async Task<bool> KnowsAsync(HttpContext context)
    {
        if (KeyAuthentication.Credential(context.Request) is not null)
            return (await authorization.AuthorizeAsync(context.User, Scopes.Read)).Succeeded;
        return context.Request.Query["ticket"] is [{ } ticket] && await tickets.RedeemAsync(ticket, context.RequestAborted);
    }

    private ProblemHttpResult Refuse(string reason, int status, string title, FieldError error)
    {
        metrics.Refused(reason);
        return Problems.Of(status, title, error);
    }
}
