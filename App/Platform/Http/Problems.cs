using Microsoft.AspNetCore.Http.HttpResults;

namespace App.Platform.Http;

/// <summary>One thing that is wrong with a request.</summary>
/// <param name="Field">Where: <c>readings[3].watts</c>, <c>from</c>.</param>
/// <param name="Value">What was found there, shortened.</param>
/// <param name="Cure">What to send instead.</param>
internal sealed record FieldError(string Field, string? Value, string Cure);

/// <summary>RFC 9457 problem details whose <c>errors</c> name field, value and cure.</summary>
internal static class Problems
{
    /// <summary>A problem with its errors.</summary>
    public static ProblemHttpResult Of(int status, string title, params IReadOnlyList<FieldError> errors) =>
        TypedResults.Problem(
            title: title,
            statusCode: status,
            extensions: errors.Count == 0 ? null : [new("errors", errors)]);

    /// <summary>422: understood, but not acceptable.</summary>
    public static ProblemHttpResult Unprocessable(params IReadOnlyList<FieldError> errors) =>
        Of(StatusCodes.Status422UnprocessableEntity, "The request has invalid values.", errors);

    /// <summary>404 that names what was looked for.</summary>
    public static ProblemHttpResult NotFound(string what, string id) =>
        Of(StatusCodes.Status404NotFound, $"There is no {what} '{Shorten(id)}'.");

    /// <summary>At most 64 characters of a value that a client sent, for messages.</summary>
    public static string Shorten(string value) => value.Length <= 64 ? value : value[..61] + "...";
}
