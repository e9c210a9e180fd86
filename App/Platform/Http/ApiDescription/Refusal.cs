namespace App.Platform.Http.ApiDescription;

/// <summary>How calls are refused: a response that operations of the API document share.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Name">Its name among the document's responses.</param>
/// <param name="Title">The problem's title, as an example.</param>
/// <param name="Text">When it is given.</param>
/// <param name="Error">What its <c>errors</c> tell, as an example.</param>
internal sealed record Refusal(int Status, string Name, string Title, string Text, FieldError? Error = null)
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Refusal> All { get; } =
    [
        new(
            400, "BadRequest", "The request cannot be read.", "The request cannot be read as what its content type says.",
            new("body", null, "send one JSON object")),
        new(401, "Unauthorized", "The request carries no valid key.", "No key, or one that is unknown, revoked or expired.",
            new("Authorization", null, "Send 'Authorization: Bearer <API key or JWT>'; make a key with 'App keys create'.")),
        new(403, "Forbidden", "The key lacks the scope that this call needs.", "The key may not do this.",
            new("scope", "read", "Use a key with the scope named in the API document.")),
        new(404, "NotFound", "There is no run '1'.", "There is none of this name in the key's organization."),
        new(
            409, "Conflict", "The run has ended.", "The state that it is in does not allow it.",
            new("status", "succeeded", "cancel runs that are pending or running")),
        new(
            413, "TooLarge", "The request body is too large.", "The body is larger than this call takes.",
            new("body", null, "Request body too large.")),
        new(
            415, "UnsupportedMediaType", "The body is of a kind that is not taken here.", "The content type is not taken.",
            new("Content-Type", "text/html", "send application/json")),
        new(422, "Unprocessable", "The request has invalid values.",
            "A value is not acceptable: `errors` name each with its cure, and nothing was done.",
            new("limit", "0", "give a whole number from 1 to 10000")),
        new(
            429, "TooManyRequests", "Too many requests: try again after a second.",
            "More calls than are allowed: wait as long as `Retry-After` says."),
        new(
            503, "Unavailable", "The database does not answer: try again after a second.",
            "Not possible at present: wait as long as `Retry-After` says."),
    ];

    /// <summary>The problem's type: where the status is explained.</summary>
    public string Type => Status switch
    {
        429 => "https://tools.ietf.org/html/rfc6585#section-4",
        422 => "https://tools.ietf.org/html/rfc9110#section-15.5.21",
        _ => $"https://tools.ietf.org/html/rfc9110#section-15.{(Status / 100) + 1}.{(Status % 100) + 1}",
    };

    /// <summary>The one with a status.</summary>
    public static Refusal Of(int status) => All.Single(refusal => refusal.Status == status);
}
