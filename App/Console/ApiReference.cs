using System.Security.Cryptography;
using App.Platform.Http.ApiDescription;
using Scalar.AspNetCore;

namespace App.WebConsole;

/// <summary><c>/scalar</c>: the API reference, in which every call can be tried. As public as the document that it shows.</summary>
internal static class ApiReference
{
    /// <summary>Where it is.</summary>
    public const string Path = "/scalar";

    /// <summary>Maps the page and its scripts, which are served from here.</summary>
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapScalarApiReference(Path, (options, context) =>
        {
            options.Title = "Tandem API";
            options.OpenApiRoutePattern = ApiSetup.Path;
            options.Favicon = "/assets/icon.svg";
            options.DefaultFonts = false;
            options.Telemetry = false;
            options.DisableAgent().DisableMcp().HideClientButton().HideDeveloperTools();
            options.Nonce = Protect(context);
        }).ExcludeFromDescription();

    private static string Protect(HttpContext context)
    {
        var nonce = RandomNumberGenerator.GetHexString(32, lowercase: true);
        HtmlPage.Protect(context.Response);
        context.Response.Headers.ContentSecurityPolicy =
            $"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
            + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";
        return nonce;
    }
}
