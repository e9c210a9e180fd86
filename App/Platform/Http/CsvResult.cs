using System.Text;

namespace App.Platform.Http;

/// <summary>Streams rows as text/csv, however many there are.</summary>
internal sealed class CsvResult(string header, IAsyncEnumerable<string> rows) : IResult
{
    private const int FlushAt = 32 * 1024;

    /// <summary>Whether the caller prefers CSV.</summary>
    public static bool IsAskedFor(HttpRequest request) =>
        request.GetTypedHeaders().Accept.OrderByDescending(accept => accept.Quality ?? 1)
            .FirstOrDefault()?.MediaType.Equals("text/csv", StringComparison.OrdinalIgnoreCase) == true;

    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.ContentType = "text/csv; charset=utf-8";
        var text = new StringBuilder(header).Append('\n');
        await foreach (var row in rows.WithCancellation(httpContext.RequestAborted))
        {
            text.Append(row).Append('\n');
            if (text.Length < FlushAt) continue;
            await httpContext.Response.WriteAsync(text.ToString(), httpContext.RequestAborted);
            text.Clear();
        }
        await httpContext.Response.WriteAsync(text.ToString(), httpContext.RequestAborted);
    }
}
