using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;

namespace App.Platform.Auth;

/// <summary>What a key may do. <c>admin</c> includes the others.</summary>
internal static class Scopes
{
    /// <summary>Send readings.</summary>
    public const string Ingest = "ingest";

    /// <summary>See the organization's data.</summary>
    public const string Read = "read";

    /// <summary>Change the organization's data.</summary>
    public const string Write = "write";

    /// <summary>Everything, models and keys included.</summary>
    public const string Admin = "admin";

    /// <summary>Every scope.</summary>
    public static IReadOnlyList<string> All { get; } = [Ingest, Read, Write, Admin];

    /// <summary>The organization of the operator's key.</summary>
    public const string OperatorsOrganization = "default";

    internal const string OrganizationClaim = "org";
    internal const string ScopeClaim = "scope";

    /// <summary>Whether a text can name an organization: 1 to 128 of <c>A-Za-z0-9._:-</c>.</summary>
    public static bool IsOrganization(string text) =>
        text.Length is > 0 and <= 128 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or ':' or '-');

    /// <summary>Lets only keys of a scope reach the endpoints.</summary>
    public static T RequireScope<T>(this T endpoints, string scope) where T : IEndpointConventionBuilder =>
        endpoints.RequireAuthorization(scope);

    /// <summary>The organization that the caller belongs to; every query is bound to it.</summary>
    public static string Organization(this ClaimsPrincipal user) =>
        user.FindFirstValue(OrganizationClaim) ?? throw new InvalidOperationException("The endpoint lacks RequireScope.");

    /// <summary>Whether the caller runs the installation: an admin of the operator's own organization, who may see every other.</summary>
    public static bool IsOperator(this ClaimsPrincipal user) => Holds(user, Admin) && user.Organization() == OperatorsOrganization;

    /// <summary>A policy for each scope.</summary>
    public static void AddPolicies(AuthorizationOptions options)
    {
        foreach (var scope in All)
            options.AddPolicy(scope, policy => policy
                .RequireClaim(OrganizationClaim)
                .RequireAssertion(context => Holds(context.User, scope)));
    }

    // A JWT may carry its scopes as one text with blanks or as several claims.
    private static bool Holds(ClaimsPrincipal user, string scope)
    {
        foreach (var claim in user.FindAll(ScopeClaim))
            foreach (var part in claim.Value.AsSpan().Split(' '))
                if (claim.Value.AsSpan(part) is var held && (held.SequenceEqual(scope) || held.SequenceEqual(Admin))) return true;
        return false;
    }
}
