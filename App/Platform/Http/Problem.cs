namespace App.Platform.Http;

/// <summary>
/// How a call is refused: problem details (RFC 9457) with what is wrong, field by field. <see cref="Problems"/> makes
/// them.
/// </summary>
/// <param name="Type">Address of a page on the status.</param>
/// <param name="Title">What is wrong, in a sentence.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Errors">What is wrong with which field, where it can be told.</param>
/// <param name="TraceId">Finds the request in logs and traces.</param>
internal sealed record Problem(string? Type, string Title, int Status, IReadOnlyList<FieldError>? Errors = null, string? TraceId = null);
