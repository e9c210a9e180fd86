using System.Text.RegularExpressions;
using App.Platform.Configuration;

namespace App.Exchange.Messages.Meta;

/// <summary>How Meta's APIs are reached: WhatsApp's Cloud API and the catalog's.</summary>
internal sealed partial record MetaOptions
{
    private const string Version = "v23.0";

    /// <summary>Authorizes every call.</summary>
    public required string? AccessToken { get; init; }

    /// <summary>The number that messages are sent from.</summary>
    public required string? PhoneNumberId { get; init; }

    /// <summary>The catalog that items are written to.</summary>
    public required string? CatalogId { get; init; }

    /// <summary>Where the API is, with its version, without a slash at its end.</summary>
    public required string BaseUrl { get; init; }

    /// <summary>How long an answer may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>What is missing for WhatsApp; null: nothing.</summary>
    public string? MissingForWhatsApp => Missing(("WHATSAPP_ACCESS_TOKEN", AccessToken), ("WHATSAPP_PHONE_NUMBER_ID", PhoneNumberId));

    /// <summary>What is missing for the catalog; null: nothing.</summary>
    public string? MissingForCatalog => Missing(("WHATSAPP_ACCESS_TOKEN", AccessToken), ("META_CATALOG_ID", CatalogId));

    /// <summary>Reads the variables.</summary>
    public static MetaOptions Read(Variables variables)
    {
        var address = variables.Url("WHATSAPP_API_BASE_URL", "https://graph.facebook.com").ToString().TrimEnd('/');
        return new()
        {
            AccessToken = variables.Text("WHATSAPP_ACCESS_TOKEN"),
            PhoneNumberId = Id(variables, "WHATSAPP_PHONE_NUMBER_ID"),
            CatalogId = Id(variables, "META_CATALOG_ID"),
            BaseUrl = Versioned().IsMatch(address) ? address : $"{address}/{Version}",
            Timeout = TimeSpan.FromMilliseconds(variables.Integer("WHATSAPP_TIMEOUT_MS", 20_000, 100, 120_000)),
        };
    }

    private static string? Id(Variables variables, string name) =>
        variables.Text(name) is not { } text || text.All(char.IsAsciiLetterOrDigit)
        ? variables.Text(name) : variables.Fault<string?>(name, variables.Text(name)!, "set the id that Meta shows, of digits", null);

    private static string? Missing(params ReadOnlySpan<(string Name, string? Value)> variables)
    {
        var missing = new List<string>();
        foreach (var (name, value) in variables)
            if (value is null) missing.Add(name);
        return missing.Count == 0 ? null : string.Join(" and ", missing);
    }

    [GeneratedRegex(@"/v\d+(\.\d+)?\z", RegexOptions.ExplicitCapture)]
    private static partial Regex Versioned();
}
