using App.Platform.Http.ApiDescription;

namespace App.Platform.Http;

/// <summary>
/// What endpoints add to the API document: what their handlers' types do not tell, because they read the request
/// themselves. Answers come from the handlers' types, scopes from <c>RequireScope</c>. Nothing of it is used to serve.
/// </summary>
internal static class Described
{
    /// <summary>Name, summary and, where there is more to say, description of an operation.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="id">What generated clients call the method, such as <c>listRuns</c>; it never changes.</param>
    /// <param name="summary">One line.</param>
    /// <param name="details">The rest, as Markdown.</param>
    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder endpoint, string id, string summary, string? details = null)
    {
        endpoint.WithName(id).WithSummary(summary);
        return details is null ? endpoint : endpoint.WithDescription(details);
    }

    /// <summary>Statuses with which it refuses, beside those that follow from its scope, its body and its parameters.</summary>
    public static RouteHandlerBuilder Refuses(this RouteHandlerBuilder endpoint, params int[] statuses) =>
        endpoint.WithMetadata(new Refusals(statuses));

    /// <summary>Describes a parameter of the path.</summary>
    public static RouteHandlerBuilder PathParameter(this RouteHandlerBuilder endpoint, string name, string description) =>
        endpoint.WithMetadata(new DescribedParameter(ParameterPlace.Path, name, description));

    /// <summary>A parameter of the query that the handler reads itself.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it means.</param>
    /// <param name="oneOf">The words that it can be; null: any.</param>
    /// <param name="type">Its type in JSON Schema.</param>
    public static RouteHandlerBuilder QueryParameter(
        this RouteHandlerBuilder endpoint, string name, string description, IReadOnlyList<string>? oneOf = null, string type = "string") =>
        endpoint.WithMetadata(new DescribedParameter(ParameterPlace.Query, name, description) { OneOf = oneOf, Type = type });

    /// <summary>A moment in the query, read by <see cref="Paging.Time"/>.</summary>
    public static RouteHandlerBuilder TimeParameter(this RouteHandlerBuilder endpoint, string name, string description) =>
        endpoint.WithMetadata(new DescribedParameter(ParameterPlace.Query, name, description + " RFC 3339, or Unix milliseconds.")
        {
            Format = "date-time",
            Example = "2026-01-01T00:00:00Z",
        });

    /// <summary>The span <c>from</c> (inclusive) to <c>to</c> (exclusive).</summary>
    public static RouteHandlerBuilder SpanParameters(this RouteHandlerBuilder endpoint) =>
        endpoint.TimeParameter("from", "Beginning of the span, inclusive.").TimeParameter("to", "End of the span, exclusive.");

    /// <summary>The parameters <c>limit</c> and <c>cursor</c>, read by <see cref="Paging"/>.</summary>
    public static RouteHandlerBuilder Pages(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(DescribedParameter.Limit, DescribedParameter.Cursor);

    /// <summary>A header that the handler reads.</summary>
    public static RouteHandlerBuilder HeaderParameter(this RouteHandlerBuilder endpoint, string name, string description) =>
        endpoint.WithMetadata(new DescribedParameter(ParameterPlace.Header, name, description));

    /// <summary>The header <c>Idempotency-Key</c>.</summary>
    public static RouteHandlerBuilder Idempotent(this RouteHandlerBuilder endpoint) =>
        endpoint.HeaderParameter("Idempotency-Key",
            "1 to 255 printable ASCII characters. A request that is sent again with its key is answered as the first was and does "
            + "nothing twice.");

    /// <summary>A body of JSON that the handler reads itself.</summary>
    /// <typeparam name="T">Its shape. A test compares it with the fields that the handler knows.</typeparam>
    public static RouteHandlerBuilder Takes<T>(this RouteHandlerBuilder endpoint, bool optional = false) =>
        endpoint.WithMetadata(new DescribedBody(typeof(T), optional));

    /// <summary>A body of JSON in one of two shapes.</summary>
    public static RouteHandlerBuilder TakesOneOf<T1, T2>(this RouteHandlerBuilder endpoint) =>
        endpoint
            .WithMetadata(new DescribedBody(typeof(T1), IsOptional: false), new DescribedChoice(typeof(T1), typeof(T2), IsRequest: true));

    /// <summary>An answer of JSON in one of two shapes.</summary>
    public static RouteHandlerBuilder AnswersOneOf<T1, T2>(this RouteHandlerBuilder endpoint) =>
        endpoint.WithMetadata(new DescribedChoice(typeof(T1), typeof(T2), IsRequest: false));

    /// <summary>A body of text that the handler reads itself, alone or beside JSON.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="mediaType">Its media type.</param>
    /// <param name="example">Such a text.</param>
    public static RouteHandlerBuilder TakesText(this RouteHandlerBuilder endpoint, string mediaType, string example) =>
        endpoint.WithMetadata(new DescribedText(mediaType, example) { IsRequest = true });

    /// <summary>An answer of text, alone or beside JSON.</summary>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="mediaType">Its media type.</param>
    /// <param name="example">Such a text.</param>
    public static RouteHandlerBuilder AnswersText(this RouteHandlerBuilder endpoint, string mediaType, string example) =>
        endpoint.WithMetadata(new DescribedText(mediaType, example));
}
