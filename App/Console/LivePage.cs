using System.Collections.Frozen;
using App.Platform.Auth;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace App.WebConsole;

/// <summary>
/// <c>/live</c>: fingerspelling through the browser's camera, or with a made-up hand. MediaPipe and its models are served
/// from here, some 24 MB that stay on disk until they are asked for.
/// </summary>
internal sealed class LivePage
{
    /// <summary>Where it is.</summary>
    public const string Path = "/live";

    // WebAssembly may be compiled on this page; nothing else may be made into code, and nobody else is called.
    private const string Policy =
        "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        + "object-src 'none'";

    private readonly ConsoleFiles files;
    private readonly SignIn signIn;
    private readonly IAuthorizationService authorization;
    private readonly FrozenDictionary<string, FileInfo> mediaPipe;
    private readonly Lazy<Replay> replay = new(() => new Replay(ReplayHand.Fps, ReplayHand.Text, ReplayHand.Frames(ReplayHand.Text)));

    /// <summary>Looks which files there are; only these are served.</summary>
    public LivePage(ConsoleFiles files, SignIn signIn, IAuthorizationService authorization)
    {
        (this.files, this.signIn, this.authorization) = (files, signIn, authorization);
        mediaPipe = new DirectoryInfo(System.IO.Path.Combine(AppContext.BaseDirectory, "wwwroot", "mediapipe")).EnumerateFiles()
            .ToFrozenDictionary(file => file.Name);
    }

    /// <summary>Maps the page, its hand and its library.</summary>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, (Delegate)OpenAsync).ExcludeFromDescription();
        routes.MapGet(Path + "/replay.json", () => TypedResults.Ok(replay.Value)).RequireScope(Scopes.Read).ExcludeFromDescription();
        routes.MapGet(Path + "/mediapipe/{file}", Serve).ExcludeFromDescription();
    }

    private async Task<IResult> OpenAsync(HttpContext context)
    {
        if ((await authorization.AuthorizeAsync(context.User, Scopes.Read)).Succeeded)
            return new HtmlPage(files.Page("live.html"), policy: Policy);
        return context.User.Identity?.IsAuthenticated == true
            ? signIn.Ask(context.Request, StatusCodes.Status403Forbidden, "Your key may not read. Enter one that has the scope “read”.")
            : signIn.Ask(context.Request, StatusCodes.Status401Unauthorized);
    }

    private Results<PhysicalFileHttpResult, NotFound> Serve(string file, HttpResponse response)
    {
        if (!mediaPipe.TryGetValue(file, out var found)) return TypedResults.NotFound();
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.CacheControl = "no-cache";
        var tag = new EntityTagHeaderValue($"\"{found.Length:x}-{found.LastWriteTimeUtc.Ticks:x}\"");
        return TypedResults.PhysicalFile(found.FullName, TypeOf(found.Extension), lastModified: new DateTimeOffset(found.LastWriteTimeUtc),
            entityTag: tag);
    }

    private static string TypeOf(string extension) => extension switch
    {
        ".js" => "text/javascript; charset=utf-8",
        ".wasm" => "application/wasm",
        _ => "application/octet-stream",
    };

    internal sealed record Replay(int Fps, string Text, IReadOnlyList<float[][]?> Frames);
}
