using App.Platform.Database;
using Microsoft.AspNetCore.Diagnostics;

namespace App.Platform.Http;

/// <summary>Turns what endpoints throw into problems: the client's faults into 4xx, a database that is away into 503.</summary>
internal sealed class RequestFailures(ILogger<RequestFailures> log) : IExceptionHandler
{
    /// <inheritdoc/>
    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken ct)
    {
        if (exception is OperationCanceledException && context.RequestAborted.IsCancellationRequested) return true;
        var problem = exception switch
        {
            BadHttpRequestException bad =>
                Problems.Of(bad.StatusCode, Title(bad), new FieldError("body", null, (bad.InnerException ?? bad).Message)),
            // EF wraps the faults of the way to the database in faults of its own.
            _ when TransientFault.Is(exception) => Unavailable(context, exception),
            _ => null,
        };
        if (problem is null) return false;
        await problem.ExecuteAsync(context);
        return true;
    }

    private static string Title(BadHttpRequestException bad) =>
        bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? "The request body is too large." : "The request cannot be read.";

    private Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult Unavailable(HttpContext context, Exception exception)
    {
        log.LogWarning("{Method} {Path} met a database that does not answer: {Error}", context.Request.Method, context.Request.Path,
            exception.GetBaseException().Message);
        context.Response.Headers.RetryAfter = "1";
        return Problems.Of(StatusCodes.Status503ServiceUnavailable, "The database does not answer: try again after a second.");
    }
}
