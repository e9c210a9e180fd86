using Microsoft.AspNetCore.Http.Metadata;

namespace App.Platform.Http.ApiDescription;

/// <summary>Where a parameter stands.</summary>
internal enum ParameterPlace
{
    /// <summary>In the path.</summary>
    Path,

    /// <summary>Behind the question mark.</summary>
    Query,

    /// <summary>Among the headers.</summary>
    Header,
}

/// <summary>A parameter as the API document shows it.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Name">Its name.</param>
/// <param name="Text">What it means.</param>
internal sealed record DescribedParameter(ParameterPlace Place, string Name, string Text)
{
    /// <summary>Items of a page.</summary>
    public static readonly DescribedParameter Limit = new(ParameterPlace.Query, "limit", $"Items of the page: 1 to {Paging.MaxLimit}.")
    {
        Type = "integer",
        Minimum = 1,
        Maximum = Paging.MaxLimit,
        Default = Paging.DefaultLimit,
    };

    /// <summary>Where a page begins.</summary>
    public static readonly DescribedParameter Cursor = new(
        ParameterPlace.Query, "cursor", "`next` of the page before, unchanged; without it the first page is answered.");

    /// <summary>Its type in JSON Schema.</summary>
    public string Type { get; init; } = "string";

    /// <summary>Its format.</summary>
    public string? Format { get; init; }

    /// <summary>The words that it can be.</summary>
    public IReadOnlyList<string>? OneOf { get; init; }

    /// <summary>The least of a number.</summary>
    public int? Minimum { get; init; }

    /// <summary>The most of a number.</summary>
    public int? Maximum { get; init; }

    /// <summary>What a number is when nothing is said.</summary>
    public int? Default { get; init; }

    /// <summary>Such a value.</summary>
    public string? Example { get; init; }
}

/// <summary>Statuses with which an endpoint refuses.</summary>
/// <param name="Statuses">The statuses.</param>
internal sealed record Refusals(IReadOnlyList<int> Statuses);

/// <summary>A body or an answer of text.</summary>
/// <param name="MediaType">Its media type.</param>
/// <param name="Example">Such a text.</param>
internal sealed record DescribedText(string MediaType, string Example)
{
    /// <summary>Whether it is sent, and not answered.</summary>
    public bool IsRequest { get; init; }
}

/// <summary>
/// A body of JSON for the API document alone. It names no media type: routing would refuse every other by itself, with
/// an answer that tells no cure.
/// </summary>
/// <param name="RequestType">Its shape.</param>
/// <param name="IsOptional">Whether it may be left out.</param>
internal sealed record DescribedBody(Type RequestType, bool IsOptional) : IAcceptsMetadata
{
    /// <inheritdoc/>
    public IReadOnlyList<string> ContentTypes => [];
}

/// <summary>A body or an answer in one of two shapes.</summary>
/// <param name="First">One.</param>
/// <param name="Second">The other.</param>
/// <param name="IsRequest">Whether it is sent, and not answered.</param>
internal sealed record DescribedChoice(Type First, Type Second, bool IsRequest);
