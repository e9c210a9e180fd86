using System.Text.Json;
using App.Platform.Http;

namespace App.Exchange.Commerce;

/// <summary>Reads items of a request: one, or many under <c>items</c>.</summary>
internal static class CatalogItems
{
    /// <summary>Items of a request at most.</summary>
    public const int Most = 1000;

    /// <summary>Most that can be in stock.</summary>
    public const int MostStock = 1_000_000_000;

    /// <summary>The highest price.</summary>
    public const long HighestPrice = 1_000_000_000_000;

    private const int LongestName = 500;

    /// <summary>The items; those at fault are named in the list.</summary>
    public static IReadOnlyList<CatalogItem> Read(JsonElement body, string organization, List<FieldError> faults)
    {
        var fields = new JsonFields(body, "", faults);
        if (fields.Find("items") is null) return [Item(fields, organization)];
        fields.Only("items");
        var items = fields.List("items", required: true) ?? [];
        if (items.Count is 0 or > Most) fields.Fault("items", $"{items.Count}", $"give 1 to {Most} items");
        if (faults.Count > 0) return [];
        var read = items.Select((item, i) => Item(new JsonFields(item, $"items[{i}]", faults), organization)).ToList();
        if (faults.Count == 0)
            foreach (var twice in read.GroupBy(item => item.Sku, StringComparer.Ordinal).Where(group => group.Count() > 1))
                fields.Fault("items", twice.Key, "name each sku once in a request");
        return read;
    }

    /// <summary>A text of at least one character without control characters.</summary>
    public static string Text(JsonFields fields, string name, int longest)
    {
        var text = fields.Text(name, required: true);
        if (text is not null && (text.Length == 0 || text.Length > longest || text.Any(char.IsControl)))
            fields.Fault(name, text, $"give 1 to {longest} characters without control characters");
        return text ?? "";
    }

    private static CatalogItem Item(JsonFields fields, string organization)
    {
        if (fields.Value.ValueKind != JsonValueKind.Object)
            fields.Faults.Add(new FieldError(fields.Field, JsonFields.Show(fields.Value),
                "give an object with sku, name, stock, priceMinor and currency"));
        fields.Only("sku", "name", "stock", "priceMinor", "currency");
        return new CatalogItem
        {
            Organization = organization,
            Sku = Text(fields, "sku", 128),
            Name = Text(fields, "name", LongestName),
            Stock = (int)fields.Long("stock", 0, MostStock),
            PriceMinor = fields.Long("priceMinor", 0, HighestPrice),
            Currency = CurrencyOf(fields),
        };
    }

    private static string CurrencyOf(JsonFields fields)
    {
        var currency = fields.Text("currency", required: true);
        if (currency is not null && (currency.Length != 3 || !currency.All(char.IsAsciiLetterUpper)))
            fields.Fault("currency", currency, "give three capital letters of ISO 4217, such as NGN");
        return currency ?? "";
    }
}
